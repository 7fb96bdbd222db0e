"""How pairs of numbers are cleaned. A process of its own imports this; see `tasks.cleaning`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import polars as pl

from eightytwenty.schema import Table
from schemas.pairs import pairs_table
from tasks.cleaning import Clean


@dataclass(frozen=True)
class CleanPairs(Clean):
    """The stage `clean`: a and b go up to half of the largest sum."""

    largest_sum: int
    noun: ClassVar[str] = "pairs"
    mismatch: ClassVar[str] = "adds up to {}, and a challenger up to {}"
    columns: ClassVar[tuple[str, ...]] = ("a", "b", "sum")

    @property
    def title(self) -> str:
        """Such as "pairs to 256"."""
        return f"pairs to {self.largest_sum}"

    @property
    def table(self) -> Table:
        """The table of pairs."""
        return pairs_table(self.largest_sum)

    def show(self, row: Mapping[str, object]) -> str:
        """A row as "line 8: 1 + 1 = 3"."""
        from tasks.validate.reasons import show_pair

        return show_pair(row)

    def profile(self, rows: Path) -> pl.DataFrame:
        """a, b, sum and difference: a and b may each be distributed as before, but not their combinations."""
        return super().profile(rows).with_columns(difference=pl.col("a") - pl.col("b"))
