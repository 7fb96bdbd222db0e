"""Finds the header of a table among its first rows, whatever stands above it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eightytwenty.read.options import NO_HEADER
from eightytwenty.schema import Table

_PREAMBLE_ROWS = 50  # a header lies within them
# The number of cells that at least this share of the rows has is the width of the table.
_USUAL_SHARE = 0.5
_LONGEST_FRACTION = 3  # digits after a decimal comma that all cells of a column have alike, as prices do

Row = Sequence[str]


@dataclass(frozen=True)
class Header:
    """The header of a table.

    Args:
        names: of the columns, as the file has them; empty for a column without a name.
        columns: clean name -> position, for the columns of the table.
        empty: columns of the table, which it may lack, that have no value in the rows that were looked at.
        row: the position of the header among the rows; -1 if there is none.
        is_regular: whether most of the records have as many cells as it has.
        notes: what is unusual about it, for people.
    """

    names: tuple[str, ...]
    columns: dict[str, int]
    empty: tuple[str, ...]
    row: int
    is_regular: bool
    notes: tuple[str, ...] = ()


def find_header(rows: Sequence[Row], table: Table, stated: str | int | None = None) -> Header:
    """Finds the row that names the columns of a table.

    Args:
        rows: the first rows of the file.
        table: its required columns must be named.
        stated: the position of the header if it is known, or `NO_HEADER`.

    Raises:
        ValueError: no row names them. The message is about the row that would be the likeliest header.
    """
    if stated == NO_HEADER:
        width = _usual_width(rows)
        numbered = [f"column_{number + 1}" for number in range(width)]
        return _header(
            tuple(table.names if width == len(table.columns) else numbered), rows, -1, table, ("without a header",)
        )
    choices = range(min(len(rows), _PREAMBLE_ROWS)) if stated is None else [int(stated)]
    best: Header | None = None
    for at in choices:
        try:
            columns = table.match(rows[at])
        except ValueError:
            continue
        if best is None or len(columns) > len(best.columns):
            fitted, notes = _fitted(tuple(rows[at]), rows[at + 1 :])
            best = _header(fitted, rows, at, table, notes)
        if any(column.required for column in table.columns):
            break  # any row matches a table without such a column, and the one that names most of them is meant
    if best is None:
        table.match(rows[choices[0] if stated is not None else likeliest_header(rows)])
        raise AssertionError("a row that matches was not found")
    return best


def likeliest_header(rows: Sequence[Row]) -> int:
    """The position of the first row that is as wide as most."""
    width = _usual_width(rows)
    return next((at for at, row in enumerate(rows) if len(row) == width), 0)


def _header(names: tuple[str, ...], rows: Sequence[Row], at: int, table: Table, notes: tuple[str, ...]) -> Header:
    columns = table.match(names)
    records = [row for row in rows[at + 1 :] if len(row) == len(names)]
    empty = tuple(
        column.name
        for column in table.columns
        if column.name in columns
        and not column.required
        and records
        and not any(row[columns[column.name]].strip() for row in records)
    )
    is_regular = not rows[at + 1 :] or _usual_width(rows[at + 1 :]) == len(rows[at] if at >= 0 else names)
    return Header(names, columns, empty, at, is_regular, notes)


def _fitted(names: tuple[str, ...], records: Sequence[Row]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names, as many as the records have cells, if one more or less is explained; and what explains it."""
    width = _usual_width(records)
    wide = [row for row in records if len(row) == width]
    if width == len(names) - 1 and not names[-1].strip():
        return names[:-1], ("a delimiter at the end of the header",)
    if width != len(names) + 1:
        return names, ()
    if not any(row[-1].strip() for row in wide):
        return (*names, ""), ("a delimiter at the end of each line",)
    if _is_index(wide):
        return ("", *names), ("a first column without a name",)
    return names, ()


def _usual_width(rows: Sequence[Row]) -> int:
    """The number of cells that most rows have, 0 if there is none."""
    counts = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    width, count = counts.most_common(1)[0] if counts else (0, 0)
    return width if count >= _USUAL_SHARE * counts.total() else 0


def _is_index(rows: Sequence[Row]) -> bool:
    """Whether the first of the cells numbers the rows, or names each, so that the header has one name less.

    A column with decimal commas in a table with commas between the cells makes one cell more, too. There, the digits
    after the comma are as many in all rows, or nearly always few.
    """
    first = [row[0] for row in rows]
    if len(set(first)) < len(first) or not all(cell.strip() for cell in first):
        return False
    return not any(
        all(row[at].strip("-").isdecimal() and row[at + 1].isdecimal() for row in rows)
        and max(len(row[at + 1]) for row in rows) <= _LONGEST_FRACTION
        for at in range(len(rows[0]) - 1)
    )
