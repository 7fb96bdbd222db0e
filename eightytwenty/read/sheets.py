"""Reads the sheets of workbooks (xlsx, xlsm, xlsb, xls, ods), each row as a line of JSON."""

import io
import itertools
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, cast

import python_calamine

from eightytwenty.errors import UserError
from eightytwenty.read.any_table import AnyTable, spellings_of
from eightytwenty.read.dialect import TextFormat
from eightytwenty.read.header import WITHOUT, Header, find_header, likeliest_header
from eightytwenty.read.json_lines import LineStream, different_names, json_format, object_line, plain_text
from eightytwenty.read.options import NO_HEADER
from eightytwenty.read.streams import ZIP, seekable
from eightytwenty.schema import Table, loose_name

_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_CELL = re.compile(rb'<c r="([A-Z]{1,3})([0-9]{1,7})"')
_MOST_CELLS = 50_000_000  # each takes some twenty bytes, also an empty one
_FIRST_ROWS = 100  # among which a header is looked for
Cells = list[str | None]


class EmptySheetError(UserError):
    """A sheet has no row."""


class Workbook:
    """A workbook.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        UserError: it is damaged, or needs a password.
    """

    def __init__(self, content: bytes, name: str) -> None:
        self._name = name
        _require_sensible_size(content, name)
        try:
            self._book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise UserError(
                f"{name} is a workbook that cannot be opened ({error}); save it again, without a password."
            ) from None

    @property
    def sheets(self) -> dict[str, str]:
        """The names of its sheets, and why each is not read; empty if it may be."""
        problems = {}
        for sheet in self._book.sheets_metadata:
            is_table = sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
            is_shown = sheet.visible == python_calamine.SheetVisibleEnum.Visible
            problems[sheet.name] = (
                "" if is_table and is_shown else "a hidden sheet" if is_table else "a sheet without cells"
            )
        return problems

    def detect(self, sheet: str, table: Table | AnyTable) -> tuple[TextFormat, Header]:
        """The format of the lines of a sheet, and its header.

        Raises:
            UserError: no row names the table's columns.
        """
        numbered = list(self._rows(sheet))
        if not numbered:
            raise EmptySheetError(f"{self._name}/{sheet} is empty; it needs a header row and records.")
        rows = [["" if cell is None else cell for cell in row] for _, row in numbered]
        stated: str | int | None = table.read.header
        if stated is not None and stated != NO_HEADER:
            stated = next((at for at, (number, _) in enumerate(numbered) if number == int(stated)), len(rows))
            if stated == len(rows):
                raise UserError(f"{self._name}/{sheet} has no header in row {stated}; give the number of another row.")
        numbers = [number for number, _ in numbered[:_FIRST_ROWS]]
        below_blank = {at for at, (one, other) in enumerate(itertools.pairwise(numbers), 1) if other > one + 1}
        try:
            found = find_header(rows[:_FIRST_ROWS], table, stated, below_blank=below_blank)
        except ValueError as error:
            number = numbered[likeliest_header(rows[:_FIRST_ROWS])][0]
            fault = f"{self._name}/{sheet} has no header of {table.name} in its first {_FIRST_ROWS} rows"
            raise UserError(
                f"{fault}: {error} (row {number}); name its columns as aliases in the schema.", redacted=f"{fault}."
            ) from None
        above = f", {found.row} row{'s' if found.row > 1 else ''} above the header" if found.row > 0 else ""
        note = above if found.row >= 0 else f", {WITHOUT}"
        names = [name if name.strip() else f"column ({number})" for number, name in enumerate(found.names, 1)]
        text = json_format(different_names(names), found.columns, f"sheet{note}", empty=found.empty)
        return replace(text, has_header=found.row >= 0, spellings=spellings_of(table, found.columns)), found

    def lines(self, sheet: str, header: Header, text: TextFormat) -> LineStream:
        """The rows below the header, each as a line of JSON.

        A header that comes again in another order holds from there: the values get the names of the first one.
        """
        names, known = text.header, {name for name, _ in text.spellings}

        def lines() -> Iterator[str]:
            current, columns = text, {at: at for at in range(len(names))}  # position of a name -> of its value
            for at, (_, row) in enumerate(self._rows(sheet)):
                if at <= header.row:
                    continue
                cells = [*row[: len(names)], *[None] * (len(names) - len(row))]
                other = current.headed(tuple(cell or "" for cell in cells)) if _may_be_header(cells, known) else None
                if other and other.columns != current.columns:
                    current, before = other, {position: name for name, position in text.columns.items()}
                    moved = {at: other.columns[name] for at, name in before.items()}
                    rest = iter([at for at in range(len(names)) if at not in moved.values()])
                    columns = {at: moved[at] if at in moved else next(rest) for at in range(len(names))}
                yield object_line(names, [cells[columns[at]] for at in range(len(names))])

        return LineStream(lines())

    def _rows(self, sheet: str) -> Iterator[tuple[int, Cells]]:
        """The rows that are not blank, with their numbers."""
        try:
            rows = self._book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
        except (python_calamine.CalamineError, OSError, ValueError) as error:
            raise UserError(f"{self._name}/{sheet} cannot be read ({error}); save the workbook again.") from None
        for number, row in enumerate(rows, 1):
            cells = [plain_text(cell) or None for cell in row]
            if any(cell is not None for cell in cells):
                yield number, cells


def _require_sensible_size(content: bytes, name: str) -> None:
    """Refuses a workbook of which a cell lies so far out that the rectangle around all of them fills the memory."""
    if not content.startswith(ZIP):
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for sheet in (info for info in archive.infolist() if _SHEET.fullmatch(info.filename)):
            try:
                cells = _CELL.findall(archive.read(sheet))
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
                raise UserError(f"{name} is a damaged workbook ({error}); save it again, without a password.") from None
            if cells:
                width = max((letters for letters, _ in cells), key=lambda letters: (len(letters), letters))
                columns = sum((letter - 64) * 26**at for at, letter in enumerate(reversed(width)))
                rows = max(int(number) for _, number in cells)
                if columns * rows > _MOST_CELLS:
                    raise UserError(
                        f"{name} has a sheet of {rows:,} rows and {columns:,} columns; delete the empty ones."
                    )


def sheet_lines(stream: BinaryIO, name: str, sheet: str, header: Header, text: TextFormat) -> BinaryIO:
    """The lines of a sheet of the workbook in a stream."""
    return cast("BinaryIO", Workbook(seekable(stream, name).read(), name).lines(sheet, header, text))


def _may_be_header(row: Cells, known: set[str]) -> bool:
    """Whether a row has a name of one of the table's columns, as hardly any record does."""
    return any(cell is not None and loose_name(cell) in known for cell in row)
