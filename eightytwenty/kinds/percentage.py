"""Percentages, such as `12.5%`. The value is the number before the sign: 12.5."""

import re
from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.decimal import DECIMAL
from eightytwenty.kinds.formatted_numbers import NUMBER_FORMAT, formatted, in_column
from eightytwenty.kinds.number_format import find_number_form
from eightytwenty.kinds.number_parts import has_no_number, none_of, number_parts

_SIGN = "%"
_SHARE = re.compile(r"[-+]?(?:0*(?:[.,][0-9]*)?|0*1(?:[.,]0*)?)")  # a number up to 1
_MANY = 0.5  # of the cells; a bare number beside fewer of them may be a share of 1 or a number of another kind


def percent_sign(cell: str) -> str:
    """Removes the sign, and the space before it.

    >>> percent_sign("12.5 %"), percent_sign("12.5"), percent_sign("(5%)"), percent_sign("7. %")
    ('12.5', '12.5', '(5)', '7.')
    """
    if cell.startswith("(") and cell.endswith(f"{_SIGN})"):
        return f"({percent_sign(cell[1:-1])})"
    bare = cell.removesuffix(_SIGN).rstrip()
    return bare if cell.endswith(_SIGN) and bare.rstrip(".")[-1:].isdigit() else cell


def recognise(cells: pl.Series, _mark: str = "", counts: pl.Series | None = None) -> pl.Series:
    """(n,) Boolean, which cells are percentages; numbers without the sign are where most have it.

    Args:
        cells: (n,) String.
        counts: (n,) integer, how often each occurs; once if not given.

    >>> recognise(pl.Series(["12%", "12.5 %", "7", "x"])).to_list(), recognise(pl.Series(["7", "8"])).any()
    ([True, True, True, False], False)
    """
    parts = number_parts(cells)
    if has_no_number(parts):
        return none_of(cells)
    signs = (parts["after"].str.strip_chars() == _SIGN).fill_null(value=False)
    bare = ((parts["after"] == "") & (parts["before"] == "")).fill_null(value=False)
    weights = pl.Series([1]).new_from_index(0, len(cells)) if counts is None else counts
    are_many = int(weights.filter(signs).sum()) >= _MANY * int(weights.filter(signs | bare).sum())
    return signs | bare if are_many and signs.any() else signs


def _in_format(example: str) -> Kind:
    """The kind as columns of a format have it.

    Where the format has the sign, each number keeps it during the repairs: a number without it, and not above 1, may as
    well be a share of 1, so that 0.12 does not become 0.12%.

    >>> [_in_format("1234%").repairs[0].function(cell) for cell in ("0.5 %", "0.12", "12")]
    ['0.5%', '0.12', '12%']
    """
    kind = formatted(PERCENTAGE, example)
    if _SIGN not in example:
        return kind
    return replace(kind, repairs=tuple(_with_sign(repair) for repair in kind.repairs))


def _with_sign(repair: Repair) -> Repair:
    def change(cell: str) -> str | None:
        number = percent_sign(cell)
        if number == cell:
            is_share = repair.name == NUMBER_FORMAT and _SHARE.fullmatch(cell)
            return cell if is_share else repair.function(cell)
        if repair.function is percent_sign:
            return cell
        after = repair.function(number)
        if after is None or after == number:
            return cell
        return after if repair.name == NUMBER_FORMAT else f"{after}{_SIGN}"

    return replace(repair, function=change)


PERCENTAGE: Kind = register(
    replace(
        DECIMAL,
        name="percentage",
        fault="not a percentage",
        fault_reason="a cell is not a number of per cent",
        repairs=(Repair("percent sign", "the numbers are in per cent", percent_sign), *DECIMAL.repairs),
        recognise=recognise,
        signs="%",
        find_form=find_number_form,
        in_format=_in_format,
        in_column=lambda mark, counts: in_column(PERCENTAGE, mark, counts, recognise),
    )
)
