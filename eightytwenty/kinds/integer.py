"""Whole numbers: plain digits, at most 18 of them, so that they fit an int64.

Each repair takes one cell that is not plain digits and returns it rewritten, or unchanged if it does not understand it.
None of them guesses: a cell that can mean two numbers is left alone.
"""

import re
import unicodedata
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.number_words import read_words
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_PLAIN = re.compile(r"0|-?[1-9][0-9]{0,17}")
_LIMIT = 10**18
# "7,000" is seven thousand to some and seven to others; only the rest of the row can tell.
_AMBIGUOUS = re.compile(r"([-+]?[1-9][0-9]{0,2})[.,]000")

# Labels that do not scale the number. "k", "m", "MM", "G" and "%" are left out on purpose: they change its value.
_CURRENCY = r"(?i:US\$|[$€£¥₹]|(?:USD|EUR|GBP|JPY|INR|CHF|DKK|SEK|NOK)\b)"
_UNIT = r"(?:(?:(?i:pcs|pc|pieces?|units?|items?|kg|sec|min|hours?)|g|km|cm|mm|ml|l|h)\b\.?)"
_LABEL_FIRST = re.compile(rf"([-+]?)\s*{_CURRENCY}\s*([0-9].*)")
# The number's last character is not a space, so that a long run of spaces is scanned once.
_LABEL_LAST = re.compile(rf"([-+]?[0-9](?:.*?\S)??)\s*(?:{_CURRENCY}|{_UNIT})")

# At most two digits of exponent, so that no cell can ask for a number of a million digits.
_SCIENTIFIC = re.compile(r"[-+]?[0-9]{1,18}(?:[.,][0-9]{1,18})?e[-+]?[0-9]{1,2}", re.IGNORECASE)
_DECIMAL = re.compile(r"([-+]?[0-9]+)[.,]0*")
_GROUPED = re.compile(r"[-+]?[1-9][0-9]{0,2}([.,' _\u00a0\u202f’])[0-9]{3}(?:\1[0-9]{3})*")
_PADDED = re.compile(r"(?:\+|(-))?0*([1-9][0-9]*|0)")
# "1,000e3" is a million to some and a thousand to others.
_AMBIGUOUS_SCIENTIFIC = re.compile(r"[-+]?[0-9]+,[0-9]{3}e.*", re.IGNORECASE)


def number_words(cell: str) -> str:
    """Turns a number spelled in English into digits.

    >>> number_words("twenty-two")
    '22'
    """
    number = read_words(cell) if cell[:1].isalpha() else None
    return cell if number is None else str(number)


def unit(cell: str) -> str:
    """Removes a currency sign or a unit next to the number, but none that scales the number (k, m, %).

    >>> unit("$7"), unit("-7 kg"), unit("7k"), unit("7 MM")
    ('7', '-7', '7k', '7 MM')
    """
    if match := _LABEL_FIRST.fullmatch(cell):
        return match[1] + match[2]
    if match := _LABEL_LAST.fullmatch(cell):
        return match[1]
    return cell


def scientific(cell: str) -> str:
    """Turns a whole number in scientific notation into digits; "1,000e3", which has two readings, is left alone.

    >>> scientific("1.2e1"), scientific("1e-3"), scientific("1,000e3")
    ('12', '1e-3', '1,000e3')
    """
    if not _SCIENTIFIC.fullmatch(cell) or _AMBIGUOUS_SCIENTIFIC.fullmatch(cell):
        return cell
    value = Decimal(cell.replace(",", "."))
    return str(int(value)) if value == value.to_integral_value() and abs(value) < 10**18 else cell


def decimal_form(cell: str) -> str:
    """Removes an empty fraction from a whole number; "7,000", which may be 7 or 7000, is left alone.

    >>> decimal_form("7.0"), decimal_form("7,00"), decimal_form("7.5"), decimal_form("7,000")
    ('7', '7', '7.5', '7,000')
    """
    match = _DECIMAL.fullmatch(cell)
    return match[1] if match and not _AMBIGUOUS.fullmatch(cell) else cell


def thousands(cell: str) -> str:
    """Joins groups of three digits with one kind of separator; "7,000" is left alone.

    >>> thousands("65,536"), thousands("1 234 567"), thousands("7,000"), thousands("12,34")
    ('65536', '1234567', '7,000', '12,34')
    """
    match = _GROUPED.fullmatch(cell)
    return cell.replace(match[1], "") if match and not _AMBIGUOUS.fullmatch(cell) else cell


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


NUMBER_WORD = Repair("number word", "an English number word has one value", number_words)
UNIT = Repair("unit or currency", "a label that does not scale the number says nothing about its value", unit)


def only_unit(name: str) -> Repair:
    """Removes one unit or currency, in its own spelling, and no other: another one would mean another number.

    >>> [only_unit("K").function(cell) for cell in ("280 K", "K280", "-3K", "280 C", "280 k")]
    ['280', '280', '-3', '280 C', '280 k']
    """
    spellings = {name, unicodedata.normalize("NFKC", name)}  # the second is what unicode variants leave

    def remove(cell: str) -> str:
        for spelling in spellings:
            number = cell.removeprefix(spelling) if cell.startswith(spelling) else cell.removesuffix(spelling)
            number = number.strip()
            if number != cell and number[-1:].isdigit() and number[:1] in set("0123456789+-."):
                return number
        return cell

    return Repair(UNIT.name, f"the numbers are in {name}", remove)


INTEGER = register(
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
            NUMBER_WORD,
            UNIT,
            Repair("scientific notation", "a whole number written with an exponent", scientific),
            Repair("decimal form", "a fraction of zeros is a whole number", decimal_form),
            Repair("thousands separator", "separated groups of three digits are one number", thousands),
            Repair("sign or leading zeros", "a plus sign and leading zeros change nothing", plain_digits),
        ),
        missing_marks=MISSING_MARKS,
        readings=readings,
        from_number=from_number,
    )
)
