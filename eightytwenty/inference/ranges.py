"""The range of nearly all numbers, dates and times of a column, if some lie far beyond it."""

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.inference.values import Values
from eightytwenty.kinds import Kind

# Interquartile ranges beyond the quartiles. Tails are long: of the values beyond five, hardly one in ten is wrong.
_FENCE = 15.0
_FEWEST = 20  # values that show quartiles
_MOST = 0.01  # of the rows; more of them are no outliers but another group of values


def find_range(values: Values, form: Kind) -> tuple[str | None, str | None]:
    """The smallest and the largest value that are no outliers, as the column writes them; None where none lies beyond.

    A value is an outlier only if it is one on both scales, linear and, for positive numbers, logarithmic.
    """
    if form.is_text or form.dtype == pl.Boolean:
        return None, None
    read = form.parse(values.cells)
    values = values.where(read.is_not_null())
    read = read.drop_nulls()
    if read.len() < _FEWEST:
        return None, None
    counts = values.counts.to_numpy()
    is_temporal = form.dtype.is_temporal()
    numbers = (read.to_physical() if is_temporal else read).cast(pl.Float64).to_numpy()
    inside = _inside(numbers, counts)
    if numbers.min() > 0 and not is_temporal:
        inside |= _inside(np.log(numbers), counts)
    if inside.all() or counts[~inside].sum() > _MOST * counts.sum():
        return None, None
    low, high = numbers[inside].min(), numbers[inside].max()
    ends = [min(values.cells.filter(pl.Series(numbers == end))) for end in (low, high)]
    return (ends[0] if numbers.min() < low else None), (ends[1] if numbers.max() > high else None)


def _inside(numbers: npt.NDArray[np.float64], counts: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
    """(d,) bool, which values are no outliers."""
    first, third = (_quantile(numbers, counts, share) for share in (0.25, 0.75))
    width = third - first
    if not math.isfinite(width) or width == 0:
        return np.ones(len(numbers), dtype=bool)
    return np.asarray((numbers >= first - _FENCE * width) & (numbers <= third + _FENCE * width))


def _quantile(numbers: npt.NDArray[np.float64], counts: npt.NDArray[np.uint32], share: float) -> float:
    order = np.argsort(numbers)
    return float(numbers[order][np.searchsorted(np.cumsum(counts[order]), share * counts.sum())])
