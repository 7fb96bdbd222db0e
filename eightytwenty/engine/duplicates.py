"""Finds records that were sent more than once, in a table of any number of files and batches.

Eight bytes per record are held in memory: a hash of its key. Only records whose hash occurs again are looked at once
more, as text, so a collision of hashes costs time and changes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.executor import in_order
from eightytwenty.engine.repair import repair
from eightytwenty.engine.rules import apply_rules
from eightytwenty.read.batch import Batch
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Column, Table

Ordinals = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Copies:
    """What is known of records with a repeated key; an ordinal counts the records of all files, from 0.

    Args:
        copies: sorted ordinals of copies of an earlier record.
        originals: the ordinal of which each of `copies` is a copy.
        conflicting: sorted ordinals of records that share a key and differ.
    """

    copies: Ordinals
    originals: Ordinals
    conflicting: Ordinals


def find_copies(
    table: Table, files: list[RawFile], read: Callable[[RawFile, list[str]], Iterator[Batch]]
) -> tuple[Copies, list[int]]:
    """Finds copies and contradictions by the key of the table's `Deduplicate` rule.

    Args:
        table: the rules.
        files: the source, in order.
        read: (file, columns) -> its batches; called twice for each file.

    Returns:
        the copies, and the number of records of each file.
    """
    none = np.empty(0, dtype=np.int64)
    rule = table.deduplicate
    key = next((column for column in table.columns if rule and column.name == rule.key), None)
    counts, hashes = [0] * len(files), []
    wanted = [key.name if key else table.names[0]]

    def hashed(job: tuple[int, Batch]) -> tuple[int, int, pl.Series | None]:
        number, batch = job
        return number, batch.cells.height, _hash(batch.cells[key.name], key) if key else None

    jobs = ((number, batch) for number, file in enumerate(files) for batch in read(file, wanted))
    for number, height, some in in_order(hashed, jobs):
        counts[number] += height
        if some is not None:
            hashes.append(some)
    repeated = _repeated(pl.concat(hashes)) if hashes else none
    if key is None or not len(repeated):
        return Copies(none, none, none), counts

    candidates, offset = [], 0
    for file in files:
        pieces, before = [], offset
        for batch in read(file, table.names):
            low, high = np.searchsorted(repeated, [offset, offset + batch.cells.height])
            if high > low:
                pieces.append(_some(batch, repeated[low:high] - offset))
            offset += batch.cells.height
        if pieces:
            own = repeated[(repeated >= before) & (repeated < offset)]
            candidates.append(_signatures(table, key.name, pieces, file).with_columns(ordinal=pl.Series(own)))
    return _resolve(pl.concat(candidates)), counts


def _hash(cells: pl.Series, key: Column) -> pl.Series:
    """A hash of each repaired key, null where it is missing."""
    cells = repair(cells, key).cells
    return cells.hash().set(cells.is_null(), None) if cells.null_count() else cells.hash()


def _repeated(hashes: pl.Series) -> Ordinals:
    """Ordinals of the records whose hash occurs more than once; a missing key has none and repeats nothing."""
    ordered = np.sort(hashes.drop_nulls().to_numpy())
    twice = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    again = hashes.is_in(pl.Series(twice, dtype=pl.UInt64).implode()).fill_null(value=False)
    return np.flatnonzero(again.to_numpy()).astype(np.int64)


def _some(batch: Batch, rows: Ordinals) -> Batch:
    """Some rows of a batch, copied, so that they do not hold the whole of it in memory."""
    copied = pl.DataFrame(pl.from_arrow(batch.cells[rows].to_arrow(compat_level=pl.CompatLevel.oldest())))
    original = batch.original(rows)
    return Batch(
        batch.source, batch.first, copied, batch.problems[rows], None, lambda some: [original[i] for i in some]
    )


def _signatures(table: Table, key: str, pieces: list[Batch], file: RawFile) -> pl.DataFrame:
    """Key, repaired and raw cells as one text each, bytes and number of repairs of some rows; no row, no key."""
    cells, problems = pl.concat([piece.cells for piece in pieces]), pl.concat([piece.problems for piece in pieces])
    originals = [line for piece in pieces for line in piece.original(np.arange(piece.cells.height))]
    some = Batch(file.name, 1, cells, problems, None, lambda rows: [originals[i] for i in rows])
    applied = apply_rules(table, some, file.columns)
    repairs = applied.ledger.group_by("row").len("repairs")

    def joined(cells: pl.DataFrame, name: str) -> pl.Series:
        # as JSON, so that no cell can look like two
        return cells.select(pl.struct(pl.all()).struct.json_encode().alias(name))[name]

    frame = pl.DataFrame([joined(applied.cells, "signature"), joined(some.cells, "raw")])
    frame = frame.with_columns(
        key=pl.when(some.problems.is_null()).then(applied.cells[key]),
        bytes=pl.Series(originals, dtype=pl.Binary),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    )
    return frame.join(repairs, on="row", how="left").with_columns(pl.col("repairs").fill_null(0)).drop("row")


def _resolve(candidates: pl.DataFrame) -> Copies:
    """Equal after repair: the copy with the fewest repairs stays, whatever the order. Different: none is trusted."""
    groups = (
        candidates.drop_nulls("key")
        .sort("repairs", "raw", "bytes", "ordinal")
        .with_columns(
            size=pl.len().over("key"),
            kinds=pl.col("signature").n_unique().over("key"),
            original=pl.col("ordinal").first().over("key"),
        )
        .filter(pl.col("size") > 1)
        .sort("ordinal")
    )
    copies = groups.filter((pl.col("kinds") == 1) & (pl.col("ordinal") != pl.col("original")))
    conflicting = groups.filter(pl.col("kinds") > 1)
    return Copies(copies["ordinal"].to_numpy(), copies["original"].to_numpy(), conflicting["ordinal"].to_numpy())
