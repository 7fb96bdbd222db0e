"""Finds the rules that a table shows itself, and counts their evidence."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.inference.codes import UNKNOWN, Vocabulary
from eightytwenty.inference.dependencies import CodedColumn, Dependency, find_dependencies
from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.gather import gather, repaired_cells
from eightytwenty.inference.judge import Judge
from eightytwenty.inference.measures import in_order_of_content
from eightytwenty.inference.near_duplicates import find_near_duplicate_rule
from eightytwenty.inference.sample import Sample, read_sample
from eightytwenty.inference.sources import Sources, find_sources, learn_sources, tell
from eightytwenty.inference.spills import find_spills
from eightytwenty.inference.templates import find_templates
from eightytwenty.inference.values import Values
from eightytwenty.mined_rules import Depends, MinedRule, SourceVotes, Typos, active
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table

_MOST_DETERMINANTS = 3  # of a column: more of them say the same again


def with_mined_rules(table: Table, sample: Sample, files: Sequence[RawFile], key: Sequence[str] = ()) -> Table:
    """A table with the rules that its rows show, and a judge who has their evidence.

    Args:
        table: of the rows.
        sample: of the rows; the rules are found in it.
        files: of the source; the evidence is counted in all their rows.
        key: the columns that tell the records apart, if there are any.
    """
    cells = repaired_cells(table, in_order_of_content(sample.rows))
    # of a part of the rows, nobody knows what else the sources say of a thing
    sources = find_sources(cells.texts) if sample.is_whole else None
    rules = [*mine(cells), *([_source_votes(sources)] if sources else [])]
    told = tell(sources, cells.texts) if sources else None
    mined = replace(table, rules=(*table.rules, *rules))
    evidence = _of_all_rows(mined, Evidence.of(rules, cells, told), sample, files, rules)
    if near_duplicates := find_near_duplicate_rule(table.names, key, mined.rules, evidence):
        mined = replace(mined, rules=(*mined.rules, near_duplicates))
    return replace(mined, judge=Judge(evidence, forms(mined)))


def _source_votes(sources: Sources) -> SourceVotes:
    return SourceVotes(sources.source, sources.key, sources.told, sources.copiers)


def with_judge(table: Table, files: Sequence[RawFile]) -> Table:
    """A table with a judge, if it has mined rules.

    Args:
        table: with or without a judge. Of rules for which it has no evidence, such as those that a person has added to
            an inferred schema, it is counted in the rows of the files.
        files: of the source.
    """
    known = table.judge.evidence if isinstance(table.judge, Judge) else None
    rules = [rule for rule in active(table.rules) if not known or not known.covers(rule)]
    if not rules or (table.judge and not known):
        return table
    sample = read_sample(files, table.names)
    cells = repaired_cells(table, in_order_of_content(sample.rows))
    stated = [rule for rule in rules if isinstance(rule, SourceVotes)] if sample.is_whole else []
    told = [tell(learn_sources(rule.of, rule.sources, rule.told, cells.texts), cells.texts) for rule in stated]
    evidence = Evidence.of(rules, cells, pl.concat(told) if told else None)
    whole = _of_all_rows(table, evidence, sample, files, rules)
    return replace(table, judge=Judge(known.with_more(whole, rules) if known else whole, forms(table)))


def _of_all_rows(
    table: Table, evidence: Evidence, sample: Sample, files: Sequence[RawFile], rules: Sequence[MinedRule]
) -> Evidence:
    return evidence if sample.is_whole else gather(files, table, rules, evidence)


def read_judge(table: Table, folder: Path) -> Judge | None:
    """The judge whose evidence is in a folder beside the schema of a table; None if there is none."""
    evidence = Evidence.read(folder, active(table.rules))
    return Judge(evidence, forms(table)) if evidence else None


def forms(table: Table) -> dict[str, tuple[str, str]]:
    """Column -> its kind and format."""
    return {column.name: (column.kind, column.format) for column in table.columns}


def mine(cells: Cells) -> list[MinedRule]:
    """The rules that rows show: dependencies, templates, spills and slips."""
    coded = {}
    for name in cells.texts.columns:
        vocabulary = Vocabulary(Values.of(cells.texts[name]))
        codes = vocabulary.encode(cells.texts[name])
        if name in cells.unreadable:
            codes = np.where(cells.unreadable[name].to_numpy(), UNKNOWN, codes)
        coded[name] = CodedColumn(codes, len(vocabulary))
    dependencies = [
        Depends(one.when, one.then, round(one.holds, 3), one.count) for one in _strongest(find_dependencies(coded))
    ]
    return [
        *dependencies,
        *find_templates(cells.texts),
        *find_spills(cells.texts),
        Typos(tuple(cells.texts.columns)),
    ]


def _strongest(found: list[Dependency]) -> list[Dependency]:
    """At most a few dependencies for each column, those that leave least open."""
    taken: Counter[str] = Counter()
    kept = set()
    for at in sorted(range(len(found)), key=lambda at: (-found[at].lift, at)):
        if taken[found[at].then] < _MOST_DETERMINANTS:
            taken[found[at].then] += 1
            kept.add(at)
    return [one for at, one in enumerate(found) if at in kept]
