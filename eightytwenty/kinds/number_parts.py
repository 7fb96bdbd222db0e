"""What numbers consist of: a number, an exponent, and labels on both sides, in the notation of any country."""

import re

import polars as pl

from eightytwenty.kinds.last_result import keep_last
from eightytwenty.kinds.number_notation import dashed_fraction, script_digits, spreadsheet_text
from eightytwenty.kinds.spelling import unicode_variants
from eightytwenty.kinds.units import CURRENCY

_NUMBER = (
    r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?:[.][0-9]+)?|[0-9]{1,3}(?:[.][0-9]{3})+(?:,[0-9]+)?"
    r"|[0-9]{1,3}(?:[' \u00a0\u202f’][0-9]{3})+(?:[.,][0-9]+)?|[0-9]+(?:[.][0-9]*|,[0-9]+)?|[.,][0-9]+)"
)
# A number with one label at most on each side. A sign stands on either side of the first one; brackets around the
# number, or a minus behind it, are one as well.
_LABELLED = (
    rf"^[(]?[-+−]?(?P<before>(?:{CURRENCY}\s*)?)[-+−]?(?P<number>{_NUMBER})"
    r"(?P<exponent>(?:[eE][-+]?[0-9]{1,3})?)(?P<after>\s*[^0-9\s(),;:+-][^0-9(),;:+]*|)(?:[)]|-)?$"
)
_ARABIC_FRACTION = re.compile("\u066b(?=[0-9])")  # with nothing behind it, the mark is not read
# what is not ASCII, a mark of a spreadsheet at the start, or a dash for zeros at the end
_NOTATED = r"[^\x00-\x7f]|^['=]|[.,]--?$"
_LONG = 11  # digits behind the first one; spreadsheets shorten whole numbers from there on


def none_of(cells: pl.Series) -> pl.Series:
    """(n,) Boolean, false for each cell."""
    return pl.Series([False]).new_from_index(0, len(cells))


def has_no_number(parts: pl.DataFrame) -> bool:
    """Whether no cell is a number, so that there is nothing to look at."""
    return parts["number"].null_count() == len(parts)


@keep_last
def number_parts(cells: pl.Series) -> pl.DataFrame:
    """What numbers consist of: before, number, exponent and after, with null in all of them for a cell that is none.

    Args:
        cells: (n,) String. The digits of other scripts are read as well.
    """
    odd = cells.str.contains(_NOTATED).arg_true()
    if len(odd):
        cells = cells.clone().scatter(odd, [_bare_notation(cell) for cell in cells[odd]])
    parts = cells.str.extract_groups(_LABELLED).struct.unnest()
    unreadable = _no_accounting(cells, parts) | _cut_short(parts)
    if not unreadable.any():
        return parts
    return parts.select(pl.when(~unreadable).then(pl.all()))


def _no_accounting(cells: pl.Series, parts: pl.DataFrame) -> pl.Series:
    """(n,) Boolean, which numbers have a bracket or a minus behind them that is not the sign of an amount.

    It is one where brackets are a pair, not around all numbers of the column, which would be an enumeration, and some
    numbers of the column have a mark or a currency, as amounts do: `2-` is a grade among whole numbers.
    """
    is_number = parts["number"].is_not_null()
    opened, closed = cells.str.starts_with("(") & is_number, cells.str.ends_with(")") & is_number
    behind = cells.str.ends_with("-") & is_number
    if not (opened | closed | behind).any():
        return opened
    broken = (opened != closed) | ((opened | behind) & cells.str.contains(r"^[(]?[^0-9]*[-+−]"))
    broken |= behind & (opened | (parts["after"] != ""))
    sound = parts.filter(~broken & is_number)
    has_amounts = (
        sound["number"].str.contains("[^0-9]") | (sound["before"] != "") | sound["after"].str.contains(CURRENCY)
    ).any()
    is_enumeration = bool((opened | ~is_number | broken).all())
    no_sign = (opened & (is_enumeration or not has_amounts)) | (behind & (not has_amounts))
    return broken | no_sign


def _cut_short(parts: pl.DataFrame) -> pl.Series:
    """(n,) Boolean, which numbers are what a spreadsheet leaves of long ones, such as others here: `1.2E+11`."""
    exponents = parts["exponent"].str.extract("^[eE][+]?([0-9]+)$").cast(pl.Int64)
    is_long = exponents >= _LONG
    if not is_long.any():
        return none_of(exponents)
    fraction = parts["number"].str.extract("[.,]([0-9]+)$").str.len_bytes().fill_null(0)
    whole = parts.filter(pl.col("number").str.contains("^[1-9][0-9]+$") & (pl.col("exponent") == ""))["number"]
    lengths = whole.str.len_bytes().unique().cast(pl.Int64)
    return (is_long & (fraction < exponents) & (exponents + 1).is_in(lengths.implode())).fill_null(value=False)


def _bare_notation(cell: str) -> str:
    """A number without what scripts, spreadsheets and accountants write into it."""
    for change in (script_digits, unicode_variants, spreadsheet_text, dashed_fraction):
        cell = change(cell) or cell
    return _ARABIC_FRACTION.sub(".", cell).replace("\u066c", ",")
