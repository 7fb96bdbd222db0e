"""How scripts, spreadsheets, accountants and countries write numbers: the repairs that all kinds of numbers share.

Each function takes a cell that is no plain number and returns it with one notation less, so that they compose:
"$ (4,402.00)" -> "(4,402.00)" -> "-4,402.00" -> "-4402.00". A cell that it does not understand is returned unchanged.
"""

import re
import unicodedata
from collections.abc import Callable

from eightytwenty.kinds import Repair
from eightytwenty.kinds.number_words import read_words
from eightytwenty.kinds.units import CURRENCY, spellings

# Arabic has separators of its own, U+066C for groups and U+066B for the fraction, which have one meaning each.
_SEPARATORS = r".,' _\u00a0\u202f’\u066c"
_DIGITS = rf"[0-9](?:[0-9{_SEPARATORS}\u066b]*[0-9])?"

# A formula without quotes has no groups, so that "=1.250" is not the "1.250" of a cell; it is left alone.
_SPREADSHEET = re.compile(r"'\s*([^\s'=].*)|=\s*\"\s*([^\s'=\"][^\"]*)\"|=\s*([-+]?[0-9]+(?:[.][0-9]{1,2})?)")

# Labels that do not scale the number. "k", "m", "MM", "G", "¢" and "%" are left out on purpose: they change its value.
_UNIT = r"(?:(?i:pcs|pc|pieces?|units?|items?|kg|sec|min|hours?)|g|km|cm|mm|ml|l|h)\b\.?"

_GROUP_MARKS = ".,' _\u00a0\u202f’"
_MARKED = re.compile(rf"[0-9](?:[{_GROUP_MARKS}]?[0-9])*")
_DASHED = re.compile(r"(.*[0-9][.,])(?:--?|—)")
_NEGATIVE = re.compile(rf"\(\s*([.,]?{_DIGITS})\s*\)|([.,]?{_DIGITS})-")
_GROUPED = re.compile(
    rf"(?P<whole>[-+]?[1-9][0-9]{{0,2}}(?P<separator>[{_SEPARATORS}])[0-9]{{3}}(?:(?P=separator)[0-9]{{3}})*"
    r"|[-+]?[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})"  # as in India: 12,34,567
    r"(?:(?P<mark>[.,\u066b])(?P<fraction>[0-9]+))?"
)


def script_digits(cell: str) -> str:
    """Turns the decimal digits of any script into ASCII digits, unless a cell has digits of two scripts.

    Not for dates: years in the digits of a script are often those of a calendar of its own, such as ۱۴۰۳.

    >>> script_digits("٤٤٠٢"), script_digits("४४०२"), script_digits("٧7")
    ('4402', '4402', '٧7')
    """
    if cell.isascii():
        return cell
    zeros = {ord(digit) - unicodedata.decimal(digit) for digit in cell if digit.isdecimal()}
    if len(zeros) != 1:
        return cell
    zero = zeros.pop()
    return cell.translate({zero + value: str(value) for value in range(10)})


def spreadsheet_text(cell: str) -> str:
    """Removes what makes a spreadsheet take a number for text: an apostrophe before it, or a formula around it.

    >>> spreadsheet_text("'4402"), spreadsheet_text('="4402"'), spreadsheet_text("=23053"), spreadsheet_text("=1+1")
    ('4402', '4402', '23053', '=1+1')
    """
    match = _SPREADSHEET.fullmatch(cell)
    return (match[1] or match[2] or match[3]).rstrip() if match else cell


def number_words(cell: str) -> str:
    """Turns a number spelled in English into digits.

    >>> number_words("twenty-two")
    '22'
    """
    number = read_words(cell) if cell[:1].isalpha() else None
    return cell if number is None else str(number)


def _label_remover(first: str, last: str) -> Callable[[str], str]:
    """Removes one label at either end of a number, or of what accountants put around it.

    Args:
        first: a regular expression of the labels that may stand before the number.
        last: of those that may stand behind it.
    """
    before = re.compile(rf"([-+(]?)\s*(?:{first})\s*([-+(]?\s*[.,\u066b]?[0-9].*)")
    # Possessive, so that a cell without a label is scanned once. The hyphen of "7-kg" is no part of the number.
    number = rf"[.,\u066b]?[0-9](?:[{_SEPARATORS}\u066b]?[0-9])*+(?:e[-+]?[0-9]+)?(?:[.,](?:--?|—)?)?"
    behind = re.compile(rf"([-+(]?\s*(?i:{number})(?:\s*\))?)\s*(?:{last})\s*(\)?)")

    def remove(cell: str) -> str:
        match = before.fullmatch(cell) or behind.fullmatch(cell)
        return match[1] + match[2] if match else cell

    return remove


