"""Finds records that were sent more than once, in a table of any number of files and batches.

Memory holds eight bytes per record, a hash of its key, and 24 more for each record whose hash occurs again. Only these
are read a second time, as text, and of them one is kept for each key, so a collision of the first hash costs time and
changes nothing.
"""

from collections import deque
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
_GROUP = ("group", "twin")  # hashes of a key, of 128 bits together, so that no two keys have the same
_MERGED = 1 << 18  # records to add before those of one key are brought together


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
    hashes.clear()  # they take eight bytes a record
    if not len(repeated):
        return Copies(no_records, no_records, no_records), counts

    groups, offset = _Groups(), 0
    for file in files:
        for batch in read(file, table.names):
            low, high = np.searchsorted(repeated, [offset, offset + batch.cells.height])
            if high > low:
                ordinals = repeated[low:high]
                rows = _take(batch, ordinals - offset)
                groups.add(_signatures(table, key_columns, rows, file).with_columns(ordinal=pl.Series(ordinals)))
            offset += batch.cells.height
    return groups.resolve(), counts


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
    """Some rows of a batch."""
    original = batch.original(rows)
    return Batch(
        batch.source, 1, batch.cells[rows], batch.problems[rows], None, lambda indices: [original[i] for i in indices]
    )


def _signatures(table: Table, key: list[str], rows: Batch, file: RawFile) -> pl.DataFrame:
    """Key, repaired and raw cells as one text each, bytes and number of repairs. A broken record has no key."""
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
        bytes=pl.Series(rows.original(np.arange(rows.cells.height)), dtype=pl.Binary),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    return frame.join(repairs, on="row", how="left").with_columns(pl.col("repairs").fill_null(0)).drop("row")


class _Groups:
    """Records by their key. Of each key one record is kept as text, and of the others a number and two more hashes."""

    def __init__(self) -> None:
        self._members: deque[pl.DataFrame] = deque()
        self._kept: list[pl.DataFrame] = []
        self._height = 0  # of what is kept, when it was last merged

    def add(self, records: pl.DataFrame) -> None:
        """Adds records with the columns of `_signatures`, and their ordinals."""
        records = records.drop_nulls("key").with_columns(
            group=pl.col("key").hash(seed=1), twin=pl.col("key").hash(seed=2)
        )
        self._members.append(records.select("ordinal", *_GROUP))
        self._kept.append(_merge(records.with_columns(size=pl.lit(1, pl.Int64), differs=pl.lit(value=False))))
        if sum(piece.height for piece in self._kept) > 2 * self._height + _MERGED:
            self._kept = [_merge(pl.concat(self._kept))]
            self._height = self._kept[0].height

    def resolve(self) -> Copies:
        """Equal after repair: the copy with the fewest repairs stays, in any order. Different: none is trusted."""
        kept = _merge(pl.concat(self._kept)).filter(pl.col("size") > 1)
        groups = kept.select(*_GROUP, "differs", original="ordinal")
        copies, originals, conflicting = [], [], []
        while self._members:  # piece by piece, because the records of a key may be most of the source
            piece = self._members.popleft().join(groups, on=_GROUP, maintain_order="left")
            copy = piece.filter(~pl.col("differs") & (pl.col("ordinal") != pl.col("original")))
            copies.append(copy["ordinal"].to_numpy())
            originals.append(copy["original"].to_numpy())
            conflicting.append(piece.filter("differs")["ordinal"].to_numpy())
        return Copies(np.concatenate(copies), np.concatenate(originals), np.concatenate(conflicting))


def _merge(records: pl.DataFrame) -> pl.DataFrame:
    """One line for each key: the record with the fewest repairs, how many there are, and whether they differ."""
    kept = (
        records.sort("repairs", "raw", "bytes", "ordinal")
        .group_by("key", maintain_order=True)
        .agg(
            pl.col("signature", "raw", "bytes", "repairs", "ordinal", *_GROUP).first(),
            size=pl.col("size").sum(),
            differs=pl.col("differs").any() | (pl.col("signature").n_unique() > 1),
        )
    )
    # as copies, or these texts would keep those of all other records in memory
    return pl.DataFrame(pl.from_arrow(kept.to_arrow(compat_level=pl.CompatLevel.oldest())))
