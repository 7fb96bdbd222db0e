"""Registers adders, each network once, with what whoever asks it for sums must know."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from eightytwenty.errors import UserError
from models.adders.network import Adder
from tasks.adders.results import Scored
from tasks.tracking.registry import register, version_with_tags
from tasks.tracking.run import Dataset, Run

NAME = "adders"
_ADDER = "adder"


def best(scored: Sequence[Scored]) -> int:
    """The position of the network to register.

    Of those with the largest sum it is the one that is most often right over its whole domain; of equal ones the one
    with fewer hidden units, then the one with the smaller seed.
    """
    widest = max(one.adder.largest_sum for one in scored)
    candidates = [place for place, one in enumerate(scored) if one.adder.largest_sum == widest]

    def rank(place: int) -> tuple[float, int, int]:
        one = scored[place]
        return -one.inside.accuracy, one.adder.hidden_units, one.adder.seed

    return min(candidates, key=rank)


def metadata(adder: Adder) -> dict[str, object]:
    """What is logged with the model of an adder, and tells it from other models."""
    return {"kind": _ADDER, "largest_sum": adder.largest_sum}


def largest_sum_of(told: dict[str, Any], model: str) -> int:
    """The largest sum that a registered network was trained for.

    Args:
        told: the metadata of its model.
        model: its name, for the sentence.

    Raises:
        UserError: it is no adder.
    """
    if told.get("kind") != _ADDER:
        raise UserError(f"the model {model} does not add numbers: choose an adder, such as {NAME}@champion.")
    return int(told["largest_sum"])


def register_adder(run: Run, adder: Adder, dataset: Dataset, name: str = NAME) -> int:
    """Makes a logged network a version of a registered model, or finds the version that it is already.

    Args:
        run: its own run, which its model was logged to, with `metadata`.
        adder: the network.
        dataset: what it learned from.
        name: the registered model.

    Returns:
        The number of the version.

    Raises:
        ValueError: the run has no logged model.
    """
    weights = {"weights_sha256": _digest(adder)}
    version = version_with_tags(run.client, name, weights)
    if version is not None:
        return version
    tags = {
        "protocol": adder.protocol,
        "largest_sum": str(adder.largest_sum),
        "hidden_units": str(adder.hidden_units),
        "dataset_sha256": dataset.sha256,
        **weights,
    }
    return register(run, run.model_id, name, tags)


def _digest(adder: Adder) -> str:
    rest = np.array([adder.output_bias, adder.scale, adder.largest_sum])
    numbers = np.concatenate([adder.input_weights.ravel(), adder.output_weights, rest])
    return hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest()
