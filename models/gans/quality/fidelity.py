"""Does a conditional generator draw the attributes that it is given?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.gans.quality.classifier import Codes
from models.gans.quality.features import FloatArray


@dataclass(frozen=True, eq=False)
class Fidelity:
    """How often the classifier finds the target attributes in generated pictures, and its accuracy on real ones.

    Attributes:
        recognised: (k,) float32, the share of generated pictures whose attribute is recognised as the target.
        of_real: (k,) float32, the same for held-out real pictures: the classifier's own accuracy, the most to hope for.
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


def attribute_fidelity(targets: Codes, predictions: Codes, held_out_accuracy: FloatArray | Sequence[float]) -> Fidelity:
    """Compare the (n, k) codes a generator was given with those the classifier predicts from its pictures.

    Args:
        targets: (n, k) int32.
        predictions: (n, k) int32.
        held_out_accuracy: (k,), of the same classifier on real pictures.

    Raises:
        ValueError: The shapes differ or there are no pictures.
    """
    of_real = np.asarray(held_out_accuracy, np.float32)
    if targets.shape != predictions.shape or targets.shape[1:] != of_real.shape or not targets.size:
        raise ValueError(
            f"targets {targets.shape}, predictions {predictions.shape} and accuracies {of_real.shape} do not fit"
        )
    return Fidelity((targets == predictions).mean(axis=0, dtype=np.float32), of_real)
