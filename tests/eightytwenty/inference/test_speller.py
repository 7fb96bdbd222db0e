"""Rare values one slip away from a frequent one are slips, unless the values of the column are near by right."""

import polars as pl

from eightytwenty.inference.speller import SCHEMA, Speller
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind


def proposals(cells, kind="category", later=None, least=1.4):
    values = Values.of(pl.Series(cells, dtype=pl.String))
    later = values.cells if later is None else pl.Series(later, dtype=pl.String)
    found = Speller.of(values, find_kind(kind)).propose(later)
    assert dict(found.schema) == SCHEMA
    return dict(found.filter(pl.col("log_odds") >= least).select("cell", "proposal").rows())


CITIES = [city for city in ("Boston", "Chicago", "Dallas", "Houston") for _ in range(30)]


def test_a_rare_value_beside_a_frequent_one_is_a_slip_of_it():
    assert proposals([*CITIES, "Bostn", "Dalals", "Miami"]) == {"Bostn": "Boston", "Dalals": "Dallas"}


def test_a_later_cell_is_compared_with_the_values_that_are_known():
    assert proposals([*CITIES, "Chicgo"], later=["Bosxton", "Boston", "Reno"]) == {"Bosxton": "Boston"}


def test_values_that_are_near_by_right_are_no_slips():
    codes = [f"{letter}{digit}" for letter in "ABC" for digit in range(9)]
    assert proposals([*(code for code in codes for _ in range(9)), "D1", "D2", "A9"]) == {}


def test_of_numbers_only_cells_that_are_none_are_slips():
    assert proposals([*["250"] * 30, *["190"] * 30, "25o0", "251"], kind="integer") == {"25o0": "250"}


def test_an_empty_column_has_no_slips():
    assert proposals([]) == {}
    assert proposals([], later=["Boston"]) == {}
