"""Draws pictures with a logged generator."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import keras

_BATCH = 64  # pictures drawn at once


def draw_with(generator: "keras.Model", inputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.uint8]:
    """Draws a picture for each row of the inputs.

    Args:
        generator: as `tasks.gans.record.to_keras` makes it.
        inputs: "noise", float32 (n, d), and, if it takes attributes, "attributes", int32 (n, k).

    Returns:
        (n, s, s, 3) RGB.
    """
    pieces = []
    for start in range(0, len(inputs["noise"]), _BATCH):
        batch = {name: rows[start : start + _BATCH] for name, rows in inputs.items()}
        drawn = np.asarray(generator(batch, training=False))
        pieces.append(np.rint(np.clip(drawn, 0, 1) * 255).astype(np.uint8))
    return np.concatenate(pieces)
