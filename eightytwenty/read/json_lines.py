"""Reads JSON: a line for each record, or a list of records, or one record after the other."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from eightytwenty.errors import UserError
from eightytwenty.read.any_table import AnyTable, spellings_of
from eightytwenty.read.archives import MOST_FILE_BYTES
from eightytwenty.read.detect import SAMPLE_BYTES
from eightytwenty.read.dialect import MOST_COLUMNS, NotARow, TextFormat
from eightytwenty.read.encoding import Encoding, detect_encoding
from eightytwenty.read.header import find_header
from eightytwenty.schema import Table

_SPACES = " \t\r\n\ufeff"
_LINE_END = re.compile(r"[\r\n]+")
_SKIPPED = re.compile(r"[ \t\r\n\ufeff,]*")
_FIRST_LINES, _FIRST_RECORDS = 10, 100  # which show the form of a file, and which fields have no value


@dataclass(frozen=True)
class JsonLines:
    """Lines that hold one JSON object each, as the dialect of a text.

    Args:
        names: of the fields.
        description: for reports.
    """

    names: tuple[str, ...]
    description: str = "JSON lines"
    delimiter: str = "\0"  # none of the lines has one
    quote: str = ""
    has_escapes: bool = False
    is_simple: bool = False

    def split(self, line: str) -> list[str]:
        """The cells of an object: numbers as they are written, nested values as JSON, nothing for null.

        Raises:
            NotARow: the line is no such object.
        """
        try:
            fields = _decode(line)
            if not isinstance(fields, _Fields):
                raise NotARow("broken JSON")
            values = dict(fields)
            if len(values) < len(fields):
                raise NotARow("field twice")
            if not values.keys() <= set(self.names):
                raise NotARow("unknown field")
            return [_text(values.get(name)) for name in self.names]
        except NotARow:
            raise
        except (ValueError, RecursionError):
            raise NotARow("broken JSON") from None

    def __str__(self) -> str:
        return self.description


class _Fields(list[tuple[str, object]]):
    """The fields of an object, in their order; a name may occur twice."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


_DECODER = json.JSONDecoder(object_pairs_hook=_Fields, parse_int=_Number, parse_float=_Number, parse_constant=_Number)


def _decode(text: str) -> object:
    return _DECODER.decode(text)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _nested(value)


