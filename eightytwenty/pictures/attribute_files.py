"""Reads the two kinds of attribute files: a table with a line for each picture, and a sidecar file of each picture."""

import dataclasses
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.kinds.category import Attribute, KnownAttributes
from eightytwenty.kinds.spelling import missing_mark
from eightytwenty.read import delimited, dialect
from eightytwenty.schema import Column, Table

FILE_COLUMNS = (
    *("file", "filename", "file_name", "image", "picture", "path", "image_id", "image_name", "image_path"),
    *("filepath", "file_path", "img", "img_path", "image_file"),
)
MOST_SIDECAR_BYTES = 1 << 16
MOST_VALUES = 64
# In a table whose values are not known in advance, a value on a smaller share of the lines counts as a typo.
LEAST_SHARE = 0.001
# In a table of more lines, a column with more values than half the lines is an id or a caption.
MOST_UNREPEATED_LINES = 10

FILE_MISSING = "attribute file missing"
LINE_MISSING = "picture without attributes"
WITHOUT_PICTURE = "attributes without picture"
SEVERAL_LINES = "several attribute lines"
MALFORMED = "malformed"
UNKNOWN_ATTRIBUTE = "unknown attribute"
INDEX_OUT_OF_RANGE = "index out of range"
WRONG_CARDINALITY = "wrong cardinality"
UNKNOWN_VALUE = "unknown value"
MISSING_VALUE = "missing value"
REASONS = {
    FILE_MISSING: "there is no attribute file next to the picture",
    LINE_MISSING: "the attribute table has no line for the picture",
    WITHOUT_PICTURE: "there is no picture, or more than one, for these attributes",
    SEVERAL_LINES: "the attribute table has several lines for the picture, and they differ",
    MALFORMED: "the attributes are cut off, doubled or not in the form of the others",
    UNKNOWN_ATTRIBUTE: "an attribute has a name that is not known",
    INDEX_OUT_OF_RANGE: "the number of a value is negative or not below the number of variants",
    WRONG_CARDINALITY: "an attribute has an unexpected number of variants",
    UNKNOWN_VALUE: "an attribute has a value that is not known or that hardly any other picture has",
    MISSING_VALUE: "an attribute has no value",
}

_RESERVED_NAMES = {"source", "record"}  # the row id of a clean table
_SEPARATOR_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=[,;|\t]"?\r?\n')  # the first line of a file from Excel
_SIDECAR_LINE = re.compile(rb'\s*"?(\w+)"?\s*,\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*')
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_WHOLE = re.compile(r"[-+]?\d+([.,]0*)?")  # pandas writes 1.0 if another line has no value


