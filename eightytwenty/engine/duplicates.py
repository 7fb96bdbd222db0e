"""Finds records that were sent more than once, in a table of any number of files and batches.

Memory holds eight bytes per record: a hash of its key. Only records whose hash occurs again are read a second time, as
text, so a hash collision costs time and changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.equation import Equation
from eightytwenty.engine.executor import in_order
from eightytwenty.engine.repair import canonical, repair_column
from eightytwenty.engine.rules import apply_rules
from eightytwenty.read.batch import Batch
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table

Ordinals = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """The records that share a key. An ordinal counts the records of all files, from 0.

    Args:
        copies: sorted ordinals of copies of an earlier record.
        originals: for each of `copies`, the ordinal of the record that it copies.
        conflicting: sorted ordinals of records that share a key but differ.
    """

    copies: Ordinals
    originals: Ordinals
    conflicting: Ordinals


def find_copies(
    table: Table, files: list[RawFile], read: Callable[[RawFile, list[str]], Iterator[Batch]]
) -> tuple[Copies, list[int]]:
    """Finds copies and contradictions by the key of the table's `Unique` rule.

    Args:
        table: the rules.
        files: the source, in order.
        read: (file, columns) -> its batches; called twice for each file.

    Returns:
        The copies, and the number of records of each file.
    """
    no_records = np.empty(0, dtype=np.int64)
    key = [column for column in table.columns if table.unique and column.name in table.unique.unique]
    counts, hashes = [0] * len(files), []
    key_columns = [column.name for column in key]
    # a key that a rule may fill in is known only when the rules have been applied
    is_imputed = any(set(key_columns) & set(Equation.parse(rule.impute).columns) for rule in table.imputes)

    def hash_batch(job: tuple[int, Batch]) -> tuple[int, int, pl.Series | None]:
        number, batch = job
        if not key:
            return number, batch.cells.height, None
        if is_imputed:
            keys = apply_rules(table, batch, files[number].columns).canonical.select(key_columns)
        else:
            repaired = [repair_column(batch.cells[column.name], column) for column in key]
            keys = pl.DataFrame([canonical(column.cells, column.values) for column in repaired])
        return number, batch.cells.height, _hash(keys)

    names = table.names if is_imputed else key_columns or table.names[:1]
    jobs = ((number, batch) for number, file in enumerate(files) for batch in read(file, names))
    for number, height, batch_hashes in in_order(hash_batch, jobs):
        counts[number] += height
        if batch_hashes is not None:
            hashes.append(batch_hashes)
    repeated = _repeated_ordinals(pl.concat(hashes)) if hashes else no_records
    if not len(repeated):
        return Copies(no_records, no_records, no_records), counts

    candidates, offset = [], 0
    for file in files:
        pieces, before = [], offset
        for batch in read(file, table.names):
            low, high = np.searchsorted(repeated, [offset, offset + batch.cells.height])
            if high > low:
                pieces.append(_take(batch, repeated[low:high] - offset))
            offset += batch.cells.height
        if pieces:
            own = repeated[(repeated >= before) & (repeated < offset)]
            candidates.append(_signatures(table, key_columns, pieces, file).with_columns(ordinal=pl.Series(own)))
    return _resolve(pl.concat(candidates)), counts


def _hash(keys: pl.DataFrame) -> pl.Series:
    """Hashes each key; null where a cell of it is missing."""
    hashes = keys.to_series().hash() if keys.width == 1 else keys.hash_rows()
    for column in keys:
        if column.null_count():
            hashes = hashes.set(column.is_null(), None)
    return hashes


def _repeated_ordinals(hashes: pl.Series) -> Ordinals:
    """Ordinals of the records whose hash occurs more than once. A missing key has no hash and repeats nothing."""
    ordered = np.sort(hashes.drop_nulls().to_numpy())
    repeats = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    is_repeated = hashes.is_in(pl.Series(repeats, dtype=pl.UInt64).implode()).fill_null(value=False)
    return np.flatnonzero(is_repeated.to_numpy()).astype(np.int64)


def _take(batch: Batch, rows: Ordinals) -> Batch:
    """Copies some rows of a batch, so that they do not keep the whole batch in memory."""
    copied = pl.DataFrame(pl.from_arrow(batch.cells[rows].to_arrow(compat_level=pl.CompatLevel.oldest())))
    original = batch.original(rows)
    return Batch(
        batch.source, batch.first, copied, batch.problems[rows], None, lambda indices: [original[i] for i in indices]
    )


def _signatures(table: Table, key: list[str], pieces: list[Batch], file: RawFile) -> pl.DataFrame:
    """Key, repaired and raw cells as one text each, bytes and number of repairs. A broken record has no key."""
    cells, problems = pl.concat([piece.cells for piece in pieces]), pl.concat([piece.problems for piece in pieces])
    originals = [line for piece in pieces for line in piece.original(np.arange(piece.cells.height))]
    rows = Batch(file.name, 1, cells, problems, None, lambda indices: [originals[i] for i in indices])
    results = apply_rules(table, rows, file.columns)
    repairs = results.ledger.group_by("row").len("repairs")

    def join_cells(cells: pl.DataFrame, name: str) -> pl.Series:
        # as JSON, so that no cell can look like two cells
        return cells.select(pl.struct(pl.all()).struct.json_encode().alias(name))[name]

    values = results.canonical
    has_gap = values.select(pl.any_horizontal(pl.col(key).is_null()))[:, 0]
    frame = pl.DataFrame([join_cells(values, "signature"), join_cells(rows.cells, "raw")])
    frame = frame.with_columns(
        key=pl.when(rows.problems.is_null() & ~has_gap).then(join_cells(values.select(key), "key")),
        bytes=pl.Series(originals, dtype=pl.Binary),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    return frame.join(repairs, on="row", how="left").with_columns(pl.col("repairs").fill_null(0)).drop("row")


def _resolve(candidates: pl.DataFrame) -> Copies:
    """Equal after repair: the copy with the fewest repairs stays, in any order. Different: none of them is trusted."""
    groups = (
        candidates.drop_nulls("key")
        .sort("repairs", "raw", "bytes", "ordinal")
        .with_columns(
            size=pl.len().over("key"),
            variants=pl.col("signature").n_unique().over("key"),
            original=pl.col("ordinal").first().over("key"),
        )
        .filter(pl.col("size") > 1)
        .sort("ordinal")
    )
    copies = groups.filter((pl.col("variants") == 1) & (pl.col("ordinal") != pl.col("original")))
    conflicting = groups.filter(pl.col("variants") > 1)
    return Copies(copies["ordinal"].to_numpy(), copies["original"].to_numpy(), conflicting["ordinal"].to_numpy())
