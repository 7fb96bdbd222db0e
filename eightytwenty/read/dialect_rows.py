"""The dialects that a text may be written in, and the rows that each of them makes of its lines."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from eightytwenty.read.dialect import DELIMITERS, WHITESPACE, Dialect
from eightytwenty.read.likely_dialect import is_table, whole_share
from eightytwenty.read.options import ReadOptions

SAMPLE_CHARACTERS = 1 << 18  # of a text that are looked at
_NONE = "\x1f"  # a delimiter that hardly any text has: each line is one cell
_LONGEST_QUOTED = 20  # lines of a cell in a header
_LINE_END = re.compile(r"\r+\n|\n|\r")


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


@dataclass(frozen=True)
class DialectRows:
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


def split_lines(text: str, quote: str, *, is_whole: bool) -> Iterator[Line]:
    """The lines of a text that are not blank; where a line opens a quoted cell, with those that it runs over."""
    pending: list[Line] = []
    number, start = 0, 0
    while start < min(len(text), SAMPLE_CHARACTERS) or (start < len(text) and not number):
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


def possible_rows(lines: Sequence[Line], options: ReadOptions, *, may_be_one: bool) -> list[DialectRows]:
    """The rows that the possible dialects make of the lines, those of the likeliest first."""
    found: list[tuple[int, DialectRows]] = []
    for dialect in _possible_dialects(lines, options, may_be_one=may_be_one):
        rows = [row for line in lines for row in _rows(line, dialect)]
        counts = Counter(len(cells) for _, cells in rows)
        width, count = max(counts.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        share = count / len(rows) if rows else 0.0
        found.append((width, DialectRows(dialect, rows, share if width > 1 else 0.0, share)))
    # white space divides at tabs, too; and a title above the table, so that all lines may seem regular
    tabs = max((width for width, rows in found if rows.dialect.delimiter == "\t" and rows.share > 0.5), default=0)
    likely = [rows for width, rows in found if rows.dialect.delimiter != WHITESPACE or width > tabs]
    return sorted(likely, key=lambda rows: (-rows.regular, -rows.share))  # of equals, the first


def likeliest_rows(candidates: Sequence[DialectRows], options: ReadOptions) -> DialectRows:
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


def _possible_dialects(lines: Sequence[Line], options: ReadOptions, *, may_be_one: bool) -> Iterator[Dialect]:
    texts = [line.text for line in lines]
    text = "\n".join(texts)
    for delimiter in DELIMITERS if options.delimiter is None else [options.delimiter]:
        is_none = may_be_one and delimiter == _NONE
        if delimiter not in text and delimiter not in {",", WHITESPACE, options.delimiter} and not is_none:
            continue
        quotes = ['"'] if options.quote is None else [options.quote]
        if options.quote is None and has_single_quotes(text, delimiter):
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


def has_single_quotes(text: str, delimiter: str) -> bool:
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
