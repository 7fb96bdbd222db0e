"""Reads JSON: a line for each record, or a list of records, or one record after the other."""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, cast

from eightytwenty.errors import UserError
from eightytwenty.read.archives import MOST_FILE_BYTES
from eightytwenty.read.dialect import SAMPLE_BYTES, NotARow, TextFormat
from eightytwenty.read.encoding import Encoding, detect_encoding
from eightytwenty.schema import Table

_SPACES = " \t\r\n\ufeff"


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
        except (ValueError, RecursionError):
            raise NotARow("broken JSON") from None
        if not isinstance(fields, _Fields):
            raise NotARow("broken JSON")
        values = dict(fields)
        if len(values) < len(fields):
            raise NotARow("field twice")
        if not values.keys() <= set(self.names):
            raise NotARow("unknown field")
        return [_text(values.get(name)) for name in self.names]

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


def detect(sample: bytes, name: str, table: Table) -> tuple[TextFormat, bool]:
    """The format of a JSON file, and whether it has a line for each record.

    Raises:
        UserError: its records lack a column of the table.
    """
    encoding = detect_encoding(sample)
    text = sample[encoding.mark_length :].decode(encoding.name, "replace")
    is_whole = len(sample) < SAMPLE_BYTES
    lines = [line for line in text.splitlines() if line.strip(_SPACES)]
    has_lines = _is_object(lines[0])
    if has_lines:
        records: Iterable[object] = (_decoded_or_none(line) for line in (lines if is_whole else lines[:-1]))
    else:
        records = (_decoded_or_none(record) for record in _records(text, name, is_whole))
    names = tuple(dict.fromkeys(field for record in records if isinstance(record, _Fields) for field, _ in record))
    mark = sample[: encoding.mark_length] if has_lines else b""
    found = named_format(names, table, "JSON lines" if has_lines else "JSON", name)
    return replace(found, encoding=encoding if has_lines else found.encoding, head=mark), has_lines


def named_format(names: Sequence[str], table: Table, description: str, name: str) -> TextFormat:
    """The format of lines of JSON with these fields.

    Raises:
        UserError: the table needs others.
    """
    try:
        columns = table.match(names)
    except ValueError as error:
        fault = f"{name} has no fields for {table.name}"
        raise UserError(f"{fault}: {error}; name its fields as aliases in the schema.", redacted=f"{fault}.") from None
    return json_format(names, columns, description)


def json_format(
    names: Sequence[str],
    columns: dict[str, int],
    description: str,
    empty: tuple[str, ...] = (),
) -> TextFormat:
    """The format of lines of JSON in UTF-8 with these fields."""
    dialect = JsonLines(tuple(names), description)
    return TextFormat(Encoding("utf-8"), dialect, b"\n", b"", 0, 1, tuple(names), columns, empty)


def _is_object(line: str) -> bool:
    return isinstance(_decoded_or_none(line), _Fields)


def _decoded_or_none(text: str) -> object:
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return None


def _records(text: str, name: str, is_whole: bool) -> Iterator[str]:
    """The records of a list, or those that follow each other, as they are written."""
    at, number = _after(text, 0, "["), 0
    while at < len(text) and text[at] != "]":
        try:
            _, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            if is_whole:
                raise UserError(f"{name} is broken JSON after record {number}; write it again.") from None
            return
        yield text[at:end]
        number += 1
        at = _after(text, end, ",")


def _after(text: str, at: int, mark: str) -> int:
    """The next place that is no space, behind one such mark."""
    for skipped in (_SPACES, mark, _SPACES):
        count = 1 if skipped == mark else len(text)
        while at < len(text) and text[at] in skipped and count:
            at, count = at + 1, count - 1
    return at


def list_as_lines(stream: BinaryIO, name: str) -> BinaryIO:
    """The records of a list as lines in UTF-8.

    Raises:
        UserError: the list is too large to be read at once, or broken.
    """
    content = stream.read(MOST_FILE_BYTES + 1)
    if len(content) > MOST_FILE_BYTES:
        raise UserError(f"{name} is a JSON list of more than {MOST_FILE_BYTES >> 20} MB; write a line for each record.")
    encoding = detect_encoding(content[:SAMPLE_BYTES])
    text = content[encoding.mark_length :].decode(encoding.name, "replace")
    # within a record, a line end is a space between two marks
    return cast("BinaryIO", LineStream(" ".join(record.splitlines()) for record in _records(text, name, is_whole=True)))


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
            pieces.append(line.encode(errors="replace") + b"\n")
            length += len(pieces[-1])
        content = b"".join(pieces)
        end = len(content) if size < 0 else size
        self._rest = content[end:]
        return content[:end]
