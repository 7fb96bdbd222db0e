"""What a cleaning left: a folder, the numbers of its report, and its tables, read when they are used."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from eightytwenty.engine.summary import Summary


@dataclass(frozen=True)
class Cleaned:
    """A folder of a cleaning, of a table or of pictures.

    Args:
        folder: holds the files that README names.
        summary: the number of rows by fate, and by rule.
    """

    folder: Path
    summary: Summary

    @property
    def fates(self) -> dict[str, int]:
        """Rows by fate."""
        return self.summary.fates

    @property
    def clean(self) -> pl.LazyFrame:
        """The rows that are right: source, record, and the columns of the table or the attributes of the pictures."""
        return self._scan("clean")

    @property
    def quarantine(self) -> pl.LazyFrame:
        """The rows that are not: source, record, rules, reason, original, and more by the kind of source."""
        return self._scan("quarantine")

    @property
    def duplicates(self) -> pl.LazyFrame:
        """The rows that came again: source, record, copy_of_source, copy_of_record, and more by the kind of source."""
        return self._scan("duplicates")

    @property
    def flags(self) -> pl.LazyFrame:
        """The doubts about clean rows: source, record, column (null for the whole row), rule, reason and value."""
        return self._scan("flags")

    @property
    def ledger(self) -> pl.LazyFrame:
        """The changed cells of clean rows: source, record, column, rule, before and after."""
        return self._scan("ledger")

    def _scan(self, name: str) -> pl.LazyFrame:
        return pl.scan_parquet(self.folder / f"{name}.parquet", glob=False).with_columns(
            pl.col("source").cast(pl.String)
        )
