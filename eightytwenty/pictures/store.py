"""Writes the files of a cleaning of pictures, and reads them again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import TYPE_CHECKING, Self

import numpy as np

from eightytwenty.engine.executor import Executor
from eightytwenty.engine.write import OUTPUTS
from eightytwenty.kinds.category import Attribute

if TYPE_CHECKING:
    from eightytwenty.pictures.repair import Pixels

PICTURES, ATTRIBUTES = "pictures.npy", "attributes.json"
CLEAN, QUARANTINE = "clean", "quarantine"  # folders of files
GALLERY = "gallery.png"  # drawn last
# what a cleaning writes, besides its report.json and the gallery
OWN_NAMES = (*(f"{name}.parquet" for name in OUTPUTS), PICTURES, ATTRIBUTES, CLEAN, QUARANTINE, "report.md")
_LONGEST_NAME = 150  # bytes of a file's name, after its number
_BLOCK = 1_024  # pictures to copy at once


class PictureWriter:
    """Writes a file of NumPy's, uint8 (n, size, size, 3), piece by piece, because it may not fit into memory.

    Args:
        path: of the file.
        size: side of the pictures in pixels.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._stream, self._size, self._count = path.open("wb"), size, 0
        self._write_header()

    def append(self, pictures: "Pixels") -> None:
        """Adds uint8 (k, size, size, 3)."""
        self._stream.write(pictures.tobytes())
        self._count += len(pictures)

    def append_stored(self, pictures: "StoredPictures", numbers: Sequence[int]) -> None:
        """Adds pictures of other files by number, in this order."""
        for start in range(0, len(numbers), _BLOCK):
            self.append(pictures[numbers[start : start + _BLOCK]])

    def _write_header(self) -> None:
        # as long for no picture as for any number of them
        header = {"descr": "|u1", "fortran_order": False, "shape": (self._count, self._size, self._size, 3)}
        np.lib.format.write_array_header_1_0(self._stream, header)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._stream:
            self._stream.seek(0)
            self._write_header()


class StoredPictures:
    """The pictures of files of NumPy's, one file after the other.

    Args:
        paths: of the files, at least one.

    Attributes:
        size: side of the pictures in pixels.
        starts: the number of the first picture of each file, and the number of all.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        shapes = [_mapped(path).shape for path in paths]
        self._paths, self.size = paths, shapes[0][1]
        self.starts = np.cumsum([0, *(length for length, *_ in shapes)])

    def __getitem__(self, numbers: Sequence[int]) -> "Pixels":
        """Reads pictures by number, uint8 (k, size, size, 3)."""
        wanted = np.asarray(numbers, np.int64)
        files = np.searchsorted(self.starts, wanted, side="right") - 1
        pictures = np.empty((len(wanted), self.size, self.size, 3), np.uint8)
        for file in np.unique(files).tolist():
            at = np.flatnonzero(files == file)
            pictures[at] = _mapped(self._paths[file])[wanted[at] - self.starts[file]]
        return pictures


def join_pictures(paths: Sequence[Path], path: Path) -> None:
    """Writes the pictures of files of NumPy's, one file after the other, into one."""
    pictures = StoredPictures(paths)
    with PictureWriter(path, pictures.size) as writer:
        writer.append_stored(pictures, range(pictures.starts[-1]))


def _mapped(path: Path) -> "Pixels":
    """Maps a file anew each time, because a process may keep only so many of them mapped."""
    pictures: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    return pictures


class Quarantine:
    """Stores the original files of quarantined pictures under safe names, whatever their names were.

    Args:
        folder: to store them in.
        numbers: of the pictures in the source by name, from 1; they make the file names unique.
    """

    def __init__(self, folder: Path, numbers: Mapping[str, int]) -> None:
        self._folder, self._numbers = folder / QUARANTINE, numbers
        self.files: dict[str, str] = {}

    def store(self, name: str, content: bytes) -> None:
        """Writes a file byte for byte; `files` maps `name` to its path in the folder."""
        self._folder.mkdir(exist_ok=True)
        self.files[name] = f"{QUARANTINE}/{_file_name(self._numbers[name], name)}"
        (self._folder.parent / self.files[name]).write_bytes(content)


def _file_name(number: int, name: str) -> str:
    """A name without folders or unprintable characters, unique by its number."""
    printable = "".join(letter if letter.isprintable() else "_" for letter in name.replace("/", "__"))
    return f"{number:06}-{printable.encode()[-_LONGEST_NAME:].decode(errors='ignore')}"


def write_files(folder: Path, names: Sequence[str], first: int, executor: Executor) -> None:
    """Writes each clean picture as a PNG file, for people and for other tools.

    Args:
        folder: holds pictures.npy.
        names: of the pictures in the source, in the order of clean.parquet. File names start with the row number.
        first: the number of the first of these rows.
        executor: writes them.
    """
    from PIL import Image

    (folder / CLEAN).mkdir()
    pictures = _mapped(folder / PICTURES)

    def write(row: int) -> None:
        name = _file_name(first + row, str(PurePosixPath(names[row]).with_suffix(".png")))
        Image.fromarray(pictures[row]).save(folder / CLEAN / name)

    for _ in executor(write, range(len(names))):
        pass


def write_attributes(folder: Path, attributes: Iterable[Attribute]) -> None:
    """Writes attributes.json: the values of each attribute by its name."""
    values = {attribute.name: list(attribute.values) for attribute in attributes}
    (folder / ATTRIBUTES).write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")
