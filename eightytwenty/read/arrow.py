"""Reads Arrow files, which are also called Feather, and Arrow streams."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.archives import refuse_bomb
from eightytwenty.read.batch import Piece
from eightytwenty.read.parquet import PIECE_ROWS, Columns, as_frame, damage_explained, empty_columns, match_schema
from eightytwenty.schema import Table

DESCRIPTION = "Arrow"
FILE, STREAM = b"ARROW1\0\0", b"\xff\xff\xff\xff"


def match_columns(
    stream: BinaryIO,
    name: str,
    table: Table | AnyTable,
    packed: int,  # noqa: ARG001 - as that of Parquet, whose footer says how much it unfolds to
    partitions: dict[str, str | None],
) -> Columns:
    """The table's columns in an Arrow file; see `eightytwenty.read.parquet.match_columns`.

    Raises:
        UserError: the file is damaged, a column is missing, or one holds neither numbers nor text.
    """
    with damage_explained(f"{name} is a damaged Arrow file"):
        reader = _open(stream)
        columns = match_schema(reader.schema, name, table, partitions)
        head = next(iter(_batches(reader)), None)
        return replace(columns, empty=empty_columns(columns, table, head))


def read_pieces(
    stream: BinaryIO, name: str, columns: Columns, packed: int, piece_rows: int = PIECE_ROWS
) -> Iterator[Piece]:
    """Reads an Arrow file piece by piece.

    Args:
        stream: the file.
        name: its name in row ids.
        columns: from `match_columns`.
        packed: bytes of the file on the disk.
        piece_rows: the most rows in a piece; the result does not depend on it.

    Raises:
        UserError: the file is damaged, or unfolds to far more than its size.
    """
    first, unfolded = 1, 0
    with damage_explained(f"{name} is a damaged Arrow file"):
        batches = iter(_batches(_open(stream)))
    while True:
        with damage_explained(f"{name} is damaged after record {first - 1}"):
            batch = next(batches, None)
        if batch is None:
            return
        unfolded += batch.nbytes
        refuse_bomb(name, packed, unfolded)
        # with none of the table's columns, there are rows all the same
        stored = batch.select(columns.stored or batch.schema.names[:1])
        rows = columns.completed(as_frame(stored))
        for start in range(0, batch.num_rows, piece_rows):
            part = rows[start : start + piece_rows]
            records = np.arange(first, first + part.height, dtype=np.int64)
            yield Piece(name, records, part, columns.names, None, empty=columns.empty)
            first += part.height


def _open(stream: BinaryIO) -> "pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader":
    start = stream.read(len(FILE))
    stream.seek(0)
    return pa.ipc.open_file(stream) if start == FILE else pa.ipc.open_stream(stream)


def _batches(reader: "pa.ipc.RecordBatchFileReader | pa.ipc.RecordBatchStreamReader") -> Iterator[pa.RecordBatch]:
    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        yield from map(reader.get_batch, range(reader.num_record_batches))
    else:
        yield from reader
