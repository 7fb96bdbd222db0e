"""Opens a source of raw rows (a file, a folder of files or an archive) as a list of files to read in pieces.

Everything below the source is either read or named with the reason why it is not.
"""

import io
import itertools
import os
import re
import stat
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from glob import has_magic
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote

from eightytwenty.errors import UserError
from eightytwenty.files import name_as_text, source_mode
from eightytwenty.read import arrow, databases, json_lines, parquet
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.archives import MOST_UNPACKED_BYTES, refuse_bomb
from eightytwenty.read.beside import EMPTY_SHEET, REASONS, TEXT, Unread, reason_beside
from eightytwenty.read.detect import SAMPLE_BYTES, detect
from eightytwenty.read.dialect import TextFormat
from eightytwenty.read.formats import refuse_other_formats
from eightytwenty.read.streams import ZIP, magic, open_archive, open_file, seekable, unpacked
from eightytwenty.schema import Table, loose_name

_PARQUET, _OLE = b"PAR1", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PARTITION = re.compile(r"([^=/]+)=([^/]*)")
_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"
MOST_TABLES = 1_000  # in an archive; each of them takes milliseconds, however small it is
_MOST_NAMED = 3  # files to name in a message


@dataclass(frozen=True)
class RawFile:
    """One file of records, on disk or inside a zip archive, or a sheet of a workbook.

    Args:
        name: its name in row ids: the file's own, or the path inside the folder or archive.
        path: of the file or its archive.
        member: its name inside the archive, empty for a file on disk.
        format: of its text, or of the lines of JSON that its records become; None for a file with types.
        description: the detected format, for reports.
        columns: the table's columns that it has: clean name -> name in the file.
        ignored_columns: its other columns.
        empty: those of the columns, which a file may lack, that have no value in its first rows.
        lines: makes lines of JSON of its bytes, None for a text that has lines.
        typed: what is known of the columns of a file with types.
        has_header: whether it names its columns; if not, they are `column_1`, `column_2`, ...
    """

    name: str
    path: Path
    member: str
    format: TextFormat | None
    description: str
    columns: dict[str, str]
    ignored_columns: tuple[str, ...]
    empty: tuple[str, ...] = ()
    lines: Callable[[BinaryIO, str], BinaryIO] | None = None
    typed: parquet.Columns | None = None
    has_header: bool = True


@dataclass(frozen=True)
class Source:
    """A source of raw rows.

    Args:
        path: the file or folder.
        files: to read, in the order of their names.
        unread: everything else below the source.
    """

    path: Path
    files: list[RawFile]
    unread: list[Unread]


def open_source(path: Path, table: Table | AnyTable) -> Source:
    """Lists the files of a source and detects the format of each.

    Args:
        path: a file, an archive, a folder of these (with subfolders, without links), or a pattern of names, such as
            data/2024-*.csv or data/**/*.csv.
        table: the files must have its columns, if they are known, and it says what is known of the files.

    Raises:
        UserError: there is no file to read. Where there is one, others that cannot be read are named in the result.
    """
    opener = _Opener(table)
    if has_magic(str(path)) and not path.exists():
        opener.open_matches(path)
        if not opener.files:
            raise opener.nothing(path)
        return Source(path, opener.files, opener.unread)
    mode = source_mode(path, f"a file or folder of {table.name}")
    if stat.S_ISDIR(mode):
        opener.open_folder(path)
    elif stat.S_ISREG(mode):
        opener.open_file(path, path.name, {})
    else:
        raise UserError(f"{path} is neither a file nor a folder; give a file or folder of {table.name}.")
    if not opener.files:
        raise opener.nothing(path)
    return Source(path, opener.files, opener.unread)


