"""Detects how a delimited text is written: encoding, delimiter, quotes, line ends, and where its header stands."""

import csv
import io
import itertools
import re
import string
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from eightytwenty.errors import UserError
from eightytwenty.read.any_table import AnyTable, spellings_of
from eightytwenty.read.encoding import Encoding, detect_encoding, is_binary
from eightytwenty.read.header import Header, find_header, has_blank_end, likeliest_header
from eightytwenty.read.likely_dialect import is_table, whole_share
from eightytwenty.read.options import NO_HEADER, ReadOptions
from eightytwenty.schema import Table, loose_name

SAMPLE_BYTES = 1 << 20
MOST_COLUMNS = 10_000
WHITESPACE = " "  # as a delimiter: any run of spaces and tabs
_DELIMITERS = {
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
_NONE = "\x1f"  # a delimiter that hardly any text has: each line is one cell
_QUOTES = {'"': "", "'": "single quotes", "": "no quotes"}
# Lines that are looked at. A header lies in them, and so many lines show which delimiter there is.
_LINES, _LINE_CHARACTERS = 100, 1 << 18
_ENCODINGS = 20  # to try where the likeliest makes irregular lines
_LONGEST_QUOTED = 20  # lines of a cell in a header
_LINE_END = re.compile(r"\r+\n|\n|\r")
_RULE = re.compile(r"[\s|+:=-]*--[\s|+:=-]*")  # the line below the header of a table that was drawn
_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)  # a first line with which Excel is told the delimiter

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
        notes = [f"{_DELIMITERS.get(self.delimiter, repr(self.delimiter))}-separated"]
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


@dataclass(frozen=True)
class Line:
    """A line of the sample, with those that a quoted cell of it runs over.

    Args:
        text: without the line end.
        number: counted from 1.
        start: where it starts, in characters from the start of the text.
        end: where the next one starts.
        parts: the lines, if there is more than one.
    """

    text: str
    number: int
    start: int
    end: int
    parts: tuple["Line", ...] = ()

    @property
    def lines(self) -> int:
        """How many lines it is."""
        return len(self.parts) or 1


def detect(sample: bytes, name: str, table: Table | AnyTable) -> TextFormat:
    """Detects the format of a text file from its first bytes.

    Args:
        sample: the first `SAMPLE_BYTES` of the (uncompressed) file.
        name: the file's name, for messages.
        table: the header must name its columns, if they are known; and it says what is known of the file.

    Raises:
        UserError: the file is empty, or has no header that names the table's columns, or one that is too long.
    """
    encoding = detect_encoding(sample)
    if table.read.encoding and not encoding.mark_length:
        encoding = Encoding(table.read.encoding)
    found: _Attempt | None = None
    fault: UserError | None = None
    # in a wrong encoding, a byte of a character may be taken for a delimiter, or a name be another one
    for attempt in (encoding, *(replace(encoding, name=other) for other in encoding.others[:_ENCODINGS])):
        try:
            read = _read_as(attempt, sample, name, table, table.read)
        except UserError as error:
            fault = fault or error
            continue
        found = read if found is None or read.regular > found.regular else found
        if found.regular == 1:
            return found.format
    if found is None:
        raise fault or UserError(f"{name} cannot be read.")
    return found.format


@dataclass(frozen=True)
class _Attempt:
    """A format, and the share of the lines of the sample that have as many cells as most."""

    format: TextFormat
    regular: float


