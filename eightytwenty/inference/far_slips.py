"""Cells of a column of few values that are several slips away from one of them, such as `acutexcarexhospitals`."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from eightytwenty.inference.unreadable import PROPOSALS
from eightytwenty.inference.values import Values
from eightytwenty.kinds import Kind

_FREQUENT, _TIMES = 5, 5  # rows of a value that can be meant, and how many times those of a slip of it
_MOST_VALUES, _COVERED = 100, 0.8  # of a column of few values, and the share of the rows that have them
_SHORTEST = 8  # characters: of shorter ones, too little is left
_ALIKE = 0.75  # of the characters are left in place
_NEXT = 2  # times as far, at least, as the nearest value is the next one
_LIKELY = 3.0  # log odds, if no values of the column are near each other
# If letters are replaced and none is added or left out, which would as well make another word, how many times as
# frequent the value is speaks for the slip, up to this.
_MOST_FOR_TIMES = 3.0


@dataclass(frozen=True)
class FarSlips:
    """Finds far slips in a column.

    Args:
        frequent: its frequent values; none if it is not a column of few values.
        values: all of them.
    """

    frequent: Values
    values: Values

    @classmethod
    def of(cls, values: Values, form: Kind) -> "FarSlips":
        """Learns from the values of a column of texts."""
        frequent = values.where(values.counts >= _FREQUENT)
        is_few = form.is_text and len(frequent) <= _MOST_VALUES and frequent.total >= _COVERED * values.total
        return cls(frequent if is_few else frequent.where(pl.repeat(value=False, n=len(frequent), eager=True)), values)

    def propose(self, cells: pl.Series) -> pl.DataFrame:
        """The cells that are far slips, and of what.

        Args:
            cells: (n,) String, distinct.

        Returns:
            One line per such cell: cell, proposal, log_odds that it is right, and reason.
        """
        counts = self.values.count(cells)
        long = (cells.str.len_chars() >= _SHORTEST) & (counts * _TIMES <= (self.frequent.counts.to_list() or [0])[0])
        cells, counts = cells.filter(long), counts.filter(long)
        if not len(cells) or not len(self.frequent):
            return pl.DataFrame(schema=PROPOSALS)
        texts = self.frequent.cells.to_list()
        far = process.cdist(cells.to_list(), texts, scorer=OSA.distance, dtype=np.int32).astype(float)
        # a value that is not much more frequent is another one
        far[self.frequent.counts.to_numpy()[None] < _TIMES * counts.to_numpy()[:, None]] = np.inf
        nearest = far.argmin(axis=1)
        distance = far[np.arange(len(cells)), nearest]
        far[np.arange(len(cells)), nearest] = np.inf
        following = far.min(axis=1) if far.shape[1] > 1 else np.full(len(cells), np.inf)
        lengths = cells.str.len_chars().to_numpy()
        is_slip = (distance > 0) & (distance <= (1 - _ALIKE) * lengths) & (following >= _NEXT * distance)
        at = pl.Series(np.flatnonzero(is_slip))
        found = pl.DataFrame(
            {
                "cell": cells[at],
                "proposal": self.frequent.cells[pl.Series(nearest[is_slip])],
                "count": self.frequent.counts[pl.Series(nearest[is_slip])],
                "distance": distance[is_slip].astype(np.int64),
                "own": counts[at],
            }
        )
        is_replaced = pl.col("cell").str.len_chars() == pl.col("proposal").str.len_chars()
        times = (pl.col("count") / (_TIMES * pl.col("own"))).log().clip(0, _MOST_FOR_TIMES)
        return found.select(
            "cell",
            "proposal",
            log_odds=_LIKELY + is_replaced * times,
            reason=pl.format("{} characters from '{}', which occurs {} times", "distance", "proposal", "count"),
        )
