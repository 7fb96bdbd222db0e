"""A trained adder: two inputs, one layer of sigmoid nodes, one linear output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Adder:
    """A trained network f(a, b) = scale * (sigmoid([a, b] / scale @ input_weights) @ output_weights + output_bias).

    Attributes:
        protocol: "article" or "solved": how it was trained.
        largest_sum: The largest sum of its training range; a and b lie in [0, largest_sum / 2].
        hidden_units: Number of sigmoid nodes.
        seed: The number of the repetition; initial weights and batch order follow from it.
        input_weights: (2, hidden_units) float64.
        output_weights: (hidden_units,) float64.
        output_bias: 0 in a network without bias.
        scale: The inputs are divided by it before the network, the output is multiplied by it.
        history: "loss", "val_loss", "accuracy", "val_accuracy", each (epochs,) float64; empty for a solved network.
        best_epoch: The index into the history at whose end the network had these weights.
    """

    protocol: str
    largest_sum: int
    hidden_units: int
    seed: int
    input_weights: FloatArray
    output_weights: FloatArray
    output_bias: float = 0.0
    scale: float = 1.0
    history: Mapping[str, FloatArray] = field(default_factory=dict)
    best_epoch: int = 0

    @property
    def name(self) -> str:
        """A name for people, such as "16 nodes, sums to 65,536, seed 0, article"; what differs most comes first."""
        nodes = "node" if self.hidden_units == 1 else "nodes"
        return f"{self.hidden_units} {nodes}, sums to {self.largest_sum:,}, seed {self.seed}, {self.protocol}"

    def hidden(self, pairs: ArrayLike) -> FloatArray:
        """Return the activations of the sigmoid nodes: (n, 2) pairs -> (n, hidden_units) float64 in [0, 1]."""
        inputs = np.asarray(pairs, dtype=np.float64) / self.scale
        return np.asarray(expit(inputs @ self.input_weights), dtype=np.float64)

    def predict(self, pairs: ArrayLike) -> FloatArray:
        """Return the predicted sums: (n, 2) pairs -> (n,) float64."""
        return self.scale * (self.hidden(pairs) @ self.output_weights + self.output_bias)


@dataclass(frozen=True)
class Score:
    """How well a network adds n pairs. A prediction counts as right when it rounds to the sum."""

    accuracy: float
    mean_absolute_error: float
    mean_squared_error: float
    n: int


def score(adder: Adder, pairs: IntArray) -> Score:
    """Score a network on (n, 2) integer pairs against their true sums.

    Raises:
        ValueError: `pairs` is empty or not of shape (n, 2).
    """
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not len(pairs):
        raise ValueError(f"a score needs at least one pair in an array of shape (n, 2), not {pairs.shape}")
    total = pairs.sum(axis=1)
    predicted = adder.predict(pairs)
    error = np.abs(predicted - total)
    return Score(
        accuracy=float(np.mean(np.rint(predicted) == total)),
        mean_absolute_error=float(error.mean()),
        mean_squared_error=float(np.square(error).mean()),
        n=len(pairs),
    )


def to_keras(adder: Adder) -> Any:
    """Return the network as a keras.Model from (n, 2) float32 pairs to (n, 1) sums, the scale folded into its weights.

    Its layers compute in float64: a solved network subtracts output weights of many millions from each
    other, and in float32 that would be wrong by whole numbers.
    """
    import keras

    model = keras.Sequential(
        [
            keras.Input((2,), dtype="float32"),
            keras.layers.Dense(adder.hidden_units, "sigmoid", use_bias=False, dtype="float64", name="hidden"),
            keras.layers.Dense(1, use_bias=adder.output_bias != 0, dtype="float64", name="sum"),
        ],
    )
    weights = [adder.input_weights / adder.scale, adder.output_weights[:, None] * adder.scale]
    if adder.output_bias != 0:
        weights.append(np.array([adder.output_bias * adder.scale]))
    model.set_weights(weights)
    return model
