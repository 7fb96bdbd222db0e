"""What inference looks at: all rows of a source, or a sample of them that depends on their content alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from eightytwenty.engine.parts import Hashes
from eightytwenty.kinds.spelling import strip_spaces
from eightytwenty.progress import Progress
from eightytwenty.read.reader import Pieces, Scan, parse, scan_here
from eightytwenty.read.source import RawFile

# Rows of a sample. A share of .9 is known to within .002 from so many, and the first of 30 columns in two seconds.
MOST_ROWS = 100_000


@dataclass(frozen=True)
class Sample:
    """Rows of a source.

    Args:
        rows: String, without the spaces around cells; null where a cell is empty or the file has no such column.
        seen: how many rows the source has.
        broken: how many records are no rows, such as one with too many cells.
    """

    rows: pl.DataFrame
    seen: int
    broken: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether it holds all rows of the source."""
        return self.rows.height == self.seen


def read_sample(
    files: Sequence[RawFile],
    names: list[str],
    most: int | None = None,
    progress: Progress | None = None,
    scan: Scan = scan_here,
) -> Sample:
    """Reads the rows of files, and keeps those whose content has the smallest hashes, whatever their order.

    Args:
        files: of a source.
        names: of their columns.
        most: about how many rows to keep, `MOST_ROWS` if not given; rows that are equal are kept together.
        progress: called with (rows read, about how many there are in all).
        scan: reads the files.
    """
    most = most or MOST_ROWS
    found = list(scan(files, partial(_sample_pieces, names=names, most=most), progress))
    rows = sample_rows((sample.rows for sample in found), names, most).rows
    stripped = rows.select(strip_spaces(pl.all()))
    return Sample(stripped, sum(sample.seen for sample in found), sum(sample.broken for sample in found))


def _sample_pieces(pieces: Pieces, *, names: list[str], most: int) -> Sample:
    """A sample of the rows of some pieces, as they were read."""
    records = 0

    def rows_of_pieces() -> Iterator[pl.DataFrame]:
        nonlocal records
        for _, piece in pieces:
            batch = parse(piece, names)
            records += len(batch.records)
            yield batch.cells.filter(batch.problems.is_null())

    sample = sample_rows(rows_of_pieces(), names, most)
    return replace(sample, broken=records - sample.seen)


def sample_rows(pieces: Iterable[pl.DataFrame], names: list[str], most: int = MOST_ROWS) -> Sample:
    """The rows of some pieces whose content has the smallest hashes, as they are."""
    kept, hashes, seen = [pl.DataFrame(schema=dict.fromkeys(names, pl.String))], [np.empty(0, np.uint64)], 0
    limit = int(np.iinfo(np.uint64).max)
    for rows in pieces:
        seen += rows.height
        if not rows.height:
            continue
        piece_hashes = rows.hash_rows(seed=0).to_numpy()
        is_small = piece_hashes <= limit
        kept.append(rows.filter(is_small))
        hashes.append(piece_hashes[is_small])
        if sum(map(len, hashes)) > 2 * most:
            kept, hashes, limit = _smallest(kept, hashes, most)
    if sum(map(len, hashes)) > most:
        kept, hashes, limit = _smallest(kept, hashes, most)
    rows = pl.concat(kept)
    return Sample(rows, seen)


def _smallest(
    kept: list[pl.DataFrame], hashes: list[Hashes], most: int
) -> tuple[list[pl.DataFrame], list[Hashes], int]:
    together = np.concatenate(hashes)
    limit = int(np.partition(together, most - 1)[most - 1])
    is_small = together <= limit
    return [pl.concat(kept).filter(is_small)], [together[is_small]], limit
