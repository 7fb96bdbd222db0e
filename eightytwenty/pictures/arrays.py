"""Arrays on the disk: written piece by piece, and read row by row, because they may not fit into memory."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

_BLOCK = 1_024  # rows to copy at once


class ArrayWriter:
    """Writes an array into a file of NumPy's, piece by piece.

    Args:
        path: of the file.
        shape: of a row.
        kind: of the numbers.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], kind: npt.DTypeLike) -> None:
        self._stream, self._shape, self._kind, self._count = path.open("wb"), shape, np.dtype(kind), 0
        self._write_header()

    @classmethod
    def of_pictures(cls, path: Path, size: int) -> Self:
        """Writes uint8 (n, size, size, 3)."""
        return cls(path, (size, size, 3), np.uint8)

    def append(self, rows: npt.NDArray[Any]) -> None:
        """Adds rows, (k, ...)."""
        self._stream.write(rows.astype(self._kind, copy=False).tobytes())
        self._count += len(rows)

    def append_stored(self, rows: "StoredArrays", numbers: Sequence[int]) -> None:
        """Adds rows of other files by number, in this order."""
        for start in range(0, len(numbers), _BLOCK):
            self.append(rows[numbers[start : start + _BLOCK]])

    def _write_header(self) -> None:
        # as long for no row as for any number of them
        header = {"descr": self._kind.str, "fortran_order": False, "shape": (self._count, *self._shape)}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stream:
            self._stream.seek(0)
            self._write_header()


class StoredArrays:
    """The rows of files of NumPy's, one file after the other.

    Args:
        paths: of the files, at least one.

    Attributes:
        shape: of a row.
        starts: the number of the first row of each file, and the number of all.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        arrays = [mapped(path) for path in paths]
        self._paths, self.shape, self._kind = paths, arrays[0].shape[1:], arrays[0].dtype
        self.starts = np.cumsum([0, *map(len, arrays)])

    def __getitem__(self, numbers: Sequence[int] | npt.NDArray[np.integer]) -> npt.NDArray[Any]:
        """Reads k rows by number, (k, ...)."""
        wanted = np.asarray(numbers, np.int64)
        files = np.searchsorted(self.starts, wanted, side="right") - 1
        rows = np.empty((len(wanted), *self.shape), self._kind)
        for file in np.unique(files).tolist():
            at = np.flatnonzero(files == file)
            rows[at] = mapped(self._paths[file])[wanted[at] - self.starts[file]]
        return rows


def mapped(path: Path) -> npt.NDArray[Any]:
    """Maps a file into memory, anew each time, because a process may have only a limited number of mappings."""
    array: npt.NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array
