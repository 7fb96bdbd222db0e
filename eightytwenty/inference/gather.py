"""Counts the evidence of mined rules in all rows of a source."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl

from eightytwenty.engine.executor import in_threads
from eightytwenty.engine.repair import repair_column
from eightytwenty.inference.codes import Codes, Vocabulary
from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.groups import Groups
from eightytwenty.inference.values import Values
from eightytwenty.mined_rules import Depends, MinedRule
from eightytwenty.read.batch import Piece
from eightytwenty.read.reader import Pieces, Scan, parse, scan_here
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table


def repaired_cells(table: Table, rows: pl.DataFrame) -> Cells:
    """The cells of rows after the repairs of their columns.

    Args:
        table: of the rows.
        rows: (n, columns) String, as they were read.
    """
    texts, unreadable = {}, {}
    for column in table.written_columns:
        repaired = repair_column(rows[column.name], column)
        cells = repaired.cells
        for rule in table.respells("repair"):
            if rule.column == column.name:
                cells = cells.replace(dict(rule.respell))
        texts[column.name] = cells
        unreadable[column.name] = cells.is_not_null() & repaired.values.is_null()
    return Cells(pl.DataFrame(texts), unreadable)


@dataclass(frozen=True)
class _Counts:
    """What one piece adds.

    Args:
        values: column -> (d,) how often each value of its vocabulary occurs.
        nulls: column -> how many cells are missing.
        groups: name of a dependency -> its groups.
    """

    values: Mapping[str, Codes]
    nulls: Mapping[str, int]
    groups: Mapping[str, Groups]


def gather(
    files: Sequence[RawFile],
    table: Table,
    rules: Iterable[MinedRule],
    evidence: Evidence,
    scan: Scan = scan_here,
) -> Evidence:
    """The evidence of rules, counted in all rows of files instead of a sample of them.

    Only values and groups that the sample has are counted, so that the evidence of any number of rows is bounded; of
    the others, each is rare.

    Args:
        files: of a source.
        table: of the files.
        rules: with evidence.
        evidence: of a sample.
        scan: reads the files.
    """
    dependencies = [rule for rule in rules if isinstance(rule, Depends) and rule.name in evidence.groups]
    count = partial(_count_pieces, table=table, dependencies=dependencies, evidence=evidence)
    counts = _together(scan(files, count), dependencies, evidence)
    vocabularies = {
        name: Vocabulary(Values(vocabulary.values.cells, pl.Series("count", counts.values[name]), counts.nulls[name]))
        for name, vocabulary in evidence.vocabularies.items()
    }
    return replace(evidence, vocabularies=vocabularies, groups=counts.groups).most_frequent_first(dependencies)


def _count_pieces(pieces: Pieces, *, table: Table, dependencies: Sequence[Depends], evidence: Evidence) -> _Counts:
    """Counts some pieces."""
    count = partial(_count, table=table, dependencies=dependencies, evidence=evidence)
    return _together(in_threads(count, pieces), dependencies, evidence)


def _together(found: Iterable[_Counts], dependencies: Sequence[Depends], evidence: Evidence) -> _Counts:
    """The sum of some counts."""
    values = {name: np.zeros(len(vocabulary), np.int64) for name, vocabulary in evidence.vocabularies.items()}
    nulls = dict.fromkeys(values, 0)
    groups: dict[str, list[Groups]] = {rule.name: [] for rule in dependencies}
    for counts in found:
        for name, of_piece in counts.values.items():
            values[name] += of_piece
            nulls[name] += counts.nulls[name]
        for name, of_rule in groups.items():
            of_rule.append(counts.groups[name])
            # as often as the sum doubles, so that each pair is merged a few times only
            while len(of_rule) > 1 and len(of_rule[-2].keys) <= 2 * len(of_rule[-1].keys):
                last = of_rule.pop()
                of_rule[-1] += last
    together = {
        name: sum(of_rule[1:], of_rule[0]) if of_rule else evidence.groups[name] for name, of_rule in groups.items()
    }
    return _Counts(values, nulls, together)


def _count(job: tuple[int, Piece], *, table: Table, dependencies: Sequence[Depends], evidence: Evidence) -> _Counts:
    """Counts one piece."""
    batch = parse(job[1], table.names)
    cells = repaired_cells(table, batch.cells.filter(batch.problems.is_null()))
    of_groups = {name for rule in dependencies for name in rule.columns}
    coded = evidence.encode(cells.texts.select(name for name in cells.texts.columns if name in of_groups))
    values, nulls = {}, {}
    for name, vocabulary in evidence.vocabularies.items():
        codes = vocabulary.encode(cells.texts[name])
        values[name] = np.bincount(codes[codes >= 0], minlength=len(vocabulary))
        nulls[name] = cells.texts[name].null_count()
    groups = {
        rule.name: Groups.of(evidence.keys(rule, coded), coded[rule.then], len(evidence.vocabularies[rule.then]))
        for rule in dependencies
    }
    return _Counts(values, nulls, groups)
