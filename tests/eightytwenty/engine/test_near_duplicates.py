"""The same thing entered twice is flagged; what is alike by right or by chance is not, and nothing is removed."""

import random
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty import Column, Table, clean, read_table
from eightytwenty.engine.near_duplicates import hash_likenesses, without_writing
from eightytwenty.engine.repair import LEDGER, parse_plain
from eightytwenty.engine.rules import RuleResults
from eightytwenty.mined_rules import NearDuplicates
from tests.eightytwenty.executors import pickled

NAMES = ["id", "name", "street", "phone", "colour", "price"]
RULE = "near duplicate"


def people(number=400, seed=3):
    """Rows of which no two are the same thing."""
    draw = random.Random(seed)  # noqa: S311 - for a table
    first, last = ("Ann", "Bob", "Cleo", "Dan", "Eve", "Gus", "Ivy"), ("Smith", "Jones", "Müller", "Garcia", "Novak")
    return [
        [
            str(at + 1),
            f"{draw.choice(first)} {draw.choice(last)}",
            f"{draw.randint(1, 400)} {draw.choice(['Oak', 'Elm'])} St.",
            f"555-{draw.randint(1000, 9999)}",
            draw.choice(["red", "blue"]),
            f"{draw.randint(10, 90_000) / 100:.2f}",
        ]
        for at in range(number)
    ]


def twice(rows):
    """The rows, and two of them once more: one under another id, one in another writing, and one that only looks so."""
    more = [
        ["901", *rows[33][1:]],
        ["902", rows[13][1].upper().replace("Ü", "U"), rows[13][2].replace(".", ""), *rows[13][3:]],
        ["903", *rows[43][1:5], rows[44][5]],
    ]
    return [*rows, *more]


def text(rows, names=NAMES):
    return pl.DataFrame(rows, names, orient="row").write_csv().encode()


def cleaned(folder, rows, names=NAMES, name="raw", table=None):
    (folder / f"{name}.csv").write_bytes(text(rows, names))
    return clean(folder / f"{name}.csv", table, folder / f"{name}.out")


def flagged(result):
    flags = pl.read_parquet(result.folder / "flags.parquet").filter(pl.col("rule") == RULE)
    assert flags.select("column", "value", "proposal", "confidence").null_count().row(0) == (flags.height,) * 4
    return dict(flags.select("record", "reason").rows())


@pytest.fixture(scope="module")
def inferred(tmp_path_factory):
    """A folder with such a table, cleaned."""
    folder = tmp_path_factory.mktemp("near")
    return cleaned(folder, twice(people()))


@pytest.fixture(scope="module")
def schema(inferred):
    return read_table(inferred.folder / "schema.yaml")


def test_both_rows_are_flagged_with_the_other_one_and_none_is_removed(inferred):
    assert flagged(inferred) == {
        14: "the same as raw.csv:402 but for id and how it is written",
        34: "the same as raw.csv:401 but for id",
        401: "the same as raw.csv:34 but for id",
        402: "the same as raw.csv:14 but for id and how it is written",
    }
    assert inferred.fates == {"clean": 403, "quarantine": 0, "duplicates": 0}
    assert inferred.summary.flagged[RULE] == 4
    assert "- {near_duplicates: [name, street, phone, colour, price]}" in (inferred.folder / "schema.yaml").read_text()


def test_a_third_row_names_the_first(tmp_path, schema):
    rows = people()
    rows += [[f"{900 + n}", *rows[7][1:]] for n in range(2)]
    assert flagged(cleaned(tmp_path, rows, table=schema)) == {
        8: "the same as raw.csv:401 but for id",
        401: "the same as raw.csv:8 but for id",
        402: "the same as raw.csv:8 but for id",
    }


def test_pieces_executors_and_an_index_make_no_difference(clean_source, schema, tmp_path):
    content = text(twice(people()))
    whole = clean_source(content, "raw.csv", schema)
    for options in ({"piece": 3_000, "executor": pickled}, {"piece": 4_000, "index": tmp_path}, {"index": tmp_path}):
        assert clean_source(content, "raw.csv", schema, **options).files == whole.files
    assert len(flagged(whole)) == 4


def test_the_order_of_the_rows_and_their_files_make_no_difference(clean_source, schema):
    rows = twice(people())
    expected = {rows[record - 1][0] for record in (14, 34, 401, 402)}
    random.Random(1).shuffle(rows)  # noqa: S311 - for a table
    found = flagged(clean_source(text(rows), "raw.csv", schema))
    assert {rows[record - 1][0] for record in found} == expected
    files = {"a.csv": text(rows[:100]), "b.csv": text(rows[100:])}
    flags = clean_source(files, "both", schema)["flags"].filter(pl.col("rule") == RULE)
    ids = {"a.csv": 0, "b.csv": 100}
    assert {rows[ids[file] + record - 1][0] for file, record in flags.select("source", "record").rows()} == expected
    assert flags["reason"].str.contains(r"^the same as [ab]\.csv:\d+ but for id").all()


