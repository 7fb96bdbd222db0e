"""The groups that a column makes of a table, or two columns do, and the values of another column in each of them.

Where the rows of a group do not have one value, they vote. A vote for a value that is rare elsewhere counts for more:
rows whose values are there by chance hardly agree on a rare one.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from eightytwenty.inference.codes import Codes

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_LEAST_NOISE, _MOST_NOISE = 0.005, 0.95  # the share of rows that are taken to have a value by chance
_ROUNDS = 3  # of estimating it, after which it hardly moves
_RARE = 1e-9  # no share of a value is smaller
_DENSE = 4  # times as many possible pairs of a group and a value as rows: fewer are counted in an array of all


@dataclass(frozen=True)
class Groups:
    """How often each value occurs in each group: p pairs of a group and a value, sorted.

    Args:
        keys: (p,) the number of the group.
        values: (p,) the code of the value.
        counts: (p,) of rows.
        size: how many values the column has.
    """

    keys: Codes
    values: Codes
    counts: Codes
    size: int

    @classmethod
    def of(cls, keys: Codes, values: Codes, size: int, counts: Codes | None = None) -> "Groups":
        """Counts rows, but for those without a group or a value (negative numbers).

        Args:
            keys: (n,) the number of the group.
            values: (n,) the code of the value.
            size: how many values the column has.
            counts: (n,) how many rows each of these stands for; one if not given.
        """
        known = (keys >= 0) & (values >= 0)
        pairs = keys[known] * size + values[known]
        weights = None if counts is None else counts[known]
        if len(pairs) and pairs.max() < _DENSE * len(pairs):  # counting is faster than sorting
            of_all = np.bincount(pairs, weights)
            pairs = np.flatnonzero(np.bincount(pairs))
            summed = of_all[pairs].astype(np.int64)
        else:
            pairs, at = np.unique(pairs, return_inverse=True)
            summed = np.bincount(at, weights, len(pairs)).astype(np.int64)
        return cls(pairs // max(size, 1), pairs % max(size, 1), summed, size)

    def __add__(self, other: "Groups") -> "Groups":
        together = (
            np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("keys", "values", "counts")
        )
        keys, values, counts = together
        return Groups.of(keys, values, self.size, counts)

    @cached_property
    def _pairs(self) -> Codes:
        return self.keys * self.size + self.values

    @cached_property
    def starts(self) -> Codes:
        """(g,) where each group begins among the pairs."""
        return np.flatnonzero(np.diff(self.keys, prepend=-1))

    @cached_property
    def rows(self) -> Codes:
        """(g,) of each group."""
        return np.add.reduceat(self.counts, self.starts) if len(self.starts) else self.counts

    @cached_property
    def _group_of(self) -> Codes:
        """(p,) the position of the group of each pair."""
        return np.repeat(np.arange(len(self.starts)), np.diff(self.starts, append=len(self.keys)))

    @cached_property
    def _shares(self) -> Floats:
        """(size,) of each value in all rows."""
        counts = np.bincount(self.values, self.counts, self.size)
        return np.asarray(counts / max(counts.sum(), 1))

    def weights(self, noise: float) -> Floats:
        """(size,) what a vote for each value counts: the log odds that it is no coincidence.

        Args:
            noise: the share of the rows that have a value by chance.
        """
        return np.log1p((1 - noise) / (noise * np.maximum(self._shares, _RARE)))

    @cached_property
    def noise(self) -> float:
        """The share of the rows that have a value by chance, if the others have that of their group."""
        noise = 0.1
        for _ in range(_ROUNDS):
            right, of = self.predicted(self.weights(noise))
            noise = float(np.clip(1 - right / of, _LEAST_NOISE, _MOST_NOISE)) if of else _MOST_NOISE
        return noise

    def predicted(self, weights: Floats) -> tuple[float, int]:
        """How many rows have the value for which the other rows of their group vote, and of how many.

        Args:
            weights: (size,) of a vote for each value. Where two values get as many votes, half of the rows count.
        """
        first, best, second = self._tally(weights)
        is_group = self.rows >= 2
        lead = best - weights[self.values[first]] - second
        right = np.where(
            lead > 0, self.counts[first], np.where((lead == 0) & (second > 0), self.counts[first] / 2, 0.0)
        )
        return float(right[is_group].sum()), int(self.rows[is_group].sum())

    def winners(self, weights: Floats) -> Mask:
        """(size,) which values win a group of three rows or more, even with one vote less.

        Args:
            weights: (size,) of a vote for each value.
        """
        first, best, second = self._tally(weights)
        is_clear = (self.rows >= 3) & (best - weights[self.values[first]] > second)
        wins = np.zeros(self.size, dtype=bool)
        wins[self.values[first[is_clear]]] = True
        return wins

    def settled(self, weights: Floats) -> "Groups":
        """The same groups, without the values that win none of them: where the others hold, these are mistakes.

        Args:
            weights: (size,) of a vote for each value.
        """
        kept = self.winners(weights)[self.values]
        return Groups(self.keys[kept], self.values[kept], self.counts[kept], self.size)

    def only(self, other: "Groups") -> "Groups":
        """The same groups, with those values alone that other groups have."""
        has = np.zeros(self.size, dtype=bool)
        has[other.values] = True
        kept = has[self.values]
        return Groups(self.keys[kept], self.values[kept], self.counts[kept], self.size)

    def _tally(self, weights: Floats) -> tuple[Codes, Floats, Floats]:
        """(g,) the pair with the most votes in each group, its votes, and those of the next one."""
        votes = self.counts * weights[self.values]
        if not len(votes):
            return self.starts, votes, votes
        best = np.maximum.reduceat(votes, self.starts)
        leading = np.flatnonzero(votes == best[self._group_of])
        first = leading[np.flatnonzero(np.diff(self._group_of[leading], prepend=-1))]
        others = votes.copy()
        others[first] = 0.0
        return first, best, np.maximum.reduceat(others, self.starts)

    @cached_property
    def stickiness(self) -> float:
        """How much the rows that differ from their group agree with each other, from 0 (as by chance) to 1.

        By chance, they hardly agree: they are mistakes. If they agree, their value is right, too, in their group. Not
        a number if there are too few of them to tell.
        """
        first, *_ = self._tally(self.weights(self.noise))
        is_other = (self.rows >= 3)[self._group_of]
        is_other[first] = False
        group, value, count = self._group_of[is_other], self.values[is_other], self.counts[is_other]
        rows, of_value = np.bincount(group, count, len(self.starts)), np.bincount(value, count, self.size)
        pairs, total = float((rows * (rows - 1) / 2).sum()), float(of_value.sum())
        if pairs < 5 or total < 5:
            return float("nan")
        by_chance = pairs * float((of_value * (of_value - 1)).sum()) / (total * (total - 1))
        equal = float((count * (count - 1) / 2).sum())
        return (equal - by_chance) / max(pairs - by_chance, 1.0)

    @cached_property
    def _winners(self) -> Mask:
        return self.winners(self.weights(self.noise))

    @cached_property
    def _votes(self) -> tuple[Codes, Floats, Floats, Floats]:
        weights = self.weights(self.noise)
        return (*self._tally(weights), weights)

    def vote(self, keys: Codes, values: Codes) -> "Votes":
        """What the other rows of the group say of each of n rows, which are taken to be counted among them.

        Args:
            keys: (n,) the group of each row, negative if it is in none.
            values: (n,) the code of its value, negative if it has none, or one that the groups do not know.
        """
        first, best, second, weights = self._votes
        at, is_known = _find(self.keys[self.starts], keys)
        pair, is_counted = _find(self._pairs, np.where((keys >= 0) & (values >= 0), keys * self.size + values, -1))
        if not len(self.keys):
            none, zero = np.full(len(keys), -1), np.zeros(len(keys), np.int64)
            return Votes(none, zero, zero, zero, np.zeros(len(keys)), *(np.zeros(len(keys), bool) for _ in range(2)))
        own = np.where(is_counted, self.counts[pair], 0)
        winner = np.where(is_known, self.values[first][at], -1)
        agrees = is_known & (winner == values)
        weight = weights[np.maximum(values, 0)]
        without_own = np.where(own > 0, (own - 1) * weight, 0.0)
        lead = np.where(agrees, best[at] - weight - second[at], best[at] - without_own)
        return Votes(
            winner=winner,
            support=np.where(is_known, self.counts[first][at], 0) - agrees,
            others=np.where(is_known, self.rows[at], 0) - (own > 0),
            own=own,
            lead=np.where(is_known, lead, 0.0),
            agrees=agrees,
            wins=(values >= 0) & self._winners[np.maximum(values, 0)],
        )


@dataclass(frozen=True)
class Votes:
    """What the other rows of a group say of each of n rows.

    Args:
        winner: (n,) the code of the value with the most votes, -1 if there is none.
        support: (n,) how many other rows have it.
        others: (n,) how many other rows there are.
        own: (n,) how many rows have the value of the row, itself among them.
        lead: (n,) the log odds of the winner against the row's own value, or against the next one if it is its own.
        agrees: (n,) whether the winner is the row's own value.
        wins: (n,) whether the row's own value wins some group.
    """

    winner: Codes
    support: Codes
    others: Codes
    own: Codes
    lead: Floats
    agrees: Mask
    wins: Mask


def _find(known: Codes, wanted: Codes) -> tuple[Codes, Mask]:
    """(n,) where each wanted number is among sorted known ones, and whether it is there."""
    if not len(known):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), bool)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return at, (known[at] == wanted) & (wanted >= 0)
