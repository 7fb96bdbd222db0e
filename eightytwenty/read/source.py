"""Opens a source of raw rows (a file, a folder of files or an archive) as a list of files to read in pieces."""

import itertools
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.files import name_as_text, source_mode
from eightytwenty.read import dialect, parquet
from eightytwenty.read.archives import MOST_UNPACKED_BYTES, refuse_bomb
from eightytwenty.read.streams import ZIP, magic, open_archive, open_file, seekable, unpacked
from eightytwenty.schema import Table

SUFFIXES = {".csv", ".tsv", ".parquet", ".pq", ".gz", ".zip"}
_PARQUET = b"PAR1"
MOST_TABLES = 1_000  # in an archive; each of them takes milliseconds, however small it is


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
        records: their number, as Parquet says it; None for a text.
        empty: those of the columns, which a file may lack, that have no value in its first rows.
    """

    name: str
    path: Path
    member: str
    format: dialect.TextFormat | None
    columns: dict[str, str]
    ignored_columns: tuple[str, ...]
    records: int | None = None
    empty: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """The detected format, for reports."""
        return str(self.format) if self.format else "Parquet"


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
    if magic(path) != ZIP:
        return [_raw_file(path, None, "", name, table)]
    with open_archive(path, name) as archive:
        return [_raw_file(path, archive, member, f"{name}/{member}", table) for member in _members(archive, path, name)]


def _members(archive: zipfile.ZipFile, path: Path, name: str) -> list[str]:
    """The tables in an archive, sorted."""
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
    return tables


def _raw_file(path: Path, archive: zipfile.ZipFile | None, member: str, name: str, table: Table) -> RawFile:
    with open_file(path) as content, unpacked(content, archive, member, name) as stream:
        sample = stream.read(dialect.SAMPLE_BYTES)
        if sample.startswith(_PARQUET):
            stream.seek(0)
            columns, header, rows, empty = parquet.match_columns(
                seekable(stream, name), name, table, path.stat().st_size
            )
            return RawFile(name, path, member, None, columns, _other_columns(header, columns), rows, empty)
        text = dialect.detect(sample, name, table)
        columns = {column: text.header[position] for column, position in text.columns.items()}
        others = _other_columns(text.header, columns)
        return RawFile(name, path, member, text, columns, others, empty=text.empty)


def _other_columns(header: tuple[str, ...], columns: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name in header if name not in columns.values())