@dataclass(frozen=True)
class AttributeFile:
    """An attribute file: its path in the source, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class AttributeLine:
    """A line of an attribute table.

    Args:
        record: its number from 1, without the header.
        picture: its name for the picture, empty if it cannot be read.
        values: one for each attribute of the table; None if there is a problem.
        problem: one of `REASONS`, empty if there is none.
        original: its bytes.
    """

    record: int
    picture: str
    values: tuple[str, ...] | None
    problem: str
    original: bytes


@dataclass(frozen=True)
class AttributeTable:
    """An attribute table.

    Args:
        name: its path in the source.
        attributes: the attributes that it gives the pictures.
        lines: its lines, in order.
        ignored_columns: columns that are not attributes: name -> reason.
    """

    name: str
    attributes: tuple[Attribute, ...]
    lines: tuple[AttributeLine, ...]
    ignored_columns: dict[str, str]


def attribute_file(name: str, content: bytes) -> AttributeFile:
    """The file without a first line such as `sep=;`, which is for Excel; the separator is detected without it."""
    separator = _SEPARATOR_LINE.match(content)
    return AttributeFile(name, content[separator.end() :] if separator else content)


def is_sidecar(content: bytes) -> bool:
    """Whether a file starts like a sidecar file of the Cartoon Set."""
    return _SIDECAR_LINE.fullmatch(content.lstrip()[:200].split(b"\n")[0]) is not None


def is_table(content: bytes) -> bool:
    """Whether a file starts with a header that names a column of files."""
    return not is_sidecar(content) and _format(content, "") is not None


def parse_sidecar(content: bytes, attributes: Sequence[Attribute]) -> tuple[tuple[str, ...] | None, str]:
    """Reads a sidecar file of the Cartoon Set: lines such as `"face_shape", 4, 7` (name, value, number of variants).

    Args:
        content: of the file.
        attributes: the attributes that the file must have, in any order.

    Returns:
        The values in the order of `attributes` and "", or None and one of `REASONS`.
    """
    variants = {attribute.name.encode(): len(attribute.values) for attribute in attributes}
    if len(content) > MOST_SIDECAR_BYTES:
        return None, MALFORMED
    matches = [_SIDECAR_LINE.fullmatch(line) for line in content.strip().split(b"\n")]
    lines = [match.groups() for match in matches if match]
    if len(lines) < len(matches):
        return None, MALFORMED
    if any(name not in variants for name, _, _ in lines):
        return None, UNKNOWN_ATTRIBUTE
    values = {name: int(value) for name, value, _ in lines}
    if len(lines) != len(values) or len(values) != len(variants):
        return None, MALFORMED
    if any(int(count) != variants[name] for name, _, count in lines):
        return None, WRONG_CARDINALITY
    if any(not 0 <= values[name] < count for name, count in variants.items()):
        return None, INDEX_OUT_OF_RANGE
    return tuple(attribute.values[values[attribute.name.encode()]] for attribute in attributes), ""


def parse_table(file: AttributeFile, known_attributes: KnownAttributes) -> AttributeTable:
    """Reads an attribute table: a column that names the file, and columns of few different values.

    If its columns are known in advance, their values are too. Otherwise they are learned from the table: a column is an
    attribute if it has 2 to `MOST_VALUES` values, most of them on several lines, and they are not measured numbers. A
    value counts if at least one in a thousand lines has it.

    Raises:
        UserError: the first line names no column of files, or two columns have the same name in snake_case.
    """
    text = _format(file.content, file.name)
    if text is None:
        raise UserError(f"{file.name} has no column {', '.join(FILE_COLUMNS[:6])} in its first line; rename a column.")
    (file_position,) = text.columns.values()
    names = {str(position): name.strip() for position, name in enumerate(text.header)}
    text = dataclasses.replace(text, columns={column: int(column) for column in names})
    cells = pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    problems: list[str | None] = []
    originals: list[bytes] = []
    for batch in (
        delimited.parse(piece, list(names))
        for piece in delimited.read_pieces(io.BytesIO(file.content), file.name, text)
    ):
        cells = cells.vstack(batch.cells)
        problems += batch.problems.to_list()
        originals += batch.original(np.arange(batch.cells.height))
    cells = cells.with_columns(pl.all().str.strip_chars()).with_columns(
        pl.when(pl.all() != "").then(pl.all()).name.keep().map_elements(missing_mark, return_dtype=pl.String)
    )

    columns = _candidate_columns(text.header, file_position, file.name)
    candidates = {column: cells[column] for column in columns}
    by_position, ignored_columns = _attributes(candidates, columns, known_attributes)
    attributes = tuple(by_position.values())
    rows = cells.select(*by_position).rows() if by_position else [()] * cells.height
    allowed = [frozenset(attribute.values) for attribute in attributes]
    lines = []
    for number, (values, picture, fault) in enumerate(zip(rows, cells[str(file_position)], problems, strict=True)):
        problem = ""
        if fault or picture is None:
            problem = MALFORMED
        elif None in values:
            problem = MISSING_VALUE
        elif any(value not in choices for value, choices in zip(values, allowed, strict=True)):
            problem = UNKNOWN_VALUE
        name = picture or _file_cell(originals[number], text, file_position)
        lines.append(AttributeLine(number + 1, name, None if problem else values, problem, originals[number]))
    return AttributeTable(file.name, attributes, tuple(lines), ignored_columns)


def _file_cell(line: bytes, text: dialect.TextFormat, position: int) -> str:
    """The name of the picture in a malformed line, if the fault comes after it."""
    cells = line.decode(text.encoding.name, "replace").split(text.dialect.delimiter)
    return cells[position].strip(' "') if position < len(cells) else ""


def _candidate_columns(header: tuple[str, ...], file_position: int, source: str) -> dict[str, str]:
    """The columns that may be attributes: position -> name in snake_case."""
    names = {
        str(position): attribute_name(name)
        for position, name in enumerate(header)
        if name.strip() and position != file_position
    }
    duplicates = [name for name, count in Counter(names.values()).items() if count > 1]
    if duplicates:
        raise UserError(f"{source} has two columns with the name {duplicates[0]} in snake_case; rename one.")
    return names


def _attributes(
    cells: dict[str, pl.Series], names: dict[str, str], known_attributes: KnownAttributes
) -> tuple[dict[str, Attribute], dict[str, str]]:
    """The columns that are attributes, by position, and the reasons why the others are not, by name."""
    for attributes in known_attributes.tables:
        if {attribute.name for attribute in attributes} == set(names.values()):
            positions = {name: position for position, name in names.items()}
            return {positions[attribute.name]: attribute for attribute in attributes}, {}
    by_position, ignored_columns = {}, {}
    for position, name in names.items():
        counts = cells[position].drop_nulls().value_counts()
        values = [value for value, count in counts.iter_rows() if count >= LEAST_SHARE * len(cells[position])]
        if not values:
            ignored_columns[name] = "it has no value that stands on several lines" if counts.height else "it is empty"
        elif len(values) == 1:
            ignored_columns[name] = "it has one value only"
        elif len(values) > MOST_VALUES:
            ignored_columns[name] = f"it has more than {MOST_VALUES} different values"
        elif all(map(_NUMBER.fullmatch, values)) and not all(map(_WHOLE.fullmatch, values)):
            ignored_columns[name] = "it holds measured numbers"
        elif len(cells[position]) > MOST_UNREPEATED_LINES and 2 * len(values) > len(cells[position]):
            ignored_columns[name] = "most of its values stand on one line only"
        else:
            by_position[position] = Attribute(name, tuple(sorted(values, key=_by_number)))
    return by_position, ignored_columns


def _by_number(value: str) -> tuple[int, str]:
    """Orders whole numbers by size and before words."""
    is_whole = value.isascii() and value.lstrip("-").isdecimal() and len(value) < 19
    return (int(value), "") if is_whole else (1 << 62, value)


def attribute_name(column: str) -> str:
    """The name of a column in snake_case.

    >>> [attribute_name(column) for column in ("Hair Colour", "eyeShape", "2nd", "source")]
    ['hair_colour', 'eye_shape', 'attribute_2nd', 'attribute_source']
    """
    name = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)).strip("_").lower()
    return name if name.isidentifier() and name not in _RESERVED_NAMES else f"attribute_{name}"


@cache
def _tables() -> tuple[Table, ...]:
    """Tables that each have one of the names of the column of files, in the order in which to try them."""
    return tuple(Table("attributes", (Column(name, "text"),)) for name in FILE_COLUMNS)


def _format(content: bytes, name: str) -> dialect.TextFormat | None:
    """The format of a table, with the column of files as its one column; None if the first line has no such column."""

    def attempts() -> Iterator[dialect.TextFormat]:
        for table in _tables():
            try:
                yield dialect.detect(content[: dialect.SAMPLE_BYTES], name, table)
            except UserError:
                continue

    return next(attempts(), None)
