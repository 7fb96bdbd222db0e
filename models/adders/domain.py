"""The pairs that a network is judged on: the whole range, what lies beyond it, and lines through it."""

from __future__ import annotations

import numpy as np

from models.adders.network import IntArray

EXHAUSTIVE_UP_TO = 256  # (256 / 2 + 1)^2 = 16,641 pairs; the article's next size has a billion
GRID = 129  # values per axis where there are too many pairs to try them all
SAMPLE = 20_000


def all_pairs(largest_sum: int) -> IntArray:
    """Return the pairs (a, b) with a and b in [0, largest_sum // 2], as (n, 2) int64.

    Up to a largest sum of 256 these are all pairs. Above it they are an even grid of 129 x 129, with
    the corners and edges, and 20,000 random pairs, the same in every call.
    """
    top = largest_sum // 2
    if largest_sum <= EXHAUSTIVE_UP_TO:
        return _grid(np.arange(top + 1))
    even = _grid(np.linspace(0, top, GRID).round().astype(np.int64))
    random_pairs = np.random.default_rng(largest_sum).integers(0, top, size=(SAMPLE, 2), endpoint=True)
    return np.concatenate([even, random_pairs])


def beyond_pairs(largest_sum: int, seed: int) -> IntArray:
    """Return pairs just outside the trained range, as (n, 2) int64.

    a and b go up to 1.2 * largest_sum / 2, or to largest_sum // 2 + 1 if that is more, and at least one of them is
    above largest_sum // 2. Up to a largest sum of 256 these are all such pairs, whatever the seed; above it, 10,000
    pairs drawn with the seed.
    """
    top, bound = largest_sum // 2, max(largest_sum // 2 + 1, int(1.2 * largest_sum / 2))
    if largest_sum <= EXHAUSTIVE_UP_TO:
        return _outside(_grid(np.arange(bound + 1)), top)
    # About 31 % of the square lies outside, so 50,000 draws hold 10,000 of them with room to spare.
    drawn = np.random.default_rng(seed).integers(0, bound, size=(50_000, 2), endpoint=True)
    return _outside(drawn, top)[:10_000]


def pairs_summing_to(total: int, largest_sum: int) -> IntArray:
    """Return every pair of the range with this sum, by rising a, as (n, 2) int64; (0, 2) when there is none."""
    top = largest_sum // 2
    a = np.arange(max(0, total - top), min(top, total) + 1)
    return np.stack([a, total - a], axis=1).astype(np.int64)


def _outside(pairs: IntArray, top: int) -> IntArray:
    """Return those of the pairs in which a or b is larger than `top`."""
    outside: IntArray = pairs[pairs.max(axis=1) > top]
    return outside


def _grid(values: IntArray) -> IntArray:
    """Return every pair of the values: (k,) -> (k * k, 2)."""
    return np.column_stack([np.repeat(values, len(values)), np.tile(values, len(values))])
