"""Dependencies that hold in a part of a table only: in one country, a zip code determines the city.

Each value of a column of few values is a condition. All of them are tried at once: two rows of a group are compared in
all columns, and for each condition those pairs are counted that keep it and agree. A dependency that looks good then is
tried in all rows of the part. So many are tried that some hold by chance, and one is taken only if that is unlikely
for all of them together.
"""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from eightytwenty.inference.chance import log_chance
from eightytwenty.inference.codes import Codes
from eightytwenty.inference.dependencies import (
    COVERED,
    MOST_COLUMNS,
    MOST_DETERMINANTS,
    REPEATS,
    CodedColumn,
    Dependency,
    Trial,
    random_order,
    rows_of_whole_groups,
)
from eightytwenty.inference.groups import Mask

# A condition is one of a few values that nearly all rows have: the United States have 56 states and territories.
_MOST_VALUES, _OF_FREQUENT = 60, 0.9
_FEWEST_ROWS, _FEWEST_GROUPS = 50, 10  # that keep a condition; of fewer, nobody would make a rule
_MOST_ROWS = 0.8  # of the table; what holds in more of it holds in the table
_HOLDS, _LIFT = 0.95, 0.9  # in the part; more than in a whole table, which many columns would contradict
_BETTER = 0.2  # lift in the part above that in the other rows: otherwise it is one dependency, with mistakes
_BY_CHANCE = math.log(0.001)  # of any dependency in a table in which none holds
# To look good, pairs of rows must agree nearly as often as the dependency demands.
_FEWEST_PAIRS, _LOOKS_GOOD = 10, 0.8
_MOST_CONDITIONS, _MOST_PAIRS, _MOST_TRIED, _MOST_FOUND = 50, 5_000, 50, 20  # bounds on the time and on what is read


@dataclass(frozen=True)
class _Coded:
    """A table of n rows and its k conditions.

    Args:
        names: of the columns.
        columns: of the table.
        codes: (n, columns) of its cells.
        conditions: (k, 2) the number of a column and the code of its value.
        are_kept: (n, k) whether a row keeps each.
    """

    names: Sequence[str]
    columns: Sequence[CodedColumn]
    codes: npt.NDArray[np.int32]
    conditions: Codes
    are_kept: Mask

    @classmethod
    def of(cls, columns: Mapping[str, CodedColumn]) -> "_Coded":
        coded = list(columns.values())
        codes = np.stack([column.codes for column in coded], axis=1).astype(np.int32)
        conditions = _conditions(coded)
        return cls(list(columns), coded, codes, conditions, codes[:, conditions[:, 0]] == conditions[:, 1])

    @cached_property
    def _by_chance(self) -> dict[tuple[int, int], float]:
        return {}

    def by_chance(self, condition: int, column: int) -> float:
        """How likely two rows that keep a condition have the same value in a column; 1 if there are no two."""
        if (condition, column) not in self._by_chance:
            counts = np.bincount(self.codes[self.are_kept[:, condition], column] + 2)[2:].astype(float)
            rows = counts.sum()
            equal = float((counts * (counts - 1)).sum())
            self._by_chance[condition, column] = equal / (rows * (rows - 1)) if rows > 1 else 1.0
        return self._by_chance[condition, column]


@dataclass(frozen=True)
class _Trying:
    """A dependency that looks good.

    Args:
        by_chance: log of the probability that as many pairs of rows agree by chance.
        when: the number of the column that makes the groups.
        then: that of the other one.
        condition: that of the condition.
    """

    by_chance: float
    when: int
    then: int
    condition: int

    def as_pair(self, table: _Coded) -> tuple[frozenset[str], str]:
        """The dependency on two columns that says the same of all conditions on one column."""
        both = (self.when, int(table.conditions[self.condition, 0]))
        return frozenset(table.names[number] for number in both), table.names[self.then]

    def found(self, table: _Coded, trial: Trial) -> Dependency:
        """The same with what was counted in the rows that keep the condition."""
        column, value = table.conditions[self.condition].tolist()
        where = (table.names[column], value)
        return Dependency(
            (table.names[self.when],), table.names[self.then], trial.groups, trial.holds, trial.lift, where
        )


def find_conditional(columns: Mapping[str, CodedColumn], known: Sequence[Dependency]) -> list[Dependency]:
    """The dependencies of one column on another that hold where a third one has a certain value.

    Args:
        columns: name -> its codes, in the order of the table; at most the first 100 are looked at.
        known: the dependencies that hold in the whole table.
    """
    columns = dict(itertools.islice(columns.items(), MOST_COLUMNS))
    if len(columns) < 3 or len(next(iter(columns.values())).codes) < _FEWEST_ROWS:
        return []
    table = _Coded.of(columns)
    if not len(table.conditions):
        return []
    is_known = _is_known(table.names, known)
    looked = [_look(table, when, is_known[when]) for when in range(len(table.names))]
    tests = sum(number for _, number in looked)
    pairs = {(frozenset(one.when), one.then) for one in known if len(one.when) == 2}
    tried = [trying for found, _ in looked for trying in found if trying.as_pair(table) not in pairs]
    tried = sorted(tried, key=lambda trying: (trying.by_chance, trying.when, trying.then, trying.condition))
    found = [one for trying in tried[:_MOST_TRIED] if (one := _dependency(trying, table, math.log(tests)))]
    return _on_best_column(found)[:_MOST_FOUND]


def _is_known(names: Sequence[str], known: Sequence[Dependency]) -> Mask:
    """(columns, columns) whether a column determines another one, itself, or one of which enough is known."""
    determinants = Counter(one.then for one in known)
    is_known = np.tile([determinants[name] >= MOST_DETERMINANTS for name in names], (len(names), 1))
    np.fill_diagonal(is_known, val=True)
    for one in known:
        if len(one.when) == 1:
            is_known[names.index(one.when[0]), names.index(one.then)] = True
    return is_known


