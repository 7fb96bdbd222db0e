"""Does a conditional generator draw the attributes that it is asked for?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.gans.quality.classifier import Codes
from models.gans.quality.features import FloatArray


@dataclass(frozen=True, eq=False)
class Fidelity:
    """How often the classifier sees what was asked for in generated pictures, and how often it is right on real ones.

    Attributes:
        recognised: (k,) float32, the share of generated pictures whose attribute is recognised as asked.
        of_real: (k,) float32, the same of held-out real pictures: the classifier's own accuracy, the most to hope for.
    """

    recognised: FloatArray
    of_real: FloatArray

    @property
    def mean(self) -> float:
        """The mean of `recognised` over the attributes."""
        return float(self.recognised.mean())

    @property
    def share(self) -> float:
        """The mean as a share of that on real pictures: above 1 where generated ones are clearer, NaN if that is 0."""
        real = float(self.of_real.mean())
        return self.mean / real if real else math.nan


def attribute_fidelity(asked: Codes, predicted: Codes, held_out_accuracy: FloatArray | Sequence[float]) -> Fidelity:
    """Compare the (n, k) codes a generator was given with those the classifier predicts from its pictures.

    Args:
        asked: (n, k) int32.
        predicted: (n, k) int32.
        held_out_accuracy: (k,), of the same classifier on real pictures.

    Raises:
        ValueError: The shapes differ or there are no pictures.
    """
    of_real = np.asarray(held_out_accuracy, np.float32)
    if asked.shape != predicted.shape or asked.shape[1:] != of_real.shape or not asked.size:
        raise ValueError(
            f"codes asked for {asked.shape}, predicted {predicted.shape} and accuracies {of_real.shape} do not fit"
        )
    return Fidelity((asked == predicted).mean(axis=0, dtype=np.float32), of_real)
