"""Binary floating-point numbers: measurements whose exponents or digits no decimal number of 38 digits holds.

A number of more than 17 digits is none, because a float would lose some of them.
"""

import re
from collections.abc import Callable
from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds import decimal as decimals
from eightytwenty.kinds.number_notation import NOTATION, join_groups
from eightytwenty.kinds.number_parts import none_of, number_parts
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,308})(?:[.][0-9]{1,340})?(?:[eE][-+]?[0-9]{1,3})?")
_EXPONENT = re.compile(r"[eE][-+]?[0-9]{1,3}\Z")
_DIGITS = 17  # the most that a float of 64 bits keeps
_SIGNIFICANT = re.compile(r"-?[0.]*([0-9.]*?)[0.]*(?:[eE].*)?")


def is_plain(cell: str) -> bool:
    """Whether a cell is a number that a float holds without losing a digit.

    >>> is_plain("6.1e-17"), is_plain("-0.5"), is_plain("1e999"), is_plain("0." + "123456789" * 2)
    (True, True, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None and _holds(cell)


def _holds(cell: str) -> bool:
    match = _SIGNIFICANT.fullmatch(cell)
    digits = len(match[1].replace(".", "")) if match else 0
    value = float(cell)
    return digits <= _DIGITS and abs(value) != float("inf") and (value != 0 or digits == 0)


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain numbers as Float64."""
    values = cells.set(~cells.str.contains(rf"^(?:{_PLAIN.pattern})\z"), None).cast(pl.Float64, strict=False)
    digits = (
        cells.str.replace(r"[eE].*$", "").str.replace_all(r"^-?[0.]*|[.]", "").str.strip_chars_end("0").str.len_bytes()
    )
    return values.set((digits > _DIGITS) | values.is_infinite() | ((values == 0) & (digits > 0)), None)


def recognise(cells: pl.Series, mark: str = "", _counts: pl.Series | None = None) -> pl.Series:
    """(n,) Boolean, which cells are numbers, if a float holds more of them than a decimal number.

    Args:
        cells: (n,) String.
        mark: the one before fractions, if something else than these cells tells.

    >>> recognise(pl.Series(["1.5", "6.1e-27"])).to_list(), recognise(pl.Series(["1.5", "2"])).to_list()
    ([True, True], [False, False])
    """
    parts = number_parts(cells)
    if not decimals.has_fractions(cells, parts, mark):
        return none_of(cells)
    bare = parts["number"].str.replace(",", ".", literal=True) + parts["exponent"]
    is_bare = (parts["before"] == "") & (parts["after"] == "")
    held = (parse(bare).is_not_null() & is_bare).fill_null(value=False)
    return held if held.sum() > decimals.are_held(parts).sum() else none_of(cells)


def _before_exponent(change: Callable[[str], str]) -> Callable[[str], str]:
    """A change of the number before an exponent, which has the exponent behind it as before."""

    def changed(cell: str) -> str:
        exponent = _EXPONENT.search(cell)
        start = exponent.start() if exponent else len(cell)
        return change(cell[:start]) + cell[start:]

    return changed


FLOAT: Kind = register(
    Kind(
        name="float",
        dtype=pl.Float64(),
        fault="not a number",
        fault_reason=f"a cell is not a number with a single meaning, or one with over {_DIGITS} digits",
        is_plain=is_plain,
        parse=parse,
        repairs=(
            UNICODE_VARIANTS,
            *NOTATION,
            Repair("thousands separator", "separated groups of digits are one number", join_groups),
            Repair(
                "decimal comma",
                "a comma before the fraction is a decimal point",
                _before_exponent(decimals.decimal_comma),
            ),
            Repair(
                "sign or zeros",
                "a plus sign, leading zeros and a bare point change nothing",
                _before_exponent(decimals.plain_digits),
            ),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs=".,eE",
        in_column=lambda mark, _counts: replace(FLOAT, recognise=lambda cells: recognise(cells, mark)),
    )
)