class _Opener:
    """Opens the files of a source, one after the other.

    Args:
        table: the files must have its columns, if they are known, and it says what is known of the files.
    """

    def __init__(self, table: Table | AnyTable) -> None:
        self._table = table
        self.files: list[RawFile] = []
        self.unread: list[Unread] = []
        self._errors: list[UserError] = []
        self._names: set[str] = set()

    def nothing(self, path: Path) -> UserError:
        """The error of a source without a file to read: that of its one file, or some of the reasons."""
        if len(self._errors) == 1 and len(self.unread) == 1:
            return self._errors[0]
        named = [f"{file.name} ({file.reason.rstrip('.')})" for file in self.unread if file.reason not in REASONS]
        more = f" and {len(named) - _MOST_NAMED:,} more" if len(named) > _MOST_NAMED else ""
        what = f": {', '.join(named[:_MOST_NAMED])}{more}" if named else ""
        return UserError(
            f"{path} holds no table of {self._table.name}{what}; give one that does.",
            redacted=f"{path} holds no table of {self._table.name}; give one that does.",
        )

    def open_matches(self, path: Path) -> None:
        """Opens the files whose names fit a pattern; their names begin below the folders before it."""
        folder = without_pattern(path)
        source_mode(folder, "a pattern of names in a folder that does")
        chosen = {file for file in folder.glob(str(path.relative_to(folder))) if file.is_file()}
        self.open_folder(folder, chosen)

    def open_folder(self, folder: Path, chosen: Collection[Path] | None = None) -> None:
        """Opens the files of a folder and of its subfolders, in the order of their paths; some, if they are chosen."""
        for file, reason in sorted(_below(folder)):
            if chosen is not None and file not in chosen:
                continue
            name = name_as_text(file.relative_to(folder).as_posix())
            if reason:
                self.unread.append(Unread(name, reason))
            else:
                self.open_file(file, name, _partitions(name))

    def open_file(self, path: Path, name: str, partitions: dict[str, str | None]) -> None:
        """Opens a file, or what an archive holds."""
        name = name_as_text(name)
        if name in self._names:
            self.unread.append(Unread(name, "another file has a name that reads the same"))
            return
        self._names.add(name)
        try:
            if magic(path).startswith(ZIP) and (archive := open_archive(path, name)):
                with archive:
                    members = archive.namelist()
                    if "[Content_Types].xml" in members and not _is_workbook(members):
                        raise UserError(f"{name} is an office document and no workbook; save its table as CSV.")
                    if not _is_workbook(members):
                        self._open_members(path, archive, name)
                        return
            self._open(path, None, "", name, partitions)
        except UserError as error:
            self._refuse(name, error)

    def _open_members(self, path: Path, archive: zipfile.ZipFile, name: str) -> None:
        """Opens the members of an archive, sorted."""
        infos = sorted((info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename)
        shown = [info for info in infos if not _reason(info.filename)]
        reasons = ((info.filename, _reason(info.filename)) for info in infos)
        self.unread += [Unread(f"{name}/{member}", reason) for member, reason in reasons if reason]
        unpacked_size = sum(info.file_size for info in shown)
        if not shown:
            raise UserError(f"{name} is an empty archive; pack a table.")
        if len(shown) > MOST_TABLES or unpacked_size > MOST_UNPACKED_BYTES:
            raise UserError(
                f"The archive {name} holds {len(shown):,} files of {unpacked_size / (1 << 30):,.2f} GB, and at most "
                f"{MOST_TABLES:,} of {MOST_UNPACKED_BYTES >> 30} GB are read; split it, or give a folder."
            )
        refuse_bomb(name, path.stat().st_size, unpacked_size)
        members = [info.filename for info in shown]
        if again := next((member for member, other in itertools.pairwise(members) if member == other), None):
            raise UserError(f"The archive {name} holds {again} twice; pack it again with each name once.")
        for member in members:
            try:
                self._open(path, archive, member, f"{name}/{member}", _partitions(member))
            except UserError as error:
                self._refuse(f"{name}/{member}", error)

    def _refuse(self, name: str, error: UserError) -> None:
        self._errors.append(error)
        # without quotations of what stands in it, because the reasons are stored with the numbers of a cleaning
        reason = error.redacted.removeprefix(f"The archive {name} ").removeprefix(f"{name} ")
        self.unread.append(Unread(name, reason_beside(name) or reason))

    def _open(
        self, path: Path, archive: zipfile.ZipFile | None, member: str, name: str, partitions: dict[str, str | None]
    ) -> None:
        """Detects the format of a file."""
        with open_file(path) as content, unpacked(content, archive, member, name) as stream:
            sample = stream.read(SAMPLE_BYTES)
            stream.seek(0)
            # a text may begin with these letters, and goes on with another one or a delimiter
            is_parquet = sample.startswith(_PARQUET) and not _goes_on_as_text(sample[len(_PARQUET) :])
            if is_parquet or sample.startswith((arrow.FILE, arrow.STREAM)):
                module = parquet if is_parquet else arrow
                packed = path.stat().st_size
                columns = module.match_columns(seekable(stream, name), name, self._table, packed, partitions)
                kind, others = module.DESCRIPTION, _others(columns.all, columns.names)
                self.files.append(
                    RawFile(name, path, member, None, kind, columns.names, others, columns.empty, typed=columns)
                )
            elif sample.startswith((_OLE, ZIP)):
                self._open_workbook(path, member, name, seekable(stream, name).read())
            elif databases.is_database(sample):
                self._open_database(path, member, name, is_file=stream is content)
            else:
                self._refuse_partitions(name, partitions)
                if not self._table.read.is_text and json_lines.looks_like_json(sample):
                    text, has_lines = json_lines.detect(sample, name, self._table)
                    self._add(name, path, member, text, lines=None if has_lines else json_lines.list_as_lines)
                else:
                    refuse_other_formats(sample, name)
                    self._add(name, path, member, detect(sample, name, self._table))

    def _refuse_partitions(self, name: str, partitions: dict[str, str | None]) -> None:
        """Refuses a text below a folder that names one of its columns, whose value it would lack."""
        for column in partitions:
            if clean := self._table.spellings.get(loose_name(column)):
                raise UserError(
                    f"{name} has its column {clean} in the name of a folder, which is read of Parquet and Arrow alone; "
                    "write it into the file."
                )

    def _open_workbook(self, path: Path, member: str, name: str, content: bytes) -> None:
        from eightytwenty.read.sheets import EmptySheetError, Workbook, sheet_lines

        if content.startswith(ZIP):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                refuse_bomb(name, len(content), sum(info.file_size for info in archive.infolist()))
                if not _is_workbook(archive.namelist()):
                    raise UserError(f"{name} is an archive within an archive; unpack it.")
        book = Workbook(content, name)
        if self._table.read.sheet and self._table.read.sheet not in book.sheets:
            raise UserError(f"{name} has no sheet {self._table.read.sheet}; it has {_listed(book.sheets)}.")
        for sheet, problem in book.sheets.items():
            try:
                if problem or self._table.read.sheet not in {None, sheet}:
                    self.unread.append(Unread(f"{name}/{sheet}", problem or "another sheet was asked for"))
                    continue
                text, header = book.detect(sheet, self._table)
                self._add(
                    f"{name}/{sheet}", path, member, text, partial(sheet_lines, sheet=sheet, header=header, text=text)
                )
            except EmptySheetError:
                self.unread.append(Unread(f"{name}/{sheet}", EMPTY_SHEET))
            except UserError as error:
                self._refuse(f"{name}/{sheet}", error)

    def _open_database(self, path: Path, member: str, name: str, *, is_file: bool) -> None:
        if not is_file:
            raise UserError(f"{name} is a packed database; unpack it.")
        database, options = databases.Database(path, name), self._table.read
        queries = {"query": options.query} if options.query else database.tables
        for one, query in queries.items():
            label = f"{name}/{one}"
            try:
                if not query or (options.sheet and not options.query and one != options.sheet):
                    reason = "another table was asked for" if query else "a view; ask for it by --query"
                    self.unread.append(Unread(label, reason))
                    continue
                names, first = database.head(query)
                text = json_lines.named_format(names, first, self._table, "table of a database", label)
                self._add(label, path, member, text, partial(databases.database_lines, query=query))
            except UserError as error:
                self._refuse(label, error)
        if not queries or (options.sheet and not options.query and options.sheet not in queries):
            raise UserError(f"{name} is a database without {options.sheet or 'a table'}; it has {_listed(queries)}.")

    def _add(
        self,
        name: str,
        path: Path,
        member: str,
        text: TextFormat,
        lines: Callable[[BinaryIO, str], BinaryIO] | None = None,
    ) -> None:
        if isinstance(self._table, AnyTable) and len(text.columns) == 1 and reason_beside(name) == TEXT:
            raise UserError(f"{name} is {TEXT}; give a table.")
        columns = {column: text.header[position] for column, position in text.columns.items()}
        others = _others(text.header, columns)
        self.files.append(
            RawFile(name, path, member, text, str(text), columns, others, text.empty, lines, has_header=text.has_header)
        )


def without_pattern(path: Path) -> Path:
    """The folders of a path before the first part that is a pattern of names; the path itself if none is."""
    parts = itertools.takewhile(lambda part: not has_magic(part), path.parts)
    return Path(*parts) if has_magic(str(path)) and not path.exists() else path


def _listed(names: Iterable[str]) -> str:
    return ", ".join(list(names)[:_MOST_NAMED]) or "none"


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Everything below a folder: files, and the reason why one is not opened."""
    unreadable: list[tuple[Path, str]] = []

    def refuse(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise UserError(f"{error.filename} cannot be read ({error.strerror}); change its permissions.")
        unreadable.append((Path(error.filename), f"cannot be read ({error.strerror})"))

    for parent, folders, names in os.walk(folder, onerror=refuse):
        for name in [*names, *(name for name in folders if name.startswith(".") or Path(parent, name).is_symlink())]:
            yield Path(parent, name), _why_not(Path(parent, name))
        folders[:] = [name for name in folders if not name.startswith(".")]
    yield from unreadable


def _why_not(file: Path) -> str:
    """Why a file of a folder is not opened, empty if it may be."""
    if reason := _reason(file.name):
        return reason
    if file.is_symlink():
        return "a symbolic link"
    return "" if file.is_file() else "no ordinary file"


def _reason(name: str) -> str:
    """Why a file is not opened, by its name; a text about the data may be a table all the same."""
    reason = reason_beside(name)
    return "" if reason == TEXT else reason


def _goes_on_as_text(content: bytes) -> bool:
    first = content[:1]
    return first in {b"\t", b"\r", b"\n"} or (first != b"" and first.decode("latin-1").isprintable())


def _is_workbook(members: list[str]) -> bool:
    is_office = "[Content_Types].xml" in members and any(member.startswith("xl/") for member in members)
    return is_office or {"mimetype", "content.xml"} <= set(members)


def _partitions(name: str) -> dict[str, str | None]:
    """The columns that the folders of a path name, as in `year=2024/month=5/part-0.parquet`, and their values."""
    pairs = [match.groups() for part in name.split("/")[:-1] if (match := _PARTITION.fullmatch(part))]
    return {unquote(key): None if value == _NO_PARTITION else unquote(value) for key, value in pairs}


def _others(header: tuple[str, ...], columns: dict[str, str]) -> tuple[str, ...]:
    """The columns that are not the table's; one without a name by its number."""
    own = set(columns.values())
    others = ((number, name) for number, name in enumerate(header, 1) if name not in own)
    return tuple(name if name.strip() else f"column {number}" for number, name in others)
