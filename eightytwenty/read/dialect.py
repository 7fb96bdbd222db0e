"""How a delimited text is written: delimiter, quotes, line ends, encoding, and where its records start."""

import csv
import io
import re
from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Protocol

from eightytwenty.read.encoding import Encoding
from eightytwenty.schema import loose_name

MOST_COLUMNS = 10_000
WHITESPACE = " "  # as a delimiter: any run of spaces and tabs
DELIMITERS = {
    ",": "comma",
    ";": "semicolon",
    "\t": "tab",
    "|": "pipe",
    "^": "caret",
    "~": "tilde",
    "\x1f": "unit separator",
    ":": "colon",
    WHITESPACE: "space",
}
_QUOTES = {'"': "", "'": "single quotes", "": "no quotes"}

# A cell may be as long as a line; by default, csv refuses a cell of 128 kB.
csv.field_size_limit(1 << 30)


class NotARow(ValueError):  # noqa: N818 - it is no error of the program
    """A record is not a row."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Splitter(Hashable, Protocol):
    """Splits a line into cells.

    Attributes:
        delimiter: one character.
        quote: one character around cells that may hold line ends; empty if there is none.
        has_escapes: whether a backslash makes a quote part of the cell.
        is_simple: whether a line of ASCII without quotes is split at its delimiters alone.
    """

    @property
    def delimiter(self) -> str: ...  # noqa: D102
    @property
    def quote(self) -> str: ...  # noqa: D102
    @property
    def has_escapes(self) -> bool: ...  # noqa: D102
    @property
    def is_simple(self) -> bool: ...  # noqa: D102
    def split(self, line: str) -> list[str]:
        """The cells of a line.

        Raises:
            NotARow: it is no row.
        """


@dataclass(frozen=True)
class Dialect:
    """How the cells of a line are written.

    Args:
        delimiter: one character; `WHITESPACE` for any run of spaces.
        quote: one character around cells, empty if quotes mean nothing.
        has_escapes: whether a backslash before a quote in a quoted cell makes it part of the cell.
        skips_space: whether spaces after a delimiter are not part of the cell, so that a quote may follow them.
        is_wrapped: whether each line as a whole is quoted once more.
    """

    delimiter: str
    quote: str = '"'
    has_escapes: bool = False
    skips_space: bool = False
    is_wrapped: bool = False

    def split(self, line: str) -> list[str]:
        """The cells of a line.

        Raises:
            NotARow: its quotes are broken, or a line ends within it.
        """
        if self.is_wrapped:
            whole = replace(self, is_wrapped=False)
            cells = whole.split(line)
            return whole.split(cells[0]) if len(cells) == 1 else cells
        if self.delimiter == WHITESPACE:
            return self._words(line)
        if self.has_escapes:
            line = _ESCAPED.sub(lambda cell: _ESCAPE.sub(lambda mark: _MEANT[mark[1]], cell[0]), line)
        reader = csv.reader(
            io.StringIO(line, newline=""),
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            skipinitialspace=self.skips_space,
            strict=True,
        )
        try:
            rows = list(reader)
        except csv.Error:
            raise NotARow("broken quotes") from None
        if len(rows) != 1:
            raise NotARow("broken quotes")
        return rows[0]

    @property
    def is_simple(self) -> bool:
        """Whether a line of ASCII without quotes is split at its delimiters alone."""
        return not (self.skips_space or self.is_wrapped or self.delimiter == WHITESPACE)

    def _words(self, line: str) -> list[str]:
        words = _WORD.findall(line)
        is_quoted = [len(word) > 1 and word[0] == word[-1] == '"' for word in words]
        return [word[1:-1].replace('""', '"') if q else word for word, q in zip(words, is_quoted, strict=True)]

    def __str__(self) -> str:
        notes = [f"{DELIMITERS.get(self.delimiter, repr(self.delimiter))}-separated"]
        notes += [_QUOTES.get(self.quote, f"quotes {self.quote}")] if self.quote != '"' else []
        notes += ["quotes within cells after a backslash"] if self.has_escapes else []
        notes += ["each line quoted as a whole"] if self.is_wrapped else []
        return ", ".join(notes)


_ESCAPED = re.compile(r'"(?:[^"\\]|\\.|"")*"', re.DOTALL)  # a quoted cell with escapes
_ESCAPE, _MEANT = re.compile(r'\\(["\\])'), {'"': '""', "\\": "\\"}
_WORD = re.compile(r'"(?:[^"]|"")*"(?!\S)|\S+')


@dataclass(frozen=True)
class TextFormat:
    """The format of a delimited text file.

    Args:
        encoding: of its characters.
        dialect: of its lines.
        newline: the end of a line; CR LF is read as LF. Where lines end in both ways, the other is found line by line.
        head: the bytes of the file before the first record, with the byte order mark, what stands above the header, and
            the header.
        first_line: the number of the line on which the first record starts.
        header: the column names as the file has them; of a column without a name, an empty text.
        columns: clean name -> position in the header.
        empty: those of the columns, which may be lacking, that seem to have no value.
        notes: what else was found, for people.
        has_blank_end: whether the last column has neither a name nor values, so that a value there is one too many.
        has_header: whether a line of it names the columns.
        spellings: other names of the table's columns, as a header below may have them: without the differences that do
            not count -> clean name.
    """

    encoding: Encoding
    dialect: Splitter
    newline: bytes
    head: bytes
    first_line: int
    header: tuple[str, ...]
    columns: dict[str, int]
    empty: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    has_blank_end: bool = False
    has_header: bool = True
    spellings: tuple[tuple[str, str], ...] = ()

    @property
    def is_wide(self) -> bool:
        """Whether characters take two or four bytes, so that the bytes do not show where a line ends."""
        return self.encoding.is_wide

    @property
    def codec(self) -> str:
        """The encoding of the bytes of a record as they are split: UTF-8 in place of a wide one."""
        return "utf-8" if self.is_wide else self.encoding.name

    @property
    def line_end(self) -> bytes:
        """A line feed in the file's encoding."""
        return "\n".encode(self.encoding.name)

    def headed(self, header: tuple[str, ...]) -> "TextFormat | None":
        """The format of the lines below another header, None if these cells are no header with the same columns."""
        if header == self.header:
            return self
        known, loose = dict(self.spellings), [loose_name(name) for name in header]
        named = [known.get(name) for name in loose]
        positions = {name: at for at, name in enumerate(named) if name}
        is_whole = sorted(loose) == sorted(map(loose_name, self.header))
        if positions.keys() != self.columns.keys() or len(positions) != sum(map(bool, named)):
            return None
        # two names together are no data, but one may be
        return replace(self, header=header, columns=positions) if len(positions) > 1 or is_whole else None

    def __str__(self) -> str:
        guess = " (a guess)" if self.encoding.is_guess else ""
        return ", ".join([f"{self.encoding.name}{guess}", str(self.dialect), *self.notes])
