"""Finds the header of a table among its first rows, whatever stands above it."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.likely_header import NEARLY_ALL, first_full_row, has_names, is_header, usual_width
from eightytwenty.read.options import NO_HEADER
from eightytwenty.schema import Table, unique_names

_PREAMBLE_ROWS = 50  # a header lies within them
_SPLIT_NUMBER = re.compile(r"[-+]?\D{0,4}[0-9]+,([0-9]+)\D*")
# The number of cells that at least this share of the rows has is the width of the table.
_USUAL_SHARE = 0.5
_LONGEST_FRACTION = 3  # digits after a decimal comma, if they differ in number
WITHOUT = "without a header"  # a note

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


def find_header(
    rows: Sequence[Row],
    table: Table | AnyTable,
    stated: str | int | None = None,
    *,
    has_commas: bool = False,
    below_blank: Collection[int] = (),
) -> Header:
    """Finds the row that names the columns of a table.

    Args:
        rows: the first rows of the file.
        table: its required columns must be named. Where nothing is known of it, the likeliest row names all columns.
        stated: the position of the header if it is known, or `NO_HEADER`.
        has_commas: whether commas stand between the cells, and perhaps within numbers.
        below_blank: the positions of the rows that stand below a blank line.

    Raises:
        ValueError: no row names them. The message is about the row that would be the likeliest header.
    """
    if isinstance(table, AnyTable) and stated is None:
        stated = _likely_place(rows, table, below_blank, has_commas=has_commas)
    if stated == NO_HEADER:
        return _header(_named(rows, table), rows, -1, table, (WITHOUT,))
    choices = range(min(len(rows), _PREAMBLE_ROWS)) if stated is None else [int(stated)]
    found: Header | None = None
    for at in choices:
        # a row of its width below a header is a record, or the header again; only a title is followed by another one
        if found and any(len(row) == len(rows[found.row]) for row in rows[found.row + 1 : at + 1]):
            break
        try:
            names, notes = _fitted(tuple(rows[at]), rows[at + 1 :], table, has_commas=has_commas)
            header = _header(names, rows, at, table, notes)
        except ValueError:
            continue
        # of equals the first; a title may read as one of the names
        is_better = not found or (header.is_regular, len(header.columns)) > (found.is_regular, len(found.columns))
        if header.columns and is_better:
            found = header
    if found:
        return found
    at = choices[0] if stated is not None else likeliest_header(rows)
    table.match(rows[at])
    raise ValueError(f"there is no column {' or '.join(table.names)} among {', '.join(rows[at])[:200]}")


def _likely_place(rows: Sequence[Row], table: AnyTable, below_blank: Collection[int], *, has_commas: bool) -> str | int:
    """Where a row names the columns, whatever their names; `NO_HEADER` if none does.

    Raises:
        ValueError: the table seems to start too far down.
    """
    at = first_full_row(rows, below_blank)
    if at >= _PREAMBLE_ROWS:
        raise ValueError(f"{at} rows stand above what looks like a table")
    # a header may have one cell more or less than the records, and then it stands right above them
    is_first = at == 0 or at in below_blank or has_names(rows[at], rows[at + 1 :])
    if not is_first and _fitted(tuple(rows[at - 1]), rows[at:], table, has_commas=has_commas)[1]:
        return at - 1
    return at if is_header(rows[at], rows[at + 1 :]) else NO_HEADER


def _nameless_first(names: Sequence[str]) -> str:
    """What a first column is called that has no name."""
    return unique_names(["", *names])[0]


def _named(rows: Sequence[Row], table: Table | AnyTable) -> tuple[str, ...]:
    """Names for the columns of a table without a header: those of the table, if there are as many."""
    width = usual_width(rows) if isinstance(table, AnyTable) else _usual_width(rows)
    required = [column.name for column in table.columns if column.required]
    for names in (table.names, required):
        if len(names) == width:
            return tuple(names)
    return tuple(f"column_{number + 1}" for number in range(width))


def likeliest_header(rows: Sequence[Row]) -> int:
    """The position of the first row that is as wide as most."""
    width = _usual_width(rows)
    return next((at for at, row in enumerate(rows) if len(row) == width), 0)


def _header(
    names: tuple[str, ...], rows: Sequence[Row], at: int, table: Table | AnyTable, notes: tuple[str, ...]
) -> Header:
    columns = table.match(names)
    records = [row for row in rows[at + 1 :] if len(row) == len(names)]
    if isinstance(table, AnyTable) and records:
        columns = _with_content(columns, names if at >= 0 else [""] * len(names), records)
    empty = tuple(
        column.name
        for column in table.columns
        if column.name in columns
        and not column.required
        and records
        and not any(row[columns[column.name]].strip() for row in records)
    )
    is_regular = not rows[at + 1 :] or _usual_width(rows[at + 1 :]) == len(names)
    return Header(names, columns, empty, at, is_regular, notes)


def _with_content(columns: dict[str, int], header: Row, records: Sequence[Row]) -> dict[str, int]:
    """The columns without a first and a last one that have neither a name nor a value, as drawn tables have them."""
    last = len(columns) - 1
    nothing = {at for at in (0, last) if not any(row[at].strip() for row in (header, *records))}
    return {name: at for name, at in columns.items() if at not in nothing} or columns


def _fitted(
    names: tuple[str, ...], records: Sequence[Row], table: Table | AnyTable, *, has_commas: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names, as many as the records have cells, if one more or less is explained; and what explains it."""
    width = _usual_width(records)
    wide = [row for row in records if len(row) == width]
    if width == len(names) - 1 and not names[-1].strip():
        return names[:-1], ("a delimiter at the end of the header",)
    if width != len(names) + 1:
        return names, ()
    if has_blank_end(wide):
        return (*names, ""), ("a delimiter at the end of each line",)
    is_doubtful = has_commas and _may_have_decimal_commas(wide)
    if len(wide) > 1 and _counts(wide) and not is_doubtful and _fits(("", *names), wide, table):
        return ("", *names), ("a first column without a name",)
    return names, ()


