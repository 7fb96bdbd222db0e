"""Stacked shapes: pictures with exactly 1000 modes, to count how many of them a generator captures.

Stacked MNIST (Metz et al., "Unrolled Generative Adversarial Networks", 2017) lays three digits over each other as red,
green and blue. Here they are three of ten shapes, drawn by formula, so nothing is downloaded. A mode is a number from
0 to 999 whose decimal digits are the shapes of red, green and blue.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.gans.quality.classifier import Classifier, train_classifier
from models.gans.quality.modes import Modes, count_modes

Float = NDArray[np.float64]
Images = NDArray[np.uint8]
Numbers = NDArray[np.int64]

SIZE = 32
MODES = 1000
BLOCK = 4096  # shapes drawn at a time

# Each gives the signed distance to its edge, negative inside, at places (x, y) in units of the shape's radius.
SHAPES: dict[str, Callable[[Float, Float], Float]] = {
    "disc": lambda x, y: np.hypot(x, y) - 1,
    "ring": lambda x, y: np.abs(np.hypot(x, y) - 0.8) - 0.2,
    "square": lambda x, y: _box(x, y, 0.85, 0.85),
    "frame": lambda x, y: np.abs(_box(x, y, 0.7, 0.7)) - 0.15,
    "triangle": lambda x, y: np.maximum(np.abs(x) * 0.866 - y * 0.5 - 0.45, y - 0.75),
    "plus": lambda x, y: np.minimum(_box(x, y, 1, 0.25), _box(x, y, 0.25, 1)),
    "cross": lambda x, y: SHAPES["plus"]((x + y) * 0.7071, (x - y) * 0.7071),
    "bar": lambda x, y: _box(x, y, 1, 0.3),
    "pole": lambda x, y: _box(x, y, 0.3, 1),
    "dots": lambda x, y: np.hypot(np.abs(x) - 0.62, y) - 0.38,
}


def draw(n: int, seed: int) -> tuple[Images, Numbers]:
    """Draw n stacks: uint8 (n, 32, 32, 3), white shapes on black per channel, and their modes, int64 (n,).

    Every mode is equally likely. Radius (8 to 11 pixels) and centre (2 pixels either way) vary from shape to shape.
    """
    rng = np.random.default_rng(seed)
    modes = rng.integers(MODES, size=n)
    shapes = _digits(modes).ravel()
    centres = (SIZE - 1) / 2 + rng.uniform(-2, 2, (2, len(shapes)))
    radii = rng.uniform(8, 11, len(shapes))
    drawn = np.empty((len(shapes), SIZE, SIZE), np.uint8)
    for number, shape in enumerate(SHAPES.values()):
        members = np.flatnonzero(shapes == number)
        for start in range(0, len(members), BLOCK):
            rows = members[start : start + BLOCK]
            radius = radii[rows, None, None]
            x = (np.arange(SIZE)[None, None, :] - centres[0, rows, None, None]) / radius
            y = (np.arange(SIZE)[None, :, None] - centres[1, rows, None, None]) / radius
            inside = np.clip(0.5 - shape(x, y) * radius, 0, 1)  # one pixel wide edges are grey
            drawn[rows] = np.rint(255 * inside)
    return np.ascontiguousarray(drawn.reshape(n, 3, SIZE, SIZE).transpose(0, 2, 3, 1)), modes


def train_recogniser(seed: int = 0, n: int = 4000) -> Classifier:
    """Train a classifier of single shapes, shown in grey; its held-out accuracy is that of one channel."""
    images, modes = draw(-(-n // 3), seed)
    return train_classifier(
        _channels(images), _digits(modes).reshape(-1, 1).astype(np.int32), (len(SHAPES),), seed=seed
    )


def recognise(recogniser: Classifier, images: Images) -> Numbers:
    """Name the modes of stacks, channel by channel: uint8 (n, 32, 32, 3) -> int64 (n,)."""
    shapes = recogniser.predict(_channels(images)).reshape(-1, 3).astype(np.int64)
    return np.asarray(shapes @ np.array([100, 10, 1]))


def score(recogniser: Classifier, images: Images) -> Modes:
    """Count the modes captured by generated stacks, and their reverse KL to the uniform distribution."""
    return count_modes(recognise(recogniser, images), np.full(MODES, 1 / MODES))


def _channels(images: Images) -> Images:
    """Lay the channels out as grey pictures of their own: (n, s, s, 3) -> (3 n, s, s, 3)."""
    grey = images.transpose(0, 3, 1, 2).reshape(-1, SIZE, SIZE, 1)
    return np.repeat(grey, 3, axis=3)


def _digits(modes: Numbers) -> Numbers:
    """Return the shapes of red, green and blue: (n,) -> (n, 3)."""
    return np.asarray(modes[:, None] // np.array([100, 10, 1]) % 10)


def _box(x: Float, y: Float, half_width: float, half_height: float) -> Float:
    """Return the distance to the edge of a rectangle around the origin."""
    return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)
