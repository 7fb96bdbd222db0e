"""Detects the format of a delimited text: its encoding, its dialect, and where its header stands."""

import itertools
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from eightytwenty.errors import UserError
from eightytwenty.read.any_table import AnyTable, spellings_of
from eightytwenty.read.dialect import DELIMITERS, MOST_COLUMNS, TextFormat
from eightytwenty.read.dialect_rows import (
    SAMPLE_CHARACTERS,
    DialectRows,
    Line,
    has_single_quotes,
    likeliest_rows,
    possible_rows,
    split_lines,
)
from eightytwenty.read.encoding import Encoding, detect_encoding, is_binary
from eightytwenty.read.header import Header, find_header, has_blank_end, likeliest_header
from eightytwenty.read.options import NO_HEADER, ReadOptions
from eightytwenty.schema import Table

SAMPLE_BYTES = 1 << 20
_LINES = 100  # that are looked at: a header lies in them, and so many show which delimiter there is
_ENCODINGS = 20  # to try where the likeliest makes irregular lines
_RULE = re.compile(r"[\s|+:=-]*--[\s|+:=-]*")  # the line below the header of a table that was drawn
_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)  # a first line with which Excel is told the delimiter


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
        raise fault or UserError(f"{name} cannot be read; give CSV, JSON, Parquet or a sheet.")
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
    start = text[:SAMPLE_CHARACTERS]
    is_single = any(has_single_quotes(start, delimiter) for delimiter in DELIMITERS if delimiter in start)
    quote = ("'" if is_single else '"') if options.quote is None else options.quote
    lines = list(
        itertools.islice(split_lines(text, quote, is_whole=len(sample) < SAMPLE_BYTES), _LINES + _stated(options))
    )
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


def _find(
    lines: Sequence[Line], table: Table | AnyTable, options: ReadOptions, name: str
) -> tuple[DialectRows, Header]:
    """The likeliest dialect in which a row names the columns of the table, and its rows."""
    faults: list[tuple[str, Line]] = []
    found: list[tuple[DialectRows, Header]] = []
    candidates = possible_rows(lines, options, may_be_one=len(table.columns) <= 1)
    for candidate in [likeliest_rows(candidates, options)] if isinstance(table, AnyTable) else candidates:
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