def has_blank_end(rows: Sequence[Row]) -> bool:
    """Whether the last cell of nearly all rows is empty, as where a delimiter ends them."""
    return sum(not row[-1].strip() for row in rows) >= NEARLY_ALL * max(len(rows), 1)


def _usual_width(rows: Sequence[Row]) -> int:
    """The number of cells that most rows have, 0 if there is none."""
    counts = Counter(len(row) for row in rows if any(cell.strip() for cell in row))
    width, count = counts.most_common(1)[0] if counts else (0, 0)
    return width if count >= _USUAL_SHARE * counts.total() else 0


def _counts(rows: Sequence[Row]) -> bool:
    """Whether the first cells number the rows, from 0 or 1."""
    numbers = [row[0].strip() for row in rows]
    return any(numbers == [str(number) for number in range(first, first + len(rows))] for first in (0, 1))


def _fits(names: tuple[str, ...], rows: Sequence[Row], table: Table | AnyTable) -> bool:
    """Whether the table has columns that not every text fits, and the cells below these names do.

    Another reason for one cell too many is a delimiter within a cell, which puts the cells below the wrong names.
    """
    if isinstance(table, AnyTable):  # a space in front shows that a cell goes on there
        return not any(cell.startswith(" ") for row in rows for cell in row)
    positions = table.match(names)
    if positions.get(_nameless_first(names[1:])) == 0:
        return True
    kinds = [(column.form, positions.get(column.name)) for column in table.columns]
    told = [(kind, position) for kind, position in kinds if position is not None and not kind.is_text]
    cells = [(kind, [row[at] for row in rows if row[at].strip()]) for kind, at in told]
    return bool(told) and all(
        kind.parse(pl.Series(column, dtype=pl.String)).count() >= NEARLY_ALL * len(column) for kind, column in cells
    )


def _may_have_decimal_commas(rows: Sequence[Row]) -> bool:
    """Whether two cells side by side can be one number in all rows, which makes one cell more than there are names.

    The digits after a decimal comma are few, or as many in all rows.
    """
    for at in range(len(rows[0]) - 1):
        pairs = [_SPLIT_NUMBER.fullmatch(f"{row[at].strip()},{row[at + 1].strip()}") for row in rows]
        lengths = {len(pair[1]) for pair in pairs if pair}
        if all(pairs) and (len(lengths) == 1 or max(lengths) <= _LONGEST_FRACTION):
            return True
    return False
