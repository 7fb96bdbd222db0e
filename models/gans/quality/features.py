"""The features that distances are measured in: pictures as vectors, learned from the real pictures alone.

Published FIDs use a network trained on photographs. Here the features come from the classifier of the
pictures' own attributes (`models.gans.quality.classifier`), or, where a source has no attributes, from `PixelFeatures`.
So the values can be compared between runs on the same real pictures, but not with published ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.gans.images import Images, Subset

FloatArray = NDArray[np.float32]

COARSE = 16  # pixels on a side to which PixelFeatures averages
_BLOCK = 1_024  # pictures averaged at a time


class Features(Protocol):
    """Turns pictures into vectors."""

    def features(self, images: Images) -> FloatArray:
        """Return the pictures as vectors: uint8 (n, size, size, 3) -> float32 (n, d)."""
        ...


@dataclass(frozen=True, eq=False)
class PixelFeatures:
    """The principal components of coarse pictures.

    Attributes:
        mean: (768,) float64, the mean real picture of 16 x 16 x 3 in [0, 1].
        components: (768, d) float64, orthonormal columns, the direction of most variance first.
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]

    @classmethod
    def fit(cls, images: Images | Subset, dimensions: int = 64) -> PixelFeatures:
        """Find the components of real pictures, uint8 (n, size, size, 3).

        There are fewer than `dimensions` if the pictures vary in fewer directions. A component's sign is arbitrary;
        here its largest entry is positive.

        Raises:
            ValueError: The size is not a multiple of 16, or all pictures look the same.
        """
        coarse = _coarse(images)
        mean = coarse.mean(axis=0)
        variances, vectors = np.linalg.eigh(np.cov(coarse - mean, rowvar=False, bias=True))
        order = np.flatnonzero(variances > 1e-9)[::-1][:dimensions]
        if not order.size:
            raise ValueError(f"the {len(images)} real pictures all look the same; features need pictures that differ")
        components = vectors[:, order]
        largest = np.abs(components).argmax(axis=0)
        return cls(mean, components * np.sign(components[largest, np.arange(len(order))]))

    def features(self, images: Images) -> FloatArray:
        """Return the pictures in the components: uint8 (n, size, size, 3) -> float32 (n, d)."""
        return ((_coarse(images) - self.mean) @ self.components).astype(np.float32)


def _coarse(images: Images | Subset) -> NDArray[np.float64]:
    """Average pictures down to 16 x 16: uint8 (n, size, size, 3) -> float64 (n, 768) in [0, 1]."""
    n, size = images.shape[:2]
    if size % COARSE:
        raise ValueError(f"pixel features need pictures whose side is a multiple of {COARSE}, not {size}")
    tile = size // COARSE
    coarse = np.empty((n, COARSE, COARSE, 3))
    for start in range(0, n, _BLOCK):
        block = slice(start, start + _BLOCK)
        coarse[block] = images[block].reshape(-1, COARSE, tile, COARSE, tile, 3).mean(axis=(2, 4), dtype=np.float64)
    return coarse.reshape(n, -1) / 255
