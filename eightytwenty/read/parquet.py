"""Reads Parquet files in pieces, each value as the text that a person would write for it."""

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.read.batch import Batch
from eightytwenty.schema import Table

BATCH_ROWS = 1 << 20
_DAMAGED = (pl.exceptions.PolarsError, OSError)


def match_columns(stream: BinaryIO, name: str, table: Table) -> tuple[dict[str, str], tuple[str, ...]]:
    """The table's columns in a Parquet file, clean name -> name in the file, and the names of all its columns.

    Raises:
        UserError: the file is damaged, a column is missing, or one holds neither numbers nor text.
    """
    try:
        schema = pl.scan_parquet(stream).collect_schema()
    except _DAMAGED as error:
        raise UserError(f"{name} is a damaged Parquet file ({_first_line(error)}); write it again.") from None
    try:
        columns = {clean: schema.names()[position] for clean, position in table.match(schema.names()).items()}
    except ValueError as error:
        fault, remedy = f"{name} is not a table of {table.name}", "rename its columns."
        raise UserError(f"{fault}: {error}; {remedy}", redacted=f"{fault}; {remedy}") from None
    for column in columns.values():
        if not (schema[column].is_numeric() or schema[column] in (pl.String, pl.Categorical, pl.Enum, pl.Null)):
            raise UserError(f"{name} has {schema[column]} in its column {column}; numbers or text are needed.")
    return columns, tuple(schema.names())


def read_batches(
    stream: BinaryIO, name: str, columns: dict[str, str], names: list[str], batch_rows: int = BATCH_ROWS
) -> Iterator[Batch]:
    """Reads a Parquet file piece by piece; `columns` comes from `match_columns`, the other arguments are as for text.

    Raises:
        UserError: a page of the file is damaged.
    """
    first = 1
    # a file with none of these columns still has records
    file_columns = [columns[column] for column in names if column in columns] or list(columns.values())[:1]
    try:
        pieces = (
            pl.scan_parquet(stream).select(file_columns).collect_batches(chunk_size=batch_rows, maintain_order=True)
        )
        for raw in pieces:
            nulls = pl.repeat(None, raw.height, dtype=pl.String, eager=True)
            cells = pl.DataFrame(
                [_text(raw[columns[column]] if column in columns else nulls, column) for column in names]
            )
            problems = pl.repeat(None, cells.height, dtype=pl.String, eager=True)
            yield Batch(name, first, cells, problems, None, partial(_as_json, cells))
            first += cells.height
    except _DAMAGED as error:
        raise UserError(f"{name} is damaged after record {first - 1} ({_first_line(error)}); write it again.") from None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _as_json(cells: pl.DataFrame, rows: npt.NDArray[np.int64]) -> list[bytes]:
    """Rows as JSON, in place of original bytes, because a Parquet file has no lines."""
    encoded = cells[rows].select(pl.struct(pl.all()).struct.json_encode())[:, 0]
    return encoded.cast(pl.Binary).to_list()


def _text(values: pl.Series, name: str) -> pl.Series:
    """Values as text. A whole number stored as a float is written without a fraction: that is its type, not a fault."""
    if values.dtype.is_float():
        whole = values.is_finite() & (values == values.round()) & (values.abs() < 2**53)
        frame = pl.DataFrame({"value": values, "whole": whole})
        as_integer = pl.col("value").cast(pl.Int64, strict=False).cast(pl.String)
        values = frame.select(pl.when("whole").then(as_integer).otherwise(pl.col("value").cast(pl.String)))[:, 0]
    return values.cast(pl.String).alias(name)
