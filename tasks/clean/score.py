"""Scores a cleaning against the injected truth, kind by kind."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

_NUMBERS = ("a", "b", "sum")


@dataclass(frozen=True)
class Score:
    """How well a cleaning did.

    Args:
        kinds: one line per kind of dirt: kind, injected, caught (did not pass as it was), right (ended as it should,
            with the true values where it can be repaired), wrong (repaired to something else), and the rows by fate.
        touched: cells changed in which no fault had been put.
        lost: rows without a fault that did not end as clean.
    """

    kinds: pl.DataFrame
    touched: int
    lost: int


def score(cleaned: Path, truth: pl.DataFrame) -> Score:
    """Compares a folder of cleaned pairs, made from one file, with the truth of that file.

    Args:
        cleaned: the folder that `tasks.clean.run.clean` wrote.
        truth: from `tasks.ingest.dirt.Soiled`.
    """
    tables = {
        name: pl.read_parquet(cleaned / f"{name}.parquet") for name in ("clean", "quarantine", "duplicates", "ledger")
    }
    fates = pl.concat(
        tables[name].select("record", pl.lit(name).alias("found")) for name in ("clean", "quarantine", "duplicates")
    )
    changed = tables["ledger"].select("record", "column").unique()
    faults = (
        truth.join(fates, on="record", how="left")
        .join(tables["clean"].select("record", *_NUMBERS), on="record", how="left", suffix="_found")
        .join(changed.with_columns(changed=True), on=["record", "column"], how="left")
    )
    passed = pl.col("found") == "clean"
    true = pl.all_horizontal(pl.col(f"{name}_found") == pl.col(name) for name in _NUMBERS)
    as_wanted = (pl.col("found") == pl.col("fate")) & (~passed | true)
    kinds = (
        faults.group_by("kind", maintain_order=True)
        .agg(
            injected=pl.len(),
            caught=(~passed | pl.col("changed").fill_null(value=False)).sum(),
            right=as_wanted.sum(),
            wrong=(passed & ~true).sum(),
            clean=passed.sum(),
            quarantine=(pl.col("found") == "quarantine").sum(),
            duplicates=(pl.col("found") == "duplicates").sum(),
        )
        .sort("kind")
    )
    innocent = fates.join(truth, on="record", how="anti")
    return Score(
        kinds=kinds,
        touched=changed.join(truth, on=["record", "column"], how="anti").height,
        lost=innocent.filter(pl.col("found") != "clean").height,
    )
