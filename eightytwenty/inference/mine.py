"""Finds the rules that a table shows itself, and counts their evidence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl

from eightytwenty.inference.codes import UNKNOWN, Vocabulary
from eightytwenty.inference.conditions import find_conditional
from eightytwenty.inference.dependencies import MOST_DETERMINANTS, CodedColumn, Dependency, find_dependencies
from eightytwenty.inference.domains import with_domains
from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.gather import gather, repaired_cells
from eightytwenty.inference.judge import Judge
from eightytwenty.inference.measures import in_order_of_content
from eightytwenty.inference.near_duplicates import find_near_duplicate_rule
from eightytwenty.inference.references import find_references, reference_values
from eightytwenty.inference.repeats import find_once
from eightytwenty.inference.sample import Sample, read_sample
from eightytwenty.inference.sources import Sources, find_sources, learn_sources, tell
from eightytwenty.inference.spills import find_spills
from eightytwenty.inference.templates import find_templates
from eightytwenty.inference.values import Values
from eightytwenty.mined_rules import Depends, MinedRule, Reference, SourceVotes, Typos, active
from eightytwenty.read.reader import Scan, scan_here
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table

_LONGEST_CONDITION = 60  # characters of a value that stands in the name of a rule
_DTYPES_OF_THINGS = (pl.String, pl.Int64)  # of names, codes and numbers: measures and days refer to nothing


def with_mined_rules(
    table: Table, sample: Sample, files: Sequence[RawFile], key: Sequence[str] = (), scan: Scan = scan_here
) -> Table:
    """A table with the rules that its rows show, and a judge who has their evidence.

    Args:
        table: of the rows.
        sample: of the rows; the rules are found in it.
        files: of the source; the evidence is counted in all their rows.
        key: the columns that tell the records apart, if there are any.
        scan: reads the files.
    """
    cells = repaired_cells(table, in_order_of_content(sample.rows))
    # of a part of the rows, nobody knows what else the sources say of a thing, nor which things there are
    sources = find_sources(cells.texts) if sample.is_whole else None
    things = [name for name, dtype in table.dtypes.items() if dtype in _DTYPES_OF_THINGS]
    references = find_references(cells.texts, things) if sample.is_whole else []
    once = find_once(cells.readable, forms(table)) if sample.is_whole else []
    rules = [rule for rule in mine(cells) if not (sources and _names_things(rule, sources))]
    rules += [*references, *once, *([_source_votes(sources)] if sources else [])]
    told = tell(sources, cells.texts) if sources else None
    mined = replace(table, rules=(*table.rules, *rules))
    evidence = _of_all_rows(mined, Evidence.of(rules, cells, told), sample, files, rules, scan)
    if near_duplicates := find_near_duplicate_rule(table.names, key, mined.rules, evidence):
        mined = replace(mined, rules=(*mined.rules, near_duplicates))
    judge = Judge(evidence, forms(mined))
    # of a sample, nobody knows which other values there are
    return replace(with_domains(mined, judge) if sample.is_whole else mined, judge=judge)


def _names_things(rule: MinedRule, sources: Sources) -> bool:
    """Whether a rule says of which thing a row tells by what is told of it: sources tell the same of many things."""
    return isinstance(rule, Depends) and rule.then == sources.key


def _source_votes(sources: Sources) -> SourceVotes:
    return SourceVotes(sources.source, sources.key, sources.told, sources.copiers)


def with_judge(table: Table, files: Sequence[RawFile], scan: Scan = scan_here) -> Table:
    """A table with a judge, if it has mined rules.

    Args:
        table: with or without a judge. Of rules for which it has no evidence, such as those that a person has added to
            an inferred schema, it is counted in the rows of the files.
        files: of the source. What they hold is known as well where a column refers to another one.
        scan: reads the files.
    """
    known = table.judge.evidence if isinstance(table.judge, Judge) else None
    rules = [rule for rule in active(table.rules) if not known or not known.covers(rule)]
    if not rules or (table.judge and not known):
        return _with_references(table, files, scan)
    sample = read_sample(files, table.names, scan=scan)
    cells = repaired_cells(table, in_order_of_content(sample.rows))
    stated = [rule for rule in rules if isinstance(rule, SourceVotes)] if sample.is_whole else []
    told = [tell(learn_sources(rule.of, rule.sources, rule.told, cells.texts), cells.texts) for rule in stated]
    evidence = Evidence.of(rules, cells, pl.concat(told) if told else None)
    whole = _of_all_rows(table, evidence, sample, files, rules, scan)
    judge = Judge(known.with_more(whole, rules) if known else whole, forms(table))
    return _with_references(replace(table, judge=judge), files, scan)


def _with_references(table: Table, files: Sequence[RawFile], scan: Scan) -> Table:
    """A table whose judge knows all values in files to which columns refer: later ones have things of their own."""
    names = {rule.references for rule in active(table.rules) if isinstance(rule, Reference)}
    if not names or not isinstance(table.judge, Judge):
        return table
    evidence = table.judge.evidence.with_references(reference_values(files, table, names, scan))
    is_new = evidence is not table.judge.evidence
    return replace(table, judge=replace(table.judge, evidence=evidence)) if is_new else table


def _of_all_rows(
    table: Table,
    evidence: Evidence,
    sample: Sample,
    files: Sequence[RawFile],
    rules: Sequence[MinedRule],
    scan: Scan,
) -> Evidence:
    return evidence if sample.is_whole else gather(files, table, rules, evidence, scan)


def read_judge(table: Table, folder: Path) -> Judge | None:
    """The judge whose evidence is in a folder beside the schema of a table; None if there is none."""
    evidence = Evidence.read(folder, active(table.rules))
    return Judge(evidence, forms(table)) if evidence else None


def forms(table: Table) -> dict[str, tuple[str, str]]:
    """Column -> its kind and format."""
    return {column.name: (column.kind, column.format) for column in table.columns}


def mine(cells: Cells) -> list[MinedRule]:
    """The rules that rows show: dependencies, templates, spills and slips."""
    coded, vocabularies = {}, {}
    for name in cells.texts.columns:
        vocabularies[name] = vocabulary = Vocabulary(Values.of(cells.texts[name]))
        codes = vocabulary.encode(cells.texts[name])
        if name in cells.unreadable:
            codes = np.where(cells.unreadable[name].to_numpy(), UNKNOWN, codes)
        coded[name] = CodedColumn(codes, len(vocabulary))
    whole = find_dependencies(coded)
    found = [(one, _where(one, vocabularies)) for one in _strongest([*whole, *find_conditional(coded, whole)])]
    dependencies = [
        Depends(one.when, one.then, where, round(one.holds, 3), one.count)
        for one, where in found
        if all(len(value) <= _LONGEST_CONDITION for _, value in where)
    ]
    return [
        *dependencies,
        *find_templates(cells.texts),
        *find_spills(cells.texts),
        Typos(tuple(cells.texts.columns)),
    ]


def _where(dependency: Dependency, vocabularies: Mapping[str, Vocabulary]) -> tuple[tuple[str, str], ...]:
    """The condition of a dependency in its words, if it has one."""
    if not dependency.where:
        return ()
    column, code = dependency.where
    return ((column, vocabularies[column].values.cells[code]),)


def _strongest(found: list[Dependency]) -> list[Dependency]:
    """At most a few dependencies for each column, those of the whole table first, then those that leave least open."""
    taken: Counter[str] = Counter()
    kept = set()
    for at in sorted(range(len(found)), key=lambda at: (found[at].where is not None, -found[at].lift, at)):
        if taken[found[at].then] < MOST_DETERMINANTS:
            taken[found[at].then] += 1
            kept.add(at)
    return [one for at, one in enumerate(found) if at in kept]
