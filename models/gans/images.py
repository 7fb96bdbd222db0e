"""Pictures to learn from: an array, or those of a large file that are meant, which stay on disk."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Subset:
    """Some rows of an array of pictures that may be a memory map: only what is looked at is read.

    Attributes:
        images: (n, s, s, 3) uint8, or a subset itself.
        rows: (m,) whole numbers, which of them and in which order.
    """

    images: "Images | Subset"
    rows: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """(m, s, s, 3)."""
        return (len(self.rows), *self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, chosen: slice | npt.NDArray[np.int64]) -> Images:
        """Some of its pictures, in memory."""
        return np.asarray(self.images[self.rows[chosen]])
