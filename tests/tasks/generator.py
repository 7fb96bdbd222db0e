"""A tiny generator with the inputs and outputs of a real one, and how it comes into a registry."""

import keras
import numpy as np

from tasks.tracking.networks import log_model
from tasks.tracking.registry import register
from tasks.tracking.run import Run

# not in the order of the alphabet: what keeps them must not sort them
ATTRIBUTES = {"hair": ["bun", "none", "short"], "colour": ["black", "red"]}
SIZE, NOISE = 8, 5


def tiny_generator(conditional: bool = True, seed: int = 0) -> keras.Model:
    """Noise float32 (n, 5), and attributes int32 (n, 2) if conditional -> pictures float32 (n, 8, 8, 3) in [0, 1].

    The left half of a picture tells its hair, the right half its colour: code / 4 of full white, and noise below.
    """
    keras.utils.set_random_seed(seed)
    noise = keras.Input((NOISE,), name="noise")
    layers = keras.layers
    grain = layers.Reshape((SIZE, SIZE, 3))(layers.Dense(SIZE * SIZE * 3, activation="sigmoid")(noise))
    if not conditional:
        return keras.Model({"noise": noise}, grain)
    attributes = keras.Input((len(ATTRIBUTES),), dtype="int32", name="attributes")
    halves = layers.Reshape((1, 2, 1))(layers.Rescaling(0.25)(attributes))
    halves_in_colour = layers.UpSampling2D((SIZE, SIZE // 2))(halves)
    pictures = layers.Add()([layers.Concatenate()([halves_in_colour] * 3), layers.Rescaling(0.1)(grain)])
    return keras.Model({"noise": noise, "attributes": attributes}, pictures)


def log_generator(run: Run, name: str, conditional: bool = True, attribution: str = "") -> int:
    """Log a tiny generator and register it; returns the version."""
    example = {"noise": np.zeros((2, NOISE), dtype=np.float32)}
    if conditional:
        example["attributes"] = np.zeros((2, len(ATTRIBUTES)), dtype=np.int32)
    metadata = {
        "attributes": [[name, values] for name, values in ATTRIBUTES.items()] if conditional else [],
        "size": SIZE,
        "noise": NOISE,
        "attribution": attribution,
    }
    model_id = log_model(run, tiny_generator(conditional), example, metadata=metadata)
    return register(run, model_id, name, {"recipe": "tiny"})
