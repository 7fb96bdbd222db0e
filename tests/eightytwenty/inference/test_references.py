"""Columns that refer to others are found, chance makes none, and cells that refer to nothing are flagged."""

import csv
import io
from dataclasses import replace

import cloudpickle
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty import clean, infer_into, read_table
from eightytwenty.inference import references
from eightytwenty.inference import sample as sampling
from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.references import find_references, not_found, reference_values
from eightytwenty.mined_rules import Reference
from eightytwenty.read.source import open_source
from tests.eightytwenty.executors import pickled

ROWS = 300


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def frame(**columns):
    return pl.DataFrame({name: pl.Series(cells, dtype=pl.String) for name, cells in columns.items()})


def found(**columns):
    return [(rule.column, rule.references) for rule in find_references(frame(**columns), list(columns))]


def codes(numbers):
    return [f"K-{number:05}" for number in numbers]


def parts(rng, rows=ROWS):
    """Things with codes that are far apart, and for each the code of another one that it is a part of."""
    numbers = rng.choice(100_000, rows, replace=False)
    return codes(numbers), codes(rng.choice(numbers[: rows // 2], rows))


def test_a_column_of_codes_refers_to_another(rng):
    ids, parents = parts(rng)
    assert found(id=ids, parent=parents, other=codes(rng.choice(100_000, ROWS))) == [("parent", "id")]
    (rule,) = find_references(frame(id=ids, parent=[None, *parents[1:]]), ["id", "parent"])
    assert rule == Reference("parent", "id", 1.0)
    assert find_references(frame(id=ids, parent=parents), ["parent"]) == []


def test_a_few_that_refer_to_nothing_do_not_hide_it_and_many_do(rng):
    ids, parents = parts(rng)
    (rule,) = find_references(frame(id=ids, parent=["K-0x", *parents[1:]]), ["id", "parent"])
    assert 0.98 <= rule.holds < 1
    assert not found(id=ids, parent=[*codes(range(0, 60, 7)), *parents[9:]])
    assert not found(id=ids, parent=["none"] * 20 + parents[20:])  # one value, but many cells


def test_names_refer_to_a_larger_column_even_if_it_repeats_itself(rng):
    words = [
        a + b for a in ("Ber", "Os", "Ham", "Mol", "Nar", "Tro") for b in ("gen", "lo", "ar", "de", "vik", "msø", "by")
    ]
    customers = list(rng.permutation(np.resize(words, ROWS)))
    assert found(customer=customers, ship_to=[words[n] for n in rng.integers(20, size=ROWS)]) == [
        ("ship_to", "customer")
    ]
    # two columns of one domain do not refer to each other
    assert not found(home=customers, away=[words[n] for n in rng.integers(len(words), size=ROWS)])


def test_what_is_in_every_column_by_chance_is_no_reference(rng):
    numbers = list(map(str, range(1, ROWS + 1)))
    assert not found(id=numbers, count=list(map(str, rng.integers(1, 100, size=ROWS))))
    assert not found(id=numbers, rank=list(map(str, rng.permutation(ROWS) + 1)))
    assert not found(id=codes(range(ROWS)), code=codes(rng.integers(ROWS, size=ROWS)))
    even = list(map(str, range(10_000, 10_000 + 2 * ROWS, 2)))
    assert not found(id=even, size=[even[n] for n in rng.integers(ROWS, size=ROWS)])
    rounded = list(map(str, range(100, 100 * ROWS, 100)))
    assert not found(id=rounded, people=[rounded[n] for n in rng.integers(ROWS - 1, size=ROWS - 1)])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([300, 3_000]), st.booleans())
def test_columns_of_one_range_never_refer_to_each_other_unless_they_do(seed, most, refers):
    rng = np.random.default_rng(seed)
    numbers = rng.choice(10 * most, most, replace=False)
    others = rng.choice(numbers, 200) if refers else rng.integers(0, 10 * most, 200)
    columns = frame(id=list(map(str, numbers)), number=list(map(str, np.resize(others, most))))
    assert (("number", "id") in {rule.columns for rule in find_references(columns, columns.columns)}) == refers


def test_a_copy_of_a_column_does_not_refer_to_it(rng):
    ids, _ = parts(rng)
    others = codes(rng.choice(100_000, ROWS))
    assert not found(id=ids, same=ids)
    assert not found(id=ids, nearly=[*others[:60], *ids[60:]])


def test_few_values_and_empty_columns_refer_to_nothing(rng):
    ids, parents = parts(rng)
    assert not found(id=ids, parent=[parents[n % 15] for n in range(ROWS)])
    assert not found(id=ids, empty=[None] * ROWS)
    assert not find_references(pl.DataFrame(), [])


def judged(rule, table, cells, unreadable=()):
    evidence = Evidence.of([rule], Cells(table, {}))
    texts = frame(**{rule.column: cells, rule.references: [None] * len(cells)})
    is_unreadable = {rule.column: texts[rule.column].is_in(list(unreadable)).fill_null(value=False)}
    return not_found(rule, evidence, Cells(texts, is_unreadable)).rows()


def test_a_cell_that_refers_to_nothing_is_told_with_the_only_value_near_it():
    table = frame(id=["K-0417", "K-2230", "K-9981", "Kx2230"], parent=["K-0417", "K-2230", "K-5555", None])
    rule = Reference("parent", "id")
    cells = ["K-2230", None, "K-0147", "x", "K2230", "K-5555", "K-0147"]
    reason = "'{}' does not occur in id, as 2 of {} other values do"
    assert judged(rule, table, cells) == [
        (2, "K-0147", "K-0417", reason.format("K-0147", 3)),
        (3, "x", None, reason.format("x", 3)),
        (4, "K2230", None, reason.format("K2230", 3)),  # two values are near it
        (5, "K-5555", None, reason.format("K-5555", 2)),
        (6, "K-0147", "K-0417", reason.format("K-0147", 3)),
    ]
    assert judged(rule, table, ["x", "K-5555"], ["x"]) == [(1, "K-5555", None, reason.format("K-5555", 2))]
    assert judged(rule, frame(id=[None], parent=["a"]), ["a"]) == []  # nobody knows what there is
    odd = judged(Reference("a {}", "{} b"), frame(**{"{} b": ["x"], "a {}": ["{}"]}), ["{}"])
    assert odd == [(0, "{}", None, "'{}' does not occur in {} b, as 0 of 0 other values do")]


@given(
    st.lists(st.none() | st.text("ab-1 ", max_size=3), max_size=20), st.lists(st.text("ab-1 ", max_size=3), min_size=1)
)
def test_the_flagged_cells_are_those_that_do_not_occur(cells, known):
    table = frame(id=known, parent=[None] * len(known))
    rows = {row for row, *_ in judged(Reference("parent", "id"), table, cells)}
    assert rows == {row for row, cell in enumerate(cells) if cell is not None and cell not in known}


# end to end

LOST = {7: "K-99999", 40: "none"}  # record -> what stands instead of the parent


def text(ids, parents, lost=LOST):
    stream = io.StringIO()
    lines = [
        [one, lost.get(record, parent), 3 * record % 7]
        for record, (one, parent) in enumerate(zip(ids, parents, strict=True), 1)
    ]
    csv.writer(stream, lineterminator="\n").writerows([("id", "parent", "size"), *lines])
    return stream.getvalue()


@pytest.fixture
def source(rng, tmp_path):
    file = tmp_path / "parts.csv"
    file.write_text(text(*parts(rng)))
    return file


RULE = "reference (parent in id)"


def flags(cleaned):
    lines = cleaned.flags.collect().filter(pl.col("rule") == RULE).sort("record")
    return dict(lines.select("record", "value").rows())


def test_a_table_flags_what_refers_to_nothing_and_changes_nothing(source, tmp_path):
    cleaned = clean(source, None, tmp_path / "out", min_confidence=0.5)
    assert flags(cleaned) == LOST
    assert cleaned.ledger.collect().filter(pl.col("column") == "parent").is_empty()
    reasons = cleaned.flags.collect().filter(pl.col("record") == 7)["reason"].to_list()
    assert len(reasons) == 1
    assert reasons[0].startswith("'K-99999' does not occur in id, as ")
    # what was inferred and what was read back are the same
    schema = read_table(cleaned.folder / "schema.yaml")
    again = clean(source, schema, tmp_path / "again")
    assert again.flags.collect().equals(cleaned.flags.collect())
    off = tuple(replace(rule, action="off") if isinstance(rule, Reference) else rule for rule in schema.rules)
    assert flags(clean(source, replace(schema, rules=off), tmp_path / "off")) == {}


def test_a_later_delivery_may_refer_to_the_first_and_to_itself(source, tmp_path, rng):
    infer_into(source, tmp_path / "schema")
    assert (tmp_path / "schema/evidence/references.parquet").exists()
    schema = read_table(tmp_path / "schema/schema.yaml")
    first = source.read_text().splitlines()[1].split(",")[0]
    (tmp_path / "later.csv").write_text(f"id,parent,size\nNEW-1,{first},1\nNEW-2,NEW-1,2\nNEW-3,NEW-4,3\n")
    assert flags(clean(tmp_path / "later.csv", schema, tmp_path / "out")) == {3: "NEW-4"}


def test_pieces_executors_and_pickle_make_no_difference(source, tmp_path, clean_source):
    schema = infer_into(source, tmp_path / "schema")
    content = source.read_bytes()
    whole = clean_source(content, "raw.csv", schema)
    pieces = clean_source(content, "raw.csv", cloudpickle.loads(cloudpickle.dumps(schema)), piece=500, executor=pickled)
    assert set(whole["flags"].filter(pl.col("rule") == RULE)["record"]) == set(LOST)
    assert pieces.files == whole.files


def test_of_a_part_of_the_rows_it_is_not_found_and_one_by_hand_knows_them_all(source, tmp_path, monkeypatch):
    monkeypatch.setattr(sampling, "MOST_ROWS", 100)
    schema = infer_into(source, tmp_path / "schema")
    assert not any(isinstance(rule, Reference) for rule in schema.rules)
    by_hand = replace(schema, rules=(*schema.rules, Reference("parent", "id")))
    assert flags(clean(source, by_hand, tmp_path / "out")) == LOST
    assert flags(clean(source, replace(by_hand, judge=None), tmp_path / "alone")) == LOST


def test_the_values_of_files_are_those_of_all_rows_after_repairs(source):
    table = infer_into(source, source.parent / "schema")
    opened = open_source(source, table)
    values = reference_values(opened.files, table, {"id"})
    assert values.keys() == {"id"}
    assert values["id"].to_list() == sorted(pl.read_csv(source)["id"])


def test_many_columns_are_bounded(monkeypatch, rng):
    monkeypatch.setattr(references, "_MOST_COLUMNS", 1)
    ids, parents = parts(rng)
    assert not found(id=ids, parent=parents)
