"""Which rows have so much of their own that another row has the same hardly by chance."""

import math
from collections.abc import Iterable, Sequence

import polars as pl

from eightytwenty.engine.equation import Equation
from eightytwenty.inference.evidence import Evidence
from eightytwenty.inference.values import Values
from eightytwenty.mined_rules import Depends, NearDuplicates, Template
from eightytwenty.schema import Check, Rule

# Expected number of pairs of rows in the whole table that are equal by chance and have as rare values as a row: with
# more, rows of two categories would be near duplicates in one table of a hundred.
_BY_CHANCE = 0.01


def find_near_duplicate_rule(
    names: Sequence[str], key: Sequence[str], rules: Iterable[Rule], evidence: Evidence
) -> NearDuplicates | None:
    """The rule on near duplicates of a table; None if all its rows may look alike by chance.

    Args:
        names: of its columns.
        key: the columns that tell its records apart; they do not count.
        rules: of the table.
        evidence: for them.
    """
    columns = [name for name in names if name not in key and name in evidence.vocabularies]
    rarest = 0.0
    for name in telling_columns(columns, rules, evidence):
        values = evidence.vocabularies[name].values
        if len(values):
            lowest = max(int(values.counts.min()) - 2, 0)  # type: ignore[arg-type]
            rarest += math.log(max(lowest, _shared(values)) / _rows(values))
    if not columns or rarest > _enough(evidence, columns):
        return None
    return NearDuplicates(tuple(columns))


def are_own(rules: Sequence[Rule], evidence: Evidence, texts: pl.DataFrame, sizes: pl.Series) -> pl.Series:
    """(n,) Boolean, which rows have enough that is their own.

    Another row has the value of a cell by chance as often as the other rows do that are not like this one. A value that
    no such row has may be shared as often as rare values of the column are. Columns that others determine tell nothing
    new; chances of the others are multiplied.

    Args:
        rules: of the table.
        evidence: for them.
        texts: (n, columns) String, the cells that count.
        sizes: (n,) how many rows are like each, itself among them.
    """
    chance = pl.repeat(0.0, texts.height, dtype=pl.Float64, eager=True)
    for name in telling_columns(texts.columns, rules, evidence):
        values = evidence.vocabularies[name].values
        others = (values.count(texts[name]) - sizes).cast(pl.Float64).clip(lower_bound=_shared(values))
        of_cell = (others / _rows(values)).log()
        chance += of_cell.set(texts[name].is_null(), 0.0)
    return chance <= _enough(evidence, texts.columns)


def _enough(evidence: Evidence, names: Sequence[str]) -> float:
    """The logarithm of a chance that two rows are equal, so low that hardly any two of the table are by chance."""
    counted = [_rows(evidence.vocabularies[name].values) for name in names if name in evidence.vocabularies]
    return math.log(_BY_CHANCE) - 2 * math.log(max(counted, default=1))


def _rows(values: Values) -> int:
    """How many rows were counted, or one, to divide by."""
    return max(values.rows, 1)


def _shared(values: Values) -> float:
    """The share of the rows whose value is not theirs alone, as a number of rows that is not zero."""
    return max(int(values.counts.filter(values.counts > 1).sum()), 1) / _rows(values)


def telling_columns(columns: Sequence[str], rules: Iterable[Rule], evidence: Evidence) -> list[str]:
    """The columns that say what all of them say; of those that say the same, the ones with more values.

    Args:
        columns: of a table.
        rules: of it, which say what determines what.
        evidence: for them.
    """
    determined = [pair for rule in rules if (pair := _determined(rule))]
    telling = [name for name in columns if name in evidence.vocabularies]
    for name in sorted(telling, key=lambda name: len(evidence.vocabularies[name])):
        others = [other for other in telling if other != name]
        if name in _closure(others, determined):
            telling = others
    return telling


def _closure(columns: Iterable[str], determined: Sequence[tuple[frozenset[str], str]]) -> set[str]:
    """Columns, and those that they determine, and so on."""
    known = set(columns)
    while more := {then for when, then in determined if when <= known and then not in known}:
        known |= more
    return known


def _determined(rule: Rule) -> tuple[frozenset[str], str] | None:
    """The column that others determine by a rule in all rows, behind these."""
    if isinstance(rule, Depends) and not rule.where:
        return frozenset(rule.when), rule.then
    if isinstance(rule, Template):
        return frozenset(rule.parts), rule.column
    if isinstance(rule, Check):
        try:
            result, *terms = Equation.parse(rule.check).columns
        except ValueError:
            return None
        return frozenset(terms), result
    return None
