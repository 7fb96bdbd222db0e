"""Tells the row that names the columns from records, where the names are not known."""

import itertools
import re
import string
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from eightytwenty.kinds.spelling import MISSING_MARKS

NEARLY_ALL = 0.9  # of the cells of a column; the others may be dirty
_MOST = 0.5  # of the cells of a column, or of the records
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[ap]\.?m\.?)?(?: ?Z| ?[-+][0-9]{2}:?[0-9]{2})?"
_DAY = (
    r"[0-9]{1,4}(?P<mark>[-/. ])[0-9]{1,2}(?P=mark)[0-9]{1,4}"
    r"|[0-9]{1,2}(?:st|nd|rd|th)?[-. /]?[a-z]{3,9}\.?,?[-. /][0-9]{2,4}|[a-z]{3,9}\.? [0-9]{1,2},? [0-9]{4}"
)
_CURRENCY = "[$€£¥₹]"
# A cell that looks like a value, as names hardly ever do. Years, which are the usual numbers among names, come apart.
_VALUE = re.compile(
    rf"(?P<date>(?:{_DAY})(?:[T ,]+{_CLOCK})?)"
    rf"|(?P<time>{_CLOCK})"
    rf"|(?P<number>[-+(]*{_CURRENCY}? ?[-+]?"
    r"(?:\d+(?:[.,]\d*)?|\d{1,3}(?:(?P<group>[ \u00a0\u202f.,'’_])\d{2,3})(?:(?P=group)\d{2,3})*(?:[.,]\d+)?|[.,]\d+)"
    r"(?:e[-+]?\d+)?"
    rf" ?[%)]?(?:{_CURRENCY})?)"
    r"|(?P<boolean>true|false|yes|no)"
    r"|(?P<address>[^\s@]+@[^\s@]+\.[^\s@]+|(?:https?|ftp)://\S+|www\.\S+)",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:1[89]|20)[0-9]{2}")
_WHOLE = re.compile(r"[0-9]{1,9}")
_OF_RULES = f"{string.whitespace}|+:=-"  # what the line below the header of a drawn table is made of

Row = Sequence[str]


def usual_width(rows: Sequence[Row]) -> int:
    """The number of cells that more rows have than any other number; of equals the larger, 0 if no row has any."""
    counts = Counter(len(row) for row in rows if row)
    return max(counts, key=lambda width: (counts[width], width), default=0)


def first_full_row(rows: Sequence[Row], below_blank: Collection[int] = ()) -> int:
    """The first row that is as wide as most and is no title: the header, or where there is none a record.

    Of a header in two rows, of which the upper one names groups of columns, it is the lower one.

    Args:
        rows: the first ones of a file.
        below_blank: the positions of those that stand below a blank line.

    Raises:
        ValueError: no row has cells.
    """
    width = usual_width(rows)
    if not width:
        raise ValueError("no line is a row of cells")
    wide = [at for at, row in enumerate(rows) if len(row) == width and not _is_rule(row)]
    most = max((_filled(rows[at]) for at in wide), default=0)
    full = [at for at in wide if not _is_title(rows[at], most)] or wide
    # records may leave out their last cells, and the header does not
    widest = max(range(len(rows)), key=lambda at: len(rows[at]))
    if widest < full[0] and len(wide) < NEARLY_ALL * (len(rows) - full[0]) and all(map(_is_name, rows[widest])):
        return widest
    # above a header may be comments, the names of groups, which leave cells out, and what is apart from it
    whole = next((at for at in full if not _leaves_out(rows[at]) and at + 1 not in below_blank), full[0])
    is_below = all(map(_is_name, rows[whole])) and has_names(rows[whole], rows[whole + 1 :])
    return whole if is_below else full[0]


def _leaves_out(row: Row) -> bool:
    """Whether a row is a comment or leaves cells out."""
    return row[0].lstrip().startswith("#") or not all(cell.strip() for cell in row)


def _is_title(row: Row, most: int) -> bool:
    """Whether a row of a sheet, which has as many cells as all others, has few of them filled.

    Args:
        row: its cells.
        most: the number of cells that are filled in the fullest row.
    """
    filled = _filled(row)
    # a header names half of the columns at least; where there are two, a title stands in the first one
    return filled < most / 2 or (filled == 1 and most > 1 and bool(row[0].strip()))


def has_names(row: Row, records: Sequence[Row]) -> bool:
    """Whether more cells of a row cannot be values of their columns than look like them."""
    found = _evidence(row, _records([row, *records], 0))
    return found.names > found.values


