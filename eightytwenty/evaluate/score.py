"""Scores a cleaning against the injected truth, kind by kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from eightytwenty.engine.summary import FATES

_NUMBERS = ("a", "b", "sum")


@dataclass(frozen=True)
class CleaningScore:
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


def score(cleaned: Path, truth: pl.DataFrame) -> CleaningScore:
    """Compares a folder of cleaned pairs, made from one file, with the truth of that file.

    Args:
        cleaned: the folder that `eightytwenty.engine.run.clean` wrote.
        truth: from `eightytwenty.evaluate.table_faults.DirtyTable`.
    """
    tables = read_tables(cleaned)
    fates = fates_of(tables)
    changed = tables["ledger"].select("record", "column").unique()
    faults = (
        truth.join(fates, on="record", how="left")
        .join(tables["clean"].select("record", *_NUMBERS), on="record", how="left", suffix="_found")
        .join(changed.with_columns(changed=True), on=["record", "column"], how="left")
        .with_columns(
            true=(pl.col("found") != "clean")
            | pl.all_horizontal(pl.col(f"{name}_found") == pl.col(name) for name in _NUMBERS)
        )
    )
    innocent = fates.join(truth, on="record", how="anti")
    return CleaningScore(
        kinds=by_kind(faults),
        touched=changed.join(truth, on=["record", "column"], how="anti").height,
        lost=innocent.filter(pl.col("found") != "clean").height,
    )


def read_tables(cleaned: Path) -> dict[str, pl.DataFrame]:
    """The tables that a cleaning left: clean, quarantine, duplicates and ledger; `source` is text in each."""
    names = (*FATES, "ledger")
    return {name: pl.read_parquet(cleaned / f"{name}.parquet").cast({"source": pl.String}) for name in names}


def fates_of(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Where each row ended: source, record, found."""
    return pl.concat(tables[fate].select("source", "record", pl.lit(fate).alias("found")) for fate in FATES)


def by_kind(faults: pl.DataFrame) -> pl.DataFrame:
    """Counts what became of the faulty rows.

    Args:
        faults: one line per faulty row: kind, fate (as wanted), found (the fate it had), changed (whether the ledger
            names the fault; missing counts as not) and true (whether what is said of the row is so: of a clean one its
            values, of a duplicate its original).

    Returns:
        the `kinds` of a `CleaningScore`.
    """
    passed = pl.col("found") == "clean"
    return (
        faults.group_by("kind", maintain_order=True)
        .agg(
            injected=pl.len(),
            caught=(~passed | pl.col("changed").fill_null(value=False)).sum(),
            right=((pl.col("found") == pl.col("fate")) & pl.col("true")).sum(),
            wrong=(passed & ~pl.col("true")).sum(),
            **{fate: (pl.col("found") == fate).sum() for fate in FATES},
        )
        .sort("kind")
    )
