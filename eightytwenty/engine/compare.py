"""Compares the records of all parts with each other: copies, contradictions and near duplicates."""

from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from eightytwenty.engine.duplicates import Copies, Ordinals, find_copies
from eightytwenty.engine.executor import Executor
from eightytwenty.engine.near_duplicates import find_near_duplicates, reasons
from eightytwenty.engine.parts import Part
from eightytwenty.engine.route import Repeats, Router
from eightytwenty.engine.write import FLAGS


def compare_parts(
    router: Router, parts: Sequence[Part], names: list[str], counts: list[int], executor: Executor
) -> list[Part]:
    """The parts of a source after what only the comparison with all others shows.

    Args:
        router: of the table; it has made the parts.
        parts: of all files, in order.
        names: of the files of the source.
        counts: the number of records of each file.
        executor: runs the comparison.
    """
    table = router.table
    if table.unique:
        copies = find_copies(table, parts, executor)
        changed = {part.place: part for part in executor(router.reroute, _repeats(parts, copies, names, counts))}
        parts = [changed.get(part.place, part) for part in parts]
    if table.near_duplicates:
        found = find_near_duplicates(table, parts, executor)
        parts = list(_with_near_duplicates(router, parts, found, names, counts))
    return list(parts)


def _with_near_duplicates(
    router: Router, parts: Sequence[Part], found: pl.DataFrame, names: list[str], counts: list[int]
) -> Iterator[Part]:
    """The parts, with flags for the near duplicates in them."""
    rule = router.table.near_duplicates
    if not rule or found.is_empty():
        yield from parts
        return
    starts, offset = np.concatenate([[0], np.cumsum(counts)[:-1]]), 0
    others = _row_ids(found["other"].to_numpy(), pl.Series(names, dtype=pl.String), starts)
    ids = others.select(pl.format("{}:{}", *others.columns)).to_series()
    flags = found.select(
        "ordinal", pl.lit(rule.name).alias("rule"), reason=reasons(rule, router.table.names, found, ids)
    )
    flags = flags.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in FLAGS.items() if name not in flags)
    for part in parts:
        low, high = np.searchsorted(found["ordinal"].to_numpy(), [offset, offset + part.height]).tolist()
        record = (pl.col("ordinal") - offset + part.first).alias("record")
        yield part.add_flags(router.amended, flags[low:high].select(record, *FLAGS)) if high > low else part
        offset += part.height


def _repeats(parts: Sequence[Part], copies: Copies, names: list[str], counts: list[int]) -> Iterator[Repeats]:
    """The parts that hold copies or contradicting records."""
    starts, offset = np.concatenate([[0], np.cumsum(counts)[:-1]]), 0
    originals = _row_ids(copies.originals, pl.Series(names, dtype=pl.String), starts)
    for part in parts:
        low, high = np.searchsorted(copies.copies, [offset, offset + part.height])
        first, last = np.searchsorted(copies.conflicting, [offset, offset + part.height])
        if high > low or last > first:
            yield Repeats(
                part, copies.copies[low:high] - offset, originals[low:high], copies.conflicting[first:last] - offset
            )
        offset += part.height


def _row_ids(ordinals: Ordinals, names: pl.Series, starts: Ordinals) -> pl.DataFrame:
    """The row ids of records, from their ordinals over all files."""
    file = np.searchsorted(starts, ordinals, side="right") - 1
    return pl.DataFrame({"copy_of_source": names[file], "copy_of_record": ordinals - starts[file] + 1})
