"""Tables of pairs on their way from raw to training: references to what lies on disk, and the arrays read from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import polars as pl

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.read.source import open_source
from models.adders.network import IntArray
from schemas.pairs import pairs_table
from tasks.running.stages import Stage
from tasks.tracking.run import Dataset

FEWEST_PAIRS = 20
_COLUMNS = ["a", "b", "sum"]


@dataclass(frozen=True)
class RawTable:
    """Raw pairs.

    Args:
        path: where they lie.
        sha256: their digest.
        largest_sum: a and b are to go up to half of it.
        seconds: wall-clock seconds that it took to get them.
        fresh: whether that was done just now.
        truth: what was injected into them, where they were generated.
    """

    path: Path
    sha256: str
    largest_sum: int
    seconds: float
    fresh: bool = True
    truth: Path | None = None


@dataclass(frozen=True)
class CleanTable:
    """Cleaned pairs: the finished stage and its summary."""

    raw: RawTable
    stage: Stage
    summary: Summary

    @property
    def largest_sum(self) -> int:
        """The largest sum that the table is about."""
        return self.raw.largest_sum

    @property
    def dataset(self) -> Dataset:
        """The table as an input of an MLflow run."""
        return Dataset(f"pairs-{self.largest_sum}", self.rows, self.stage.sha256, self.summary.clean)

    @property
    def rows(self) -> Path:
        """The Parquet file of clean rows."""
        return self.stage.folder / "rows" / "clean.parquet"


_Table = TypeVar("_Table", RawTable, CleanTable)


def reaching(tables: Sequence[_Table], largest_sum: int) -> _Table:
    """The smallest of the tables, given by rising largest sum, that reaches as far as `largest_sum`."""
    return next(table for table in tables if table.largest_sum >= largest_sum)


def sizes_reached(table: CleanTable, largest_sums: Sequence[int]) -> list[int]:
    """Those of the largest sums that a table of a user's own has pairs for, rising.

    A size counts if at least `FEWEST_PAIRS` clean pairs lie in its range and one of them beyond half of it: networks
    for 65536 learn nothing of it from numbers up to 8.

    Raises:
        UserError: there is none.
    """
    columns = pl.read_parquet(table.rows, columns=["a", "b"])
    largest = columns.select(pl.max_horizontal("a", "b"))[:, 0].to_numpy()
    inside = {size: largest[largest <= size // 2] for size in sorted(largest_sums)}
    reached = [size for size, rows in inside.items() if len(rows) >= FEWEST_PAIRS and rows.max() > size // 4]
    if not reached:
        counts = ", ".join(f"{len(rows)} with numbers to {size // 2}" for size, rows in inside.items())
        raise UserError(
            f"{table.raw.path} has too few clean pairs to learn from: {counts}. A size needs {FEWEST_PAIRS}, and one "
            "of them beyond half of its range; give more rows or other largest sums."
        )
    return reached


def training_pairs(tables: Sequence[CleanTable], largest_sum: int, most: int, seed: int) -> IntArray:
    """The clean pairs that networks for one largest sum learn from.

    They come from the smallest table that reaches that far, in an order drawn with the seed: a sorted file would
    otherwise be validated on one corner of the range.

    Args:
        tables: by rising largest sum.
        largest_sum: a and b up to half of it are taken.
        most: number of pairs drawn where there are more.
        seed: of the order.

    Returns:
        (n, 3) int64: a, b and sum.

    Raises:
        UserError: fewer than `FEWEST_PAIRS` are left.
    """
    table = reaching(tables, largest_sum)
    half = largest_sum // 2
    rows = pl.scan_parquet(table.rows).select(_COLUMNS).filter(pl.max_horizontal("a", "b") <= half).collect()
    if rows.height < FEWEST_PAIRS:
        raise UserError(
            f"{table.raw.path} has {rows.height} clean pairs with numbers up to {half}, and {FEWEST_PAIRS} are needed; "
            f"give more rows or leave {largest_sum} out of the largest sums."
        )
    pairs: IntArray = rows.to_numpy().astype(np.int64, copy=False)
    order = np.random.default_rng([seed, largest_sum, 2]).permutation(len(pairs))[:most]
    return pairs[order]


def uncleaned_pairs(raw: RawTable, most: int, seed: int) -> IntArray:
    """The raw rows that parse at all: read, turned into numbers, and whatever is no number dropped, uncounted.

    This is what many a notebook does instead of cleaning, and it is here to be compared with.

    Returns:
        (n, 3) int64: a, b and sum, whatever they are.
    """
    table = pairs_table(raw.largest_sum)
    pieces = [
        batch.cells.select(_COLUMNS).to_pandas().apply(pd.to_numeric, errors="coerce")
        for file in open_source(raw.path, table)
        for batch in file.batches(table.names)
    ]
    rows = pd.concat(pieces).replace([np.inf, -np.inf], np.nan).dropna()
    rows = rows[(rows.abs() < 2**53).all(axis=1)]
    order = np.random.default_rng([seed, raw.largest_sum, 2]).permutation(len(rows))[:most]
    uncleaned: IntArray = rows.to_numpy()[order].astype(np.int64)
    return uncleaned
