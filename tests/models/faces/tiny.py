"""A generator of the smallest shape, with random weights: what it draws depends on all that it is given."""

from collections.abc import Mapping, Sequence

import numpy as np

from models.faces.weights import FaceModel

ATTRIBUTES = {
    "hair": ("short", "long", "none"),
    "hair_colour": ("black", "brown", "ginger", "blond"),
    "glasses": ("none", "round"),
}


def tiny_model(attributes: Mapping[str, Sequence[str]] = ATTRIBUTES, size: int = 32, seed: int = 0) -> FaceModel:
    """Makes a generator with 8 channels for pictures of 32, 64 or 128 pixels."""
    maps = {32: 3, 64: 4, 128: 5}[size]
    noise, width = 100, 8
    inputs = noise + sum(map(len, attributes.values()))
    shapes = [(inputs, width), (width,), (width, 16 * width), (16 * width,)]
    for _ in range(maps - 1):
        shapes += [(3, 3, width, width), (width,), (width, width), (width,)]
    shapes += [(3, 3, width, 12), (12,)]
    rng = np.random.default_rng(seed)
    arrays = [rng.standard_normal(shape) * np.prod(shape[:-1]) ** -0.5 for shape in shapes]
    return FaceModel(
        size=size,
        channels=(width,) * maps,
        features=width,
        noise=noise,
        attributes={name: tuple(values) for name, values in attributes.items()},
        weights=np.concatenate([array.ravel() for array in arrays]).astype(np.float16).astype(np.float32),
    )
