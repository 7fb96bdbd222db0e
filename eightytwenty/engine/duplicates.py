"""Finds records that were sent more than once, in a table of any number of files and pieces.

The hashes of all keys lie on the disk, sorted piece by piece, and are compared range by range. Only records whose hash
occurs again are looked at as text, and of these one is kept for each key, so a collision of the first hash costs time
and changes nothing.
"""

import functools
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.executor import Executor
from eightytwenty.engine.parts import KEYS, Hashes, Part
from eightytwenty.engine.rules import RuleResults, apply_rules
from eightytwenty.read.batch import Batch
from eightytwenty.read.reader import parse
from eightytwenty.schema import Table

Ordinals = npt.NDArray[np.int64]
_GROUP = ("group", "twin")  # hashes of a key, of 128 bits together, so that no two keys have the same
_MERGED = 1 << 18  # records to add before those of one key are brought together
_COMPARED = 1 << 22  # hashes to compare at a time, about; they take eight bytes each


@dataclass(frozen=True)
class Copies:
    """The records that share a key. An ordinal counts the records of all files, from 0.

    Args:
        copies: sorted ordinals of copies of another record.
        originals: for each of `copies`, the ordinal of the record that it copies.
        conflicting: sorted ordinals of records that share a key but differ.
    """

    copies: Ordinals
    originals: Ordinals
    conflicting: Ordinals


def hash_keys(table: Table, results: RuleResults) -> pl.Series:
    """Hashes the key of each record: UInt64, null where a cell of it is missing."""
    keys = results.canonical.select(_key(table))
    hashes = keys.to_series().hash() if keys.width == 1 else keys.hash_rows()
    for column in keys:
        if column.null_count():
            hashes = hashes.set(column.is_null(), None)
    return hashes


def find_copies(table: Table, parts: Sequence[Part], executor: Executor) -> Copies:
    """Finds copies and contradictions by the key of the table's `Unique` rule, which it has.

    Args:
        table: the rules.
        parts: of all files, in order.
        executor: runs the comparison.
    """
    repeated, _ = repeated_hashes(KEYS, parts, executor)
    groups, offset = _Groups(), 0
    for part, records in zip(parts, executor(functools.partial(_candidates, table, repeated), parts), strict=True):
        if records is not None:
            groups.add(records.with_columns(pl.col("ordinal") + offset))
        offset += part.height
    return groups.resolve()


def repeated_hashes(what: str, parts: Sequence[Part], executor: Executor) -> tuple[Hashes, Ordinals]:
    """The hashes that occur more than once in the parts, and how often each does.

    Args:
        what: of the hashes: keys or likenesses.
        parts: of all files.
        executor: runs the comparison.

    Returns:
        (k,) the hashes, sorted, and (k,) their numbers.
    """
    ranges = -(-sum(part.height for part in parts) // _COMPARED)
    edges = [(number << 64) // ranges for number in range(1, ranges)]
    compare = functools.partial(_repeated_hashes, what, parts)
    found = list(executor(compare, zip([0, *edges], [*edges, None], strict=True)))
    return np.concatenate([hashes for hashes, _ in found]), np.concatenate([counts for _, counts in found])


def _key(table: Table) -> list[str]:
    """The columns of the key, in the table's order."""
    return [name for name in table.names if table.unique and name in table.unique.unique]


def _repeated_hashes(what: str, parts: Sequence[Part], bounds: tuple[int, int | None]) -> tuple[Hashes, Ordinals]:
    """The hashes from the first bound to the second, or to the end, that occur more than once, and how often."""
    low, high = bounds
    pieces = []
    for part in parts:
        hashes = part.read_sorted_hashes(what)
        end = len(hashes) if high is None else np.searchsorted(hashes, np.uint64(high))
        # a copy, or the whole would stay in memory
        pieces.append(hashes[np.searchsorted(hashes, np.uint64(low)) : end].copy())
    ordered = np.concatenate(pieces)
    ordered.sort()
    repeated, more = np.unique(ordered[1:][ordered[1:] == ordered[:-1]], return_counts=True)
    return repeated, more.astype(np.int64) + 1


def _candidates(table: Table, repeated: Hashes, part: Part) -> pl.DataFrame | None:
    """The signatures of the records of a part whose hash is among the sorted `repeated`; None if there is none."""
    rows = rows_with(KEYS, repeated, part)
    if not len(rows):
        return None
    piece = part.read_piece(rows)
    batch = parse(piece, table.names)
    return _signatures(table, batch, apply_rules(table, batch, piece.filled)).with_columns(ordinal=pl.Series(rows))


def rows_with(what: str, hashes: Hashes, part: Part) -> Ordinals:
    """The rows of a part whose hash is among some sorted ones."""
    own = part.read_sorted_hashes(what)
    here = hashes[np.searchsorted(own, hashes, "left") < np.searchsorted(own, hashes, "right")]
    if not len(here):
        return np.empty(0, dtype=np.int64)
    is_among = part.read_hashes(what).is_in(pl.Series(here).implode()).fill_null(value=False)
    return np.flatnonzero(is_among.to_numpy()).astype(np.int64)


def _signatures(table: Table, rows: Batch, results: RuleResults) -> pl.DataFrame:
    """Key, repaired and raw cells as one text each, bytes and number of repairs. A broken record has no key."""
    key = _key(table)
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
        if not self._kept:
            return Copies(*[np.empty(0, dtype=np.int64)] * 3)
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
