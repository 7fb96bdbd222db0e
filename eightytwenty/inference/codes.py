"""The cells of a table as numbers: each value of a column by its rank, so that rows are compared as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.inference.values import Values

Codes = npt.NDArray[np.int64]
MISSING, UNKNOWN = -1, -2  # codes of cells without a value, and of values that the vocabulary does not have


@dataclass(frozen=True)
class Vocabulary:
    """The values of a column, the most frequent one first.

    Args:
        values: with their counts.
    """

    values: Values

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def counts(self) -> Codes:
        """(d,) how often each value occurs, by its code."""
        return self.values.counts.to_numpy().astype(np.int64)

    @cached_property
    def _positions(self) -> pl.DataFrame:
        return pl.DataFrame({"cell": self.values.cells, "code": np.arange(len(self))})

    def encode(self, cells: pl.Series) -> Codes:
        """(n,) the code of each cell."""
        joined = pl.DataFrame({"cell": cells}).join(self._positions, on="cell", how="left", maintain_order="left")
        codes = joined["code"].fill_null(UNKNOWN).to_numpy().copy()
        codes[cells.is_null().to_numpy()] = MISSING
        return codes

    def decode(self, codes: Codes) -> pl.Series:
        """(n,) String, the values of codes; null for those that are none."""
        known = pl.Series(codes.clip(min=0)).zip_with(pl.Series(codes >= 0), pl.Series([None], dtype=pl.Int64))
        return self.values.cells.gather(known.cast(pl.UInt32))


def combine(columns: Sequence[Codes], sizes: Sequence[int]) -> Codes:
    """(n,) one number for the codes of several columns, of so many values each; negative if one of them is."""
    together = columns[0]
    for codes, size in zip(columns[1:], sizes[1:], strict=True):
        together = np.where((together < 0) | (codes < 0), np.minimum(together, codes), together * size + codes)
    return together
