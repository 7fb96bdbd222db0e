"""Whole numbers: plain digits, at most 18 of them, so that they fit an int64.

Each repair takes one cell that is not plain digits and returns it rewritten, or unchanged if it does not understand it.
None of them guesses: a cell that can mean two numbers is left alone.
"""

import re
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.formatted_numbers import formatted, in_column
from eightytwenty.kinds.number_format import decimal_mark, find_number_form
from eightytwenty.kinds.number_notation import NOTATION, join_groups
from eightytwenty.kinds.number_parts import has_no_number, none_of, number_parts
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_PLAIN = re.compile(r"0|-?[1-9][0-9]{0,17}")
_LIMIT = 10**18
# "7,000" is seven thousand to some and seven to others; only the rest of the row can tell.
_AMBIGUOUS = re.compile(r"([-+]?[1-9][0-9]{0,2})[.,]000")

# At most two digits of exponent, so that no cell can ask for a number of a million digits.
_SCIENTIFIC = re.compile(r"[-+]?[0-9]{1,18}(?:[.,][0-9]{1,18})?e[-+]?[0-9]{1,2}", re.IGNORECASE)
_DECIMAL = re.compile(r"([-+]?[0-9]+)[.,\u066b]0*")
_ONE_GROUP = re.compile(r"([-+]?[1-9][0-9]{0,2})[.,]([0-9]{3})")
_PADDED = re.compile(r"(?:\+|(-))?0*([1-9][0-9]*|0)")
# "1,000e3" is a million to some and a thousand to others.
_AMBIGUOUS_SCIENTIFIC = re.compile(r"[-+]?[0-9]+,[0-9]{3}e.*", re.IGNORECASE)
_SHORTENED = re.compile(r"[-+]?([1-9][0-9]{0,2})[.,]([0-9]+)e[+]?([0-9]{1,2})", re.IGNORECASE)


def scientific(cell: str) -> str:
    """Turns a whole number in scientific notation into digits, if the cell has them all.

    "1,000e3", which has two readings, is left alone, and so is a number that somebody's display has rounded.

    >>> scientific("1.2e1"), scientific("1e-3"), scientific("1,000e3"), scientific("1.23457E+17")
    ('12', '1e-3', '1,000e3', '1.23457E+17')
    """
    if not _SCIENTIFIC.fullmatch(cell) or _AMBIGUOUS_SCIENTIFIC.fullmatch(cell) or _is_rounded(cell):
        return cell
    value = Decimal(cell.replace(",", "."))
    return str(int(value)) if value == value.to_integral_value() and abs(value) < 10**18 else cell


def _is_rounded(cell: str) -> bool:
    """Whether a number in scientific notation looks like the first digits of a longer one.

    Then its last digits are not in the cell. They are zeros if somebody meant a round number, such as 1.5e12 or 1.25e6,
    but a display shows more digits of any number: a spreadsheet six, or three in a narrow column, where there are 12 or
    more; most programs six, where there are 7 or more; and a float has 17 at most.

    >>> [_is_rounded(cell) for cell in ("1.23457E+17", "1.23E+11", "1.5e12", "1.25e6", "1.23457e+06", "6.5536e4")]
    [True, True, False, False, True, False]
    """
    match = _SHORTENED.fullmatch(cell)
    if not match:
        return False
    before, after, exponent = len(match[1]), len(match[2]), int(match[3])
    return after < exponent and before + after >= (3 if before + exponent >= 12 else 5)


def decimal_form(cell: str) -> str:
    """Removes an empty fraction from a whole number; "7,000", which may be 7 or 7000, is left alone.

    >>> decimal_form("7.0"), decimal_form("7,00"), decimal_form("7.5"), decimal_form("7,000")
    ('7', '7', '7.5', '7,000')
    """
    match = _DECIMAL.fullmatch(cell)
    return match[1] if match and not _AMBIGUOUS.fullmatch(cell) else cell


def thousands(cell: str) -> str:
    """Joins groups of digits, also a lone one, for a fraction of three digits is no whole number; "7,000" may be one.

    >>> thousands("65,536"), thousands("1.234.567,00"), thousands("7,000"), thousands("12,34")
    ('65536', '1234567.00', '7,000', '12,34')
    """
    match = _ONE_GROUP.fullmatch(cell)
    if match:
        return cell if _AMBIGUOUS.fullmatch(cell) else match[1] + match[2]
    return join_groups(cell)


def plain_digits(cell: str) -> str:
    """Removes a plus sign, leading zeros and the sign of minus zero.

    >>> plain_digits("+007"), plain_digits("-0")
    ('7', '0')
    """
    match = _PADDED.fullmatch(cell)
    if not match:
        return cell
    return match[2] if match[2] == "0" else (match[1] or "") + match[2]


