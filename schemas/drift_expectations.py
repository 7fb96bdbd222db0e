"""How far new rows may be from those that the champion learned from, for Great Expectations.

The measure is the Kullback-Leibler divergence of the new rows' distribution from the old one's, in nats, column by
column: 0 if they agree, .1 if the highest tenth of uniform values is missing, 2.3 if all values lie in one bin of ten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from schemas.expectations import FEWEST_ROWS, BatchExpectations, divergence_threshold

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

FEWEST_TO_COMPARE = 2 * FEWEST_ROWS  # fewer rows do not fill two bins
MOST_BINS = 10
_HALF = 0.5  # of a row is added to each value's count, so that none is impossible (Krichevsky and Trofimov, 1981)


def drift_expectations(name: str, old: pl.DataFrame, new: pl.DataFrame, most_drift: float) -> BatchExpectations:
    """What new rows must be like, compared with old ones.

    Args:
        name: of the batch, shown in titles.
        old: the rows that the champion learned from; columns of numbers, and of text for categories.
        new: the new rows, with the same columns.
        most_drift: divergence that is tolerated, in nats. An allowance for chance in both tables is added to it.

    Returns:
        One expectation for each column; none if a table has fewer than `FEWEST_TO_COMPARE` rows.
    """
    columns = old.columns if min(old.height, new.height) >= FEWEST_TO_COMPARE else []
    clean = tuple(_same_distribution(old[column], new[column], most_drift) for column in columns)
    return BatchExpectations(name, tuple(old.columns), clean, ())


def _same_distribution(old: pl.Series, new: pl.Series, most_drift: float) -> Expectation:
    """The column must be distributed as before."""
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
    # both tables are samples, so chance plays a part in both
    allowance = divergence_threshold(bins, 1 / (1 / old.len() + 1 / new.len())) if bins > 1 else 0.0
    limit = most_drift + allowance
    return gxe.ExpectColumnKLDivergenceToBeLessThan(
        column=old.name,
        partition_object=partition,
        threshold=limit,
        description=f"{old.name} must be distributed as in the champion's data: Kullback-Leibler divergence over "
        f"{bins} {'values' if old.dtype == pl.String else 'bins'} at most {limit:.3g}.",
        meta={"notes": f"The limit is {most_drift:g} plus {allowance:.3g} for chance in {new.len():,} rows."},
    )


def _edges(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Edges of bins with about equal numbers of old rows, and of one more bin on each side for new rows only."""
    bins = min(MOST_BINS, len(new) // FEWEST_ROWS)
    inner = np.quantile(old, np.linspace(0, 1, bins + 1)[1:-1], method="inverted_cdf").astype(np.float64)
    shift = 0.5 if np.issubdtype(old.dtype, np.integer) else 0.0  # no integer lies on an edge
    low, high = old.min() - shift, old.max() + shift
    edges = [low, *(inner + shift)[inner < old.max()], high, min(low, new.min() - shift), max(high, new.max() + shift)]
    return np.unique(np.asarray(edges, np.float64))


def _shares(counts: np.ndarray) -> list[float]:
    shares: list[float] = ((counts + _HALF) / (counts + _HALF).sum()).tolist()
    return shares
