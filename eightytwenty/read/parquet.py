"""Reads Parquet files in pieces, each value as the text that a person would write for it.

A few kilobytes of Parquet can unfold to terabytes, because one value may stand for a million rows. So a file is judged
by what it unfolds to, and the longer its values may be, the fewer rows are read at a time.
"""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eightytwenty.errors import UserError
from eightytwenty.kinds.spelling import typed_text
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.archives import refuse_bomb
from eightytwenty.read.batch import Batch, Piece
from eightytwenty.read.delimited import CHUNK_BYTES, LONGEST_LINE
from eightytwenty.read.dialect import MOST_COLUMNS
from eightytwenty.read.sections import Section
from eightytwenty.schema import Table

DESCRIPTION = "Parquet"
PIECE_ROWS = 1 << 20
_NUMBER_BYTES = 8
_FIRST_ROWS = 100
_SHORT = 256  # bytes of all values of a row; a piece of longer ones has fewer rows
_READABLE = (pl.String, pl.Categorical, pl.Enum, pl.Null, pl.Boolean, pl.Date, pl.Datetime, pl.Time)
# pages are read one by one, not a whole column at once
_OPTIONS = {"pre_buffer": False, "buffer_size": 1 << 18}


@dataclass(frozen=True)
class Columns:
    """The columns of a file with types.

    Args:
        names: the table's columns that the file has: clean name -> name in the file.
        all: the names of all columns.
        constants: columns that the path of the file names, as `year=2024/` does, and their value.
        rows: the number of rows, None if the file does not say it.
        empty: those of the table's columns, which a file may lack, that have no value in the first rows.
    """

    names: dict[str, str]
    all: tuple[str, ...]
    constants: dict[str, str | None]
    rows: int | None = None
    empty: tuple[str, ...] = ()

    @property
    def stored(self) -> list[str]:
        """The names in the file of the table's columns, without those that its path names."""
        return [name for name in self.names.values() if name not in self.constants]

    def completed(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows with the columns that the path names."""
        return rows.with_columns(
            pl.lit(self.constants[name], pl.String).alias(name)
            for name in self.names.values()
            if name in self.constants
        )


def match_columns(
    stream: BinaryIO, name: str, table: Table | AnyTable, packed: int, partitions: dict[str, str | None]
) -> Columns:
    """Finds the table's columns in a Parquet file.

    Args:
        stream: the file.
        name: its name, for messages.
        table: its columns are looked for.
        packed: bytes of the file on the disk.
        partitions: columns that the path of the file names, and their value.

    Raises:
        UserError: the file is damaged or unfolds to far more than its size, a column is missing, or one holds neither
            numbers nor text.
    """
    with damage_explained(f"{name} is a damaged Parquet file"):
        file = pq.ParquetFile(stream, **_OPTIONS)
        fields = file.schema_arrow
    columns = match_schema(fields, name, table, partitions)
    groups = [file.metadata.row_group(group) for group in range(file.num_row_groups)]
    pages, cells = (
        sum(group.total_byte_size for group in groups),
        sum(group.num_rows for group in groups) * len(columns.names),
    )
    refuse_bomb(name, packed, max(pages, cells * _NUMBER_BYTES))
    with damage_explained(f"{name} is damaged after record 0"):
        optional = list(_optional(columns, table).values())
        head = next(file.iter_batches(_FIRST_ROWS, columns=optional), None) if optional else None
    return replace(columns, rows=file.metadata.num_rows, empty=empty_columns(columns, table, head))


def empty_columns(columns: Columns, table: Table | AnyTable, head: pa.RecordBatch | None) -> tuple[str, ...]:
    """Those of the table's columns, which a file may lack, that have no value in the first of these rows."""
    if head is None:
        return ()
    optional = _optional(columns, table)
    return tuple(clean for clean, own in optional.items() if _is_empty(head[own].slice(0, _FIRST_ROWS)))


def _optional(columns: Columns, table: Table | AnyTable) -> dict[str, str]:
    optional = [column.name for column in table.columns if not column.required]
    return {clean: own for clean, own in columns.names.items() if clean in optional and own in columns.stored}


def match_schema(fields: pa.Schema, name: str, table: Table | AnyTable, partitions: dict[str, str | None]) -> Columns:
    """Finds the table's columns among those of a file with types; of any table, all that hold numbers or text.

    Raises:
        UserError: one is missing, or holds neither numbers nor text, or two that are needed have one name.
    """
    if len(fields) > MOST_COLUMNS:
        raise UserError(f"{name} has {len(fields):,} columns, and at most {MOST_COLUMNS:,} are read; leave some out.")
    constants = {column: value for column, value in partitions.items() if column not in fields.names}
    header = [*fields.names, *constants]
    try:
        positions = table.match(header)
    except ValueError as error:
        fault = f"{name} is not a table of {table.name}"
        raise UserError(
            f"{fault}: {error}; name its columns as aliases in the schema, or give another file.", redacted=f"{fault}."
        ) from None
    if isinstance(table, AnyTable):
        stored = {clean: at for clean, at in positions.items() if at >= len(fields) or _is_readable(fields.field(at))}
        if not any(at < len(fields) for at in stored.values()):
            raise UserError(f"{name} has no column of numbers, text or dates; give a table that has one.")
        positions = stored
    columns = {clean: header[position] for clean, position in positions.items()}
    # a column is read by its name
    if again := next((one for one, count in Counter(header).items() if count > 1 and one in columns.values()), None):
        raise UserError(f"{name} has two columns of the name {again}; give each a name of its own.")
    own = [fields.field(column) for column in columns.values() if column not in constants]
    with damage_explained(f"{name} is damaged before record 1"):
        kinds = pl.DataFrame(pl.from_arrow(pa.schema(own).empty_table())).schema
    wide = next((field.name for field in own if pa.types.is_decimal256(field.type)), None)
    if wide:
        raise UserError(f"{name} has numbers of more than 38 digits in its column {wide}; write them as text.")
    for column, kind in kinds.items():
        if not (kind.is_numeric() or kind in _READABLE):
            raise UserError(f"{name} has {kind} in its column {column}; numbers, text or dates are needed.")
    return Columns(columns, tuple(header), constants)


def _is_readable(field: pa.Field) -> bool:
    """Whether the values of a column can be written as text."""
    if pa.types.is_decimal256(field.type):
        return False
    with suppress(pa.ArrowException, pl.exceptions.PolarsError, ValueError, NotImplementedError):
        kind = pl.DataFrame(pl.from_arrow(pa.schema([field]).empty_table())).dtypes[0]
        return kind.is_numeric() or kind in _READABLE
    return False


def _is_empty(values: pa.Array) -> bool:
    texts = pl.Series(values).cast(pl.String, strict=False).str.strip_chars()
    return bool((texts.is_null() | (texts == "")).all())


def read_pieces(
    stream: BinaryIO,
    name: str,
    columns: Columns,
    packed: int,
    piece_rows: int = PIECE_ROWS,
    section: Section | None = None,
) -> Iterator[Piece]:
    """Reads a Parquet file piece by piece.

    Args:
        stream: the file.
        name: its name in row ids.
        columns: from `match_columns`.
        packed: bytes of the file on the disk.
        piece_rows: the most rows in memory at a time; the result does not depend on it.
        section: of whole row groups, the whole file if not given.

    Raises:
        UserError: a page of the file is damaged, a cell is longer than `LONGEST_LINE`, or the file unfolds to far more
            than its size.
    """
    first, unfolded = section.record if section else 1, 0
    for stored in _pieces(stream, name, columns.stored, piece_rows, section):
        unfolded += max(int(stored.estimated_size()), stored.height * len(columns.names) * _NUMBER_BYTES)
        refuse_bomb(name, packed, unfolded)
        rows, records = columns.completed(stored), np.arange(first, first + stored.height, dtype=np.int64)
        yield Piece(name, records, rows, columns.names, None, empty=columns.empty)
        first += rows.height


def parse(piece: Piece, names: list[str]) -> Batch:
    """The cells of a piece as text; `names` are the table's columns, in order."""
    nulls = pl.repeat(None, piece.rows.height, dtype=pl.String, eager=True)
    cells = pl.DataFrame(
        [
            typed_text(piece.rows[piece.columns[column]] if column in piece.columns else nulls).alias(column)
            for column in names
        ]
    )
    return Batch(piece.source, piece.records, cells, nulls.alias("problem"), None, partial(_as_json, cells))


def _pieces(
    stream: BinaryIO, name: str, columns: list[str], most_rows: int, section: Section | None
) -> Iterator[pl.DataFrame]:
    """The rows of a file or a section, at most `most_rows` at a time, and fewer where the values are long."""
    first = section.record if section else 1
    with damage_explained(f"{name} is a damaged Parquet file"):
        file = pq.ParquetFile(stream, **_OPTIONS)
        names = file.schema_arrow.names
        columns = columns or names[:1]  # a file with none of these columns still has records
        texts = [column for column in columns if _may_be_long(file.schema_arrow.field(column).type)]
        dictionaries = pq.ParquetFile(stream, metadata=file.metadata, read_dictionary=texts, **_OPTIONS)
    heights = group_heights(file)
    groups = _groups_of(heights, section)
    with damage_explained(f"{name} is damaged after record 0"):
        longest = {group: _longest_shared(dictionaries, group, texts) for group in groups}
    has_own_names = len(set(names)) == len(names)  # polars reads no file in which two columns have one name
    is_plain = has_own_names and not any(name == "*" or name.startswith("^") for name in columns)  # or patterns
    is_short = max(longest.values(), default=0) <= _SHORT
    if is_plain and is_short and max((heights[group] for group in groups), default=0) <= most_rows:
        pieces = _whole_groups(stream, heights, groups, columns, most_rows)
    else:
        pieces = _cautious_pieces(file, longest, columns, most_rows)
    while True:
        with damage_explained(f"{name} is damaged after record {first - 1}"):
            rows = next(pieces, None)
            if rows is None:
                return
            lengths = [rows[text].cast(pl.String).str.len_bytes() for text in texts]
        if any((length > LONGEST_LINE).any() for length in lengths):
            raise UserError(
                f"{name} has a cell of more than {LONGEST_LINE >> 20} MB after record {first - 1}; "
                "shorten it, or leave its column out."
            )
        if rows.height:
            yield rows
        first += rows.height


def group_heights(file: pq.ParquetFile) -> list[int]:
    """The number of rows of each row group of a file."""
    return [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]


def _groups_of(heights: list[int], section: Section | None) -> range:
    """The row groups of a section, which begins and ends with one; all if there is none."""
    if section is None:
        return range(len(heights))
    ends = np.cumsum(heights)
    return range(int(np.searchsorted(ends, section.start, "right")), int(np.searchsorted(ends, section.stop)) + 1)


def _whole_groups(
    stream: BinaryIO, heights: list[int], groups: range, columns: list[str], most_rows: int
) -> Iterator[pl.DataFrame]:
    """The rows of a file in pieces of whole row groups, by polars, which is four times as fast.

    Args:
        stream: the file.
        heights: the number of rows of each row group.
        groups: to read.
        columns: to read.
        most_rows: at a time; no row group has more.
    """
    # a file on the disk by its name, because polars reads an open one whole
    source = Path(stream.name) if isinstance(stream, io.FileIO) else stream
    ends = np.cumsum(heights)
    start, stop = sum(heights[: groups.start]), sum(heights[: groups.stop])
    while start < stop:
        end = min(stop, int(ends[np.searchsorted(ends, start + most_rows, side="right") - 1]))
        stream.seek(0)  # an open one is read from where it is
        yield pl.scan_parquet(source, glob=False).select(columns).slice(start, end - start).collect()
        start = end


def _cautious_pieces(
    file: pq.ParquetFile, longest: dict[int, int], columns: list[str], most_rows: int
) -> Iterator[pl.DataFrame]:
    """The rows of a file in pieces that stay small whatever they unfold to.

    Args:
        file: the file.
        longest: row group to read -> bytes of a row with the longest values that rows share.
        columns: to read.
        most_rows: at a time.
    """
    for group, row_bytes in longest.items():
        most = max(1, min(most_rows, CHUNK_BYTES // (row_bytes or 1)))
        for piece in file.iter_batches(most, row_groups=[group], columns=columns):
            yield as_frame(_without_dictionaries(piece))


def as_frame(rows: pa.RecordBatch) -> pl.DataFrame:
    """Rows under the names that they have, where polars gives others to columns without one."""
    frame = pl.DataFrame(pl.from_arrow(rows))
    frame.columns = rows.schema.names
    return frame


def _longest_shared(file: pq.ParquetFile, group: int, texts: list[str]) -> int:
    """Bytes of a row if in each column of text it has the longest of the values that rows share."""
    if not texts:
        return 0
    head = next(file.iter_batches(1, row_groups=[group], columns=texts, use_threads=False), None)
    shared = [] if head is None else [column.dictionary for column in head.columns]
    return sum(pc.max(pc.binary_length(values)).as_py() or 0 for values in shared)


def _may_be_long(kind: pa.DataType) -> bool:
    return any(is_kind(kind) for is_kind in (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary))


def _without_dictionaries(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Each value in full, as it counts."""
    columns = [column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in rows]
    return pa.record_batch(columns, names=rows.schema.names)


@contextmanager
def damage_explained(fault: str) -> Iterator[None]:
    """Turns the errors of reading a damaged file into one sentence that begins with `fault`."""
    try:
        yield
    # ValueError comes from names that are no text, among others
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError, ValueError, KeyError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        if "Exceeded size limit" in why:  # of the footer
            why = "more columns or row groups than a footer may have"
        raise UserError(f"{fault} ({why}); write it again.") from None


def _as_json(cells: pl.DataFrame, rows: npt.NDArray[np.int64]) -> list[bytes]:
    """Rows as JSON, in place of original bytes, because a Parquet file has no lines."""
    encoded = cells[rows].select(pl.struct(pl.all()).struct.json_encode())[:, 0]
    return encoded.cast(pl.Binary).to_list()