def is_header(row: Row, records: Sequence[Row]) -> bool:
    """Whether a row names the columns, rather than being the first record. Where little speaks against it, it does.

    Args:
        row: the first one that is as wide as most.
        records: the rows below it.
    """
    if all(not cell.strip() or kind_of(cell) for cell in row) and not records:
        return False
    records = _records([row, *records], 0)
    if _numbers_columns(row, records):
        return True
    found = _evidence(row, records)
    # beside sure ones, a year or a count may be either
    if found.names or found.values:
        return found.names >= found.values
    return found.likely_names >= found.likely_values


@dataclass(frozen=True)
class _Evidence:
    """How many cells of a row are names, and values of their columns; and of years and counts, how many seem so."""

    names: int
    values: int
    likely_names: int
    likely_values: int


def _evidence(row: Row, records: Sequence[Row]) -> _Evidence:
    """What the cells of a row are, beside those below them."""
    names = values = likely_names = likely_values = 0
    counts = _counting(row)
    others = [record for record in records if not _repeats(record, row)]
    if len(others) < _MOST * len(records):
        others = list(records)  # a header comes again now and then only
    for at, cell in enumerate(row):
        if not _has_meaning(cell):
            continue
        below = [record[at] for record in others if _has_meaning(record[at])]
        kind, column = kind_of(cell), kind_of_column(below)
        if column and not kind:
            names += 1
        elif column and kind != column:
            likely_names += kind == "date"  # days and months are names as well
        elif column == "number" and _YEAR.fullmatch(cell.strip()):
            years = sum(_YEAR.fullmatch(value.strip()) is not None for value in below)
            if years <= (1 - NEARLY_ALL) * len(below):
                likely_names += 1  # a year above numbers that are none
            else:
                likely_values += 1
        elif column and at in counts:
            likely_values += 1
        elif column:
            values += 1
        elif below:
            # where most values come several times, the first one does too
            texts = Counter(map(str.strip, (cell, *below)))
            again = sum(count for count in texts.values() if count > 1)
            values += texts[cell.strip()] > 1 and again >= _MOST * len(below)
            names += texts[cell.strip()] == 1 and again >= NEARLY_ALL * len(below)
    return _Evidence(names, values, likely_names, likely_values)


def _repeats(record: Row, row: Row) -> bool:
    """Whether a record repeats most of a row, and so may be a header that comes again."""
    same = sum(one.strip() != "" and one == other for one, other in zip(record, row, strict=True))
    return same > _MOST * _filled(row)


def _counting(row: Row) -> set[int]:
    """The cells that count up by one from their left neighbour, or start such a run, as months and weeks do."""
    numbers = [int(cell) if _WHOLE.fullmatch(cell.strip()) else None for cell in row]
    starts = [
        at for at, (one, next_one) in enumerate(itertools.pairwise(numbers)) if one is not None and next_one == one + 1
    ]
    return {*starts, *(at + 1 for at in starts)}


def _numbers_columns(row: Row, records: Sequence[Row]) -> bool:
    """Whether a row numbers the columns from 0, beside records that are numbered too, as data frames are written."""
    numbers = [str(number) for number in range(max(len(row), len(records)))]
    is_numbered = not row[0].strip() and [cell.strip() for cell in row[1:]] == numbers[: len(row) - 1]
    return len(row) > 1 and is_numbered and [record[0].strip() for record in records] == numbers[: len(records)]


def kind_of(cell: str) -> str:
    """What kind of value a cell looks like; empty for a text.

    >>> kind_of("1,5"), kind_of("3 May 2020"), kind_of("12:30"), kind_of("TRUE"), kind_of("a@b.org"), kind_of("May")
    ('number', 'date', 'time', 'boolean', 'address', '')
    """
    found = _VALUE.fullmatch(cell.strip())
    return (found.lastgroup or "") if found else ""


def kind_of_column(cells: Sequence[str]) -> str:
    """The kind that nearly all of these cells look like; empty if there is none."""
    kind, count = Counter(map(kind_of, cells)).most_common(1)[0] if cells else ("", 0)
    return kind if count >= NEARLY_ALL * len(cells) else ""


def _records(rows: Sequence[Row], header: int) -> list[Row]:
    """The rows below a header that are as wide, without the line that a drawing has there."""
    width = len(rows[header])
    return [row for row in rows[header + 1 :] if len(row) == width and not _is_rule(row)]


def _is_rule(row: Row) -> bool:
    line = "|".join(row)
    return "--" in line and not line.strip(_OF_RULES)


def _is_name(cell: str) -> bool:
    return bool(cell.strip()) and not kind_of(cell)


def _filled(row: Row) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _has_meaning(cell: str) -> bool:
    """Whether a cell is neither empty nor a mark of a missing value."""
    return any(map(str.isalnum, cell)) and cell.strip().lower() not in MISSING_MARKS
