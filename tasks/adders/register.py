"""Registers adders, each network once, with the metadata that asking it for sums needs."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from mlflow import MlflowClient

from eightytwenty.errors import UserError
from models.adders.network import Adder, to_keras
from tasks.adders.networks import ARRAYS, NETWORKS, save_adders
from tasks.adders.registered import BESIDE
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


def model_fields(adder: Adder) -> dict[str, Any]:
    """What a `NetworkRecord` says of the model of an adder: the model for Keras, and the same as NumPy arrays."""
    return {
        "model": partial(to_keras, adder),
        "input_example": np.array([[2.0, 2.0], [1.0, 0.0]]),
        "metadata": {"kind": _ADDER, "largest_sum": adder.largest_sum},
        "files": partial(_save_beside, replace(adder, history={})),
    }


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


def _save_beside(adder: Adder, model: Path) -> list[str]:
    (model / BESIDE).mkdir()
    save_adders([adder], model / BESIDE)
    return [f"{BESIDE}/{name}" for name in (ARRAYS, NETWORKS)]


def find_registered(client: MlflowClient, adder: Adder, name: str = NAME) -> int | None:
    """The version of a registered model that is this network to the last bit; None if there is none."""
    return version_with_tags(client, name, _weights_tag(adder))


def register_adder(run: Run, adder: Adder, dataset: Dataset, name: str = NAME) -> int:
    """Makes a logged network a version of a registered model, or finds the version that it already is.

    Args:
        run: the network's own run, to which its model was logged with `model_fields`.
        adder: the network.
        dataset: what it learned from.
        name: the registered model.

    Returns:
        The number of the version.

    Raises:
        ValueError: the run has no logged model.
    """
    if (version := find_registered(run.client, adder, name)) is not None:
        return version
    tags = {
        "protocol": adder.protocol,
        "largest_sum": str(adder.largest_sum),
        "hidden_units": str(adder.hidden_units),
        "dataset_sha256": dataset.sha256,
        **_weights_tag(adder),
    }
    return register(
        run,
        run.model_id,
        name,
        tags,
        about="Networks that add two numbers. `eightytwenty predict 2 2` asks the champion.",
        description=f"{adder.name}; learned from {dataset.rows:,} rows of {dataset.name}.",
    )


def _weights_tag(adder: Adder) -> dict[str, str]:
    rest = np.array([adder.output_bias, adder.scale, adder.largest_sum])
    numbers = np.concatenate([adder.input_weights.ravel(), adder.output_weights, rest])
    return {"weights_sha256": hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest()}
