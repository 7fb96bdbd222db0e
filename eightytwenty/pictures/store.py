"""Writes the files of a cleaning of pictures, and reads them again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from eightytwenty.engine.executor import Executor
from eightytwenty.engine.write import OUTPUTS
from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.arrays import ArrayWriter, StoredArrays, mapped

PICTURES, ATTRIBUTES = "pictures.npy", "attributes.json"
CLEAN, QUARANTINE = "clean", "quarantine"  # folders of files
GALLERY = "gallery.png"  # drawn last
# what a cleaning writes, besides its report.json and the gallery
OWN_NAMES = (*(f"{name}.parquet" for name in OUTPUTS), PICTURES, ATTRIBUTES, CLEAN, QUARANTINE, "report.md")
_LONGEST_NAME = 150  # bytes of a file's name, after its number


def hashes_beside(path: Path) -> Path:
    """The file of the hashes of pictures, by that of their pixels."""
    return path.with_suffix(".hashes.npy")


def stored_pictures(paths: Sequence[Path]) -> tuple[StoredArrays, StoredArrays]:
    """The pixels and the hashes of pictures, by the files of their pixels."""
    return StoredArrays(paths), StoredArrays([hashes_beside(path) for path in paths])


def join_pictures(paths: Sequence[Path], path: Path) -> None:
    """Writes the pictures of files of NumPy's, one file after the other, into one."""
    pictures = StoredArrays(paths)
    with ArrayWriter.of_pictures(path, pictures.shape[0]) as writer:
        writer.append_stored(pictures, range(pictures.starts[-1]))


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
    pictures = mapped(folder / PICTURES)

    def write(row: int) -> None:
        name = _file_name(first + row, str(PurePosixPath(names[row]).with_suffix(".png")))
        Image.fromarray(pictures[row]).save(folder / CLEAN / name)

    for _ in executor(write, range(len(names))):
        pass


def write_attributes(folder: Path, attributes: Iterable[Attribute]) -> None:
    """Writes attributes.json: the values of each attribute by its name."""
    values = {attribute.name: list(attribute.values) for attribute in attributes}
    (folder / ATTRIBUTES).write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")
