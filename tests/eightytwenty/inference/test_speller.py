"""Rare values one slip away from a frequent one are slips, unless the values of the column are near by right."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.inference.speller import SCHEMA, Speller
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind


def proposals(cells, kind="category", later=None, least=1.4):
    values = Values.of(pl.Series(cells, dtype=pl.String))
    later = values.cells if later is None else pl.Series(later, dtype=pl.String)
    found = Speller.of(values, find_kind(kind)).propose(later)
    assert dict(found.schema) == SCHEMA
    return dict(found.filter(pl.col("log_odds") >= least).select("cell", "proposal").rows())


TEXT = find_kind("text")
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


def lines(cells, kind="category"):
    values = Values.of(pl.Series(cells, dtype=pl.String))
    found = Speller.of(values, find_kind(kind)).propose(values.cells).filter(pl.col("log_odds") >= 1.4)
    return {cell: rest for cell, *rest in found.select("cell", "proposal", "kind", "reason").rows()}


def test_marks_around_values_are_removed_where_they_are_unusual():
    assert lines([*CITIES, "Boston***", "Dallas ^", "***"]) == {
        "***": [None, "case or punctuation", "marks that hardly any other value has"],
        "Boston***": ["Boston", "case or punctuation", "'Boston' with marks around it"],
        "Dallas ^": ["Dallas", "case or punctuation", "'Dallas' with marks around it"],
    }
    assert lines([*(f"{city}*" for city in CITIES), *CITIES]) == {}
    assert lines(["City", "City *", "Name", "Name *", "Street", "Zip", "State"], "text") == {}  # labels of a form


def test_the_reason_tells_the_slip_and_the_evidence():
    assert lines([*CITIES, "Bostn", "Dalals", "Bostoxn"], "code") == {
        "Bostn": ["Boston", "typo", "one letter less than in 'Boston', which occurs 30 times"],
        "Bostoxn": ["Boston", "typo", "one letter more than in 'Boston', which occurs 30 times"],
        "Dalals": ["Dallas", "typo", "two letters swapped in 'Dallas', which occurs 30 times"],
    }


def test_short_values_of_few_kinds_are_found():
    assert lines([*["Yes"] * 40, *["No"] * 40, "Ys", "mYes", "oN", "Maybe"]).keys() == {"Ys", "mYes", "oN"}


def test_a_shape_that_is_broken_beyond_repair_is_reported_without_a_proposal():
    codes = [f"7{number}4-{number}-AB" for number in range(100, 160)]
    slips = [f"{code[:place]}x{code[place:]}" for place, code in enumerate(codes[:9])]
    broken = "7104-12-AB"
    proposal, kind, reason = lines([*codes, *slips, broken], "code")[broken]
    assert (proposal, kind) == (None, "other shape")
    assert reason == "nearly all values have a shape like that of '71004-100-AB'"


@settings(max_examples=20, deadline=None)  # each looks at the cells one by one
@given(st.lists(st.text("ab1 *", min_size=1, max_size=5), max_size=12), st.randoms())
def test_the_order_of_rows_and_cells_makes_no_difference(cells, random):
    cells = [cell for cell in map(str.strip, cells) if cell]
    shuffled = random.sample(cells, len(cells))
    first, second = (Speller.of(Values.of(pl.Series(some, dtype=pl.String)), TEXT) for some in (cells, shuffled))
    distinct = list(dict.fromkeys(cells))
    some = first.propose(pl.Series(distinct, dtype=pl.String))
    assert some.equals(second.propose(pl.Series(distinct[::-1], dtype=pl.String)))
    apart = [second.propose(pl.Series([cell])) for cell in distinct]
    assert some.equals(pl.concat([some.clear(), *apart]).sort("cell"))
