"""Writes the files of a cleaning of pictures."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from eightytwenty.engine.executor import in_threads
from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.repair import Pixels

PICTURES, ATTRIBUTES = "pictures.npy", "attributes.json"
CLEAN, QUARANTINE = "clean", "quarantine"  # folders of files
_SOUND = ".sound"  # during the cleaning: the pictures that failed no rule, in the order of arrival
_LONGEST_NAME = 150  # bytes of a file's name, after its number
_BLOCK = 1_024  # pictures to copy at once


class SoundPictures:
    """Pictures that failed no rule by themselves, on disk, because they may not fit into memory.

    Args:
        folder: of the temporary file.
        size: their side in pixels.
    """

    def __init__(self, folder: Path, size: int) -> None:
        self._path, self._shape = folder / _SOUND, (size, size, 3)
        self._path.touch()

    def append(self, pictures: Pixels) -> None:
        """Adds uint8 (n, size, size, 3)."""
        with self._path.open("ab") as stream:
            stream.write(pictures.tobytes())

    def __getitem__(self, numbers: Sequence[int]) -> Pixels:
        """Reads pictures by number, uint8 (n, size, size, 3)."""
        if not self._path.stat().st_size:
            return np.empty((0, *self._shape), np.uint8)
        return np.array(np.memmap(self._path, np.uint8, "r").reshape(-1, *self._shape)[list(numbers)])

    def save(self, path: Path, numbers: Sequence[int]) -> None:
        """Writes pictures into a file of NumPy's, in this order."""
        with path.open("wb") as stream:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(numbers), *self._shape)}
            np.lib.format.write_array_header_1_0(stream, header)
            for start in range(0, len(numbers), _BLOCK):
                stream.write(self[numbers[start : start + _BLOCK]].tobytes())

    def remove(self) -> None:
        """Removes the temporary file."""
        self._path.unlink()


class Quarantine:
    """Stores the original files of quarantined pictures under safe names, whatever their names were.

    Args:
        folder: of the cleaning.
        names: of all pictures of the source, in order; their numbers make the file names unique.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder = folder / QUARANTINE
        self._numbers = {name: number for number, name in enumerate(names, 1)}
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


def write_files(folder: Path, names: Sequence[str]) -> None:
    """Writes each clean picture as a PNG file, for people and for other tools.

    Args:
        folder: holds pictures.npy.
        names: of the pictures in the source, in the order of clean.parquet. File names start with the row number.
    """
    (folder / CLEAN).mkdir()
    if not names:  # NumPy cannot map a file without pictures
        return
    pictures = np.load(folder / PICTURES, mmap_mode="r", allow_pickle=False)

    def write(row: int) -> None:
        name = _file_name(row + 1, str(PurePosixPath(names[row]).with_suffix(".png")))
        Image.fromarray(pictures[row]).save(folder / CLEAN / name)

    for _ in in_threads(write, range(len(names))):
        pass


def write_attributes(folder: Path, attributes: Iterable[Attribute]) -> None:
    """Writes attributes.json: the values of each attribute by its name."""
    values = {attribute.name: list(attribute.values) for attribute in attributes}
    (folder / ATTRIBUTES).write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")
