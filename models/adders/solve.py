"""The "solved" protocol: the article's networks, trained so that they succeed.

Three things differ from the article. Inputs and sums are divided by the largest sum, so that no sigmoid
starts saturated. The network is fitted by Levenberg-Marquardt in float64, which follows the narrow valley that
stops Adam. The start lies in the sigmoid's linear part: tiny input weights of random direction, and the
output weights that fit best to them. docs/adders.md says why each matters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.optimize import least_squares
from scipy.special import expit
from threadpoolctl import threadpool_limits

from models.adders.network import Adder, FloatArray, IntArray

STARTS = 5
START_SIZE = 1e-3  # of the input weights; sigmoid(u) differs from .5 + u / 4 by u^3 / 48
ROWS = 1000  # a network has at most 49 weights; more rows cost time and change nothing
EVALUATIONS = 100
GOOD_ENOUGH = 0.25  # largest error on the given pairs, in units of the sum; .5 would round to a wrong sum


def train_solved(
    pairs: Mapping[int, IntArray],
    *,
    hidden_units: Sequence[int],
    seeds: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> list[Adder]:
    """Train one network per largest sum, hidden width and seed.

    A network with one node gets an output bias, because it has no solution without one; wider ones have none.
    Of up to five starts, the one whose largest error on the given pairs is smallest gives the network, however
    good or bad it is. A network depends on its own pairs and seed alone.

    Args:
        pairs: Largest sum -> (n, 3) integers: a, b and the sum to learn; n >= 1. The whole domain is never seen.
        hidden_units: Widths of the networks.
        seeds: Number of repetitions; they are numbered from `seed` on.
        seed: The first repetition's number.
        progress: Called with (networks done, networks in all) after each network.

    Returns:
        The networks, by largest sum, then width, then seed.

    Raises:
        ValueError: A table of pairs is empty or does not have three columns.
    """
    for largest_sum, rows in pairs.items():
        if rows.ndim != 2 or rows.shape[1] != 3 or not len(rows):
            raise ValueError(
                f"training to {largest_sum} needs at least one row of a, b and sum, not an array of {rows.shape}"
            )
    cells = [(largest_sum, width, seed + s) for largest_sum in pairs for width in hidden_units for s in range(seeds)]
    adders = []
    # the matrices are small: more threads gain nothing, and those of two processes wait for each other
    with threadpool_limits(1, "blas"):
        for done, (largest_sum, width, number) in enumerate(cells, start=1):
            adders.append(_solve(pairs[largest_sum], largest_sum, width, number))
            if progress:
                progress(done, len(cells))
    return adders


def _solve(rows: IntArray, largest_sum: int, width: int, seed: int) -> Adder:
    """Fit one network from several starts and return the best."""
    rng = np.random.default_rng((seed, largest_sum, width))
    sample = rng.permutation(len(rows))[:ROWS]
    # Levenberg-Marquardt needs as many rows as weights; repeated rows leave the minimum where it is.
    sample = np.resize(sample, max(len(sample), 3 * width + 1))
    scaled = rows[sample] / largest_sum
    attempts: list[tuple[float, Adder]] = []
    while len(attempts) < STARTS and not (attempts and attempts[-1][0] < GOOD_ENOUGH):
        adder = fit(scaled, largest_sum, width, seed, START_SIZE * rng.standard_normal((2, width)))
        attempts.append((float(np.abs(adder.predict(rows[:, :2]) - rows[:, 2]).max()), adder))
    return min(attempts, key=lambda attempt: attempt[0])[1]


def fit(scaled: FloatArray, largest_sum: int, width: int, seed: int, start: FloatArray) -> Adder:
    """Fit one network to (n, 3) rows divided by the largest sum, from (2, width) input weights; n >= 3 * width + 1."""
    inputs, target = scaled[:, :2], scaled[:, 2]
    bias = width == 1
    ones = np.ones((len(scaled), 1))

    def features(input_weights: FloatArray) -> FloatArray:
        hidden = expit(inputs @ input_weights)
        return np.hstack([hidden, ones]) if bias else hidden

    def residuals(weights: FloatArray) -> FloatArray:
        return np.asarray(features(weights[: 2 * width].reshape(2, width)) @ weights[2 * width :] - target)

    def jacobian(weights: FloatArray) -> FloatArray:
        by_output = features(weights[: 2 * width].reshape(2, width))
        hidden = by_output[:, :width]
        slope = hidden * (1 - hidden) * weights[2 * width : 3 * width]
        return np.hstack([inputs[:, :1] * slope, inputs[:, 1:] * slope, by_output])

    output, *_ = np.linalg.lstsq(features(start), target, rcond=None)
    weights = least_squares(
        residuals,
        np.concatenate([start.ravel(), output]),
        jacobian,
        # Levenberg-Marquardt in a trust region (Moré 1978). Not "lm", MINPACK's: there the same call now and then
        # gave different last bits, which a flat valley turns into different digits.
        method="trf",
        tr_solver="exact",
        x_scale="jac",
        ftol=1e-15,
        xtol=1e-15,
        gtol=1e-15,
        max_nfev=EVALUATIONS,
    ).x
    return Adder(
        protocol="solved",
        largest_sum=largest_sum,
        hidden_units=width,
        seed=seed,
        input_weights=weights[: 2 * width].reshape(2, width),
        output_weights=weights[2 * width : 3 * width],
        output_bias=float(weights[3 * width]) if bias else 0.0,
        scale=float(largest_sum),
    )
