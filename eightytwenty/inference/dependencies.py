"""Which columns of a table determine others: the rows of a group have the same value, but for mistakes.

A dependency is taken for one if the other rows of a group predict the value of a row far better than rows that were
put together by chance. A column that is nearly constant is predicted well by any rows, and so nothing depends on it.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eightytwenty.inference.codes import Codes, combine
from eightytwenty.inference.groups import Floats, Groups

_FEWEST_ROWS, _FEWEST_GROUPS = 10, 3
COVERED = 0.2  # of the rows are in groups of two or more
_LIFT, _HOLDS = 0.7, 0.8  # of what chance does not predict, the share that the group does; of all rows
# Where more rows are wrong, the rest must be plainly noise: no two of them agree more often than by chance.
_LIFT_IN_NOISE, _STICKINESS, _SIGMAS = 0.35, 0.15, 10.0
# In a nearly constant column, a few mistakes hide that the rare values go with their groups: without the values that
# win no group, which are at most a tenth of the rows, the groups must predict nearly all.
_SETTLED, _LIFT_OF_SETTLED = 0.9, 0.9
REPEATS = 1.3  # times that a value of a determining column occurs on average
_REPEATS_OF_PAIRED = 5.0  # the same for one of two columns that determine a third together
_MOST_PAIRED = 12  # columns of which pairs are tried, those with the fewest values first
_FEWEST_GROUPS_OF_PAIR, _COVERED_BY_PAIR, _ROWS_OF_PAIR = 5, 0.5, 3
_LIFT_OF_PAIR, _BETTER, _LESS_OPEN = 0.9, 0.2, 0.3  # a pair must leave much less open than each of its columns
_OPEN = 0.97  # lift of one column that leaves nothing to be said by a pair
MOST_COLUMNS = 100  # of a table in which all ordered pairs are tried
MOST_DETERMINANTS = 3  # of a column: more of them say the same again
# Rows in which a dependency is sought. Of columns with more values than that, whole groups are taken, because a part of
# a small group says nothing.
_MOST_ROWS, _MANY_VALUES = 30_000, 1_000


@dataclass(frozen=True)
class CodedColumn:
    """A column of n rows as codes.

    Args:
        codes: (n,) of the cells that can be counted, negative for others.
        size: how many values there are.
    """

    codes: Codes
    size: int

    def only(self, rows: Codes) -> "CodedColumn":
        """Some of the rows."""
        return self if len(rows) == len(self.codes) else CodedColumn(self.codes[rows], self.size)

    @property
    def repeats(self) -> float:
        """How often a value occurs on average."""
        told = self.codes[self.codes >= 0]
        return len(told) / max(len(np.unique(told)), 1)


@dataclass(frozen=True)
class Dependency:
    """That some columns determine another.

    Args:
        when: their names.
        then: the name of the other.
        groups: that they make.
        holds: the share of rows whose value the others of their group predict.
        lift: the same, as a share of what chance does not predict.
        where: a column and the code of its value in the rows of which that is said; None if it is all rows.
    """

    when: tuple[str, ...]
    then: str
    groups: Groups
    holds: float
    lift: float
    where: tuple[str, int] | None = None

    @property
    def count(self) -> int:
        """How many groups of two rows or more there are."""
        return int((self.groups.rows >= 2).sum())


def find_dependencies(columns: Mapping[str, CodedColumn]) -> list[Dependency]:
    """The dependencies of a table, those on single columns first.

    Args:
        columns: name -> its codes, in the order of the table; at most the first 100 are looked at.
    """
    columns = dict(itertools.islice(columns.items(), MOST_COLUMNS))
    height = len(next(iter(columns.values())).codes) if columns else 0
    if height < _FEWEST_ROWS:
        return []
    repeats = {name: column.repeats for name, column in columns.items()}
    determined = [name for name, column in columns.items() if column.size >= 2 and repeats[name] > 1]
    lifts: dict[tuple[str, str], float] = {}
    found = []
    for when, column in columns.items():
        if column.size < 2 or repeats[when] < REPEATS:
            continue
        rows = rows_of_whole_groups(column)
        shuffled = random_order(len(rows))
        for then in determined:
            if then == when:
                continue
            tried = Trial.of(column.codes[rows], columns[then].only(rows), shuffled)
            lifts[when, then] = tried.lift
            if tried.is_accepted(len(rows)):
                found.append(Dependency((when,), then, tried.groups, tried.holds, tried.lift))
    strong = {(one.when[0], one.then) for one in found}
    small = [name for name in columns if columns[name].size >= 2 and repeats[name] >= _REPEATS_OF_PAIRED]
    return found + list(_of_pairs(columns, small, determined, strong, lifts))


def rows_of_whole_groups(column: CodedColumn) -> Codes:
    """The rows in which dependencies on a column are sought: all of them, or so many that tell."""
    height = len(column.codes)
    if height <= _MOST_ROWS or column.size <= _MANY_VALUES:
        return np.arange(min(height, _MOST_ROWS))
    # a fair sample of the groups: codes times a large odd number are as good as random
    mixed = (column.codes.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(32)
    return np.flatnonzero((column.codes >= 0) & (mixed < np.uint64(2**32 * _MOST_ROWS / height)))


def random_order(height: int) -> Codes:
    """The rows in random order, as a measure of chance; the seed makes a run repeatable."""
    return np.random.default_rng(0).permutation(height)


def _of_pairs(
    columns: Mapping[str, CodedColumn],
    small: Sequence[str],
    determined: Sequence[str],
    strong: set[tuple[str, str]],
    lifts: Mapping[tuple[str, str], float],
) -> Iterator[Dependency]:
    """The dependencies on two columns together, of which neither determines the other."""
    tried = sorted(small, key=lambda name: columns[name].size)[:_MOST_PAIRED]
    height = min(len(next(iter(columns.values())).codes), _MOST_ROWS)
    columns = {name: column.only(np.arange(height)) for name, column in columns.items()}
    shuffled = random_order(height)
    for pair in itertools.combinations([name for name in columns if name in tried], 2):
        if pair in strong or pair[::-1] in strong:
            continue
        keys = combine([columns[name].codes for name in pair], [columns[name].size for name in pair])
        for then in determined:
            alone = max(lifts.get((name, then), 0.0) for name in pair)
            if then in pair or alone > _OPEN:
                continue
            trial = Trial.of(keys, columns[then], shuffled)
            if trial.is_accepted_pair(len(keys), alone):
                yield Dependency(pair, then, trial.groups, trial.holds, trial.lift)


@dataclass(frozen=True)
class Trial:
    """How well groups predict values, and how well they would by chance.

    Args:
        groups: what is tried.
        right: rows whose value the others of their group predict.
        rows: in groups of two or more.
        by_chance: the share of the rows that groups put together at random predict.
        settled: lift among the rows whose value wins some group, if these are nearly all.
    """

    groups: Groups
    right: float
    rows: int
    by_chance: float
    settled: float = 0.0

    @classmethod
    def of(cls, keys: Codes, column: CodedColumn, shuffled: Codes) -> "Trial":
        """Tries the groups of n rows.

        Args:
            keys: (n,) the group of each row.
            column: with the values of the rows.
            shuffled: (n,) the rows in random order.
        """
        groups = Groups.of(keys, column.codes, column.size)
        if len(groups.starts) < _FEWEST_GROUPS:
            return cls(groups, 0.0, 0, 1.0)
        right, rows = groups.predicted(np.ones(column.size))
        # what an ordinary majority hardly predicts, no other does
        if rows < _FEWEST_ROWS or right < _LIFT_IN_NOISE / 2 * rows:
            return cls(groups, right, rows, 1.0)
        weights = groups.weights(groups.noise)
        right, rows = groups.predicted(weights)
        random = Groups.of(keys[shuffled], column.codes, column.size)
        chance, of = random.predicted(random.weights(groups.noise))
        return cls(groups, right, rows, chance / max(of, 1), _settled_lift(groups, random, weights))

    @property
    def holds(self) -> float:
        """The share of the rows whose value is predicted."""
        return self.right / self.rows if self.rows else 0.0

    @property
    def lift(self) -> float:
        """The same, as a share of what chance does not predict."""
        return (self.holds - self.by_chance) / (1 - self.by_chance) if self.by_chance < 1 else 0.0

    @property
    def _sigmas(self) -> float:
        """By how many standard deviations more rows are predicted than by chance."""
        spread = float(max(self.by_chance * (1 - self.by_chance) * self.rows, 1.0) ** 0.5)
        return float((self.right - self.by_chance * self.rows) / spread)

    def has_groups(self, fewest: int, share: float, height: int) -> bool:
        """Whether there are enough groups of two rows or more, and a share of so many rows is in them."""
        return self.rows >= share * height and int((self.groups.rows >= 2).sum()) >= fewest

    def is_accepted(self, height: int) -> bool:
        """Whether one column of so many rows determines the other."""
        if not self.has_groups(_FEWEST_GROUPS, COVERED, height):
            return False
        if self.holds >= _HOLDS and (self.lift >= _LIFT or self.settled >= _LIFT_OF_SETTLED):
            return True
        is_more_than_chance = self.lift >= _LIFT_IN_NOISE and self._sigmas >= _SIGMAS
        return is_more_than_chance and self.groups.stickiness < _STICKINESS

    def is_accepted_pair(self, height: int, alone: float) -> bool:
        """Whether two columns of so many rows determine another, of which one has this lift alone."""
        is_better = self.lift - alone > _BETTER or 1 - self.lift < _LESS_OPEN * (1 - alone)
        return (
            self.lift >= _LIFT_OF_PAIR
            and is_better
            and self.has_groups(_FEWEST_GROUPS_OF_PAIR, _COVERED_BY_PAIR, height)
            and float(np.median(self.groups.rows)) >= _ROWS_OF_PAIR
        )


def _settled_lift(groups: Groups, random: Groups, weights: Floats) -> float:
    """The lift among the rows whose value wins some group, if these are nearly all; 0 if not."""
    settled = groups.settled(weights)
    if settled.counts.sum() < _SETTLED * groups.counts.sum():
        return 0.0
    right, of = settled.predicted(weights)
    chance, of_random = random.only(settled).predicted(weights)
    if not of or not of_random or chance == of_random:
        return 0.0
    by_chance = chance / of_random
    return (right / of - by_chance) / (1 - by_chance)
