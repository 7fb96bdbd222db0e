"""Values that come again in columns of ids are flagged; names, chance and copies make no such column."""

import csv
import io
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty import clean, infer_into, read_table
from eightytwenty.inference import repeats
from eightytwenty.inference import sample as sampling
from eightytwenty.inference.repeats import find_once
from eightytwenty.mined_rules import Once

ROWS = 200
INTEGER, DECIMAL, CODE, TEXT = (("integer", ""), ("decimal", ""), ("code", ""), ("text", ""))


def found(form, cells, **others):
    """The columns of a table in which each value should stand once."""
    columns = others or {"part": (INTEGER, [at % 41 for at in range(len(cells))])}
    columns["id"] = (form, cells)
    texts = pl.DataFrame({name: pl.Series(map(str, column), dtype=pl.String) for name, (_, column) in columns.items()})
    return find_once(texts, {name: form for name, (form, _) in columns.items()})


def with_repeats(cells, number=5, value=3):
    """Cells of which some have been overwritten by another."""
    cells = list(cells)
    for at in range(number):
        cells[10 + 7 * at] = cells[value]
    return cells


def test_numbers_that_count_the_rows_repeat_by_mistake():
    assert found(INTEGER, with_repeats(range(500, 500 + ROWS))) == [Once("id", 0.97)]
    assert found(INTEGER, range(ROWS)) == []


def test_measures_that_are_copied_are_told_from_those_that_are_equal_by_chance():
    rng = np.random.default_rng(1)
    exact = rng.uniform(0, 1e6, ROWS).round(6)
    assert found(DECIMAL, with_repeats(exact)) == [Once("id", 0.97)]
    rounded = rng.integers(0, 2000, ROWS)
    assert 0 < ROWS - len(set(rounded)) < 0.15 * ROWS
    assert found(INTEGER, rounded) == []


@pytest.mark.parametrize("seed", range(20))
def test_chance_makes_hardly_any(seed):
    rng = np.random.default_rng(seed)
    assert found(INTEGER, rng.integers(0, 3000, ROWS)) == []
    assert found(INTEGER, np.exp(rng.normal(7, 1, ROWS)).astype(int)) == []


def test_codes_are_given_once_and_names_are_not():
    codes = [f"K-{7 * number:05}" for number in range(ROWS)]
    assert found(CODE, with_repeats(codes)) == [Once("id", 0.97)]
    assert found(TEXT, with_repeats(codes)) == [Once("id", 0.97)]
    assert found(TEXT, with_repeats([f"{number} Main Street" for number in range(ROWS)])) == []
    names = ["".join(chr(97 + int(digit)) for digit in f"{number:04}") for number in range(ROWS)]
    assert found(TEXT, with_repeats(names)) == []


def test_many_repeats_or_few_rows_are_no_mistake():
    assert found(INTEGER, with_repeats(range(ROWS), number=26))
    assert found(INTEGER, [*range(ROWS), *range(40)]) == []
    assert found(INTEGER, with_repeats(range(60), number=5)[:19]) == []


def test_a_thing_that_comes_again_with_all_that_is_its_own_is_no_mistake():
    ids = with_repeats(range(ROWS))
    exact = np.random.default_rng(1).uniform(0, 1e6, ROWS).round(6)
    of_things = {number: exact[number] for number in range(ROWS)}
    assert found(INTEGER, ids, size=(DECIMAL, [of_things[one] for one in ids])) == []
    assert [rule.once for rule in found(INTEGER, ids, size=(DECIMAL, exact))] == ["id"]


def test_copies_of_rows_are_no_repeats():
    ids = list(range(ROWS))
    sizes = [number % 7 for number in ids]
    assert found(INTEGER, [*ids, *ids[:9]], size=(INTEGER, [*sizes, *sizes[:9]])) == []


@given(st.lists(st.integers(-3, 10**9) | st.floats(width=32), max_size=60))
def test_any_numbers_can_be_looked_at(numbers):
    for rule in found(DECIMAL, numbers):
        assert 0.85 <= rule.holds < 1


IDS = with_repeats(range(1000, 1000 + ROWS))
WRONG = sorted({4, *(11 + 7 * at for at in range(5))})  # records, the one that was copied among them


@pytest.fixture
def source(tmp_path):
    stream = io.StringIO()
    lines = [(one, at % 41) for at, one in enumerate(IDS)]
    csv.writer(stream, lineterminator="\n").writerows([("id", "size"), *lines])
    file = tmp_path / "parts.csv"
    file.write_text(stream.getvalue())
    return file


def flags(cleaned):
    lines = cleaned.flags.collect().filter(pl.col("rule") == "repeated (id)")
    return sorted(lines["record"]), lines["reason"].unique().to_list()


def test_a_table_flags_them_and_changes_nothing(source, tmp_path):
    cleaned = clean(source, None, tmp_path / "out", min_confidence=0.5)
    assert flags(cleaned) == (WRONG, ["6 rows have 1003, and 97.0% of all rows a value of their own"])
    assert cleaned.ledger.collect().is_empty()
    assert cleaned.fates["clean"] == ROWS
    schema = read_table(cleaned.folder / "schema.yaml")
    assert Once("id", 0.97) in schema.rules
    again = clean(source, schema, tmp_path / "again")
    assert again.flags.collect().equals(cleaned.flags.collect())
    off = tuple(replace(rule, action="off") if isinstance(rule, Once) else rule for rule in schema.rules)
    assert flags(clean(source, replace(schema, rules=off), tmp_path / "off")) == ([], [])


def test_a_later_delivery_is_judged_by_the_first(source, tmp_path):
    infer_into(source, tmp_path / "schema")
    assert (tmp_path / "schema/evidence/repeats.parquet").exists()
    schema = read_table(tmp_path / "schema/schema.yaml")
    (tmp_path / "later.csv").write_text("id,size\n1003,3\n1004,3\n9999,4\n")
    assert flags(clean(tmp_path / "later.csv", schema, tmp_path / "out"))[0] == [1]


def test_of_a_cell_that_is_not_of_its_kind_that_says_enough(source, tmp_path):
    text = source.read_text().replace("\n1100,", "\nn.k.,").replace("\n1101,", "\nn.k.,")
    source.write_text(text)
    cleaned = clean(source, None, tmp_path / "out")
    assert flags(cleaned)[0] == WRONG
    rules = cleaned.flags.collect().filter(pl.col("value") == "n.k.")["rule"].unique().to_list()
    assert rules == ["not a whole number"]


def test_of_a_part_of_the_rows_it_is_not_found_and_one_by_hand_counts_what_it_judges(source, tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_ROWS", 100)
    schema = infer_into(source, tmp_path / "schema")
    assert not any(isinstance(rule, Once) for rule in schema.rules)
    monkeypatch.undo()
    by_hand = replace(schema, rules=(*schema.rules, Once("id")))
    assert flags(clean(source, by_hand, tmp_path / "out"))[0] == WRONG
    assert flags(clean(source, replace(by_hand, judge=None), tmp_path / "alone"))[0] == WRONG


def test_what_decides_is_how_many_would_repeat_by_chance(monkeypatch):
    ids = with_repeats(range(ROWS))
    monkeypatch.setattr(repeats, "_BY_CHANCE", -1e9)
    assert found(INTEGER, ids) == []
