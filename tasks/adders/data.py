"""Pairs from raw to training: where they come from, what a batch must be, and the arrays that are learned from."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.files import sha256
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from models.adders.network import IntArray
from schemas.expectations import BatchExpectations, pairs_expectations
from schemas.pairs import pairs_table
from tasks.experiment import Cleaned, Raw
from tasks.ingest.pairs import TRUTH, draw_pairs, generate_pairs
from tasks.retrain.inbox import Delivery
from tasks.running.allowed_paths import fetch
from tasks.running.stages import data_folder, run_stage

FEWEST_PAIRS = 20
_COLUMNS = ["a", "b", "sum"]


def generated(*, rows: int, largest_sum: int, dirt: float, seed: int) -> Raw:
    """Generates a table with a share of faults; see `tasks.ingest.pairs.generate_pairs`."""
    config: dict[str, Any] = {"rows": rows, "largest_sum": largest_sum, "dirt": dirt, "seed": seed}

    def make(folder: Path) -> None:
        generate_pairs(folder / "pairs", **config)

    stage = run_stage(data_folder(), "ingest", {}, config, make)
    pairs = stage.folder / "pairs"
    raw = pairs / "raw"
    return Raw(
        f"pairs-{largest_sum}",
        raw,
        sha256(raw),
        stage.seconds,
        stage.fresh,
        pairs / TRUTH,
        title=f"pairs to {largest_sum}",
    )


def own(*, source: str, largest_sum: int) -> Raw:
    """Finds a file, a folder or an http(s) address, and opens it.

    Raises:
        UserError: it cannot be read.
    """
    started = time.perf_counter()
    path = fetch(source, data_folder())
    open_source(path, pairs_table(largest_sum))
    seconds = time.perf_counter() - started
    return Raw(f"pairs-{largest_sum}", path.resolve(), sha256(path), seconds, title=f"pairs to {largest_sum}")


def start(*, rows: int, largest_sum: int, seed: int) -> Delivery:
    """Generates what a dataset begins with: pairs without ids, which could be those of the user's own records."""
    config: dict[str, Any] = {"rows": rows, "largest_sum": largest_sum, "seed": seed}

    def make(folder: Path) -> None:
        draw_pairs(**config).drop("record_id").write_csv(folder / "generated.csv")

    return Delivery.at(run_stage(data_folder(), "start", {}, config, make).folder / "generated.csv")


def expectations(cleaned: Cleaned, **config: Any) -> tuple[BatchExpectations, Mapping[str, int]]:
    """See `schemas.expectations.pairs_expectations`."""
    return pairs_expectations(rows=cleaned.summary.clean, **config), {}


def reaching(tables: Iterable[int], largest_sum: int) -> int:
    """Of tables, given by their largest sums in ascending order, the first that reaches `largest_sum`."""
    return next(table for table in tables if table >= largest_sum)


def sizes_reached(table: Cleaned, largest_sums: Sequence[int]) -> list[int]:
    """The largest sums for which a user's own table has enough pairs, in ascending order.

    A size counts if at least `FEWEST_PAIRS` clean pairs lie in its range, and one of them beyond half of it: from
    numbers up to 8, networks for 65536 would learn nothing.

    Raises:
        UserError: there is none.
    """
    columns = pl.read_parquet(table.rows / "clean.parquet", columns=["a", "b"])
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


def training_pairs(table: Cleaned, largest_sum: int, limit: int, seed: int) -> IntArray:
    """The clean pairs from which the networks for one largest sum learn.

    Their order is drawn with the seed: otherwise a sorted file would be validated on one corner of the range.

    Args:
        table: the smallest that reaches that far.
        largest_sum: only pairs with a and b up to half of it are used.
        limit: number of pairs to draw if there are more.
        seed: of the order.

    Returns:
        (n, 3) int64: a, b and sum.

    Raises:
        UserError: fewer than `FEWEST_PAIRS` are left.
    """
    half = largest_sum // 2
    rows = (
        pl.scan_parquet(table.rows / "clean.parquet")
        .select(_COLUMNS)
        .filter(pl.max_horizontal("a", "b") <= half)
        .collect()
    )
    if rows.height < FEWEST_PAIRS:
        raise UserError(
            f"{table.raw.path} has {rows.height} clean pairs with numbers up to {half}, and {FEWEST_PAIRS} are needed; "
            f"give more rows or leave {largest_sum} out of the largest sums."
        )
    pairs: IntArray = rows.to_numpy().astype(np.int64, copy=False)
    order = np.random.default_rng([seed, largest_sum, 2]).permutation(len(pairs))[:limit]
    return pairs[order]


def uncleaned_pairs(raw: Raw, largest_sum: int, limit: int, seed: int) -> IntArray:
    """The raw rows that parse at all: converted to numbers, and whatever is not a number dropped, without counting.

    Many a notebook does this instead of cleaning; here it is for comparison.

    Returns:
        (n, 3) int64: a, b and sum, right or wrong.
    """
    table = pairs_table(largest_sum)
    pieces = [
        batch.cells.select(_COLUMNS).to_pandas().apply(pd.to_numeric, errors="coerce")
        for batch in read_batches(open_source(raw.path, table).files, table.names)
    ]
    rows = pd.concat(pieces).replace([np.inf, -np.inf], np.nan).dropna()
    rows = rows[(rows.abs() < 2**53).all(axis=1)]
    order = np.random.default_rng([seed, largest_sum, 2]).permutation(len(rows))[:limit]
    uncleaned: IntArray = rows.to_numpy()[order].astype(np.int64)
    return uncleaned
