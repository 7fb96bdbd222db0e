"""Writes the original lines of quarantined records, to be corrected and sent again."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TextIO

from eightytwenty.printable import for_spreadsheet
from eightytwenty.read.dialect import TextFormat
from eightytwenty.read.streams import PACKED_SUFFIXES

# original lines, and a copy of them whose formulas are harmless; apart, because the first may be a source again
FOLDERS = ("quarantine", "quarantine-for-spreadsheets")


class QuarantinedLines:
    """A file of lines for each text file of the source that has any, below its header, and a copy for spreadsheets.

    The files are written one after the other, so only one pair is open.

    Args:
        folder: an existing folder.
        names: of the files of the source, in order.
    """

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        self._folder, self._names = folder, names
        self._open: tuple[int, BinaryIO, TextIO] | None = None

    def write(self, source: int, text: TextFormat, lines: list[bytes]) -> None:
        """Appends lines of a file of the source, by its number; the copy is in UTF-8."""
        if not lines:
            return
        if self._open is None or self._open[0] != source:
            self._close()
            paths = [self._folder / name / self._file_name(source) for name in FOLDERS]
            for path in paths:
                path.parent.mkdir(exist_ok=True)
            self._open = source, paths[0].open("wb"), paths[1].open("w", encoding="utf-8-sig", newline="")
            self._append(text.head, text)
        self._append(b"".join(line + text.line_end for line in lines), text)

    def _append(self, content: bytes, text: TextFormat) -> None:
        if self._open:
            _, originals, copy = self._open
            originals.write(content)
            copy.write(for_spreadsheet(content.decode(text.encoding.name, "replace").lstrip("\ufeff")))

    def _file_name(self, source: int) -> str:
        """A file name without folders. "a/b.csv" and "a__b.csv" must not collide, and no name may be too long."""
        name = self._names[source]
        for suffix in PACKED_SUFFIXES:
            name = name.removesuffix(suffix)
        name = name.replace("/", "__").encode()[-200:].decode(errors="ignore")
        return f"{source + 1:04}-{name}" if len(self._names) > 1 else name

    def _close(self) -> None:
        if self._open:
            with self._open[1], self._open[2]:  # closes both, even if one has no space left
                pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