unit = _label_remover(CURRENCY, f"{CURRENCY}|{_UNIT}")


def dashed_fraction(cell: str) -> str:
    """Writes out a fraction of zeros for which a dash stands.

    >>> dashed_fraction("4'402.-"), dashed_fraction("7,--"), dashed_fraction("7-")
    ("4'402.00", '7,00', '7-')
    """
    match = _DASHED.fullmatch(cell)
    return f"{match[1]}00" if match else cell


def accounting_sign(cell: str) -> str:
    """Puts the sign of a negative number before it: brackets around a number and a minus sign behind it are one.

    >>> accounting_sign("(4,402)"), accounting_sign("4402-"), accounting_sign("(-4402)")
    ('-4,402', '-4402', '(-4402)')
    """
    match = _NEGATIVE.fullmatch(cell)
    return f"-{match[1] or match[2]}" if match else cell


def join_groups(cell: str) -> str:
    """Joins groups of digits and puts a point before the fraction, where the separators have one meaning.

    A lone comma or point before three digits may be either, so that "7,250" and "7.250" are left alone.

    >>> [join_groups(cell) for cell in ("1,234.5", "1.234,50", "1 234", "1,234,567", "1,23,456", "7,250")]
    ['1234.5', '1234.50', '1234', '1234567', '123456', '7,250']
    """
    match = _GROUPED.fullmatch(cell)
    if not match:
        return cell
    whole, mark, fraction = match["whole"], match["mark"], match["fraction"]
    separator = match["separator"] or ","
    is_alone = mark is None and separator in ".," and whole.count(separator) == 1
    if is_alone or mark == separator:
        return cell
    return whole.replace(separator, "") + (f".{fraction}" if fraction else "")


UNIT = Repair("unit or currency", "a label that does not scale the number is no part of it", unit)


def only_unit(name: str) -> Repair:
    """Removes one unit or currency, in any spelling that it has, and no other: another one would mean another number.

    >>> [only_unit("K").function(cell) for cell in ("280 K", "K280", "-3K", "280 C", "280 k")]
    ['280', '280', '-3', '280 C', '280 k']
    >>> [only_unit("oz").function(cell) for cell in ("12 oz", "12 OZ.", "12 ounces")]
    ['12', '12', '12']
    """
    spelling = spellings(name)
    return Repair(UNIT.name, f"the numbers are in {name}", _label_remover(spelling, spelling))


class StatedMark(Repair):
    """Reads the marks in numbers as the table states them, so that none has two readings.

    >>> comma = stated_mark(",")
    >>> [comma.function(cell) for cell in ("1.250", "-7,000 €", "1.234,5", "1,234")]
    ['1250', '-7 €', '1234.5', '1.2340']
    >>> [comma.contradicts(cell) for cell in ("1.250", "0.125", "1,234.5", "1.5", "12", "x")]
    [False, True, True, True, False, False]
    """

    def contradicts(self, cell: str) -> bool:
        """Whether a cell has marks that stand elsewhere than they are stated to."""
        found = _MARKED.search(cell)
        return found is not None and not found[0].isdecimal() and self.function(cell) == cell


def stated_mark(mark: str) -> StatedMark:
    """The repair for a decimal mark, a comma or a point."""
    group = "".join(separator for separator in _GROUP_MARKS if separator != mark)
    grouped = rf"[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{2,3}})*[{group}][0-9]{{3}}"
    number = re.compile(rf"(?P<whole>[0-9]+|{grouped})(?:[{mark}](?P<fraction>[0-9]+))?")

    def read(cell: str) -> str:
        found = _MARKED.search(cell)
        match = number.fullmatch(found[0]) if found else None
        if not found or not match:
            return cell
        whole, fraction = re.sub(r"\D", "", match["whole"]), (match["fraction"] or "").rstrip("0")
        # a fraction of three digits would look like a group
        fraction += "0" * (len(fraction) == 3)
        return cell[: found.start()] + whole + (f".{fraction}" if fraction else "") + cell[found.end() :]

    return StatedMark("decimal mark", "the table states which mark stands before a fraction", read)


ACCOUNTING_SIGN = Repair(
    "accounting sign", "brackets around a number, or a minus sign behind it, make it negative", accounting_sign
)
# What each number is freed from, in this order, before a kind reads its digits.
NOTATION = (
    Repair("digits of a script", "the digits of every script have the same values", script_digits),
    Repair("spreadsheet text", "a mark that makes a spreadsheet show the number as text", spreadsheet_text),
    Repair("number word", "an English number word has one value", number_words),
    UNIT,
    Repair("dash for zeros", "a dash behind a decimal point stands for zeros", dashed_fraction),
    ACCOUNTING_SIGN,
)
