"""Cells that a slip has brought out of the shape of their column: undone where only one value can have been meant."""

import polars as pl
import pytest

from eightytwenty.inference.shapes import Shapes
from eightytwenty.kinds import find_kind

CODES = [f"CT{number}-0{number % 7}_1" for number in range(7100, 7160)]
DATES = [f"2023-04-{day:02}" for day in range(1, 29)]


def slips(cells, wrong, kind="code"):
    known, found = pl.Series([*cells, *wrong], dtype=pl.String), pl.Series(wrong, dtype=pl.String)
    ones = pl.repeat(1, len(known), dtype=pl.Int64, eager=True)
    return Shapes.of(known, ones, find_kind(kind)).slips(found, ones.head(len(found)))


def meant(cells, wrong, kind="code"):
    return dict(slips(cells, wrong, kind).select("cell", "meant").rows())


MISSHAPEN = [
    ("CT7x103-03_1", "CT7103-03_1"),  # a letter too many
    ("CT710-303_1", "CT7103-03_1"),  # swapped
    ("C7T103-03_1", "CT7103-03_1"),
    ("CT710303_1", "CT7103-03_1"),  # without its hyphen
    ("CT7103-03_1***", "CT7103-03_1"),
    ("CT7103-0_1", None),  # nobody knows which digit is missing
    ("CT7103-03_11", None),
    ("CTA103-03_1", None),
]


@pytest.mark.parametrize(("wrong", "right"), MISSHAPEN)
def test_a_slip_is_undone_if_only_one_value_can_have_been_meant(wrong, right):
    assert meant(CODES, [wrong]) == {wrong: right}


def test_where_a_digit_may_be_missing_a_swap_proves_nothing():
    zips = [f"{number}-{number % 9000 + 1000}" for number in range(15201, 15260)]
    assert meant(zips, ["15220-101"]) == {"15220-101": None}


def test_of_kinds_only_cells_that_are_none_are_misshapen():
    found = meant(DATES, ["2023-0x4-11", "202304-11", "2023-04-1"], "date")
    assert found == {"2023-0x4-11": "2023-04-11", "202304-11": "2023-04-11", "2023-04-1": None}
    assert meant([*map(str, range(1000, 1060))], ["7", "10x7"], "integer") == {"10x7": None}


def test_letters_and_digits_of_hexadecimal_numbers_are_the_same():
    numbers = [f"{number:04x}ab{number * 7:04x}" for number in range(1000, 1090)]
    assert meant(numbers, ["03e8qab1b58"]) == {"03e8qab1b58": "03e8ab1b58"}


def test_texts_without_digits_or_of_many_shapes_have_none():
    assert slips(["Yes", "No"] * 20, ["Maybe"]).is_empty()
    assert slips(["9" * length for length in range(1, 40)], ["9a9"]).is_empty()
    assert slips([], []).is_empty()


def test_columns_with_many_slips_make_one_likelier():
    wrong = ["CT7103-0_1"]
    alone = slips(CODES, wrong)["log_odds"][0]
    others = [f"{code[:place]}x{code[place:]}" for place, code in enumerate(CODES[:10])]
    assert slips([*CODES, *others], wrong)["log_odds"][0] > alone
