"""The distinct values of a column, and how often each occurs."""

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Values:
    """The distinct values of a column in a sample of n rows.

    Args:
        cells: (d,) String, sorted by how often they occur, then by themselves; without null.
        counts: (d,) UInt32, how often each occurs.
        nulls: rows without a value.
    """

    cells: pl.Series
    counts: pl.Series
    nulls: int

    @classmethod
    def of(cls, cells: pl.Series) -> "Values":
        """The values of n cells."""
        counted = cells.drop_nulls().alias("cell").value_counts(name="count")
        counted = counted.sort("count", "cell", descending=[True, False])
        return cls(counted["cell"], counted["count"], cells.null_count())

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def total(self) -> int:
        """How many rows have these values."""
        return int(self.counts.sum())

    @property
    def rows(self) -> int:
        """n: how many rows have these values, or none."""
        return self.total + self.nulls

    @property
    def repeats(self) -> float:
        """How often a value occurs on average."""
        return self.total / len(self) if len(self) else 0.0

    def where(self, mask: pl.Series) -> "Values":
        """Some of the values: those for which (d,) Boolean is true."""
        return Values(self.cells.filter(mask), self.counts.filter(mask), self.nulls)

    def share(self, mask: pl.Series) -> float:
        """The share of the rows with a value that have one for which (d,) Boolean is true."""
        return int(self.counts.filter(mask).sum()) / self.total if len(self) else 0.0

    def count(self, cells: pl.Series) -> pl.Series:
        """(n,) Int64, how often some cells occur; an unknown one occurs once."""
        known = pl.DataFrame([self.cells.alias("cell"), self.counts.cast(pl.Int64).alias("count")])
        counted = cells.alias("cell").to_frame().join(known, on="cell", how="left", maintain_order="left")
        return counted["count"].fill_null(1)
