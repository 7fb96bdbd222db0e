"""How accurate sources are, and what is true by their statements: each is estimated from the other, in turns.

A source counts for as much as its accuracy says (Dong, Berti-Equille and Srivastava, 2009, "Integrating conflicting
data: the role of source dependence"). That a source leaves out what it usually tells is a statement too: there may be
nothing to tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eightytwenty.inference.statements import Floats, Indices, Statements, sums

_ROUNDS = 20  # the estimates have come to rest long before
_START = 0.7  # accuracy before anything is known; all sources have the same, so that the first round is a majority
_SPEAKS, _FALSE = 0.9, 10.0  # the same of how often they speak, and of false values; the second round knows better
_SHRINK = 4.0  # statements that the average of all sources counts for: a source with few of its own is like the others
_EXTREME = 0.02  # no source is better than 1 - this, nor worse: beyond, single statements would outweigh all others
_MOST_FALSE = 1_000.0  # false values; more make no difference
_NOTHING = 0.05  # share of the things of which there is nothing to tell, before anything is known
_SILENT = 0.9  # share of the sources that then leave it out, before anything is known
_LEAST_SILENT = 2 / 3  # at least: clearly most of them


@dataclass(frozen=True)
class Trust:
    """How the sources tell one column.

    Args:
        accuracy: source -> share of its statements that are right.
        speaks: source -> share of the things of which it tells something, where there is something.
        mean_accuracy: of all sources; also of one that is not known.
        mean_speaks: the same.
        false_values: among how many false values a wrong statement chooses, as it were: the less often two wrong
            statements agree, the more.
        nothing: share of the things of which there is nothing to tell.
        silent: share of the sources that leave it out then.
        shapes: how values are usually written; see `eightytwenty.inference.statements.usual_shapes`.
    """

    accuracy: Mapping[str, float]
    speaks: Mapping[str, float]
    shapes: tuple[str, ...] = ()
    mean_accuracy: float = _START
    mean_speaks: float = _SPEAKS
    false_values: float = _FALSE
    nothing: float = _NOTHING
    silent: float = _SILENT


def votes(statements: Statements, groups: Indices) -> Floats:
    """(m,) what each statement counts for: all sources of a group together have one vote on a thing.

    Args:
        statements: on a column.
        groups: (s,) the group of each source.
    """
    pair = statements.thing * len(statements.sources) + groups[statements.source]
    _, number = np.unique(pair, return_inverse=True)
    return statements.weight / sums(number, statements.weight)[number]


def learn(
    statements: Statements, groups: Indices, shapes: tuple[str, ...] = (), start: Mapping[str, float] | None = None
) -> Trust:
    """Finds out how the sources tell a column.

    Args:
        statements: on it.
        groups: (s,) the group of each source; the sources of one count as one.
        shapes: how values are usually written.
        start: source -> its accuracy, as far as it is known; at first, all are equal otherwise.
    """
    vote, is_said = votes(statements, groups), statements.claim >= 0
    names = statements.sources.to_list()
    trust = Trust(start or {}, {})
    said_by, said_vote, said = statements.source[is_said], vote[is_said], statements.claim[is_said]
    for _ in range(_ROUNDS):
        right, nothing = posterior(statements, vote, trust)
        something = vote * (1 - nothing[statements.thing])
        accuracy, mean_accuracy = _shares(said_by, said_vote * right[said], said_vote, len(names))
        speaks, mean_speaks = _shares(statements.source, something * is_said, something, len(names))
        out = vote * nothing[statements.thing]
        silent = (float(out[~is_said].sum()) + _SHRINK * _SILENT) / (float(out.sum()) + _SHRINK)
        trust = Trust(
            dict(zip(names, accuracy.tolist(), strict=True)),
            dict(zip(names, speaks.tolist(), strict=True)),
            shapes,
            mean_accuracy,
            mean_speaks,
            _false_values(statements, vote, right, groups),
            (float(nothing.sum()) + _NOTHING) / (len(nothing) + 1),
            max(silent, _LEAST_SILENT),
        )
    return trust


def posterior(statements: Statements, vote: Floats, trust: Trust) -> tuple[Floats, Floats]:
    """What is true, by what is known of the sources.

    Args:
        statements: on a column.
        vote: (m,) what each counts for.
        trust: in the sources.

    Returns:
        (c,) the probability that each claim is true, and (things,) that there is nothing to tell.
    """
    names = statements.sources
    accuracy = np.array([trust.accuracy.get(name, trust.mean_accuracy) for name in names])[statements.source]
    speaks = np.array([trust.speaks.get(name, trust.mean_speaks) for name in names])[statements.source]
    is_said, claims, things = statements.claim >= 0, statements.claims.height, statements.things
    # all in relation to the probability of the same statements if the truth is what nobody says
    gain = vote * np.log(trust.false_values * accuracy / (1 - accuracy))
    score = sums(statements.claim[is_said], gain[is_said], claims)
    silence = np.where(is_said, (1 - trust.silent) / (speaks * (1 - accuracy)), trust.silent / (1 - speaks))
    nothing = sums(statements.thing, vote * np.log(silence), things)
    nothing += np.log(trust.nothing / (1 - trust.nothing))
    highest = np.maximum(nothing, 0)
    np.maximum.at(highest, statements.claim_thing, score)
    claim = np.exp(score - highest[statements.claim_thing])
    told = np.bincount(statements.claim_thing, minlength=things)
    untold = np.maximum(trust.false_values + 1 - told, 1) * np.exp(-highest)
    total = sums(statements.claim_thing, claim, things) + untold + np.exp(nothing - highest)
    return claim / total[statements.claim_thing], np.exp(nothing - highest) / total


def _shares(source: Indices, part: Floats, whole: Floats, sources: int) -> tuple[Floats, float]:
    """(s,) the share of each source, drawn to the mean of all, and this."""
    parts = sums(source, part, sources)
    wholes = sums(source, whole, sources)
    mean = float(np.clip((parts.sum() + _START) / (wholes.sum() + 1), _EXTREME, 1 - _EXTREME))
    return np.clip((parts + _SHRINK * mean) / (wholes + _SHRINK), _EXTREME, 1 - _EXTREME), mean


def _false_values(statements: Statements, vote: Floats, right: Floats, groups: Indices) -> float:
    """Among how many values wrong statements choose: 1 / the probability that two of different groups agree."""
    is_said, sources = statements.claim >= 0, len(statements.sources)
    claim, group = statements.claim[is_said], groups[statements.source[is_said]]
    of_group, number = np.unique(claim * sources + group, return_inverse=True)
    all_of = sums(claim, vote[is_said])
    own = sums(number, vote[is_said])
    group_claim = of_group // sources
    thing, group_thing = statements.claim_thing, statements.claim_thing[group_claim]
    _, group_thing = np.unique(group_thing * sources + of_group % sources, return_inverse=True)
    agree = float(((1 - right) * all_of**2).sum() - ((1 - right[group_claim]) * own**2).sum())
    differ = _wrong_pairs(thing, all_of, right) - _wrong_pairs(group_thing, own, right[group_claim])
    # one pair that differs is assumed, so that few statements leave the number open
    return float(np.clip((agree + differ + 1) / (agree + 0.1), 1, _MOST_FALSE))


def _wrong_pairs(block: Indices, votes: Floats, right: Floats) -> float:
    """How many pairs of votes for different claims of a block are both wrong; at most one claim is right."""
    others = sums(block, votes)[block] - votes
    return float((votes * others * (1 - 2 * right)).sum())
