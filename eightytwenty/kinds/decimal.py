"""Numbers with a fraction, exact: at most 20 digits before the point and 18 after it.

They are kept as decimal fractions, not as binary ones, so that .1 + .2 = .3 and no digit is lost.
"""

import re
from decimal import Decimal
from fractions import Fraction

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.formatted_numbers import formatted, in_column
from eightytwenty.kinds.integer import has_leading_zeros
from eightytwenty.kinds.number_format import decimal_mark, find_number_form
from eightytwenty.kinds.number_notation import NOTATION, join_groups
from eightytwenty.kinds.number_parts import has_no_number, none_of, number_parts
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_SCALE, _WHOLE_DIGITS = 18, 20
_PLAIN = re.compile(rf"-?(0|[1-9][0-9]{{0,{_WHOLE_DIGITS - 1}}})([.][0-9]{{1,{_SCALE}}})?")
_ZERO = re.compile(r"-0([.]0+)?")
_COMMA = re.compile(r"([-+]?[0-9]*)[,\u066b]([0-9]+)")
# "7,000" is seven thousand to some and seven to others; only the rest of the row can tell. "0,125" is no thousands.
_AMBIGUOUS = re.compile(r"([-+]?[1-9][0-9]{0,2}),([0-9]{3})")
# At most two digits of exponent, so that no cell can ask for a number of a million digits.
_SCIENTIFIC = re.compile(r"[-+]?([0-9]{1,20}([.][0-9]{0,20})?|[.][0-9]{1,20})e[-+]?[0-9]{1,2}", re.IGNORECASE)
_RELEASE = r"^(?:0|[1-9][0-9]?)[.](0|[1-9][0-9]?)\z"
_COUNTED, _FIRST_OF_TWO_DIGITS = 0.5, 10  # the share of the numbers from the first to the last one that are counted
_UNTIDY = re.compile(r"(?:[+]|(-))?([0-9]*)(?:[.]([0-9]*))?")


def is_plain(cell: str) -> bool:
    """Whether a cell is a plain decimal number.

    >>> is_plain("-7.50"), is_plain("7"), is_plain(".5"), is_plain("7,5"), is_plain("-0.0")
    (True, True, False, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None and _ZERO.fullmatch(cell) is None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain decimal numbers as Decimal(38, 18)."""
    is_number = cells.str.contains(rf"^(?:{_PLAIN.pattern})\z") & ~cells.str.contains(rf"^(?:{_ZERO.pattern})\z")
    return cells.set(~is_number, None).cast(pl.Decimal(_SCALE + _WHOLE_DIGITS, _SCALE))


def decimal_comma(cell: str) -> str:
    """Turns a comma before the fraction into a point; "7,000" is left alone.

    >>> decimal_comma("7,5"), decimal_comma("0,125"), decimal_comma("7,000")
    ('7.5', '0.125', '7,000')
    """
    match = _COMMA.fullmatch(cell)
    return f"{match[1]}.{match[2]}" if match and not _AMBIGUOUS.fullmatch(cell) else cell


def scientific(cell: str) -> str:
    """Writes a number in scientific notation out.

    >>> scientific("1.25e-3"), scientific("2E3"), scientific("1e99")
    ('0.00125', '2000', '1e99')
    """
    if not _SCIENTIFIC.fullmatch(cell):
        return cell
    return from_number(Fraction(Decimal(cell))) or cell


def plain_digits(cell: str) -> str:
    """Removes a plus sign, leading zeros and the sign of zero, and writes the zero before a bare point.

    >>> [plain_digits(cell) for cell in ("+7.5", "007", ".5", "7.", "-0.0", "-")]
    ['7.5', '7', '0.5', '7', '0.0', '-']
    """
    match = _UNTIDY.fullmatch(cell)
    if not match or not (match[2] or match[3]):
        return cell
    digits = (match[2].lstrip("0") or "0") + (f".{match[3]}" if match[3] else "")
    return (match[1] or "") + digits if digits.strip("0.") else digits


def readings(cell: str) -> tuple[str, ...]:
    """The numbers that an ambiguous cell can mean; none for any other cell.

    >>> readings("7,250"), readings("7")
    (('7.250', '7250'), ())
    """
    match = _AMBIGUOUS.fullmatch(cell)
    return (plain_digits(f"{match[1]}.{match[2]}"), plain_digits(match[1] + match[2])) if match else ()


def from_number(number: Fraction) -> str | None:
    """The plain form of a number, None if it has too many digits.

    >>> from_number(Fraction(5, 4)), from_number(Fraction(-3)), from_number(Fraction(1, 3))
    ('1.25', '-3', None)
    """
    scaled = number * 10**_SCALE
    if scaled.denominator != 1 or abs(number) >= 10**_WHOLE_DIGITS:
        return None
    whole, fraction = divmod(abs(scaled.numerator), 10**_SCALE)
    digits = f"{whole}.{fraction:0{_SCALE}}".rstrip("0").rstrip(".")
    return f"-{digits}" if number < 0 else digits


