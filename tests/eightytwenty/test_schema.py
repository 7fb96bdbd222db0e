import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.schema import Column, Table, Unique, unique_names
from schemas.pairs import pairs_table

TABLE = pairs_table()


@given(st.permutations(["record_id", "a", "b", "sum", "note"]), st.sampled_from([str.upper, str.lower, str.title]))
def test_columns_are_found_in_any_order_and_case(header, case):
    assert TABLE.match([f" {case(name)} " for name in header]) == {name: header.index(name) for name in TABLE.names}


def test_other_names_are_understood_and_the_id_may_be_absent():
    assert TABLE.match(["ID", "A", "B", "a + b"]) == {"record_id": 0, "a": 1, "b": 2, "sum": 3}
    assert TABLE.match(["a", "b", "Total"]) == {"a": 0, "b": 1, "sum": 2}


def test_a_columns_own_name_comes_before_its_other_names():
    # as in clean.parquet, which has the record's number beside its id
    header = ["source", "record", "record_id", "a", "b", "total", "sum"]
    assert TABLE.match(header) == {"record_id": 2, "a": 3, "b": 4, "sum": 6}


@pytest.mark.parametrize("header", [["A", "A ", "b", "sum"], ["a", "b", "total", "a+b"]])
def test_a_column_that_is_there_twice_is_refused_by_name(header):
    with pytest.raises(ValueError, match=r"the column \w+ occurs twice \(as .+ and .+\)"):
        TABLE.match(header)


def test_the_message_names_missing_and_present_columns():
    with pytest.raises(ValueError, match="no column b or sum among a, x"):
        TABLE.match(["a", "x"])


def test_the_message_is_short_however_long_the_line():
    with pytest.raises(ValueError, match="no column") as error:
        TABLE.match([f"name {n}" for n in range(10_000)])
    assert len(str(error.value)) < 300


def test_the_rule_for_copies_is_found():
    assert isinstance(TABLE.unique, Unique)
    assert set(TABLE.unique.unique) <= set(TABLE.names)


ODD_NAMES = ["a", "a", "A", " a ", "a_2", "a_3", "", " ", "\u200b", "\u200ba", "a\nb", "column_1", "column_2_2", "*"]
ODD_NAMES += [
    "^x",
    "record",
    "record_",
    "Record",
    "line",
    "a b",
    "a_b",
    "a-b",
    "straße",
    "STRASSE",
    "\ud800",
    "\0",
    "_",
    "-",
]
odd_headers = st.lists(st.sampled_from(ODD_NAMES) | st.text(st.characters(), max_size=3), max_size=8)


@given(odd_headers)
def test_unique_names_can_be_columns_and_are_found_again(header):
    names = unique_names(header)
    assert len(names) == len(header)
    assert unique_names(header) == names == unique_names(names)
    assert all(len(name.splitlines()) == 1 and name == name.strip() and name.encode() for name in names)
    if names:
        table = Table("any", tuple(Column(name, "text") for name in names))
        assert table.match(header) == {name: at for at, name in enumerate(names)}


@given(odd_headers.filter(bool), st.data())
def test_some_of_the_unique_names_are_found_again_or_refused(header, data):
    names = unique_names(header)
    some = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
    try:
        found = Table("some", tuple(Column(name, "text") for name in some)).match(header)
    except ValueError as error:
        assert re.search("occurs twice|either of two", str(error))  # noqa: PT017
    else:
        assert found.keys() == set(some)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (["a", "b"], ["a", "b"]),
        ([" a\t", "\ufeffb", "c\u200b\xad"], ["a", "b", "c"]),
        (["a", "a", "a"], ["a", "a_2", "a_3"]),
        (["a", "A", "a "], ["a", "A_2", "a_3"]),
        (["a", "a", "a_2"], ["a", "a_3", "a_2"]),
        (["a_2", "a", "a"], ["a_2", "a", "a_3"]),
        (["", "x", " ", "\u200b"], ["column_1", "x", "column_3", "column_4"]),
        (["column_2", ""], ["column_2", "column_2_2"]),
        (["*", "^x", "x"], ["column_1", "column_2", "x"]),
        (["record", "record_", "line", "Record"], ["record__2", "record_", "line_", "Record"]),
        (["record", "record"], ["record_", "record__2"]),
        (["two\r\nlines", "tab\tin"], ["two lines", "tab in"]),
        (["20 \ud8ff"], ["20 \ufffd"]),
        ([], []),
    ],
)
def test_unique_names(header, names):
    assert list(unique_names(header)) == names


def test_ten_thousand_columns_of_one_name_are_named_and_found_at_once():
    header = ["a"] * 10_000
    table = Table("wide", tuple(Column(name, "text") for name in unique_names(header)))
    start = time.perf_counter()
    assert list(table.match(header).values()) == list(range(10_000))
    assert time.perf_counter() - start < 2  # seconds; with the square of the number of columns it takes a minute


@pytest.mark.parametrize("header", [["a", "a"], ["a", "x", "a"], ["A", "A"], ["a", "a", "b"]])
def test_a_table_with_one_of_two_columns_of_a_name_is_in_doubt(header):
    with pytest.raises(ValueError, match="the column a occurs twice"):
        Table("one", (Column("a", "text"), Column("b", "text", required=False))).match(header)


def test_a_column_that_is_named_by_its_number_or_as_the_second_is_found_without_the_others():
    table = Table("some", (Column("a_2", "text"), Column("column_3", "text"), Column("record_", "text")))
    assert table.match(["a", "a", "", "record"]) == {"a_2": 1, "column_3": 2, "record_": 3}
    assert table.match(["column_3", "Record_", "", "A_2"]) == {"a_2": 3, "column_3": 0, "record_": 1}
