"""A piece of a raw table, as every reader yields it."""

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
        first: record number of the first row, counted from 1 (the header is not a record).
        cells: the table's columns as text, one row per record; null where a cell is empty or the column absent.
        problems: String, why a record is not a row; null where it is one. A record that is not a row has null cells.
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
