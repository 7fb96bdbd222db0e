"""What the trained networks can do: scores by cell, and what cleaning bought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.adders.domain import all_pairs, beyond_pairs
from models.adders.network import Adder, IntArray, Score, score
from reports.eighty_twenty import Gain
from reports.results import CellResult


@dataclass(frozen=True)
class Scored:
    """A network with its scores in its trained range and beyond it, and its median prediction in the range."""

    adder: Adder
    inside: Score
    beyond: Score
    prediction: float


def score_all(adders: Sequence[Adder]) -> list[Scored]:
    """Scores every network on the pairs of its domain and on those up to 20 % beyond."""
    sums = {adder.largest_sum for adder in adders}
    inside: Mapping[int, IntArray] = {largest_sum: all_pairs(largest_sum) for largest_sum in sums}
    beyond: Mapping[int, IntArray] = {largest_sum: beyond_pairs(largest_sum, seed=0) for largest_sum in sums}
    return [
        Scored(
            adder,
            score(adder, inside[adder.largest_sum]),
            score(adder, beyond[adder.largest_sum]),
            float(np.median(adder.predict(inside[adder.largest_sum]))),
        )
        for adder in adders
    ]


def by_cell(scored: Sequence[Scored]) -> list[CellResult]:
    """The scores over the seeds of each protocol, largest sum and number of nodes, in order of appearance."""
    return [
        CellResult(
            *cell,
            tuple(one.inside for one in ones),
            tuple(one.beyond for one in ones),
            tuple(one.prediction for one in ones),
        )
        for cell, ones in _cells(scored).items()
    ]


def shown(scored: Sequence[Scored]) -> set[str]:
    """Names of the networks that are drawn: in each cell the one of median error, which speaks for the others."""
    ranked = (sorted(ones, key=lambda one: one.inside.mean_absolute_error) for ones in _cells(scored).values())
    return {ones[(len(ones) - 1) // 2].adder.name for ones in ranked}


def _cells(scored: Sequence[Scored]) -> dict[tuple[str, int, int], list[Scored]]:
    cells: dict[tuple[str, int, int], list[Scored]] = {}
    for one in scored:
        cells.setdefault((one.adder.protocol, one.adder.largest_sum, one.adder.hidden_units), []).append(one)
    return cells


def gains(cleaned: Sequence[Scored], uncleaned: Sequence[Scored]) -> tuple[Gain, ...]:
    """Accuracy of the same networks (protocol, size, nodes, seed), trained on uncleaned and on clean rows."""
    before = {one.adder.name: one.inside.accuracy for one in uncleaned}
    return tuple(
        Gain(
            f"{one.adder.protocol}, sums to {one.adder.largest_sum:,}",
            before[one.adder.name],
            one.inside.accuracy,
            "share",
        )
        for one in cleaned
        if one.adder.name in before
    )
