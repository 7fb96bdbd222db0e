"""How well the trained networks add: scores by cell, and what cleaning bought."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.adders.domain import all_pairs, beyond_pairs
from models.adders.network import Adder, IntArray, Score, score
from reports.eighty_twenty import Gain
from reports.results import CellResult


@dataclass(frozen=True)
class ScoredAdder:
    """A network with its scores in its trained range and beyond it, and its median prediction in the range."""

    adder: Adder
    inside: Score
    beyond: Score
    prediction: float


def score_all(adders: Sequence[Adder]) -> list[ScoredAdder]:
    """Scores every network on the pairs of its domain and on pairs up to 20 % beyond it."""
    sums = {adder.largest_sum for adder in adders}
    inside: Mapping[int, IntArray] = {largest_sum: all_pairs(largest_sum) for largest_sum in sums}
    beyond: Mapping[int, IntArray] = {largest_sum: beyond_pairs(largest_sum, seed=0) for largest_sum in sums}
    return [
        ScoredAdder(
            adder,
            score(adder, inside[adder.largest_sum]),
            score(adder, beyond[adder.largest_sum]),
            float(np.median(adder.predict(inside[adder.largest_sum]))),
        )
        for adder in adders
    ]


def by_cell(networks: Sequence[ScoredAdder]) -> list[CellResult]:
    """The scores over the seeds of each protocol, largest sum and number of nodes, in order of appearance."""
    return [
        CellResult(
            *cell,
            tuple(network.inside for network in members),
            tuple(network.beyond for network in members),
            tuple(network.prediction for network in members),
        )
        for cell, members in _cells(networks).items()
    ]


def representatives(networks: Sequence[ScoredAdder]) -> set[str]:
    """Names of the networks to draw: in each cell the one of median error, which stands for the others."""
    cells = _cells(networks).values()
    ranked = (sorted(members, key=lambda network: network.inside.mean_absolute_error) for members in cells)
    return {members[(len(members) - 1) // 2].adder.name for members in ranked}


def _cells(networks: Sequence[ScoredAdder]) -> dict[tuple[str, int, int], list[ScoredAdder]]:
    cells: dict[tuple[str, int, int], list[ScoredAdder]] = {}
    for network in networks:
        adder = network.adder
        cells.setdefault((adder.protocol, adder.largest_sum, adder.hidden_units), []).append(network)
    return cells


def gains(networks: Sequence[ScoredAdder], uncleaned_networks: Sequence[ScoredAdder]) -> tuple[Gain, ...]:
    """Accuracy of the same networks (protocol, size, nodes, seeds), trained on uncleaned and on clean rows."""
    cleaned = _cells(networks)
    return tuple(
        Gain(
            f"{protocol}, sums to {largest_sum:,}",
            tuple(network.inside.accuracy for network in members),
            tuple(network.inside.accuracy for network in cleaned[protocol, largest_sum, hidden_units]),
            "share",
        )
        for (protocol, largest_sum, hidden_units), members in _cells(uncleaned_networks).items()
    )
