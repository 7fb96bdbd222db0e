"""Brings whole numbers, as people write them, to plain digits.

Each function takes one cell that is not plain digits and returns it rewritten. It returns a cell that it does not
understand unchanged, and None for a missing cell. None of them guesses: a cell that can mean two numbers is left alone.
They are the repairs of every column of whole numbers, applied in the order of `INTEGER_REPAIRS`.
"""

import re
import unicodedata
from decimal import Decimal

from eightytwenty.kinds.number_words import read_words
from eightytwenty.schema import Repair

# "7,000" is seven thousand to some and seven to others; only the rest of the row can tell.
_AMBIGUOUS = re.compile(r"([-+]?[1-9][0-9]{0,2})[.,]000")

# Without "nil", "none" and "-", which mean missing to some and zero to others.
_MISSING = {"na", "n/a", "null", "missing", "?"}
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + "\u200b\u200c\u200d\u2060\ufeff"
_DASHES = dict.fromkeys(map(ord, "−‒–"), "-")

# No whole number is written in more characters, and the time to normalise text grows with the square of its length.
_LONGEST_NUMBER = 200

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


def stray_spaces(cell: str) -> str | None:
    """Removes spaces, tabs and invisible characters around a cell; a cell of nothing else is missing.

    >>> stray_spaces(" 7 "), stray_spaces(" ")
    ('7', None)
    """
    return cell.strip(_SPACES) or None


def missing_mark(cell: str) -> str | None:
    """Turns the usual marks for a missing value into missing, but not "nan", which may be a failed computation.

    >>> missing_mark("n/a"), missing_mark("nan")
    (None, 'nan')
    """
    return None if cell.lower() in _MISSING else cell


def unicode_variants(cell: str) -> str:
    """Turns full-width digits and other variants into ordinary characters (Unicode NFKC), and dashes into minus signs.

    Numerals that are not digits (powers, fractions, numbered circles) are left alone: "7²" is not 72.

    >>> unicode_variants("７７"), unicode_variants("7²")
    ('77', '7²')
    """
    if (
        cell.isascii()
        or len(cell) > _LONGEST_NUMBER
        or any(unicodedata.category(character) in {"No", "Nl"} for character in cell)
    ):
        return cell
    return unicodedata.normalize("NFKC", cell).translate(_DASHES)


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


def readings(cell: str) -> tuple[int, ...]:
    """The whole numbers that an ambiguous cell can mean; none for any other cell.

    >>> readings("7,000"), readings("7")
    ((7, 7000), ())
    """
    match = _AMBIGUOUS.fullmatch(cell)
    return (int(match[1]), 1000 * int(match[1])) if match else ()


INTEGER_REPAIRS = (
    Repair("stray spaces", "spaces around the number have no meaning", stray_spaces),
    Repair("missing mark", "a word for a missing value is a missing cell", missing_mark),
    Repair("unicode variants", "the same characters in another width or shape", unicode_variants),
    Repair("number word", "an English number word has one value", number_words),
    Repair("unit or currency", "a label that does not scale the number says nothing about its value", unit),
    Repair("scientific notation", "a whole number written with an exponent", scientific),
    Repair("decimal form", "a fraction of zeros is a whole number", decimal_form),
    Repair("thousands separator", "separated groups of three digits are one number", thousands),
    Repair("sign or leading zeros", "a plus sign and leading zeros change nothing", plain_digits),
)
