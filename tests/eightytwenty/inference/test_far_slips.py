"""Slips of several letters in a column of few values."""

import polars as pl

from eightytwenty.inference.far_slips import FarSlips
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind

_TEXT = find_kind("text")


def _of(counts: dict[str, int]) -> FarSlips:
    cells = pl.Series("cell", [text for text, count in counts.items() for _ in range(count)])
    return FarSlips.of(Values.of(cells), _TEXT)


def test_a_far_slip_of_a_frequent_value_is_found():
    slips = _of({"acute care hospitals": 200, "children": 90, "acutexcarexhospitals": 2})
    found = slips.propose(pl.Series(["acutexcarexhospitals", "acute care hospitals", "children"]))
    assert found.select("cell", "proposal").rows() == [("acutexcarexhospitals", "acute care hospitals")]
    assert found["reason"][0] == "2 characters from 'acute care hospitals', which occurs 200 times"


def test_how_many_times_as_frequent_counts_where_letters_are_replaced_only():
    counts = {"acute care hospitals": 400, "acutexcarexhospitals": 2, "acutexcarexhospitalss": 2}
    odds = dict(_of(counts).propose(pl.Series(list(counts))).select("cell", "log_odds").rows())
    assert odds["acutexcarexhospitals"] > odds["acutexcarexhospitalss"]
    fewer = {"acute care hospitals": 20, "acutexcarexhospitals": 2}
    less = _of(fewer).propose(pl.Series(list(fewer)))["log_odds"][0]
    assert less < odds["acutexcarexhospitals"]


def test_a_value_that_is_as_near_to_another_one_is_left():
    slips = _of({"acute care hospitals": 200, "azute kare hospitals": 100, "acute kare hospitalz": 2})
    assert slips.propose(pl.Series(["acute kare hospitalz"])).is_empty()


def test_a_value_that_occurs_nearly_as_often_is_another_one():
    slips = _of({"acute care hospitals": 20, "acutexcarexhospitals": 5})
    assert slips.propose(pl.Series(["acutexcarexhospitals"])).is_empty()


def test_in_a_column_of_many_values_no_far_slips_are_sought():
    slips = _of({f"value number {n:03d}": 5 for n in range(150)})
    assert slips.propose(pl.Series(["valueznumberz001"])).is_empty()
