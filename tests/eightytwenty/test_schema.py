import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.schema import Unique
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
