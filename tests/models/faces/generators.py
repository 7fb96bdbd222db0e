"""Generators of the recipe `stable` with random weights, of which each has an effect on the pictures."""

from functools import cache

import keras
import numpy as np

from models.faces.weights import FaceModel
from models.gans.stable import generator

ODD_NAME = 'hair "<b>\u2028é\\'
"""The name of an attribute that JSON, HTML and JavaScript might each read differently."""


@cache
def perturbed(size: int, cardinalities: tuple[int, ...]) -> keras.Model:
    """A generator; the layers that start at zero or one are somewhere else."""
    keras.utils.set_random_seed(size)
    network, rng = generator(size, cardinalities), np.random.default_rng(size)
    for weights in network.weights:
        spread = 0.02 if len(weights.shape) > 1 else 0.2
        weights.assign(np.asarray(weights) + rng.normal(0, spread, weights.shape))
    return network


@cache
def face_model(size: int, cardinalities: tuple[int, ...] = ()) -> FaceModel:
    """The same as numbers; the first attribute has an odd name."""
    return FaceModel.of(perturbed(size, cardinalities), attributes(cardinalities))


@cache
def small_model(cardinalities: tuple[int, ...] = ()) -> FaceModel:
    """A model of pictures of 16 pixels, with random weights."""
    size, channels, features, noise, names = 16, (16, 8), 8, 100, attributes(cardinalities)
    asked = noise + sum(cardinalities)
    matrices = asked * features + features * 256 + 9 * 16 * 8 + features * 8 + 9 * 8 * 12
    weights = np.random.default_rng(asked).normal(0, 0.3, matrices + features + 256 + 8 + 8 + 12)
    return FaceModel(size, channels, features, noise, names, weights.astype(np.float16).astype(np.float32))


def attributes(cardinalities: tuple[int, ...]) -> dict[str, tuple[str, ...]]:
    """Names for the attributes and their values."""
    names = [ODD_NAME, *(f"attribute{index}" for index in range(1, len(cardinalities)))]
    return {
        name: tuple(f"value{number}" for number in range(count))
        for name, count in zip(names, cardinalities, strict=False)
    }
