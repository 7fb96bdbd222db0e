"""Which sources copy from each other, and so count as one.

That two sources agree says little: accurate ones do. Copiers agree more often than their accuracies explain, on what is
wrong as on what is right (Dong, Berti-Equille and Srivastava, 2009), and tell of the same things.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from eightytwenty.inference.accuracy import Trust
from eightytwenty.inference.statements import Floats, Indices, Statements

_EQUAL = 0.97  # of the values that both tell; the rest may have changed between two copies
_COVERED = 0.93  # of what either tells is told by both: a copier also leaves out what its model leaves out
_FEWEST = 20  # values that both tell: fewer may be equal by chance
_MISSING = 1 / 3  # copiers differ at most this much as often as sources of their accuracy would by chance
_SIGMAS = 3.5  # by which there are fewer differences than expected: among a thousand pairs, hardly one is so by chance
_BLOCK = 100_000  # claims that are counted at once, to bound the memory


def find_copiers(told: Sequence[tuple[Statements, Trust]]) -> tuple[tuple[str, ...], ...]:
    """The groups of sources that copy from each other, sorted.

    Args:
        told: for each column, the statements on it, all with the same sources, and how accurate these are if each
            counts for itself.
    """
    names = told[0][0].sources
    both, equal, expected = (np.zeros((len(names), len(names))) for _ in range(3))
    for statements, trust in told:
        said = statements.claim >= 0
        shared = _pairs(statements.thing[said], statements.source[said], len(names))
        same = _pairs(statements.claim[said], statements.source[said], len(names))
        accuracy = np.array([trust.accuracy[name] for name in names])
        wrong = (1 - accuracy) / trust.false_values**0.5
        both += shared
        equal += same
        expected += shared * (1 - np.outer(accuracy, accuracy) - np.outer(wrong, wrong))
    tells = np.diagonal(both)
    either = np.add.outer(tells, tells) - both
    copies = (both >= _FEWEST) & (equal >= _EQUAL * both) & (both >= _COVERED * either)
    differ = both - equal
    copies &= (differ <= _MISSING * expected) & (expected - differ >= _SIGMAS * np.sqrt(expected))
    rows, others = np.nonzero(np.triu(copies, 1))
    return _connected([(names[row], names[other]) for row, other in zip(rows.tolist(), others.tolist(), strict=True)])


def group_numbers(sources: pl.Series, copiers: Sequence[Sequence[str]]) -> Indices:
    """(s,) the group of each source; one that copies from none is a group of its own."""
    number = {name: row for row, name in enumerate(sources)}
    groups = np.arange(len(sources))
    for copies in copiers:
        rows = [number[name] for name in copies if name in number]
        groups[rows] = min(rows, default=0)
    return groups


def _pairs(number: Indices, source: Indices, sources: int) -> Floats:
    """(s, s) how many numbers (of things, or of claims on them) each two sources share; on the diagonal, of one."""
    pairs = np.zeros((sources, sources))
    for start in range(0, int(number.max(initial=-1)) + 1, _BLOCK):
        here = (number >= start) & (number < start + _BLOCK)
        holds = np.zeros((min(_BLOCK, int(number.max()) + 1 - start), sources), dtype=np.float32)
        holds[number[here] - start, source[here]] = 1
        pairs += holds.T @ holds
    return pairs


def _connected(pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """The groups of names that pairs connect."""
    group: dict[str, set[str]] = {}
    for one, other in pairs:
        both = group.get(one, {one}) | group.get(other, {other})
        group |= dict.fromkeys(both, both)
    return tuple(sorted({tuple(sorted(names)) for names in group.values()}))
