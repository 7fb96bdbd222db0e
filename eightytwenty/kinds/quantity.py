"""Quantities: numbers with a unit or a currency, such as `12.5 kg` or `$1,200`.

The value is the number, in the unit of the column. Nothing is converted: a cell with another unit does not belong. A
column of several units of one quantity, such as kg and g, is one in the most frequent of them.
"""

import string
from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Kind, register
from eightytwenty.kinds.decimal import DECIMAL
from eightytwenty.kinds.formatted_numbers import formatted, in_column
from eightytwenty.kinds.integer import has_leading_zeros
from eightytwenty.kinds.number_format import find_number_form
from eightytwenty.kinds.number_parts import has_no_number, none_of, number_parts
from eightytwenty.kinds.units import quantity_of, usual_unit

_FEWEST, _USUAL = 3, 0.9  # numbers, and the share of them, that have the same word behind them
_HALF = 0.5
_MOST_UNITS = 8  # in a column; more of them are words behind numbers


def recognise(cells: pl.Series, _mark: str = "", counts: pl.Series | None = None) -> pl.Series:
    """(n,) Boolean, which cells are numbers in the most frequent unit or without any, if at least half of them have it.

    Where all numbers have units, these are of one quantity, and none is that of nearly all, all numbers belong.

    Args:
        cells: (n,) String.
        counts: (n,) integer, how often each occurs; once if not given.

    >>> recognise(pl.Series(["12 oz", "12.0 OZ.", "7", "5 kg", "35001C"])).to_list()
    [True, True, True, False, False]
    >>> [recognise(pl.Series(cells)).to_list() for cells in (["12 kg", "300 g", "0.5 kg", "x"], ["12 kg", "3 l"])]
    [[True, True, True, False], [True, False]]
    """
    parts = number_parts(cells)
    if has_no_number(parts):
        return none_of(cells)
    labels = (parts["before"] + parts["after"]).fill_null("")
    one_word = _usual_word(labels)
    units = labels.replace_strict({label: _unit(label, one_word) for label in labels.unique()}, return_dtype=pl.String)
    weights = pl.Series([1]).new_from_index(0, len(cells)) if counts is None else counts
    totals = _totals(units.filter(units != ""), weights.filter(units != ""))
    if not totals or len(totals) > _MOST_UNITS or has_leading_zeros(parts["number"]):
        return none_of(cells)
    is_one_label = (parts["before"] == "") | (parts["after"] == "")
    is_number = parts["number"].is_not_null() & is_one_label.fill_null(value=False)
    if _are_mixed(_totals(units.filter(is_number), weights.filter(is_number))):
        return is_number
    usual = min(totals, key=lambda unit: (-totals[unit], unit))
    belongs = is_number & ((units == usual) | (labels == ""))
    if totals[usual] < _HALF * int(weights.filter(belongs).sum()):
        return belongs & False  # the unit of a few numbers is not that of the others
    return belongs


def _totals(units: pl.Series, weights: pl.Series) -> dict[str, int]:
    """How often each unit occurs."""
    frame = pl.DataFrame({"unit": units, "weight": weights})
    return dict(frame.group_by("unit").agg(pl.col("weight").sum()).iter_rows())


def _are_mixed(totals: dict[str, int]) -> bool:
    """Whether all numbers have a unit of one quantity, and none of these units is that of nearly all."""
    is_one_quantity = "" not in totals and len(set(map(quantity_of, totals))) == 1
    return is_one_quantity and max(totals.values()) < _USUAL * sum(totals.values())


def _usual_word(labels: pl.Series) -> str:
    """The word behind nearly all numbers that have one, such as "patients"; empty if there is none."""
    words = labels.filter(labels.str.contains(r"^ \p{L}[\p{L}.]+$")).value_counts(sort=True)
    if words.is_empty() or words["count"][0] < max(_FEWEST, _USUAL * int((labels != "").sum())):
        return ""
    return str(words[labels.name][0])


def _unit(label: str, one_word: str) -> str:
    """The unit of a label, if it cannot be part of a code: a lone letter needs a space before it."""
    is_letter = len(label) == 1 and label.isalpha()
    if is_letter or label.strip() == "%":
        return ""
    return usual_unit(label) or (label.strip() if label == one_word else "")


QUANTITY: Kind = register(
    replace(
        DECIMAL,
        name="quantity",
        fault="not a quantity",
        fault_reason="a cell is not a number with the unit of the column or without any",
        recognise=recognise,
        signs=string.ascii_letters + "$",
        find_form=find_number_form,
        in_format=lambda example: formatted(QUANTITY, example),
        in_column=lambda mark, counts: in_column(QUANTITY, mark, counts, recognise),
    )
)
