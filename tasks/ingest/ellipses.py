"""Draws the three sets of ellipses on which GANs are tested first, and returns the parameters of each picture."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

Kind = Literal["ellipses-outline", "ellipses-white", "ellipses-colour"]
KINDS: tuple[Kind, ...] = get_args(Kind)

_SMALLEST, _LARGEST = 5 / 32, 13 / 32  # semi-axes as a share of the side
_LIGHTEST = 190  # luma up to which a colour stands out from white
_LUMA = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
_CHUNK = 128  # pictures worked on at once, few enough to stay in the processor's cache


def draw_ellipses(kind: Kind, rows: int, size: int, seed: int) -> tuple[npt.NDArray[np.uint8], pl.DataFrame]:
    """One ellipse in each picture, wholly inside it, uniform in axes, angle and then centre.

    Args:
        kind: an unfilled line of random colour on white, opaque white on black, or opaque random colour on white.
        rows: number of pictures.
        size: side in pixels.
        seed: the same seed gives the same pictures.

    Returns:
        pictures (uint8, (rows, size, size, 3), RGB), and their parameters: centre_x, centre_y (Float64, pixels from
        the left and upper edge), axis_a >= axis_b (Float64, semi-axes in pixels, of the line's middle if there is
        one), angle (Float64, degrees from 0 to 180 by which axis_a is turned clockwise from the horizontal) and red,
        green, blue (UInt8).
    """
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    line = size / 32 + 1 if kind == "ellipses-outline" else 0.0
    axes = np.sort(size * rng.uniform(_SMALLEST, _LARGEST, (rows, 2)), axis=1)[:, ::-1]
    angle = rng.uniform(0, 180, rows)
    turn = np.radians(angle)
    cos_sin = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    # half the width and height of the rotated ellipse, plus half its line and a margin
    reach = np.sqrt((axes**2)[:, :1] * cos_sin**2 + (axes**2)[:, 1:] * cos_sin[:, ::-1] ** 2) + line / 2 + size / 32
    centre = rng.uniform(reach, size - reach)
    colours = np.full((rows, 3), 255, np.uint8) if kind == "ellipses-white" else _colours(rng, rows)

    pictures = np.empty((rows, size, size, 3), np.uint8)
    background = 0 if kind == "ellipses-white" else 255
    for start in range(0, rows, _CHUNK):
        part = slice(start, start + _CHUNK)
        inside = _coverage(centre[part], axes[part], cos_sin[part], line, size)[..., None]
        ink = colours[part, None, None].astype(np.float32) - background
        pictures[part] = np.rint(background + inside * ink)
    parameters = {
        "centre_x": centre[:, 0],
        "centre_y": centre[:, 1],
        "axis_a": axes[:, 0],
        "axis_b": axes[:, 1],
        "angle": angle,
        **dict(zip(("red", "green", "blue"), colours.T, strict=True)),
    }
    return pictures, pl.DataFrame(parameters)


def _colours(rng: np.random.Generator, rows: int) -> npt.NDArray[np.uint8]:
    """Uniform colours; those too light for a white background are drawn again."""
    colours = rng.integers(0, 256, (rows, 3), dtype=np.uint8)
    while (light := colours @ _LUMA > _LIGHTEST).any():
        colours[light] = rng.integers(0, 256, (light.sum(), 3), dtype=np.uint8)
    return colours


def _coverage(
    centre: npt.NDArray[np.float64],
    axes: npt.NDArray[np.float64],
    cos_sin: npt.NDArray[np.float64],
    line: float,
    size: int,
) -> npt.NDArray[np.float32]:
    """How much of each pixel the ellipse covers, 0 to 1 (n, size, size): anti-aliased by the distance to its edge.

    The distance is to first order k1 (k1 - 1) / k2 with k1 = |p / axes| and k2 = |p / axes^2|, for p turned into the
    ellipse's axes; negative inside.
    """
    place = np.arange(size, dtype=np.float32) + np.float32(0.5)  # the middle of each pixel
    x = place[None, None, :] - _column(centre[:, 0])
    y = place[None, :, None] - _column(centre[:, 1])
    cos, sin = _column(cos_sin[:, 0]), _column(cos_sin[:, 1])
    # away from zero, because at the exact centre the distance would be 0 / 0
    u = np.maximum(np.abs(x * cos + y * sin), np.float32(1e-3)) / _column(axes[:, 0])
    v = np.maximum(np.abs(y * cos - x * sin), np.float32(1e-3)) / _column(axes[:, 1])
    k1 = np.sqrt(u * u + v * v)
    u /= _column(axes[:, 0])
    v /= _column(axes[:, 1])
    distance = k1 * (k1 - 1) / np.sqrt(u * u + v * v)
    if line:
        distance = np.abs(distance) - np.float32(line / 2)
    covered: npt.NDArray[np.float32] = np.clip(np.float32(0.5) - distance, 0, 1)
    return covered


def _column(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return values.astype(np.float32)[:, None, None]
