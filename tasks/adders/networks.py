"""Trained networks on disk, as plain NumPy archives, which cannot hold code."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.adders.network import Adder

ARRAYS, NETWORKS = "arrays.npz", "networks.json"
_NUMBERS_AND_NAMES = ("protocol", "largest_sum", "hidden_units", "seed", "output_bias", "scale", "best_epoch")
_ARRAYS = ("input_weights", "output_weights")


def save_adders(adders: Sequence[Adder], folder: Path) -> None:
    """Writes networks.json and arrays.npz into a folder."""
    arrays = {f"{number}/{name}": getattr(adder, name) for number, adder in enumerate(adders) for name in _ARRAYS}
    histories = {
        f"{number}/history/{name}": np.asarray(values)
        for number, adder in enumerate(adders)
        for name, values in adder.history.items()
    }
    np.savez(folder / ARRAYS, allow_pickle=False, **arrays, **histories)
    plain = [{name: getattr(adder, name) for name in _NUMBERS_AND_NAMES} for adder in adders]
    (folder / NETWORKS).write_text(json.dumps(plain, indent=1))


def load_adders(folder: Path) -> list[Adder]:
    """Reads what `save_adders` wrote."""
    with np.load(folder / ARRAYS, allow_pickle=False) as arrays:
        histories: dict[str, dict[str, np.ndarray]] = {}
        for key in arrays.files:
            number, kind, *rest = key.split("/")
            if kind == "history":
                histories.setdefault(number, {})[rest[0]] = arrays[key]
        return [
            Adder(
                **plain,
                **{name: arrays[f"{number}/{name}"] for name in _ARRAYS},
                history=histories.get(str(number), {}),
            )
            for number, plain in enumerate(json.loads((folder / NETWORKS).read_text()))
        ]