def _conditions(columns: Sequence[CodedColumn]) -> Codes:
    """(k, 2) the numbers of columns of few values, and the codes of those that enough rows have, and not nearly all."""
    found = []
    for number, column in enumerate(columns):
        told = column.codes[column.codes >= 0]
        counts = np.bincount(told, minlength=column.size)
        frequent = np.flatnonzero(counts >= _FEWEST_ROWS)
        if 2 <= len(frequent) <= _MOST_VALUES and counts[frequent].sum() >= _OF_FREQUENT * len(told):
            found += [(int(counts[value]), number, int(value)) for value in frequent]
    # those with most rows first, because they tell most
    found = sorted(one for one in found if one[0] <= _MOST_ROWS * len(columns[0].codes))[::-1][:_MOST_CONDITIONS]
    return np.array([one[1:] for one in found], np.int64).reshape(-1, 2)


def _look(table: _Coded, when: int, is_known: Mask) -> tuple[list[_Trying], int]:
    """The dependencies on one column that look good under a condition, and how many were looked at.

    Args:
        table: of the column.
        when: its number.
        is_known: (columns,) those of which it need not be asked.
    """
    column = table.columns[when]
    if column.size < _FEWEST_GROUPS or column.repeats < REPEATS:
        return [], 0
    left, right = _pairs_of_rows(column)
    values, others = table.codes[left], table.codes[right]
    are_told = (values >= 0) & (others >= 0)
    kept = table.are_kept[left] & table.are_kept[right]
    told = _together(kept, are_told)
    equal = _together(kept, are_told & (values == others)) / np.maximum(told, 1)
    of_column = table.conditions[:, 0]
    is_looked_at = (told >= _FEWEST_PAIRS) & ~is_known
    is_looked_at[of_column == when] = False
    is_looked_at[np.arange(len(of_column)), of_column] = False
    found = []
    for condition, then in np.argwhere(is_looked_at & (equal >= _LOOKS_GOOD)).tolist():
        share, pairs = float(equal[condition, then]), int(told[condition, then])
        by_chance = log_chance(share * pairs, pairs, table.by_chance(condition, then))
        if by_chance <= _BY_CHANCE:
            found.append(_Trying(by_chance, when, then, condition))
    return found, int(is_looked_at.sum())


def _together(some: Mask, others: Mask) -> Codes:
    """(k, m) in how many of p rows each of some columns and each of the others are true, for (p, k) and (p, m)."""
    first, second = (_packed(mask) for mask in (some, others))
    counts: Codes = np.bitwise_count(first[:, None] & second).sum(axis=2, dtype=np.int64)
    return counts


def _packed(mask: Mask) -> npt.NDArray[np.uint64]:
    """(m, words) the columns of (p, m), 64 rows in a word: so many are counted at once."""
    whole = np.zeros((mask.shape[1], -(-len(mask) // 64) * 64), dtype=bool)
    whole[:, : len(mask)] = mask.T
    return np.packbits(whole, axis=1).view(np.uint64)


def _pairs_of_rows(column: CodedColumn) -> tuple[Codes, Codes]:
    """Rows and others of their groups, about as many of each group, if it has so many."""
    rows = rows_of_whole_groups(column)
    rows = rows[column.codes[rows] >= 0]
    rows = rows[np.argsort(column.codes[rows], kind="stable")]
    groups = column.codes[rows]
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    place = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
    is_pair = (place[1:] > 0) & (place[1:] <= max(1, _MOST_PAIRS // max(len(starts), 1)))
    at = np.flatnonzero(is_pair)
    at = at[:: -(-len(at) // _MOST_PAIRS) or 1]
    return rows[at], rows[at + 1]


def _dependency(trying: _Trying, table: _Coded, log_tests: float) -> Dependency | None:
    """A dependency that looks good, if it holds in the rows that keep the condition, and not as well in the others.

    Args:
        trying: the dependency.
        table: in which it may hold.
        log_tests: log of how many were looked at.
    """
    when, then = table.columns[trying.when], table.columns[trying.then]
    rows = rows_of_whole_groups(when)
    is_kept = table.are_kept[rows, trying.condition]
    inside, outside = (
        Trial.of(when.codes[part], then.only(part), random_order(len(part))) for part in (rows[is_kept], rows[~is_kept])
    )
    dependency = trying.found(table, inside)
    if not inside.has_groups(_FEWEST_GROUPS, COVERED, int(is_kept.sum())) or inside.rows < _FEWEST_ROWS:
        return None
    if inside.holds < _HOLDS or inside.lift < max(_LIFT, outside.lift + _BETTER):
        return None
    # a group is one try, because its rows may be copies of each other
    rate = max(inside.by_chance, outside.holds)
    by_chance = log_chance(dependency.count * inside.holds, dependency.count, rate)
    return dependency if by_chance + log_tests <= _BY_CHANCE else None


def _on_best_column(found: Sequence[Dependency]) -> list[Dependency]:
    """The dependencies, of those between two columns only the ones on the column by which they hold in most rows."""
    rows: Counter[tuple[tuple[str, ...], str, str]] = Counter()
    for one in found:
        if one.where:
            rows[one.when, one.then, one.where[0]] += int(one.groups.counts.sum())
    best: dict[tuple[tuple[str, ...], str], str] = {}
    for (when, then, column), _ in rows.most_common():
        best.setdefault((when, then), column)
    return [one for one in found if one.where and best[one.when, one.then] == one.where[0]]