def test_a_person_switches_it_off_or_names_other_columns(tmp_path, schema):
    def with_rule(**changes):
        changed = [replace(one, **changes) if isinstance(one, NearDuplicates) else one for one in schema.rules]
        return replace(schema, rules=tuple(changed))

    assert flagged(cleaned(tmp_path, twice(people()), name="off", table=with_rule(action="off"))) == {}
    fewer = with_rule(near_duplicates=("name", "street", "phone"))
    reasons = flagged(cleaned(tmp_path, twice(people()), name="fewer", table=fewer))
    assert reasons[403] == "the same as fewer.csv:44 but for other columns"
    with pytest.raises(ValueError, match="repair is no action here; choose flag, off"):
        with_rule(action="repair")


def test_copies_and_rows_in_quarantine_are_no_near_duplicates(tmp_path, schema):
    rows = people()
    copied = cleaned(tmp_path, [*rows, rows[5]], name="copied", table=schema)
    assert flagged(copied) == {}
    assert copied.fates["duplicates"] == 1
    rows.append([rows[3][0], *rows[6][1:]])  # contradicts one row by its key, and is like another
    conflicting = cleaned(tmp_path, rows, name="conflicting", table=schema)
    assert flagged(conflicting) == {}
    assert conflicting.fates["quarantine"] == 2


@pytest.mark.parametrize("seed", [1, 2])
def test_categories_are_alike_by_chance(tmp_path, seed):
    draw = random.Random(seed)  # noqa: S311 - for a table
    rows = [[str(n), *(draw.choice(["low", "middle", "high", "none"]) for _ in range(4))] for n in range(300)]
    result = cleaned(tmp_path, rows, ["id", "a", "b", "c", "d"])
    assert flagged(result) == {}


def test_where_many_rows_are_alike_they_are_so_by_right(tmp_path, schema):
    rows = people(300)
    rows += [[f"{900 + n}", *row[1:]] for n, row in enumerate(rows[:60])]
    assert flagged(cleaned(tmp_path, rows, table=schema)) == {}


def test_a_row_that_says_too_little_is_like_no_other(tmp_path, schema):
    table = replace(schema, rules=tuple(rule for rule in schema.rules if isinstance(rule, NearDuplicates)))
    rows = [*people(), ["901", "Ann Smith", "", "", "red", ""], ["902", "Ann Smith", "", "", "red", ""]]
    assert flagged(cleaned(tmp_path, rows, table=table)) == {}


def test_equal_rows_of_a_table_without_a_key_are_the_same(tmp_path):
    rows = [row[1:] for row in people()]
    assert flagged(cleaned(tmp_path, [*rows, rows[20]], NAMES[1:])) == {
        21: "the same as raw.csv:401",
        401: "the same as raw.csv:21",
    }


def test_a_table_without_a_judge_has_no_near_duplicates():
    table = Table("t", (Column("a", "text"), Column("b", "text")), (NearDuplicates(("a", "b")),))
    assert table.near_duplicates is None


WORDS = st.text(st.sampled_from("abÉé.- '1½ßЖ"), min_size=1, max_size=6)


def likenesses(rows, kind="text"):
    names = [f"c{at}" for at in range(len(rows[0]))]
    cells = pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")
    values = pl.DataFrame([parse_plain(cells[name], Column(name, kind)) for name in names])
    results = RuleResults(cells, values, pl.DataFrame(schema=LEDGER), {}, [])
    return hash_likenesses(NearDuplicates(tuple(names)), results, np.ones(len(rows), bool))


@given(st.lists(WORDS, min_size=1, max_size=8))
def test_what_is_written_in_another_way_has_one_likeness(words):
    written = without_writing(pl.Series(words))
    other = pl.Series([word.upper() for word in words])
    is_same = written == without_writing(other)
    first, second = likenesses([[word, "x"] for word in words]), likenesses([[word, "x"] for word in other])
    assert (first == second).filter(is_same).all()
    assert likenesses([[words[0], "x"]])[0] == first[0]  # one by one or together


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Café  du Nord.", "cafe du-nord", True),
        ("O'Brien, J. (Jr)", "OBrien J Jr", True),
        ("ÅRHUS", "a\u030arhus", True),
        ("1.5", "15", False),
        ("A+", "A-", False),
        ("-5", "5", False),
        ("Жук", "жук", True),
        ("ab", "ba", False),
    ],
)
def test_what_writing_is(one, other, is_same):
    first, second = without_writing(pl.Series([one, other]))
    assert (first == second) == is_same


def test_a_likeness_tells_places_and_values_and_needs_two_cells():
    hashes = likenesses([["a", "b"], ["b", "a"], ["A", "b."], ["a", None], [None, None]])
    assert hashes[0] == hashes[2] != hashes[1]
    assert hashes[3:].to_list() == [None, None]
    numbers = likenesses([["1.50", "2"], ["1.5", "2.0"], ["x.5", "2"], ["15", "2"]], "decimal")
    assert numbers[0] == numbers[1]
    assert numbers.n_unique() == 3
