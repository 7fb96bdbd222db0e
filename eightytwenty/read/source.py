"""Opens a source of raw rows (a file, a folder of files or an archive) as a list of files to read in pieces."""

import gzip
import io
import itertools
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from eightytwenty.errors import UserError
from eightytwenty.files import name_as_text, source_mode
from eightytwenty.read import delimited, dialect, parquet
from eightytwenty.read.archives import MOST_FILE_BYTES, MOST_UNPACKED_BYTES, refuse_bomb
from eightytwenty.read.batch import Batch
from eightytwenty.schema import Table

SUFFIXES = {".csv", ".tsv", ".parquet", ".pq", ".gz", ".zip"}
_PARQUET, _ZIP, _GZIP = b"PAR1", b"PK\x03\x04", b"\x1f\x8b"
MOST_TABLES = 1_000  # in an archive; each of them takes milliseconds, however small it is
# The errors of unpacking: OSError comes from gzip, RuntimeError from zipfile for an encrypted member.
_UNPACKING = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


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
        archive: of the member, open; closed with the last of its files.
    """

    name: str
    path: Path
    member: str
    format: dialect.TextFormat | None
    columns: dict[str, str]
    ignored_columns: tuple[str, ...]
    archive: zipfile.ZipFile | None = field(default=None, compare=False, repr=False)

    @property
    def description(self) -> str:
        """The detected format, for reports."""
        return str(self.format) if self.format else "Parquet"

    def batches(self, names: list[str], piece: int | None = None) -> Iterator[Batch]:
        """Reads the records in pieces, with the columns `names`; `piece` overrides the bytes or rows of a piece."""
        with _open(self.path, self.archive, self.member, self.name) as stream:
            if self.format:
                yield from delimited.read_batches(stream, self.name, self.format, names, piece or delimited.CHUNK_BYTES)
            else:
                whole, packed, rows = (
                    _seekable(stream, self.name),
                    self.path.stat().st_size,
                    piece or parquet.BATCH_ROWS,
                )
                yield from parquet.read_batches(whole, self.name, self.columns, names, packed, rows)


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
    name = name_as_text(name)
    if _magic(path) != _ZIP:
        return [_raw_file(path, None, "", name, table)]
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:  # the last for a name that is no text
        raise UserError(f"{name} is a damaged zip archive ({error}); pack it again.") from None
    sizes = [(info.filename, info.file_size) for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in dict(sizes):
        raise UserError(f"{name} is an office document; save its table as CSV.")
    sizes = [
        (member, size)
        for member, size in sizes
        if _may_be_table(member) and Path(member).suffix.lower() not in {".zip", ".gz"}
    ]
    tables, unpacked = sorted(member for member, _ in sizes), sum(size for _, size in sizes)
    if not tables:
        raise UserError(f"The archive {name} holds no CSV, TSV or Parquet file; pack one.")
    if len(tables) > MOST_TABLES or unpacked > MOST_UNPACKED_BYTES:
        raise UserError(
            f"The archive {name} holds {len(tables):,} tables of {unpacked / (1 << 30):,.2f} GB, and at most "
            f"{MOST_TABLES:,} of {MOST_UNPACKED_BYTES >> 30} GB are read; split it, or give a folder."
        )
    refuse_bomb(name, path.stat().st_size, unpacked)
    duplicate = next((member for member, successor in itertools.pairwise(tables) if member == successor), None)
    if duplicate:
        raise UserError(f"The archive {name} holds {duplicate} twice; pack it again with each name once.")
    return [_raw_file(path, archive, member, f"{name}/{member}", table) for member in tables]


def _raw_file(path: Path, archive: zipfile.ZipFile | None, member: str, name: str, table: Table) -> RawFile:
    with _open(path, archive, member, name) as stream:
        sample = stream.read(dialect.SAMPLE_BYTES)
        if sample.startswith(_PARQUET):
            stream.seek(0)
            columns, header = parquet.match_columns(_seekable(stream, name), name, table, path.stat().st_size)
            return RawFile(name, path, member, None, columns, _other_columns(header, columns), archive)
        text = dialect.detect(sample, name, table)
        columns = {column: text.header[position] for column, position in text.columns.items()}
        return RawFile(name, path, member, text, columns, _other_columns(text.header, columns), archive)


def _other_columns(header: tuple[str, ...], columns: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name in header if name not in columns.values())


def _magic(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4)
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); change its permissions or give another.") from None


@contextmanager
def _open(path: Path, archive: zipfile.ZipFile | None, member: str, name: str) -> Iterator[BinaryIO]:
    """The uncompressed bytes of a file."""
    try:
        if archive:
            info = archive.getinfo(member)
            # other methods are unpacked without a bound, and bzip2 turns a few kilobytes into gigabytes
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise UserError(f"{name} is packed otherwise than by deflate; pack it again.")
            with archive.open(info) as inner:
                yield cast("BinaryIO", _Bounded(cast("BinaryIO", inner), info.compress_size, name))
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


def _seekable(stream: BinaryIO, name: str) -> BinaryIO:
    """A file whose end can be read first, as Parquet needs it: out of an archive it is read at once."""
    if not isinstance(stream, _Bounded):
        return stream
    content = stream.read(MOST_FILE_BYTES + 1)
    if len(content) > MOST_FILE_BYTES:
        raise UserError(f"{name} has more than {MOST_FILE_BYTES >> 20} MB; give the Parquet file itself.")
    return io.BytesIO(content)


class _Bounded(io.RawIOBase):
    """A stream out of an archive that stops when it unpacks to far more than its packed size."""

    def __init__(self, stream: BinaryIO, packed: int, name: str) -> None:
        self._stream, self._packed, self._name = stream, packed, name

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        refuse_bomb(self._name, self._packed, self._stream.tell())
        return block
