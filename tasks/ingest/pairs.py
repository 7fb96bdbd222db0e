"""Draws pairs of numbers and writes them as a raw table, with a share of faults, and the truth beside it."""

from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.evaluate.table_faults import NAMES, DirtyTable, add_dirt
from eightytwenty.files import whole_folder

RAW, TRUTH = "pairs-{}.csv", "truth.parquet"


def draw_pairs(rows: int, largest_sum: int, seed: int) -> pl.DataFrame:
    """Pairs of uniform whole numbers from 0 to `largest_sum` / 2.

    Returns:
        record_id (String, 1 to rows), a, b and sum (Int64).
    """
    rng = np.random.default_rng([seed, largest_sum])
    a, b = rng.integers(0, largest_sum // 2, size=(2, rows), endpoint=True)
    ids = pl.int_range(1, rows + 1, eager=True).cast(pl.String)
    return pl.DataFrame({"record_id": ids, "a": a, "b": b, "sum": a + b})


def generate_pairs(folder: Path, *, rows: int, largest_sum: int, dirt: float, seed: int) -> Path:
    """Writes a folder with raw/pairs-<largest sum>.csv and truth.parquet.

    The truth is that of `eightytwenty.evaluate.table_faults.DirtyTable`.

    Args:
        folder: appears whole or not at all.
        rows: number of records before copies and headers are added.
        largest_sum: 16, 256, 65536 or any other even number.
        dirt: share of the records that get a fault, 0 to 1.
        seed: the same seed gives the same bytes.

    Returns:
        the folder of raw files.
    """
    dirty = add_dirt(draw_pairs(rows, largest_sum, seed), share=dirt, largest_sum=largest_sum, seed=seed)
    with whole_folder(folder) as partial:
        (partial / "raw").mkdir()
        (partial / "raw" / RAW.format(largest_sum)).write_bytes(as_csv(dirty))
        dirty.truth.write_parquet(partial / TRUTH)
    return folder / "raw"


def as_csv(dirty: DirtyTable) -> bytes:
    """The dirty records as a CSV file, with the faults that exist only as bytes."""
    text = dirty.cells.write_csv(include_header=False, quote_style="necessary", null_value="")
    lines = [line.encode() for line in text.split("\n")[:-1]]
    for row, damage in dirty.damage.items():
        lines[row] = damage(lines[row])
    return b"\n".join([",".join(NAMES).encode(), *lines]) + b"\n"
