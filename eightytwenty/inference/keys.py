"""The keys of a table: the columns whose values tell its records apart."""

import itertools
import re
from collections.abc import Mapping

import polars as pl

from eightytwenty.engine.repair import canonical, repair_column
from eightytwenty.inference.column import ColumnEvidence
from eightytwenty.schema import Column

_FEWEST = 20  # records: of fewer, any column may have no value twice
_KINDS = {"code", "integer", "uuid", "category", "date", "timestamp", "email", "text"}
_SURE = {"code", "integer", "uuid"}  # of a column that is a key for good
_NAMED = re.compile(r"(?:^|[^a-z])(?:id|key|uuid|guid|code|nr|no|num|number|index|oid)(?:[^a-z]|$)|id$", re.IGNORECASE)
_MOST_COLUMNS = 12  # of which pairs are looked at, those with the most values first
_RARELY = 2  # times that each value of a pair of columns occurs on average, so that the pair is no coincidence


def find_keys(distinct: pl.DataFrame, columns: Mapping[str, ColumnEvidence]) -> list[tuple[str, ...]]:
    """The single columns that no two different records share; if there is none, the pairs of columns.

    Args:
        distinct: the different rows of the table; equal ones are copies.
        columns: what each column is.
    """
    if distinct.height < _FEWEST:
        return []
    possible = [name for name, seen in columns.items() if seen.kind in _KINDS and not seen.missing]
    counts = {name: distinct[name].n_unique() for name in possible}
    single = [(name,) for name in possible if counts[name] == distinct.height]
    if single:
        return list(single)
    many = sorted(
        (name for name in possible if distinct.height >= _RARELY * counts[name] > _RARELY),
        key=lambda name: -counts[name],
    )
    pairs = itertools.combinations(sorted(many[:_MOST_COLUMNS], key=possible.index), 2)
    return [
        pair
        for pair in pairs
        if counts[pair[0]] * counts[pair[1]] >= distinct.height and distinct.select(pair).n_unique() == distinct.height
    ]


def sure_key(
    keys: list[tuple[str, ...]],
    distinct: pl.DataFrame,
    columns: Mapping[str, Column],
    evidence: Mapping[str, ColumnEvidence],
) -> tuple[str, ...]:
    """The key that is one for good, by its kind and name, or because it numbers the records; empty if there is none.

    Args:
        keys: of the table.
        distinct: the different rows of the table.
        columns: what each column is.
        evidence: for that.
    """
    for key in keys:
        (name, *more), seen = key, evidence[key[0]]
        if more or seen.kind not in _SURE or seen.share < 1 or not (_NAMED.search(name) or _counts(seen)):
            continue
        # two records may have the same key only after their repairs
        repaired = repair_column(distinct[name], columns[name])
        if canonical(repaired.cells, repaired.values).n_unique() == distinct.height:
            return key
    return ()


def _counts(seen: ColumnEvidence) -> bool:
    """Whether the values number the records one by one."""
    ends = [end for end in (seen.low, seen.high) if end and end.lstrip("-").isdecimal()]
    return len(ends) == 2 and int(ends[1]) - int(ends[0]) == seen.distinct - 1
