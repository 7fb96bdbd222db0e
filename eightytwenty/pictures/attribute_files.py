"""Reads the two kinds of attribute files: a table with a line for each picture, and a sidecar file of each picture."""

import codecs
import dataclasses
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from eightytwenty.engine.reasons import LETTER_CASE
from eightytwenty.errors import UserError
from eightytwenty.kinds.category import Attribute, KnownAttributes
from eightytwenty.kinds.spelling import STRAY_SPACES, missing_mark
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
REPAIRS = {
    STRAY_SPACES.name: STRAY_SPACES.reason,
    LETTER_CASE: "one known value, or the most frequent one, differs in case only",
}
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

_FILE = "/"  # the column of names of pictures; the others have names in snake_case
_RESERVED_NAMES = {"source", "record"}  # the row id of a clean table
_SEPARATOR_LINE = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=[,;|\t]"?\r?\n')  # the first line of a file from Excel
_SIDECAR_LINE = re.compile(rb'\s*"?(\w+)"?\s*,\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*')
_COUNT = re.compile(rb"(?:\xef\xbb\xbf)?\d+")
_NAMES_A_FILE = re.compile(rf"(?<!\w)(?:{'|'.join(FILE_COLUMNS)})(?!\w)".replace("_", "[_ ]"), re.IGNORECASE)
_HEADER_BYTES = 4_096  # at the start of a table, in which the column of files must be named
_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_WHOLE = re.compile(r"[-+]?\d+([.,]0*)?")  # pandas writes 1.0 if another line has no value


