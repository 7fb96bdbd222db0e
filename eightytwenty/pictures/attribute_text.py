"""Reads the lines of an attribute table as text, whatever its form: delimited, or that of CelebA."""

import codecs
import dataclasses
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.pictures.attribute_files import MALFORMED, AttributeFile, is_sidecar
from eightytwenty.read import delimited
from eightytwenty.read.detect import SAMPLE_BYTES, detect
from eightytwenty.read.dialect import TextFormat
from eightytwenty.schema import Column, Table

FILE_COLUMNS = (
    *("file", "filename", "file_name", "image", "picture", "path", "image_id", "image_name", "image_path"),
    *("filepath", "file_path", "img", "img_path", "image_file"),
)
FILE = "/"  # the column of names of pictures; the others have names in snake_case

_RESERVED_NAMES = {"source", "record"}  # the row id of a clean table
_COUNT = re.compile(rb"(?:\xef\xbb\xbf)?\d+")
_NAMES_A_FILE = re.compile(rf"(?<!\w)(?:{'|'.join(FILE_COLUMNS)})(?!\w)".replace("_", "[_ ]"), re.IGNORECASE)
_HEADER_BYTES = 4_096  # at the start of a table, in which the column of files must be named
_START_BYTES = 1 << 16  # which show whether a file has the form of CelebA


@dataclass(frozen=True)
class TableLines:
    """The lines of a table as text.

    Args:
        name: of the table.
        cells: a column of String for each column of the table, with its name in snake_case, and `FILE`.
        problems: why a line is none; None if it is one.
        originals: the bytes of each line.
        nameless: columns without a name that hold something.
    """

    name: str
    cells: pl.DataFrame
    problems: list[str | None]
    originals: list[bytes]
    nameless: tuple[str, ...] = ()


def is_table(content: bytes) -> bool:
    """Whether a file starts with a header that names a column of files, or like a table of CelebA."""
    return not is_sidecar(content) and (_is_celeba(content) or _format(content, "") is not None)


def column_names(file: AttributeFile) -> frozenset[str]:
    """The names of the columns of a table in snake_case, without that of the files.

    Raises:
        UserError: see `read_lines`.
    """
    start = AttributeFile(file.name, file.content[:SAMPLE_BYTES])
    if _is_celeba(start.content):
        return frozenset(_celeba_header(start))
    text = _table_format(start)
    (file_position,) = text.columns.values()
    return frozenset(_candidate_columns(text.header, file_position, file.name).values())


def read_lines(file: AttributeFile) -> TableLines:
    """Reads a table.

    Raises:
        UserError: the first line names no column of files, or two columns have the same name in snake_case.
    """
    return _read_celeba(file) if _is_celeba(file.content) else _read_delimited(file)


def _read_delimited(file: AttributeFile) -> TableLines:
    """Reads a table of delimited text."""
    text = _table_format(file)
    (file_position,) = text.columns.values()
    columns = {str(file_position): FILE} | _candidate_columns(text.header, file_position, file.name)
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
        for row, name in enumerate(cells[FILE])
    ]
    return TableLines(file.name, cells.with_columns(pl.Series(FILE, named, pl.String)), problems, originals, nameless)


def _is_celeba(content: bytes) -> bool:
    """Whether a file has a line with a number, one with names, and one with the name of a file and as many values."""
    lines = [line.split() for line in content[:_START_BYTES].splitlines()[:3]]
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


def _read_celeba(file: AttributeFile) -> TableLines:
    """Reads a table in the form of CelebA: a count, a header without the column of files, and cells between spaces."""
    positions = _celeba_header(file)
    originals = [line for line in file.content.splitlines()[2:] if line.strip()]
    rows = [line.decode("utf-8", "replace").split() for line in originals]
    width = len(positions) + 1
    problems = [None if len(row) == width else MALFORMED for row in rows]
    cells = {
        name: [None if problem and position else row[position] for row, problem in zip(rows, problems, strict=True)]
        for name, position in {FILE: 0, **positions}.items()
    }
    return TableLines(file.name, pl.DataFrame(cells, dict.fromkeys(cells, pl.String)), problems, originals)


def _file_cell(line: bytes, text: TextFormat, position: int) -> str:
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


def _table_format(file: AttributeFile) -> TextFormat:
    text = _format(file.content, file.name)
    if text is None:
        raise UserError(f"{file.name} has no column {', '.join(FILE_COLUMNS[:6])} in its first line; rename a column.")
    return text


def _format(content: bytes, name: str) -> TextFormat | None:
    """The format of a table, with the column of files as its one column; None if the first line has no such column."""
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    start = content[:_HEADER_BYTES].decode("utf-16" if is_utf16 else "latin-1", "replace")
    if not _NAMES_A_FILE.search(start):  # detecting the format of any text takes thousands of times as long
        return None

    def attempts() -> Iterator[TextFormat]:
        for table in _tables():
            try:
                yield detect(content[:SAMPLE_BYTES], name, table)
            except UserError:
                continue

    return next(attempts(), None)
