"""Asks a registered adder for the sum of every row of a file."""

from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.engine.repair import repair_column
from eightytwenty.read.batch import Batch
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from eightytwenty.schema import Table
from models.adders.network import FloatArray
from schemas.pairs import summands_table
from tasks.adders.registered import RegisteredAdder

COLUMNS = {
    "file": pl.String,
    "record": pl.Int64,
    "a": pl.String,
    "b": pl.String,
    "sum": pl.Int64,
    "raw": pl.Float64,
    "beyond": pl.Boolean,
    "reason": pl.String,
    "original": pl.String,
}
"""The columns of a table of answers: file and record, the numbers as they arrived, the sum (the network's answer,
rounded), the answer before rounding, whether the pair lies beyond the network's domain, and, if there is no sum, the
reason and the record's bytes as they arrived."""


def answer_file(adder: RegisteredAdder, path: Path) -> pl.DataFrame:
    """The network's answer to every record of a file, in the order of the file.

    Numbers are read as cleaning reads them ("seven" is 7), and so are fractions.

    Args:
        adder: the network.
        path: CSV, TSV or Parquet file, also in .gz or .zip, or a folder of them, with columns a and b.

    Returns:
        one row for each record, with `COLUMNS`.

    Raises:
        UserError: the file cannot be read, or has no columns a and b.
    """
    table = summands_table()
    batches = read_batches(open_source(path, table).files, ["a", "b"])
    pieces = [_answer(adder, table, batch) for batch in batches]
    return pl.concat(pieces) if pieces else pl.DataFrame(schema=COLUMNS)


def _answer(adder: RegisteredAdder, table: Table, batch: Batch) -> pl.DataFrame:
    columns = {column.name: batch.cells[column.name] for column in table.columns}
    repaired = [
        repair_column(columns[column.name].clone(), column).cells.cast(pl.Float64, strict=False)
        for column in table.columns
    ]
    numbers = np.column_stack([cells.fill_null(np.nan).to_numpy() for cells in repaired])
    valid = np.isfinite(numbers).all(axis=1) & batch.problems.is_null().to_numpy()
    raw = np.full(len(numbers), np.nan)
    raw[valid] = adder.predict(numbers[valid])
    has_answer = np.isfinite(raw)
    unanswered = np.flatnonzero(~has_answer)
    reasons = {int(row): _reason(columns, numbers, batch.problems, int(row)) for row in unanswered}
    originals = dict(zip(reasons, batch.original(unanswered), strict=True))
    return pl.DataFrame(
        {
            "file": pl.repeat(batch.source, len(raw), eager=True),
            "record": batch.records,
            **columns,
            "sum": pl.Series(np.rint(raw)).fill_nan(None).cast(pl.Int64),
            "raw": pl.Series(raw).fill_nan(None),
            "beyond": pl.Series(adder.is_beyond(numbers)).set(pl.Series(~has_answer), None),
            "reason": _sparse_column(reasons, len(raw)),
            "original": _sparse_column(
                {row: content.decode("utf-8", "backslashreplace") for row, content in originals.items()}, len(raw)
            ),
        }
    )


def _sparse_column(texts: dict[int, str], rows: int) -> pl.Series:
    return pl.repeat(None, rows, dtype=pl.String, eager=True).scatter(list(texts), list(texts.values()))


def _reason(columns: dict[str, pl.Series], numbers: FloatArray, problems: pl.Series, row: int) -> str:
    if problems[row] is not None:
        return str(problems[row])
    for index, (name, cells) in enumerate(columns.items()):
        if cells[row] is None:
            return f"{name} is missing"
        if not np.isfinite(numbers[row, index]):
            return f"{name} is not a number"
    return "the numbers are too large for the network"