def readings(cell: str) -> tuple[str, ...]:
    """The whole numbers that an ambiguous cell can mean; none for any other cell.

    >>> readings("7,000"), readings("7")
    (('7', '7000'), ())
    """
    match = _AMBIGUOUS.fullmatch(cell)
    return (plain_digits(match[1]), plain_digits(match[1] + "000")) if match else ()


def is_plain(cell: str) -> bool:
    """Whether a cell is plain digits.

    >>> is_plain("-7"), is_plain("07"), is_plain("7 ")
    (True, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain digits as Int64; the same as `is_plain` and `int`, in a fraction of the time."""
    # what a cast reads, without the forms that it adds, which are longer: "+7", "007" and "-0"
    values = cells.cast(pl.Int64, strict=False)
    not_plain = (cells.str.len_bytes() != _plain_lengths(values)) | ~values.is_between(-_LIMIT + 1, _LIMIT - 1)
    return values.set(not_plain, None) if not_plain.any() else values


def _plain_lengths(values: pl.Series) -> pl.Series:
    """The number of characters of each whole number in plain form; any number for null."""
    magnitudes = values.fill_null(0).to_numpy()
    lengths = np.where(magnitudes < 0, np.uint32(2), np.uint32(1))
    magnitudes = np.abs(magnitudes)
    power, largest = 10, int(magnitudes.max(initial=0))
    while power <= min(largest, _LIMIT):
        lengths += magnitudes >= power
        power *= 10
    return pl.Series(lengths)


def from_number(number: Fraction) -> str | None:
    """The plain form of a number, None if it is not whole or too large.

    >>> from_number(Fraction(7)), from_number(Fraction(7, 2))
    ('7', None)
    """
    return str(number.numerator) if number.denominator == 1 and abs(number) < _LIMIT else None


_GROUPS = ",.' \u00a0\u202f’"
THOUSANDS = "thousands separator"
_MANY_ZEROS = 0.03  # of the cells; with so many leading zeros, digits are codes


def recognise(cells: pl.Series, mark: str = "", _counts: pl.Series | None = None) -> pl.Series:
    """(n,) Boolean, which cells are whole numbers, by all of them together: codes and fractions are none.

    Args:
        cells: (n,) String.
        mark: the one before fractions, if something else than these cells tells.

    >>> recognise(pl.Series(["7", "1,200", "7.0", "x"])).to_list(), recognise(pl.Series(["007", "7"])).any()
    ([True, True, True, False], False)
    """
    parts = number_parts(cells)
    if has_no_number(parts):
        return none_of(cells)
    number, is_bare = parts["number"], (parts["before"] == "") & (parts["after"] == "") & (parts["exponent"] == "")
    mark = mark or decimal_mark(parts) or "."
    groups = _GROUPS.replace(mark, "")
    zeros = rf"^[0-9]{{1,18}}{re.escape(mark)}0+$"
    grouped = rf"^[0-9]{{1,18}}$|^[1-9][0-9]{{0,2}}[{groups}][0-9]{{3}}(?:[{groups}][0-9]{{3}})*$"
    has_fraction = (number.str.contains(zeros) & is_bare).fill_null(value=False)
    whole = (number.str.contains(grouped) & is_bare).fill_null(value=False)
    if has_leading_zeros(number) or has_fraction.sum() > whole.sum():
        return none_of(cells)
    return whole | has_fraction


def has_leading_zeros(number: pl.Series) -> bool:
    """Whether so many numbers have leading zeros that they are codes."""
    return number.str.contains(r"^0[0-9]").sum() > _MANY_ZEROS * number.count()


INTEGER: Kind = register(
    Kind(
        name="integer",
        dtype=pl.Int64(),
        fault="not a whole number",
        fault_reason="a cell is not a whole number in any form with a single meaning",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(
            UNICODE_VARIANTS,
            *NOTATION,
            Repair("scientific notation", "a whole number written with an exponent", scientific),
            Repair(THOUSANDS, "separated groups of digits are one number", thousands),
            Repair("decimal form", "a fraction of zeros is a whole number", decimal_form),
            Repair("sign or leading zeros", "a plus sign and leading zeros change nothing", plain_digits),
        ),
        missing_marks=MISSING_MARKS,
        readings=readings,
        from_number=from_number,
        recognise=recognise,
        find_form=find_number_form,
        in_format=lambda example: formatted(INTEGER, example),
        in_column=lambda mark, counts: in_column(INTEGER, mark, counts, recognise),
    )
)
