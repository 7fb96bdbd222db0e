"""How far new rows may be from those that the champion learned from, for Great Expectations.

The measure is the Kullback-Leibler divergence of the new rows' distribution from the old one's, in nats, column by
column: 0 where they agree, .1 where the highest tenth of uniform values is gone, 2.3 where all lie in one bin of ten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from schemas.expectations import FEWEST_ROWS, BatchExpectations, divergence_threshold

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

FEWEST_TO_COMPARE = 2 * FEWEST_ROWS  # fewer rows cannot be told from their like by two bins
MOST_BINS = 10
_HALF = 0.5  # of a row is added to each value's count, so that none is impossible (Krichevsky and Trofimov, 1981)


def drift_expectations(name: str, old: pl.DataFrame, new: pl.DataFrame, most_drift: float) -> BatchExpectations:
    """What new rows must be, compared with old ones.

    Args:
        name: of the batch, for titles.
        old: the rows that the champion learned from; columns of numbers, and of text for categories.
        new: the new rows, with the same columns.
        most_drift: divergence that is taken for none. The room for chance in both tables is added to it.

    Returns:
        One expectation for each column; none where a table has fewer than `FEWEST_TO_COMPARE` rows.
    """
    rows = min(old.height, new.height)
    clean = () if rows < FEWEST_TO_COMPARE else tuple(_alike(old[one], new[one], most_drift) for one in old.columns)
    return BatchExpectations(name, tuple(old.columns), clean, ())


def _alike(old: pl.Series, new: pl.Series, most_drift: float) -> Expectation:
    """The column's distribution must be the old one."""
    import great_expectations.expectations.core as gxe

    partition: dict[str, list[float] | list[str]]
    if old.dtype == pl.String:
        values = sorted({*old.unique(), *new.unique()})
        counts = dict(old.value_counts().iter_rows())
        partition = {"values": values, "weights": _shares(np.array([counts.get(value, 0) for value in values]))}
    else:
        edges = _edges(old.to_numpy(), new.to_numpy())
        partition = {"bins": edges.tolist(), "weights": _shares(np.histogram(old.to_numpy(), edges)[0])}
    bins = len(partition["weights"])
    # both tables are drawn, so that the chance of both counts
    room = divergence_threshold(bins, 1 / (1 / old.len() + 1 / new.len())) if bins > 1 else 0.0
    limit = most_drift + room
    return gxe.ExpectColumnKLDivergenceToBeLessThan(
        column=old.name,
        partition_object=partition,
        threshold=limit,
        description=f"{old.name} must be spread as in the champion's data: Kullback-Leibler divergence over {bins} "
        f"{'values' if old.dtype == pl.String else 'bins'} at most {limit:.3g}.",
        meta={"notes": f"{most_drift:g} is asked for, and {room:.3g} is room for chance in {new.len():,} rows."},
    )


def _edges(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Edges of bins that hold about equally many old rows, and of one more on each side that has only new ones."""
    bins = min(MOST_BINS, len(new) // FEWEST_ROWS)
    inner = np.quantile(old, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf").astype(np.float64)
    aside = 0.0
    if np.issubdtype(old.dtype, np.integer):
        aside = 0.5  # no value lies on an edge
    low, high = old.min() - aside, old.max() + aside
    edges = [low, *(inner + aside)[inner < old.max()], high, min(low, new.min() - aside), max(high, new.max() + aside)]
    return np.unique(np.asarray(edges, np.float64))


def _shares(counts: np.ndarray) -> list[float]:
    shares: list[float] = ((counts + _HALF) / (counts + _HALF).sum()).tolist()
    return shares