def _read_as(encoding: Encoding, sample: bytes, name: str, table: Table | AnyTable, options: ReadOptions) -> _Attempt:
    errors = "replace" if encoding.is_wide else "surrogateescape"
    text = sample[encoding.mark_length :].decode(encoding.name, errors)
    if not text.strip("\0\ufeff\x1a" + string.whitespace):
        raise UserError(f"{name} is empty; it needs a header line and records.")
    start = text[:_LINE_CHARACTERS]
    is_single = any(_has_single_quotes(start, delimiter) for delimiter in _DELIMITERS if delimiter in start)
    quote = ("'" if is_single else '"') if options.quote is None else options.quote
    lines = list(itertools.islice(_lines(text, quote, is_whole=len(sample) < SAMPLE_BYTES), _LINES + _stated(options)))
    if not lines:
        raise UserError(_too_wide(name))
    # of the lines that are joined, only the last one ends outside of quotes
    ends = Counter(text[line.start + len(line.text) : line.end] for line in lines)
    newline = "\r" if ends["\r"] > ends.total() / 2 else "\n"
    above = 0
    if (separator := _SEPARATOR.fullmatch(lines[0].text)) and len(lines) > 1:
        options, above = replace(options, delimiter=options.delimiter or separator[1]), 1
    no_text = UserError(f"{name} is no text and no other table that can be read; give CSV, JSON, Parquet or a sheet.")
    if isinstance(table, AnyTable) and is_binary(sample):  # no name shows that it is a table all the same
        raise no_text
    try:
        found, header = _find(lines[above:], table, options, name)
    except UserError:
        if is_binary(sample):
            raise no_text from None
        raise
    rows = found.rows
    if len(header.names) > MOST_COLUMNS:
        raise UserError(_too_wide(name))
    last = rows[header.row][0] if header.row >= 0 else None
    if last and header.row + 1 < len(rows) and _RULE.fullmatch(rows[header.row + 1][0].text):
        last = rows[header.row + 1][0]
    before = text[: last.end] if last else text[: lines[above - 1].end] if above else ""
    length = len(before.encode(encoding.name, "surrogateescape"))
    text_format = TextFormat(
        encoding=encoding,
        dialect=found.dialect,
        newline=newline.encode(),
        head=sample[: encoding.mark_length + length],
        first_line=last.number + last.lines if last else above + 1,
        header=header.names,
        columns=header.columns,
        empty=header.empty,
        notes=_notes(rows, header),
        has_blank_end=not header.names[-1].strip() and has_blank_end(_records(rows, header)),
        has_header=header.row >= 0,
        spellings=spellings_of(table, header.columns),
    )
    return _Attempt(text_format, found.regular)


def _stated(options: ReadOptions) -> int:
    """The number of the line with the header, 0 if it is not known."""
    return int(options.header) if options.header and options.header != NO_HEADER else 0


def _too_wide(name: str) -> str:
    return f"{name} has a header of more than {MOST_COLUMNS:,} columns or {SAMPLE_BYTES >> 20} MB; leave some out."


@dataclass(frozen=True)
class _Rows:
    """The rows that a dialect makes of lines.

    Args:
        dialect: of the lines.
        rows: of the lines, and the cells of each.
        regular: the share of the rows that have as many cells as most; 0 if these have one.
        share: the same share, however many cells they have.
    """

    dialect: Dialect
    rows: list[tuple[Line, list[str]]]
    regular: float
    share: float

    @property
    def cells(self) -> list[list[str]]:
        """The cells of each row."""
        return [cells for _, cells in self.rows]

    @property
    def below_blank(self) -> set[int]:
        """The positions of the rows that stand below a blank line."""
        pairs = itertools.pairwise(line for line, _ in self.rows)
        return {at for at, (one, other) in enumerate(pairs, 1) if other.number > one.number + one.lines}