def recognise(cells: pl.Series, mark: str = "", _counts: pl.Series | None = None) -> pl.Series:
    """(n,) Boolean, which cells are numbers, if some of them have a fraction and they are no codes.

    A column with exponents is one of floats, which are written so; one of releases, such as 3.10, is one of codes.

    Args:
        cells: (n,) String.
        mark: the one before fractions, if something else than these cells tells.

    >>> recognise(pl.Series(["7", "1,200.5", "2e-3", "x"])).to_list(), recognise(pl.Series(["7", "8"])).any()
    ([True, True, False, False], False)
    """
    parts = number_parts(cells)
    return are_held(parts) if has_fractions(cells, parts, mark) else none_of(cells)


def has_fractions(cells: pl.Series, parts: pl.DataFrame, mark: str = "") -> bool:
    """Whether these numbers are no codes, and some have a fraction, or an exponent.

    Args:
        cells: (n,) String, distinct.
        parts: of the numbers among them.
        mark: the one before fractions, if something else than these numbers tells.
    """
    if has_no_number(parts):
        return False
    number = parts["number"]
    marks = number.str.contains(r"[.,][0-9]+$") & (parts["after"] == "")
    has_exponent = bool((parts["exponent"] != "").any())
    if not has_exponent and not marks.any():
        return False
    mark = mark or decimal_mark(parts) or "."
    group = "," if mark == "." else "."
    # of a few numbers, the mark may be the other one
    lone = rf"^[1-9][0-9]{{0,2}}{re.escape(group)}[0-9]{{3}}$"
    is_group = number.str.contains(rf"^[0-9]{{1,3}}(?:[.][0-9]{{3}}){{2,}}$|^[0-9]{{1,3}}(?:,[0-9]{{3}}){{2,}}$|{lone}")
    has_some = has_exponent or bool((marks & ~is_group).any())
    return has_some and not has_leading_zeros(number) and not _are_releases(cells, parts)


def _are_releases(cells: pl.Series, parts: pl.DataFrame) -> bool:
    """Whether all numbers of a column are two counters, as in the releases 3.9, 3.10 and 3.11.

    Among them, 3.1 and 3.10 are different. Decimal numbers with and without zeros at the end may be both as well, but
    not only they: their other fractions begin with a zero, or are any of two digits, where releases are counted up.

    Args:
        cells: (n,) String, distinct.
        parts: of the numbers among them.
    """
    numbers = cells.filter(parts["number"].is_not_null())
    minor = numbers.str.extract(_RELEASE)
    if minor.has_nulls():
        return False
    later = minor.filter(minor.str.len_bytes() > 1).cast(pl.Int64).unique().sort()
    if later.is_empty() or len(later) <= _COUNTED * (later[-1] - _FIRST_OF_TWO_DIGITS + 1):
        return False
    return bool((numbers + "0").is_in(numbers.implode()).any())


def are_held(parts: pl.DataFrame) -> pl.Series:
    """(n,) Boolean, which numbers have no label, no exponent, and no more digits than the kind holds."""
    number, is_bare = parts["number"], (parts["before"] == "") & (parts["after"] == "") & (parts["exponent"] == "")
    fraction = number.str.extract(r"[.,]([0-9]+)$").str.len_bytes().fill_null(0)
    whole = number.str.count_matches("[0-9]") - fraction
    return (is_bare & (fraction <= _SCALE) & (whole <= _WHOLE_DIGITS)).fill_null(value=False)


DECIMAL: Kind = register(
    Kind(
        name="decimal",
        dtype=pl.Decimal(_SCALE + _WHOLE_DIGITS, _SCALE),
        fault="not a decimal number",
        fault_reason=f"a cell is not a number with a single meaning, or one with over {_SCALE} digits after the point",
        is_plain=is_plain,
        parse=parse,
        repairs=(
            UNICODE_VARIANTS,
            *NOTATION,
            Repair("scientific notation", "a number written with an exponent", scientific),
            Repair("thousands separator", "separated groups of digits are one number", join_groups),
            Repair("decimal comma", "a comma before the fraction is a decimal point", decimal_comma),
            Repair("sign or zeros", "a plus sign, leading zeros and a bare point change nothing", plain_digits),
        ),
        missing_marks=MISSING_MARKS,
        readings=readings,
        from_number=from_number,
        recognise=recognise,
        signs=".,' ",
        find_form=find_number_form,
        in_format=lambda example: formatted(DECIMAL, example),
        in_column=lambda mark, counts: in_column(DECIMAL, mark, counts, recognise),
    )
)
