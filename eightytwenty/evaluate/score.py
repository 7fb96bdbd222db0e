"""Scores a cleaning against the injected truth, kind by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from eightytwenty.engine.summary import FATES

_NUMBERS = ("a", "b", "sum")


@dataclass(frozen=True)
class CleaningScore:
    """How well a cleaning did.

    Args:
        kinds: one line per kind of dirt: kind, injected, caught (did not pass unchanged), right (ended as expected,
            with the true values if it can be repaired), wrong (repaired to other values), and the rows by fate.
        false_repairs: number of changed cells without a fault.
        lost_rows: number of rows without a fault that did not end as clean.
    """

    kinds: pl.DataFrame
    false_repairs: int
    lost_rows: int


def score(cleaned: Path, truth: pl.DataFrame) -> CleaningScore:
    """Compares a folder of cleaned pairs, made from one file, with the truth of that file.

    Args:
        cleaned: the folder that `eightytwenty.engine.run.clean_table` wrote.
        truth: from `eightytwenty.evaluate.table_faults.DirtyTable`.
    """
    tables = read_tables(cleaned)
    endings = row_endings(tables)
    changed = tables["ledger"].select("record", "column").unique()
    faults = (
        truth.join(endings, on="record", how="left")
        .join(tables["clean"].select("record", *_NUMBERS), on="record", how="left", suffix="_cleaned")
        .join(changed.with_columns(changed=True), on=["record", "column"], how="left")
        .with_columns(
            true=(pl.col("ending") != "clean")
            | pl.all_horizontal(pl.col(f"{name}_cleaned") == pl.col(name) for name in _NUMBERS)
        )
    )
    faultless = endings.join(truth, on="record", how="anti")
    return CleaningScore(
        kinds=by_kind(faults),
        false_repairs=changed.join(truth, on=["record", "column"], how="anti").height,
        lost_rows=faultless.filter(pl.col("ending") != "clean").height,
    )


def fault_counts(scores: Sequence[CleaningScore]) -> dict[str, int]:
    """Sums over cleanings: faults "injected", "caught", put "right" or "wrong", and other rows "touched" or "lost"."""
    counts = ("injected", "caught", "right", "wrong")
    return {
        **{name: sum(int(score.kinds[name].sum()) for score in scores) for name in counts},
        "touched": sum(score.false_repairs for score in scores),
        "lost": sum(score.lost_rows for score in scores),
    }


def read_tables(cleaned: Path) -> dict[str, pl.DataFrame]:
    """Reads the tables of a cleaning: clean, quarantine, duplicates and ledger, with `source` as text."""
    names = (*FATES, "ledger")
    return {name: pl.read_parquet(cleaned / f"{name}.parquet").cast({"source": pl.String}) for name in names}


def row_endings(tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Where each row ended: source, record, ending."""
    return pl.concat(tables[fate].select("source", "record", pl.lit(fate).alias("ending")) for fate in FATES)


def by_kind(faults: pl.DataFrame) -> pl.DataFrame:
    """Counts where the faulty rows ended.

    Args:
        faults: one line per faulty row: kind, fate (where it should end), ending (where it ended), changed (whether the
            ledger has the fault; null counts as not) and true (whether the result is correct: the values of a clean
            row, the original of a duplicate).

    Returns:
        The `kinds` of a `CleaningScore`.
    """
    passed = pl.col("ending") == "clean"
    return (
        faults.group_by("kind", maintain_order=True)
        .agg(
            injected=pl.len(),
            caught=(~passed | pl.col("changed").fill_null(value=False)).sum(),
            right=((pl.col("ending") == pl.col("fate")) & pl.col("true")).sum(),
            wrong=(passed & ~pl.col("true")).sum(),
            **{fate: (pl.col("ending") == fate).sum() for fate in FATES},
        )
        .sort("kind")
    )
