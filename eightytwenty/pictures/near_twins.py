"""Finds twins: pictures that are mirrored, moved a little, changed in one pixel, or saved again with losses.

What a network does with one of them says nothing new about what it does with the other. Unlike the copies that cleaning
removes (see `near_duplicates`), twins may have other attributes, and two pixels along each edge do not count.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eightytwenty.pictures.repair import Pixels

# How far apart twins may be at 32x32 pixels, in levels of 255 (at 64x64, .7 of it): in the mean brightness of any
# eighth by an eighth of the picture, and in the mean colour (Cb and Cr) of any quarter by a quarter. One pixel of 4x4
# changes a mean by 15.9 at most. Measured on 600 avatars and ellipses: JPEG of quality 75 with halved colours 12.5 and
# 11.5; half a pixel, from a picture of twice the size that was moved by one, 13.9 and 2.4; enlarged and reduced 7.3 and
# 1.4. Faces with another skin, hair or colour of the clothes are further apart; most that differ only in the mouth or
# the eyebrows are not, and count as twins. `python -m benchmarks.near_twins` counts them.
_MOST_BRIGHTNESS, _MOST_COLOUR = 16.0, 12.0
_MOST_COARSE = 10.0  # in the means of a quarter by a quarter, and no such twins are further apart
_MOVES = np.array([-2, -1.5, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 1.5, 2])  # pixels, along each axis
_NEAREST_FIRST = np.argsort(np.add.outer(abs(_MOVES), abs(_MOVES)).ravel(), kind="stable")
_MARGIN = 2  # pixels along each edge that may have been moved out of the picture
_BLOCK = 256  # pictures that are moved at a time; bounds the memory
_COMPARED = 1 << 16  # pairs that are compared at a time
_TO_YCBCR = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class _Means:
    """Means over places of pictures, each picture moved in m ways.

    Attributes:
        brightness: (n * m, k, k), overlapping places, an eighth of the side wide.
        colour: (n * m, l, l, 2), overlapping places, a quarter wide.
        coarse: (n * m, 16), of places a quarter wide, the same for a picture and its mirror image.
    """

    brightness: Floats
    colour: Floats
    coarse: Floats


def find_twins(images: Pixels) -> npt.NDArray[np.int64]:
    """The pairs of twins among pictures: (k, 2), sorted, the smaller number first.

    A tree over few coarse means proposes pairs in which one picture is moved; more means confirm them.

    Args:
        images: uint8 (n, size, size, 3), RGB.
    """
    from scipy.spatial import cKDTree

    if not len(images):
        return np.empty((0, 2), np.int64)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(images), _BLOCK)]
    parts = [_means(images[block], np.zeros(1)) for block in blocks]
    still = _Means(*(np.concatenate([getattr(part, name) for part in parts]) for name in _Means.__annotations__))
    tree, scale = cKDTree(still.coarse), (32 / images.shape[1]) ** 0.5
    found = [np.empty((0, 2), np.int64)]
    for block in blocks:
        moved = _means(images[block], _MOVES)
        numbers = np.arange(len(images))[block]
        are_twins = np.zeros((len(numbers), len(images)), np.bool_)
        are_twins[np.arange(len(numbers)), numbers] = True  # so that no picture is compared with itself
        for move in _NEAREST_FIRST:
            coarse = moved.coarse[move :: len(_NEAREST_FIRST)]
            near = cKDTree(coarse).sparse_distance_matrix(tree, _MOST_COARSE * scale, p=np.inf, output_type="ndarray")
            near = near[~are_twins[near["i"], near["j"]]]  # many like pictures would be compared in all ways
            for start in range(0, len(near), _COMPARED):
                one, other = (near[start : start + _COMPARED][name] for name in ("i", "j"))
                alike = _are_alike(moved, one * len(_NEAREST_FIRST) + move, still, other, scale)
                are_twins[one[alike], other[alike]] = True
        are_twins[np.arange(len(numbers)), numbers] = False
        found.append(np.argwhere(are_twins) + np.array([block.start, 0]))
    return np.unique(np.sort(np.concatenate(found), axis=1), axis=0)


def _means(images: Pixels, moves: npt.NDArray[np.float64]) -> _Means:
    """The means of (n, size, size, 3) pictures, each moved by all combinations of `moves` along both axes."""
    size = images.shape[1]
    channels = images.astype(np.float32) @ _TO_YCBCR.T
    quarter = (size - 2 * _MARGIN) // 4
    sides = _means_of_places(channels, quarter, quarter, moves)
    coarse = (sides[:, :, :2] + sides[:, :, :1:-1]) / np.float32(2)
    bands = coarse[..., 1:].mean(axis=2)  # of colour
    return _Means(
        _means_of_places(channels[..., :1], size // 8, size // 16, moves)[..., 0],
        _means_of_places(channels[..., 1:], size // 4, size // 8, moves),
        np.concatenate([part.reshape(len(coarse), -1) for part in (coarse[..., 0], bands)], axis=1),
    )


def _means_of_places(channels: Floats, width: int, step: int, moves: npt.NDArray[np.float64]) -> Floats:
    """(n, size, size, c) -> (n * m * m, k, k, c), the means of places `width` wide and `step` apart, for each move."""
    n, size, _, c = channels.shape
    inside = size - 2 * _MARGIN
    k, m = (inside - width) // step + 1, len(moves)
    first = _MARGIN + (inside - width - (k - 1) * step) / 2  # as far from one edge as from the other
    starts = np.add.outer(moves, first + step * np.arange(k)).reshape(-1, 1)
    pixels = np.arange(size)
    shares = np.clip(np.minimum(pixels + 1, starts + width) - np.maximum(pixels, starts), 0, 1) / width
    weights = shares.astype(np.float32)
    rows = (weights @ channels.reshape(n, size, size * c)).reshape(n, m * k, size, c)
    means: Floats = (weights @ rows).reshape(n, m, k, m, k, c)
    return means.transpose(0, 1, 3, 2, 4, 5).reshape(n * m * m, k, k, c)


def _are_alike(
    ones: _Means, one: npt.NDArray[np.int64], others: _Means, other: npt.NDArray[np.int64], scale: float
) -> npt.NDArray[np.bool_]:
    """Whether the means of each pair are near everywhere, or those of one and the mirrored other."""
    alike = np.zeros(len(one), np.bool_)
    brightness, colour = others.brightness[other], others.colour[other]
    for step in (1, -1):
        bright = np.abs(ones.brightness[one][:, :, ::step] - brightness).max(axis=(1, 2))
        coloured = np.abs(ones.colour[one][:, :, ::step] - colour).max(axis=(1, 2, 3))
        alike |= (bright <= _MOST_BRIGHTNESS * scale) & (coloured <= _MOST_COLOUR * scale)
    return alike
