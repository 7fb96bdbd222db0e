"""Pictures to learn from: an array, or some rows of a large file that stays on disk."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Subset:
    """Some rows of an array of pictures, which may be a memory map: only rows that are used are read.

    Attributes:
        images: (n, s, s, 3) uint8, or a subset itself.
        rows: (m,) int64, the indices of its pictures, in order.
    """

    images: "Images | Subset"
    rows: npt.NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, ...]:
        """(m, s, s, 3)."""
        return (len(self.rows), *self.images.shape[1:])

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: slice | npt.NDArray[np.int64]) -> Images:
        """Some of its pictures, in memory."""
        return np.asarray(self.images[self.rows[index]])