@dataclass(frozen=True)
class AttributeFile:
    """An attribute file: its path in the source, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class AttributeChange:
    """A repaired value of a line: a line of the ledger."""

    attribute: str
    repair: str
    before: str
    after: str


@dataclass(frozen=True)
class AttributeLine:
    """A line of an attribute table.

    Args:
        source: the table's path in the source.
        record: its number from 1, without the header.
        picture: its name for the picture, empty if it cannot be read.
        values: one for each attribute of the table; None if there is a problem.
        problem: one of `REASONS`, empty if there is none.
        original: its bytes.
        changes: how the values were repaired.
    """

    source: str
    record: int
    picture: str
    values: tuple[str, ...] | None
    problem: str
    original: bytes
    changes: tuple[AttributeChange, ...]


@dataclass(frozen=True)
class AttributeTable:
    """An attribute table, or several with the same columns.

    Args:
        attributes: the attributes that it gives the pictures.
        lines: its lines, in order.
        ignored_columns: columns that are not attributes: name -> reason.
    """

    attributes: tuple[Attribute, ...]
    lines: tuple[AttributeLine, ...]
    ignored_columns: dict[str, str]


@dataclass(frozen=True)
class _Lines:
    """The lines of a table as text.

    Args:
        name: of the table.
        cells: a column of String for each column of the table, with its name in snake_case, and `_FILE`.
        problems: why a line is none; None if it is one.
        originals: the bytes of each line.
        nameless: columns without a name that hold something.
    """

    name: str
    cells: pl.DataFrame
    problems: list[str | None]
    originals: list[bytes]
    nameless: tuple[str, ...] = ()


def attribute_file(name: str, content: bytes) -> AttributeFile:
    """The file without a first line such as `sep=;`, which is for Excel; the separator is detected without it."""
    separator = _SEPARATOR_LINE.match(content)
    return AttributeFile(name, content[separator.end() :] if separator else content)


def is_sidecar(content: bytes) -> bool:
    """Whether a file starts like a sidecar file of the Cartoon Set."""
    return _SIDECAR_LINE.fullmatch(content.lstrip()[:200].split(b"\n")[0]) is not None


def is_table(content: bytes) -> bool:
    """Whether a file starts with a header that names a column of files, or like a table of CelebA."""
    return not is_sidecar(content) and (_is_celeba(content) or _format(content, "") is not None)


def column_names(file: AttributeFile) -> frozenset[str]:
    """The names of the columns of a table in snake_case, without that of the files.

    Raises:
        UserError: see `parse_tables`.
    """
    start = AttributeFile(file.name, file.content[: dialect.SAMPLE_BYTES])
    if _is_celeba(start.content):
        return frozenset(_celeba_header(start))
    text = _table_format(start)
    (file_position,) = text.columns.values()
    return frozenset(_candidate_columns(text.header, file_position, file.name).values())


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


def parse_tables(files: Sequence[AttributeFile], known_attributes: KnownAttributes) -> AttributeTable:
    """Reads attribute tables with the same columns: one that names the file, and others of few different values.

    If its columns are known in advance, their values are too. Otherwise they are learned from the lines: a column is an
    attribute if it has 2 to `MOST_VALUES` values, most of them on several lines, and they are not measured numbers. A
    value counts if at least one in a thousand lines has it. Spellings that differ in case or by spaces around them are
    one value, but for single letters, which may well be codes.

    Raises:
        UserError: the first line names no column of files, or two columns have the same name in snake_case.
    """
    tables = [_read_celeba(file) if _is_celeba(file.content) else _read_delimited(file) for file in files]
    raw = pl.concat([table.cells.select(tables[0].cells.columns) for table in tables])
    names = [name for name in raw.columns if name != _FILE]
    cells = raw.with_columns(pl.all().str.strip_chars()).with_columns(
        pl.when(pl.all() != "").then(pl.all()).name.keep().map_elements(missing_mark, return_dtype=pl.String)
    )
    known = _known_attributes(names, known_attributes)
    spelt = cells.with_columns(_spelling(cells[name], known) for name in names)
    attributes, ignored_columns = (known, {}) if known else _attributes(spelt.select(names))
    ignored_columns |= {name: "it has no name" for table in tables for name in table.nameless}

    changes = _changes(attributes, raw, cells, spelt)
    rows = spelt.select(attribute.name for attribute in attributes).rows() if attributes else [()] * spelt.height
    allowed = [frozenset(attribute.values) for attribute in attributes]
    places = ((table, row) for table in tables for row in range(table.cells.height))
    lines = []
    for number, ((table, row), values, picture) in enumerate(zip(places, rows, spelt[_FILE], strict=True)):
        problem = ""
        if table.problems[row] or picture is None:
            problem = MALFORMED
        elif None in values:
            problem = MISSING_VALUE
        elif any(value not in choices for value, choices in zip(values, allowed, strict=True)):
            problem = UNKNOWN_VALUE
        lines.append(
            AttributeLine(
                table.name,
                row + 1,
                picture or "",
                None if problem else values,
                problem,
                table.originals[row],
                tuple(changes[number]),
            )
        )
    return AttributeTable(attributes, tuple(lines), ignored_columns)


def _read_delimited(file: AttributeFile) -> _Lines:
    """Reads a table of delimited text."""
    text = _table_format(file)
    (file_position,) = text.columns.values()
    columns = {str(file_position): _FILE} | _candidate_columns(text.header, file_position, file.name)
    positions = [str(position) for position in range(len(text.header))]
    text = dataclasses.replace(text, columns={position: int(position) for position in positions})
    cells = pl.DataFrame(schema=dict.fromkeys(positions, pl.String))
    problems: list[str | None] = []
    originals: list[bytes] = []
    for batch in (
        delimited.parse(piece, positions) for piece in delimited.read_pieces(io.BytesIO(file.content), file.name, text)
    ):
        cells = cells.vstack(batch.cells)
        problems += batch.problems.to_list()
        originals += batch.original(np.arange(batch.cells.height))
    nameless = tuple(
        f"column {int(position) + 1}"
        for position in positions
        if position not in columns and (cells[position].str.strip_chars() != "").any()
    )
    cells = cells.select(pl.col(position).alias(name) for position, name in columns.items())
    named = [
        name if name is not None else _file_cell(originals[row], text, file_position)
        for row, name in enumerate(cells[_FILE])
    ]
    return _Lines(file.name, cells.with_columns(pl.Series(_FILE, named, pl.String)), problems, originals, nameless)


def _is_celeba(content: bytes) -> bool:
    """Whether a file has a line with a number, one with names, and one with the name of a file and as many values."""
    lines = [line.split() for line in content[:MOST_SIDECAR_BYTES].splitlines()[:3]]
    if len(lines) < 3 or len(lines[0]) != 1 or not _COUNT.fullmatch(lines[0][0]) or not lines[2]:
        return False
    return len(lines[2]) in {len(lines[1]), len(lines[1]) + 1} and len(lines[2]) > 1 and b"." in lines[2][0]


def _celeba_header(file: AttributeFile) -> dict[str, int]:
    """The names of the attributes in a table of CelebA -> position in its lines, the first of which is the file's."""
    _, header, *lines = file.content.decode("utf-8-sig", "replace").splitlines()
    names = header.split()
    if lines and len(lines[0].split()) == len(names):  # the column of files has a name, too
        names = names[1:]
    positions = {attribute_name(name): position for position, name in enumerate(names, 1)}
    if len(positions) < len(names):
        raise UserError(f"{file.name} has two columns with the same name in snake_case; rename one.")
    return positions


