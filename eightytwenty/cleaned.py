"""What a cleaning left: a folder, the numbers of its report, and its tables, read when they are used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Cleaned:
    """A folder of a cleaning, of a table or of pictures.

    Args:
        folder: holds the files that README names.
        summary: the number of rows by fate, and by rule.
        is_temporary: whether the folder goes when this object does. Its tables are then read into memory at once, so
            that they may stay longer.
        zones: the time zones that columns had in the frame that was cleaned; clean moments are in UTC.
    """

    folder: Path
    summary: Summary
    is_temporary: bool = False
    zones: Mapping[str, str] = field(default_factory=dict)

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

    def frame(self) -> pl.DataFrame:
        """The clean rows with the columns of the table alone; moments have the zone that they had in a frame."""
        rows = self.clean.drop("source", "record").collect()
        moments = [name for name in self.zones if rows.schema.get(name) == pl.Datetime]
        return rows.with_columns(
            rows[name].dt.replace_time_zone("UTC").dt.convert_time_zone(self.zones[name]) for name in moments
        )

    def to_arrow(self) -> pa.Table:
        """The clean rows as `frame` has them, as a table of pyarrow."""
        return self.frame().to_arrow(compat_level=pl.CompatLevel.oldest())

    def to_pandas(self) -> "pd.DataFrame":
        """The clean rows as `frame` has them, as a frame of pandas.

        Raises:
            UserError: pandas is not installed.
        """
        try:
            return self.frame().to_pandas()
        except ModuleNotFoundError as error:
            raise UserError(f"to_pandas needs {error.name}: install eightytwenty[pandas].") from None

    def _scan(self, name: str) -> pl.LazyFrame:
        path, source = self.folder / f"{name}.parquet", pl.col("source").cast(pl.String)
        if self.is_temporary:
            return pl.read_parquet(path, glob=False).with_columns(source).lazy()
        return pl.scan_parquet(path, glob=False).with_columns(source)