def _find(lines: Sequence[Line], table: Table | AnyTable, options: ReadOptions, name: str) -> tuple[_Rows, Header]:
    """The likeliest dialect in which a row names the columns of the table, and its rows."""
    faults: list[tuple[str, Line]] = []
    found: list[tuple[_Rows, Header]] = []
    candidates = _dialects(lines, options, may_be_one=len(table.columns) <= 1)
    for candidate in [_likeliest(candidates, options)] if isinstance(table, AnyTable) else candidates:
        cells = candidate.cells
        stated: str | int | None = options.header
        if _stated(options):
            stated = next(
                (at for at, (line, _) in enumerate(candidate.rows) if line.number == _stated(options)), len(cells)
            )
            if stated == len(cells):
                raise UserError(f"{name} has no header in line {options.header}; give the number of another line.")
        try:
            has_commas = candidate.dialect.delimiter == ","
            header = find_header(cells, table, stated, has_commas=has_commas, below_blank=candidate.below_blank)
        except ValueError as error:
            faults.append((str(error), candidate.rows[likeliest_header(cells)][0]))
        else:
            found.append((candidate, header))
            if header.is_regular and len(header.columns) == len(table.columns) and _is_whole(header, table):
                break
    if found:
        # a name without a delimiter is a header whatever the delimiter; the records decide
        return max(
            found,
            key=lambda item: (item[1].is_regular, len(item[1].columns), _is_whole(item[1], table), item[0].regular),
        )
    why, line = faults[0]
    fault = f"{name} has no header of {table.name} in its first {len(lines)} line{'s' if len(lines) > 1 else ''}"
    remedy = _remedy(line.text, table, options, why)
    raise UserError(
        f"{fault}: {why}; line {line.number} is {line.text[:80]!r}; {remedy}", redacted=f"{fault}; {remedy}"
    )


def _is_whole(header: Header, table: Table | AnyTable) -> bool:
    """Whether the lines have as many cells as the table has columns, where no names show which they are."""
    return header.row >= 0 or len(header.names) == len(table.columns)


def _remedy(line: str, table: Table | AnyTable, options: ReadOptions, why: str = "") -> str:
    """What to do about a table whose likeliest header is this line."""
    if isinstance(table, AnyTable):
        return "if a table stands further down, give the number of the line with its names by --header."
    example = ",".join(column.name for column in table.columns)
    if " twice" in why or " either " in why:
        return "give each column a name of its own."
    if options.header == NO_HEADER:
        return f"without a header, it needs as many columns as the schema: {example}."
    if sum(map(str.isdecimal, line)) > sum(map(str.isalpha, line)):  # it looks like a record
        return f"if it has no header and the columns are {example}, give --header none."
    return f"if it is such a table, name its columns as aliases in the schema, or put a line such as {example} on top."


def _records(rows: Sequence[tuple[Line, list[str]]], found: Header) -> list[list[str]]:
    return [cells for _, cells in rows[found.row + 1 :] if len(cells) == len(found.names)]


def _notes(rows: Sequence[tuple[Line, list[str]]], found: Header) -> tuple[str, ...]:
    above = sum(line.lines for line, _ in rows[: max(found.row, 0)])
    return (*([f"{above} line{'s' if above > 1 else ''} above the header"] if above else []), *found.notes)


def _dialects(lines: Sequence[Line], options: ReadOptions, *, may_be_one: bool) -> list[_Rows]:
    """The rows that the possible dialects make of the lines, those of the likeliest first."""
    found = []
    for dialect in _possible(lines, options, may_be_one=may_be_one):
        rows = [row for line in lines for row in _rows(line, dialect)]
        counts = Counter(len(cells) for _, cells in rows)
        width, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        share = count / len(rows) if rows else 0.0
        found.append(_Rows(dialect, rows, share if width > 1 else 0.0, share))
    return sorted(found, key=lambda item: (-item.regular, -item.share))  # of equals, the first


def _likeliest(candidates: Sequence[_Rows], options: ReadOptions) -> _Rows:
    """The likeliest dialect where no names are known: one that makes a regular table, or else one of one column."""
    tables = [
        candidate
        for candidate in candidates
        if is_table(
            candidate.cells,
            [line.text for line, _ in candidate.rows],
            candidate.dialect.delimiter,
            is_wrapped=candidate.dialect.is_wrapped,
        )
    ]
    if options.delimiter is not None:
        tables = tables or list(candidates)
    if not tables:
        return next((candidate for candidate in candidates if candidate.regular == 0), candidates[0])
    # a wrong delimiter leaves the right one within the cells
    return max(tables, key=lambda candidate: candidate.regular * whole_share(candidate.cells))


