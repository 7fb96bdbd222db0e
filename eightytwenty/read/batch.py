"""A piece of a raw table: as it was read, to be sent or stored, and parsed."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.read.dialect import TextFormat

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Piece:
    """Some records of one file as they were read. It is data alone, so it can be pickled, and parsed elsewhere.

    Args:
        source: the file's name in row ids.
        records: (n,) int64, their numbers, counted from 1 (the header is not a record).
        rows: n rows. Of a text: `start` and `end` of each record in `content`, and the `line` on which it starts; else
            the columns as the file has them.
        columns: the table's columns that the file has: clean name -> name in the file.
        text: the format of a text, None for Parquet.
        content: of a text, the bytes of the records, in UTF-8 if the file is in UTF-16 or UTF-32.
        empty: those of the columns, which the file may lack, that have no value in its first rows.
        is_last: whether its last record is that of the file.
    """

    source: str
    records: Indices
    rows: pl.DataFrame
    columns: dict[str, str]
    text: TextFormat | None
    content: bytes = b""
    empty: tuple[str, ...] = ()
    is_last: bool = False

    @property
    def filled(self) -> set[str]:
        """The table's columns that the file has, without those that seem to have no value in it."""
        return set(self.columns) - set(self.empty)

    def take(self, indices: Indices) -> "Piece":
        """Some of the records."""
        rows = self.rows[indices]
        if self.text is None:
            return replace(self, records=self.records[indices], rows=rows)
        lines = [self.content[start:end] for start, end in rows.select("start", "end").iter_rows()]
        lengths = np.array([len(line) for line in lines], dtype=np.int32)
        starts = np.cumsum(lengths + 1, dtype=np.int32) - lengths - 1
        rows = rows.with_columns(start=starts, end=starts + lengths)
        # a line end between them, as in the file
        return replace(self, records=self.records[indices], rows=rows, content=b"\n".join(lines))


@dataclass(frozen=True)
class Batch:
    """The parsed records of a piece.

    Args:
        source: the file's name in row ids.
        records: (n,) int64, their numbers, counted from 1 (the header is not a record).
        cells: the table's columns as text, one row per record; null where a cell is empty or the column absent.
        problems: String, why a record is not a row; null where it is one. A record that is not a row has null cells.
        lines: (n,) int64, the line on which each record starts, or None for a format without lines.
        original: row indices within the batch -> the bytes of each record as they arrived.
    """

    source: str
    records: Indices
    cells: pl.DataFrame
    problems: pl.Series
    lines: Indices | None
    original: Callable[[Indices], list[bytes]]

    def raw(self, indices: Indices) -> pl.DataFrame:
        """Some records as they arrived: line, cells and original bytes."""
        lines = pl.lit(None, pl.Int64) if self.lines is None else pl.Series(self.lines[indices], dtype=pl.Int64)
        original = pl.Series("original", self.original(indices), dtype=pl.Binary)
        return self.cells[indices].with_columns(original, line=lines)


_TOTALS = frozenset(
    [
        *("total", "totals", "grandtotal", "subtotal", "sum", "gesamt", "summe", "insgesamt"),
        *("totale", "totaux", "somme", "suma", "итого", "всего", "合計", "总计"),
    ]
)
_SPACES, _NUMBER = re.compile(r"\s+"), re.compile(r"[^\w]*\d[^a-zA-Z]*|\s*")


def is_total(cells: Iterable[str | None]) -> bool:
    """Whether the last record of a file sums up the others: a cell says so, and the rest are numbers or empty.

    >>> is_total(["Total", None, "1,770"]), is_total([None, "7"]), is_total(["Kenya", "Total", "7"])
    (True, False, False)
    """
    words = [_SPACES.sub("", cell).strip(":*").casefold() for cell in cells if cell and not _NUMBER.fullmatch(cell)]
    return bool(words) and _TOTALS.issuperset(words)
