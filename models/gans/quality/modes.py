"""How many modes are captured, and how evenly.

Source: Srivastava et al., "VEEGAN: Reducing Mode Collapse in GANs using Implicit Variational Learning", 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Modes:
    """The modes of generated pictures against those of real ones.

    Attributes:
        captured: Number of possible modes that were generated at least once (over pairs of attributes: their sum).
        possible: Number of modes that real pictures have.
        reverse_kl: Kullback-Leibler divergence of the generated from the real distribution in nats; 0 where they agree,
            infinite where something is generated that cannot be real.
    """

    captured: int
    possible: int
    reverse_kl: float

    @property
    def share(self) -> float:
        """The share of the possible modes that is captured."""
        return self.captured / self.possible


def count_modes(generated: ArrayLike, real: NDArray[np.float64]) -> Modes:
    """Compare the modes of generated pictures, (n,) integers in [0, m), with the real probabilities, (m,) float64.

    KL(generated || real) = sum p log(p / q) with p from the n pictures. By chance alone it is about m / 2n for n
    pictures of the real distribution itself.

    Raises:
        ValueError: There are no pictures, or a mode lies outside [0, m).
    """
    modes = np.asarray(generated, np.int64)
    if not modes.size or modes.min() < 0 or modes.max() >= len(real):
        raise ValueError(f"{modes.size} modes do not all lie between 0 and {len(real) - 1}")
    p = np.bincount(modes, minlength=len(real)) / modes.size
    seen = p > 0
    with np.errstate(divide="ignore"):
        divergence = float(np.sum(p[seen] * np.log(p[seen] / real[seen])))
    return Modes(int(np.count_nonzero(seen & (real > 0))), int(np.count_nonzero(real)), max(divergence, 0.0))


def attribute_modes(generated: NDArray[np.int32], real: NDArray[np.int32], cardinalities: Sequence[int]) -> Modes:
    """Compare attribute combinations: (n, k) predicted codes with the (m, k) codes of real pictures.

    A mode is a combination of the values of two attributes (of one, where there is only one) that real pictures have;
    `captured` and `possible` are summed and `reverse_kl` is averaged over all pairs of attributes. Whole combinations
    say nothing: of ten attributes with five values there are ten million, and no two sets of pictures share many. Half
    a picture is added to each real count (Krichevsky and Trofimov, 1981), so that a combination that is merely
    rare among the real pictures does not make the divergence infinite.

    Raises:
        ValueError: A set is empty, or codes and cardinalities do not fit each other.
    """
    k = len(cardinalities)
    if not k or generated.shape[1:] != (k,) or real.shape[1:] != (k,) or not len(real) or not len(generated):
        raise ValueError(f"codes of {k} attributes expected, not arrays of shape {generated.shape} and {real.shape}")
    captured = possible = 0
    divergences = []
    for columns in combinations(range(k), min(2, k)):
        sizes = [cardinalities[column] for column in columns]
        generated_modes, real_modes = (
            np.ravel_multi_index(list(codes[:, columns].T), sizes) for codes in (generated, real)
        )
        counts = np.bincount(real_modes, minlength=int(np.prod(sizes)))
        divergences.append(count_modes(generated_modes, (counts + 0.5) / (counts + 0.5).sum()).reverse_kl)
        captured += len(np.intersect1d(generated_modes, real_modes))
        possible += int(np.count_nonzero(counts))
    return Modes(captured, possible, float(np.mean(divergences)))