def _nested(value: object) -> str:
    """A value as JSON again, with its numbers as they were written."""
    if isinstance(value, _Number):
        return value
    if isinstance(value, _Fields):
        return "{" + ", ".join(f"{json.dumps(name)}: {_nested(item)}" for name, item in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def looks_like_json(sample: bytes) -> bool:
    """Whether a text begins as JSON objects or a list of them do."""
    encoding = detect_encoding(sample)
    start = sample[encoding.mark_length : SAMPLE_BYTES >> 4].decode(encoding.name, "replace").lstrip(_SPACES)
    if start[:1] == "[":
        start = start[1:].lstrip(_SPACES)
    return start[:1] == "{" and start[1:].lstrip(_SPACES)[:1] in {'"', "}"}


def detect(sample: bytes, name: str, table: Table | AnyTable) -> tuple[TextFormat, bool]:
    """The format of a JSON file, and whether it has a line for each record.

    Raises:
        UserError: its records lack a column of the table.
    """
    encoding = detect_encoding(sample)
    text = sample[encoding.mark_length :].decode(encoding.name, "replace")
    is_whole = len(sample) < SAMPLE_BYTES
    lines = [line for line in _LINE_END.split(text) if line.strip(_SPACES)]
    lines = lines if is_whole else lines[:-1]
    # one broken line does not make a list of them
    has_lines = sum(_is_object(line) for line in lines[:_FIRST_LINES]) > len(lines[:_FIRST_LINES]) / 2
    parts = lines if has_lines else list(_records(text, name, is_whole))
    records = [record for record in map(_decoded_or_none, parts) if isinstance(record, _Fields)]
    names = tuple(dict.fromkeys(field for record in records for field, _ in record))
    mark = sample[: encoding.mark_length] if has_lines else b""
    splitter, first = JsonLines(names), []
    for part in parts[:_FIRST_RECORDS]:
        with suppress(NotARow):
            first.append(splitter.split(part))
    found = named_format(names, first, table, "JSON lines" if has_lines else "JSON", name)
    return replace(found, encoding=encoding if has_lines else found.encoding, head=mark), has_lines


def named_format(
    names: Sequence[str], first: Sequence[Sequence[str]], table: Table | AnyTable, description: str, name: str
) -> TextFormat:
    """The format of lines of JSON with these fields.

    Args:
        names: of the fields.
        first: the cells of the first records.
        table: the fields must be its columns, if they are known.
        description: for reports.
        name: of the file, for messages.

    Raises:
        UserError: the table needs others, or there are none, or too many.
    """
    if isinstance(table, AnyTable) and not names:
        raise UserError(f"{name} has no record with a field; give a table with records.")
    if isinstance(table, AnyTable) and len(names) > MOST_COLUMNS:
        raise UserError(f"{name} has {len(names):,} fields, and at most {MOST_COLUMNS:,} are read; leave some out.")
    try:
        found = find_header([names, *first], table, 0)
    except ValueError as error:
        fault = f"{name} has no fields for {table.name}"
        raise UserError(f"{fault}: {error}; name its fields as aliases in the schema.", redacted=f"{fault}.") from None
    text = json_format(different_names(names), found.columns, description, found.empty)
    return replace(text, spellings=spellings_of(table, found.columns)) if isinstance(table, AnyTable) else text


def json_format(
    names: Sequence[str],
    columns: dict[str, int],
    description: str,
    empty: tuple[str, ...] = (),
) -> TextFormat:
    """The format of lines of JSON in UTF-8 with these fields."""
    dialect = JsonLines(tuple(names), description)
    return TextFormat(Encoding("utf-8"), dialect, b"\n", b"", 1, tuple(names), columns, empty)


def _is_object(line: str) -> bool:
    return isinstance(_decoded_or_none(line), _Fields)


def _decoded_or_none(text: str) -> object:
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return None


def _records(text: str, name: str, is_whole: bool) -> Iterator[str]:
    """The records of a list, or those that follow each other, as they are written."""
    at, number, is_list = _skip(text, 0), 0, False
    while mark := text[at : at + 1]:
        if mark == ("]" if is_list else "["):
            at, is_list = _skip(text, at + 1), not is_list
            continue
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            if is_whole:
                raise UserError(f"{name} is broken JSON after record {number}; write it again.") from None
            return
        yield text[at:end]
        number, at = number + 1, _skip(text, end)
    if is_list and is_whole:
        raise UserError(f"{name} ends within its list after record {number}; write it again.")


def _skip(text: str, at: int) -> int:
    """The next place that is neither a space nor a comma."""
    match = _SKIPPED.match(text, at)
    return match.end() if match else at


def list_as_lines(stream: BinaryIO, name: str) -> BinaryIO:
    """The records of a list as lines in UTF-8.

    Raises:
        UserError: the list is too large to be read at once, or broken.
    """
    content = stream.read(MOST_FILE_BYTES + 1)
    if len(content) > MOST_FILE_BYTES:
        raise UserError(f"{name} is a JSON list of more than {MOST_FILE_BYTES >> 20} MB; write a line for each record.")
    encoding = detect_encoding(content[:SAMPLE_BYTES])
    text = content[encoding.mark_length :].decode(encoding.name, "replace" if encoding.is_wide else "surrogateescape")
    # within a record, a line end is a space between two marks
    lines = (_LINE_END.sub(" ", record) for record in _records(text, name, is_whole=True))
    return cast("BinaryIO", LineStream(lines))


def plain_text(value: object) -> str | None:
    """A value out of a workbook or database in plain form; None for none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    return str(value)  # of a date, a time or a moment as ISO 8601 has it, with a space between the two


def different_names(names: Sequence[str]) -> tuple[str, ...]:
    """Names for the fields of JSON: the second column of a name gets its number."""
    found: dict[str, None] = {}
    for number, name in enumerate(names, 1):
        own = name
        while own in found:
            own = f"{own.strip() or 'column'} ({number})"
        found[own] = None
    return tuple(found)


def object_line(names: Sequence[str], values: Sequence[object]) -> str:
    """A record as one line of JSON."""
    return json.dumps(dict(zip(names, values, strict=True)), ensure_ascii=False)


class LineStream(io.RawIOBase):
    """Lines as a stream of bytes in UTF-8, each made when it is read."""

    def __init__(self, lines: Iterator[str] | Iterable[str]) -> None:
        self._lines, self._rest = iter(lines), b""

    def read(self, size: int = -1) -> bytes:
        """Reads at most `size` bytes, all if it is negative."""
        pieces, length = [self._rest], len(self._rest)
        while size < 0 or length < size:
            line = next(self._lines, None)
            if line is None:
                break
            pieces.append(line.encode(errors="surrogateescape") + b"\n")
            length += len(pieces[-1])
        content = b"".join(pieces)
        end = len(content) if size < 0 else size
        self._rest = content[end:]
        return content[:end]