def _read_celeba(file: AttributeFile) -> _Lines:
    """Reads a table in the form of CelebA: a count, a header without the column of files, and cells between spaces."""
    positions = _celeba_header(file)
    originals = [line for line in file.content.splitlines()[2:] if line.strip()]
    rows = [line.decode("utf-8", "replace").split() for line in originals]
    width = len(positions) + 1
    problems = [None if len(row) == width else MALFORMED for row in rows]
    cells = {
        name: [None if problem and position else row[position] for row, problem in zip(rows, problems, strict=True)]
        for name, position in {_FILE: 0, **positions}.items()
    }
    return _Lines(file.name, pl.DataFrame(cells, dict.fromkeys(cells, pl.String)), problems, originals)


def _known_attributes(names: Sequence[str], known_attributes: KnownAttributes) -> tuple[Attribute, ...]:
    """The known set of attributes with exactly these names; empty if there is none."""
    sets = (known for known in known_attributes.tables if {attribute.name for attribute in known} == set(names))
    return next(sets, ())


def _spelling(values: pl.Series, known: Sequence[Attribute]) -> pl.Series:
    """Values of a column, in the known or else the most frequent spelling among those that differ in case only."""
    counts = dict(values.drop_nulls().value_counts().iter_rows())
    counts |= {
        value: len(values) + 1 for attribute in known if attribute.name == values.name for value in attribute.values
    }
    spellings: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        if len(value) > 1:
            spellings[value.casefold()].append(value)
    one = {
        value: min(alike, key=lambda spelling: (-counts[spelling], spelling))
        for alike in spellings.values()
        for value in alike
        if len(alike) > 1
    }
    return values.replace(one) if one else values


def _changes(
    attributes: Sequence[Attribute], raw: pl.DataFrame, cells: pl.DataFrame, spelt: pl.DataFrame
) -> dict[int, list[AttributeChange]]:
    """The repairs of each line, by its number, in the order of the attributes."""
    changes: dict[int, list[AttributeChange]] = defaultdict(list)
    for name in (attribute.name for attribute in attributes):
        for repair, before, after in (
            (STRAY_SPACES.name, raw[name], cells[name]),
            (LETTER_CASE, cells[name], spelt[name]),
        ):
            for row in np.flatnonzero((before != after).fill_null(value=False).to_numpy()).tolist():
                changes[row].append(AttributeChange(name, repair, before[row], after[row]))
    return changes


def _file_cell(line: bytes, text: dialect.TextFormat, position: int) -> str:
    """The name of the picture in a malformed line, if the fault comes after it."""
    cells = line.decode("utf-8" if text.is_utf16 else text.encoding, "replace").split(text.delimiter)
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


def _attributes(cells: pl.DataFrame) -> tuple[tuple[Attribute, ...], dict[str, str]]:
    """The columns that are attributes, and the reasons why the others are not, by name."""
    attributes, ignored_columns = [], {}
    for column in cells:
        counts = column.drop_nulls().value_counts()
        values = [value for value, count in counts.iter_rows() if count >= LEAST_SHARE * len(column)]
        if not values:
            ignored_columns[column.name] = (
                "it has no value that stands on several lines" if counts.height else "it is empty"
            )
        elif len(values) == 1:
            ignored_columns[column.name] = "it has one value only"
        elif len(values) > MOST_VALUES:
            ignored_columns[column.name] = f"it has more than {MOST_VALUES} different values"
        elif all(map(_NUMBER.fullmatch, values)) and not all(map(_WHOLE.fullmatch, values)):
            ignored_columns[column.name] = "it holds measured numbers"
        elif len(column) > MOST_UNREPEATED_LINES and 2 * len(values) > len(column):
            ignored_columns[column.name] = "most of its values stand on one line only"
        else:
            attributes.append(Attribute(column.name, tuple(sorted(values, key=_by_number))))
    return tuple(attributes), ignored_columns


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
    return tuple(
        Table("attributes", (Column(name, "text", aliases=(name.replace("_", " "),)),)) for name in FILE_COLUMNS
    )


def _table_format(file: AttributeFile) -> dialect.TextFormat:
    text = _format(file.content, file.name)
    if text is None:
        raise UserError(f"{file.name} has no column {', '.join(FILE_COLUMNS[:6])} in its first line; rename a column.")
    return text


def _format(content: bytes, name: str) -> dialect.TextFormat | None:
    """The format of a table, with the column of files as its one column; None if the first line has no such column."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    start = content[:_HEADER_BYTES].decode("utf-16" if is_utf16 else "latin-1", "replace")
    if not _NAMES_A_FILE.search(start):  # detecting the format of any text takes thousands of times as long
        return None

    def attempts() -> Iterator[dialect.TextFormat]:
        for table in _tables():
            try:
                yield dialect.detect(content[: dialect.SAMPLE_BYTES], name, table)
            except UserError:
                continue

    return next(attempts(), None)
