"""A piece of a raw table, as every reader hands it to the cleaning."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass(frozen=True)
class Batch:
    """Consecutive records of one file.

    Args:
        source: the file's name in row ids.
        first: record number of the first row, counted from 1 (the header is no record).
        cells: the table's columns as text, one row a record; null where nothing stands or the file has no such column.
        problems: String, why the record is no row at all, null where it is one. Such a row has no cells.
        lines: (n,) int64, the line on which each record starts, or None for a format without lines.
        original: row indices within the batch -> the bytes of each record as they arrived.
    """

    source: str
    first: int
    cells: pl.DataFrame
    problems: pl.Series
    lines: npt.NDArray[np.int64] | None
    original: Callable[[npt.NDArray[np.int64]], list[bytes]]

    @property
    def records(self) -> npt.NDArray[np.int64]:
        """(n,) int64, the record number of each row."""
        return np.arange(self.first, self.first + self.cells.height, dtype=np.int64)
