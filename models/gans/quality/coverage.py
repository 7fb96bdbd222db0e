"""How much of the real pictures' variety is generated: density, coverage and pairwise diversity.

Source of the first two: Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models", 2020.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models.gans.quality.features import FloatArray

NEIGHBOURS = 5
ROUNDING = 1e-13
BLOCK = 512  # rows of a distance matrix that exist at a time


def density_and_coverage(real: FloatArray, fake: FloatArray, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Return (density, coverage) of (m, d) generated features among (n, d) real ones.

    Around each real picture lies a ball that reaches to its `neighbours`-th nearest real neighbour. Coverage is the
    share of balls with a generated picture in them, in [0, 1]: it falls when modes are missing. Density counts the
    balls in which a generated picture lies, over `neighbours`: near 1 for pictures like the real ones, near 0 for
    others. Sets of equal size from one distribution have coverage 1 - 2^-neighbours = 0.97 and density 1 on average.

    Raises:
        ValueError: There are not more real pictures than `neighbours`, or no generated ones.
    """
    if len(real) <= neighbours or not len(fake):
        raise ValueError(
            f"coverage needs more than {neighbours} real pictures and a generated one, not {len(real)} and {len(fake)}"
        )
    covered = inside = 0
    between = _squared_distances(real, fake)
    for (start, within), (_, to_fake) in zip(_squared_distances(real, real), between, strict=True):
        rows = np.arange(len(within))
        within[rows, start + rows] = np.inf  # a picture is not its own neighbour
        radii = np.partition(within, neighbours - 1, axis=1)[:, neighbours - 1]
        hits = (to_fake < radii[:, None]).sum(axis=1)
        covered += int(np.count_nonzero(hits))
        inside += int(hits.sum())
    return inside / (neighbours * len(fake)), covered / len(real)


def mean_distance(features: FloatArray) -> float:
    """Return the mean Euclidean distance between pairs of different rows of (n, d) features.

    Raises:
        ValueError: There are fewer than two rows.
    """
    n = len(features)
    if n < 2:
        raise ValueError(f"a mean distance needs at least two pictures, not {n}")
    return float(sum(np.sqrt(block).sum() for _, block in _squared_distances(features, features)) / (n * (n - 1)))


def diversity(real: FloatArray, fake: FloatArray) -> float:
    """Return the mean distance between pairs of generated pictures over that of real ones; 1 is as diverse as real.

    In features, not in pixels: noise and shifts of brightness keep pixels apart while the faces are all the same.

    Raises:
        ValueError: A set has fewer than two rows, or all real rows are equal.
    """
    spread = mean_distance(real)
    if not spread:
        raise ValueError("all real pictures have the same features; diversity needs real pictures that differ")
    return mean_distance(fake) / spread


def _squared_distances(left: FloatArray, right: FloatArray) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield (first row, squared distances of up to 512 rows of `left` to all of `right`)."""
    centre = right.mean(axis=0, dtype=np.float64)  # near 0, the formula below loses fewer digits
    left64, right64 = left - centre, right - centre
    left_squares, right_squares = np.square(left64).sum(axis=1), np.square(right64).sum(axis=1)
    for start in range(0, len(left), BLOCK):
        rows = slice(start, start + BLOCK)
        sums = left_squares[rows, None] + right_squares
        squares = sums - 2 * (left64[rows] @ right64.T)
        squares[squares < ROUNDING * sums] = 0  # equal rows have distance 0, not a rounding error's root
        yield start, squares
