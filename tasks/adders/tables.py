"""Tables of pairs from raw to training: references to files on disk, and the arrays read from them."""

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
        path: the file or folder.
        sha256: its digest.
        largest_sum: a and b should go up to half of it.
        seconds: wall-clock seconds that it took to get them.
        fresh: whether that was done just now.
        truth: the faults injected into them, if they were generated.
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
        """The largest sum of the table."""
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
    """The first of the tables, given in ascending order of the largest sum, that reaches `largest_sum`."""
    return next(table for table in tables if table.largest_sum >= largest_sum)


def sizes_reached(table: CleanTable, largest_sums: Sequence[int]) -> list[int]:
    """The largest sums for which a user's own table has enough pairs, in ascending order.

    A size counts if at least `FEWEST_PAIRS` clean pairs lie in its range, and one of them beyond half of it: from
    numbers up to 8, networks for 65536 would learn nothing.

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


def training_pairs(tables: Sequence[CleanTable], largest_sum: int, limit: int, seed: int) -> IntArray:
    """The clean pairs from which the networks for one largest sum learn.

    They come from the smallest table that reaches that far, in an order drawn with the seed: otherwise a
    sorted file would be validated on one corner of the range.

    Args:
        tables: in ascending order of the largest sum.
        largest_sum: only pairs with a and b up to half of it are used.
        limit: number of pairs to draw if there are more.
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
    order = np.random.default_rng([seed, largest_sum, 2]).permutation(len(pairs))[:limit]
    return pairs[order]


def uncleaned_pairs(raw: RawTable, limit: int, seed: int) -> IntArray:
    """The raw rows that parse at all: converted to numbers, and whatever is not a number dropped, without counting.

    Many a notebook does this instead of cleaning; here it is for comparison.

    Returns:
        (n, 3) int64: a, b and sum, right or wrong.
    """
    table = pairs_table(raw.largest_sum)
    pieces = [
        batch.cells.select(_COLUMNS).to_pandas().apply(pd.to_numeric, errors="coerce")
        for file in open_source(raw.path, table)
        for batch in file.batches(table.names)
    ]
    rows = pd.concat(pieces).replace([np.inf, -np.inf], np.nan).dropna()
    rows = rows[(rows.abs() < 2**53).all(axis=1)]
    order = np.random.default_rng([seed, raw.largest_sum, 2]).permutation(len(rows))[:limit]
    uncleaned: IntArray = rows.to_numpy()[order].astype(np.int64)
    return uncleaned
