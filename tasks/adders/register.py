"""Registers adders, each network once, with the metadata that asking it for sums needs."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from eightytwenty.errors import UserError
from models.adders.network import Adder
from tasks.adders.results import ScoredAdder
from tasks.tracking.registry import register, version_with_tags
from tasks.tracking.run import Dataset, Run

NAME = "adders"
_ADDER = "adder"


def best(networks: Sequence[ScoredAdder]) -> int:
    """The index of the network to register.

    Among those with the largest sum it is the one that is most often right over its whole domain. If several are, it
    is the one with the fewest hidden units, then the one with the smallest seed.
    """
    widest = max(network.adder.largest_sum for network in networks)
    candidates = [index for index, network in enumerate(networks) if network.adder.largest_sum == widest]

    def rank(index: int) -> tuple[float, int, int]:
        network = networks[index]
        return -network.inside.accuracy, network.adder.hidden_units, network.adder.seed

    return min(candidates, key=rank)


def metadata(adder: Adder) -> dict[str, object]:
    """What is logged with the model of an adder and distinguishes it from other models."""
    return {"kind": _ADDER, "largest_sum": adder.largest_sum}


def largest_sum_of(model_metadata: dict[str, Any], model: str) -> int:
    """The largest sum that a registered network was trained for.

    Args:
        model_metadata: what was logged with its model.
        model: its name, for the error message.

    Raises:
        UserError: it is not an adder.
    """
    largest_sum = model_metadata.get("largest_sum")
    if model_metadata.get("kind") != _ADDER or not isinstance(largest_sum, int):
        raise UserError(f"the model {model} does not add numbers: choose an adder, such as {NAME}@champion.")
    return largest_sum


def register_adder(run: Run, adder: Adder, dataset: Dataset, name: str = NAME) -> int:
    """Makes a logged network a version of a registered model, or finds the version that it already is.

    Args:
        run: the network's own run, to which its model was logged with `metadata`.
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