def _possible(lines: Sequence[Line], options: ReadOptions, *, may_be_one: bool) -> Iterator[Dialect]:
    texts = [line.text for line in lines]
    text = "\n".join(texts)
    for delimiter in _DELIMITERS if options.delimiter is None else [options.delimiter]:
        is_none = may_be_one and delimiter == _NONE
        if delimiter not in text and delimiter not in {",", WHITESPACE, options.delimiter} and not is_none:
            continue
        quotes = ['"'] if options.quote is None else [options.quote]
        if options.quote is None and _has_single_quotes(text, delimiter):
            quotes.insert(0, "'")
        for quote in quotes:
            plain = Dialect(delimiter, quote)
            if quote and delimiter != WHITESPACE and re.search(f"{re.escape(delimiter)} +{quote}", text):
                yield replace(plain, skips_space=True)
            yield plain
            if quote and f"\\{quote}" in text:
                yield replace(plain, has_escapes=True)
            if quote and sum(line[:1] == line[-1:] == quote for line in texts) > len(texts) / 2:
                yield replace(plain, is_wrapped=True)


def _has_single_quotes(text: str, delimiter: str) -> bool:
    """Whether single quotes stand around cells and nowhere else, and around such as need them, or in most lines."""
    if '"' in text or "'" not in text:
        return False
    ends = rf"{re.escape(delimiter)}\r\n"  # what may stand beside a cell, and spaces before it
    quoted = re.compile(rf"(?<![^{ends} ])'((?:[^']|'')*+)'(?![^{ends}])")
    if "'" in quoted.sub("", text):
        return False
    lines = text.splitlines()
    widths = Counter(line.count(delimiter) for line in lines if line.strip())
    width, count = widths.most_common(1)[0]

    def is_needed(cell: str) -> bool:
        pieces = _LINE_END.split(cell)
        if len(pieces) == 1:
            return "''" in cell or delimiter in cell
        # two stray quotes may stand around whole lines
        is_regular = count == widths.total() or any(piece.count(delimiter) == width for piece in pieces[1:-1])
        return not is_regular

    has_quoted = sum(quoted.search(line) is not None for line in lines)
    return any(map(is_needed, quoted.findall(text))) or has_quoted > len(lines) / 2


def _rows(line: Line, dialect: Dialect) -> Iterator[tuple[Line, list[str]]]:
    """A line and its cells; the lines of it if a quote was a stray one. A line with broken quotes has no cells."""
    try:
        yield line, dialect.split(line.text)
    except ValueError:
        if line.parts:
            for part in line.parts:
                yield from _rows(part, dialect)
        else:
            yield line, []


def _lines(text: str, quote: str, *, is_whole: bool) -> Iterator[Line]:
    """The lines of a text that are not blank; where a line opens a quoted cell, with those that it runs over."""
    pending: list[Line] = []
    number, start = 0, 0
    while start < min(len(text), _LINE_CHARACTERS) or (start < len(text) and not number):
        match = _LINE_END.search(text, start)
        if match is None and not is_whole:
            return  # cut off
        stop, end = match.span() if match else (len(text), len(text))
        number += 1
        line = Line(text[start:stop], number, start, end)
        start, is_open = end, quote != "" and line.text.count(quote) % 2 == 1
        if pending:
            pending.append(line)
            first = pending[0]
            if is_open:
                yield Line(text[first.start : stop], first.number, first.start, end, tuple(pending))
                pending = []
            elif len(pending) == _LONGEST_QUOTED:
                yield from pending
                pending = []
        elif is_open:
            pending = [line]
        elif line.text.strip():
            yield line
    yield from pending
