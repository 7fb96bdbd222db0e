"""Percentages, such as `12.5%`. The value is the number before the sign: 12.5."""

from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.decimal import DECIMAL
from eightytwenty.kinds.number_format import find_number_form, formatted, number_parts

_SIGN = "%"
_MANY = 0.5  # of the cells; a bare number beside fewer of them may be a share of 1 or a number of another kind


def percent_sign(cell: str) -> str:
    """Removes the sign, and the space before it.

    >>> percent_sign("12.5 %"), percent_sign("12.5")
    ('12.5', '12.5')
    """
    return cell[:-1].rstrip() if cell.endswith(_SIGN) and cell[:-1].rstrip()[-1:].isdigit() else cell


def recognise(cells: pl.Series) -> pl.Series:
    """(n,) Boolean, which cells are percentages; numbers without the sign are where most have it.

    >>> recognise(pl.Series(["12%", "12.5 %", "7", "x"])).to_list(), recognise(pl.Series(["7", "8"])).any()
    ([True, True, True, False], False)
    """
    parts = number_parts(cells)
    signs = (parts["after"].str.strip_chars() == _SIGN).fill_null(value=False)
    bare = ((parts["after"] == "") & (parts["before"] == "")).fill_null(value=False)
    are_many = int(signs.sum()) >= _MANY * int((signs | bare).sum())
    return signs | bare if are_many and signs.any() else signs


PERCENTAGE: Kind = register(
    replace(
        DECIMAL,
        name="percentage",
        fault="not a percentage",
        fault_reason="a cell is not a number of per cent",
        repairs=(Repair("percent sign", "the numbers are in per cent", percent_sign), *DECIMAL.repairs),
        recognise=recognise,
        find_form=find_number_form,
        in_format=lambda example: formatted(PERCENTAGE, example),
    )
)
