"""Opens a source of raw rows (a file, a folder of files or an archive) as a list of files to read in pieces."""

import gzip
import io
import itertools
import lzma
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from eightytwenty.errors import UserError
from eightytwenty.files import source_mode
from eightytwenty.read import delimited, dialect, parquet
from eightytwenty.read.batch import Batch
from eightytwenty.schema import Table

SUFFIXES = {".csv", ".tsv", ".parquet", ".pq", ".gz", ".zip"}
_PARQUET, _ZIP, _GZIP = b"PAR1", b"PK\x03\x04", b"\x1f\x8b"
# An archive that unpacks to more bytes than this, and to more than this many times its size, is a trap.
_BOMB_BYTES, _BOMB_RATIO = 1 << 30, 200
# The errors of unpacking: OSError comes from gzip and bz2, RuntimeError from zipfile for an encrypted member.
_UNPACKING = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)


@dataclass(frozen=True)
class RawFile:
    """One file of records, on disk or inside a zip archive.

    Args:
        name: its name in row ids: the file's own, or the path inside the folder or archive.
        path: of the file or its archive.
        member: its name inside the archive, empty for a file on disk.
        format: of its text, None for Parquet.
        columns: the table's columns that it has: clean name -> name in the file.
        ignored_columns: its other columns.
    """

    name: str
    path: Path
    member: str
    format: dialect.TextFormat | None
    columns: dict[str, str]
    ignored_columns: tuple[str, ...]

    @property
    def description(self) -> str:
        """The detected format, for reports."""
        return str(self.format) if self.format else "Parquet"

    def batches(self, names: list[str], piece: int | None = None) -> Iterator[Batch]:
        """Reads the records in pieces, with the columns `names`; `piece` overrides the bytes or rows of a piece."""
        with _open(self.path, self.member, self.name) as stream:
            if self.format:
                yield from delimited.read_batches(stream, self.name, self.format, names, piece or delimited.CHUNK_BYTES)
            else:
                yield from parquet.read_batches(stream, self.name, self.columns, names, piece or parquet.BATCH_ROWS)


def open_source(path: Path, table: Table) -> list[RawFile]:
    """Lists the files of a source and detects the format of each.

    Args:
        path: a CSV, TSV or Parquet file, a .gz or .zip of these, or a folder of them (with subfolders, without links).
        table: the files must have its columns.

    Raises:
        UserError: there is no file to read, or a file is not a table of this kind.
    """
    mode = source_mode(path, f"a file or folder of {table.name}")
    if stat.S_ISDIR(mode):
        files = sorted(_files_below(path))
        if not files:
            raise UserError(f"The folder {path} holds no {', '.join(sorted(SUFFIXES))} file; give one that does.")
        return [raw for file in files for raw in _raw_files(file, file.relative_to(path).as_posix(), table)]
    if not stat.S_ISREG(mode):
        raise UserError(f"{path} is neither a file nor a folder; give a file or folder of {table.name}.")
    return _raw_files(path, path.name, table)


def _files_below(folder: Path) -> Iterator[Path]:
    """The files of a folder that may be tables. A folder that cannot be read is an error, not an empty folder."""

    def refuse(error: OSError) -> None:
        raise UserError(f"{error.filename} cannot be read ({error.strerror}); change its permissions.")

    for parent, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for file in (Path(parent, name) for name in names if _may_be_table(name)):
            if file.is_file() and not file.is_symlink():
                yield file


def _may_be_table(name: str) -> bool:
    """Whether a name has the suffix of a table and is not hidden, as are files that macOS adds to archives."""
    return Path(name).suffix.lower() in SUFFIXES and not Path(name).name.startswith(".")


def _raw_files(path: Path, name: str, table: Table) -> list[RawFile]:
    name = os.fsencode(name).decode("utf-8", "backslashreplace")
    if _magic(path) != _ZIP:
        return [_raw_file(path, "", name, table)]
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info.filename for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{name} is a damaged zip archive ({error}); pack it again.") from None
    if "[Content_Types].xml" in members:
        raise UserError(f"{name} is an office document; save its table as CSV.")
    tables = sorted(
        member for member in members if _may_be_table(member) and Path(member).suffix.lower() not in {".zip", ".gz"}
    )
    if not tables:
        raise UserError(f"The archive {name} holds no CSV, TSV or Parquet file; pack one.")
    duplicate = next((member for member, successor in itertools.pairwise(tables) if member == successor), None)
    if duplicate:
        raise UserError(f"The archive {name} holds {duplicate} twice; pack it again with each name once.")
    return [_raw_file(path, member, f"{name}/{member}", table) for member in tables]


def _raw_file(path: Path, member: str, name: str, table: Table) -> RawFile:
    with _open(path, member, name) as stream:
        sample = stream.read(dialect.SAMPLE_BYTES)
        if sample.startswith(_PARQUET):
            stream.seek(0)
            columns, header = parquet.match_columns(stream, name, table)
            return RawFile(name, path, member, None, columns, _other_columns(header, columns))
        text = dialect.detect(sample, name, table)
        columns = {column: text.header[position] for column, position in text.columns.items()}
        return RawFile(name, path, member, text, columns, _other_columns(text.header, columns))


def _other_columns(header: tuple[str, ...], columns: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name in header if name not in columns.values())


def _magic(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); change its permissions or give another.") from None


@contextmanager
def _open(path: Path, member: str, name: str) -> Iterator[BinaryIO]:
    """The uncompressed bytes of a file."""
    try:
        if member:
            with zipfile.ZipFile(path) as archive, archive.open(member) as inner:
                yield cast("BinaryIO", _Bounded(cast("BinaryIO", inner), archive.getinfo(member).compress_size, name))
        elif _magic(path).startswith(_GZIP):
            with gzip.open(path) as inner:
                yield cast("BinaryIO", _Bounded(cast("BinaryIO", inner), path.stat().st_size, name))
        else:
            with path.open("rb") as stream:
                yield stream
    except _UNPACKING as error:
        raise UserError(
            f"{name} cannot be unpacked ({error}); pack it again, complete and without a password."
        ) from None


class _Bounded(io.RawIOBase):
    """A stream out of an archive that stops when it unpacks to far more than its packed size."""

    def __init__(self, stream: BinaryIO, packed: int, name: str) -> None:
        self._stream, self._limit, self._name = stream, max(_BOMB_BYTES, _BOMB_RATIO * packed), name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._stream.seekable()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        if self._stream.tell() > self._limit:
            raise UserError(f"{self._name} unpacks to more than {self._limit >> 20} MB, far beyond its size; refused.")
        return block
