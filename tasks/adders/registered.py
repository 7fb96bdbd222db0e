"""A registered adder, ready to be asked: as NumPy arrays where possible, because TensorFlow takes seconds to load."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.adders.network import FloatArray
from tasks.adders.networks import ARRAYS, NETWORKS, load_adders
from tasks.tracking.local import LocalVersion, find_local

BESIDE = "arrays"
"""The folder of a logged model that holds the network as `tasks.adders.networks.save_adders` writes it."""
_BATCH = 65536  # pairs that the network answers at a time
_LARGEST = 1e18  # the largest answer, which fits into a 64-bit integer


@dataclass(frozen=True)
class RegisteredAdder:
    """A version of a registered model that adds.

    Attributes:
        name: of the version, such as adders/1.
        largest_sum: the one that it was trained for.
        network: the answers to pairs: (n, 2) float32 -> (n,) float64.
    """

    name: str
    largest_sum: int
    network: Callable[[NDArray[np.float32]], FloatArray]

    def predict(self, pairs: ArrayLike) -> FloatArray:
        """The network's answers: (n, 2) pairs -> (n,) float64; NaN where the numbers are too large for it."""
        numbers = np.asarray(pairs, dtype=np.float64)
        with np.errstate(over="ignore"):
            inputs = numbers.astype(np.float32)
        answers = np.full(len(inputs), np.nan)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(inputs), _BATCH):
                answers[start : start + _BATCH] = self.network(inputs[start : start + _BATCH])
        answers[~(np.abs(answers) < _LARGEST)] = np.nan
        return answers

    def is_beyond(self, pairs: ArrayLike) -> NDArray[np.bool_]:
        """Whether each of (n, 2) pairs lies beyond the domain, a and b in [0, largest_sum / 2]: (n,) bool."""
        numbers = np.asarray(pairs, dtype=np.float64)
        return np.asarray(((numbers < 0) | (numbers > self.largest_sum / 2)).any(axis=1))


def find_adder(data: Path, model: str) -> RegisteredAdder:
    """Find an adder by "name@alias" or "name/version".

    Raises:
        UserError: there is no such model or version, or it is not an adder.
    """
    version = find_local(data, model)
    return (version and _from_arrays(version)) or _from_keras(data, model)


def _from_arrays(version: LocalVersion) -> RegisteredAdder | None:
    """The network as NumPy arrays; None if the version is not an adder, or was logged by an earlier release."""
    if not version.has_files(BESIDE, ARRAYS, NETWORKS):
        return None
    try:
        (adder,) = load_adders(version.folder / BESIDE)
    except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile):  # somebody else's arrays
        return None
    return RegisteredAdder(f"{version.name}/{version.number}", adder.largest_sum, adder.predict)


def _from_keras(data: Path, model: str) -> RegisteredAdder:
    from tasks.adders.register import largest_sum_of
    from tasks.tracking.registry import describe, find, load
    from tasks.tracking.store import connect_existing

    client = connect_existing(data)
    version = find(client, model)
    largest_sum = largest_sum_of(describe(client, version), model)
    network = load(client, version)
    return RegisteredAdder(
        f"{version.name}/{version.version}", largest_sum, lambda pairs: np.asarray(network(pairs), np.float64)[:, 0]
    )
