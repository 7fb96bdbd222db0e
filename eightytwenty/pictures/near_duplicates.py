"""Finds pictures that occur more than once: pixel for pixel, or saved again with small losses.

Near copies are searched for only among pictures with the same attributes. A perceptual hash, the colours at 8x8 places,
proposes pairs that are near at every place, and the pixels confirm them. The usual hashes of bits do worse on drawings:
the slightest noise flips the bits of their large even backgrounds.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eightytwenty.pictures.repair import Pixels

_PLACES = 8  # along each side
# Levels of 255. Measured at 32x32 and 64x64 on ellipses saved again (JPEG 95, 64 shades, a brighter pixel, enlarged
# twice): at most 4.4, 3.5 and 37. The nearest of 10,000 different ellipses of each kind are 6.7 apart in the first. The
# last separates faces that differ only in the mouth: another stroke changes a pixel more than saving does.
MOST_PLACE, MOST_MEAN, MOST_PIXEL = 5.0, 4.0, 40
_BLOCK = 2_048  # pictures to compare at once; bounds the memory where all are alike
_COMPARED = 256  # pictures to compare with one picture at a time, by pixels


@dataclass(frozen=True)
class Candidate:
    """A picture that failed no rule.

    Args:
        digest: of its pixels.
        hash: float32 (192,), from `perceptual_hash`.
        attributes: its values, None if it has none.
        rank: the copy with the lowest rank stays.
    """

    digest: bytes
    hash: npt.NDArray[np.float32]
    attributes: tuple[str, ...] | None
    rank: tuple[int, int, int, str]


@dataclass(frozen=True)
class PictureCopies:
    """The copies among candidates, by number.

    Args:
        original: copy -> the candidate that it is a copy of, which stays.
        contradicting: candidates with the same pixels and different attributes.
    """

    original: dict[int, int]
    contradicting: set[int]


def digest(picture: Pixels) -> bytes:
    """Pictures have equal digests if their pixels are equal."""
    return hashlib.blake2b(picture.tobytes(), digest_size=16).digest()


def perceptual_hash(pictures: Pixels) -> npt.NDArray[np.float32]:
    """uint8 (n, size, size, 3) -> float32 (n, 192), the mean colours around 8x8 places.

    The means are weighted by triangles that reach to the next place, so that no edge falls abruptly between two places.
    In float64 all sums of these whole numbers are exact, so the result does not depend on the order of addition.
    """
    n, size = pictures.shape[:2]
    step = size // _PLACES
    at, middle = np.arange(size) * 2 + 1, (np.arange(_PLACES) * 2 + 1) * step  # in halves of a pixel
    weights = np.maximum(2 * step - np.abs(at - middle[:, None]), 0).astype(np.float64)
    rows = weights @ pictures.reshape(n, size, size * 3).astype(np.float64)
    sums = weights @ rows.reshape(n, _PLACES, size, 3)
    area = weights.sum(axis=1)
    means: npt.NDArray[np.float32] = (sums / (area[:, None] * area)[..., None]).astype(np.float32)
    return means.reshape(n, 3 * _PLACES**2)


def find_picture_copies(candidates: Sequence[Candidate], pixels: Callable[[Sequence[int]], Pixels]) -> PictureCopies:
    """Finds copies and contradictions.

    Args:
        candidates: the pictures.
        pixels: numbers of candidates -> uint8 (n, size, size, 3), called only for those whose hashes are near.
    """
    by_digest: dict[bytes, list[int]] = defaultdict(list)
    for number, candidate in enumerate(candidates):
        by_digest[candidate.digest].append(number)
    original: dict[int, int] = {}
    contradicting: set[int] = set()
    leaders: dict[tuple[str, ...] | None, list[int]] = defaultdict(list)
    for numbers in by_digest.values():
        if len({candidates[number].attributes for number in numbers}) > 1:
            contradicting.update(numbers)
            continue
        first, *others = sorted(numbers, key=lambda number: candidates[number].rank)
        original.update(dict.fromkeys(others, first))
        leaders[candidates[first].attributes].append(first)

    near: dict[int, int] = {}
    for numbers in leaders.values():
        if len(numbers) > 1:
            numbers.sort(key=lambda number: candidates[number].rank)
            hashes = np.stack([candidates[number].hash for number in numbers])
            near |= _near_copies(hashes, numbers, pixels)
    return PictureCopies(near | {copy: near.get(first, first) for copy, first in original.items()}, contradicting)


def _near_copies(
    hashes: npt.NDArray[np.float32], numbers: Sequence[int], pixels: Callable[[Sequence[int]], Pixels]
) -> dict[int, int]:
    """Near copies among pictures in the order of their rank: copy -> the first picture near to it that stays.

    A tree over means of 2x2 places finds the pairs. Means are never further apart than the furthest of their places, so
    no pair is missed.

    Args:
        hashes: float32 (n, 192).
        numbers: of the n pictures.
        pixels: see `find_picture_copies`.
    """
    from scipy.spatial import cKDTree

    half = _PLACES // 2
    coarse = hashes.reshape(-1, half, 2, half, 2, 3).mean(axis=(2, 4)).reshape(len(hashes), -1)
    leaders: list[int] = []
    copies: dict[int, int] = {}
    for start in range(0, len(hashes), _BLOCK):
        block = range(start, min(start + _BLOCK, len(hashes)))
        searched = np.array([*leaders, *block])
        # a little more than the bound, because the means are rounded
        matches = cKDTree(coarse[searched]).query_ball_point(coarse[block], MOST_PLACE + 0.01, p=np.inf)
        for place, neighbours in zip(block, matches, strict=True):
            others = np.sort(searched[neighbours])
            others = others[others < place]
            others = others[np.abs(hashes[others] - hashes[place]).max(axis=1, initial=0) <= MOST_PLACE]
            nearby = [numbers[other] for other in others if numbers[other] not in copies]
            first = _first_match(numbers[place], nearby, pixels)
            if first is None:
                leaders.append(place)
            else:
                copies[numbers[place]] = first
    return copies


def _first_match(number: int, others: Sequence[int], pixels: Callable[[Sequence[int]], Pixels]) -> int | None:
    """The first of `others` whose pixels are nearly those of `number`."""
    for start in range(0, len(others), _COMPARED):
        block = others[start : start + _COMPARED]
        images = pixels([number, *block]).astype(np.int16)
        differences = np.abs(images[1:] - images[0]).reshape(len(block), -1)
        alike = (differences.max(axis=1) <= MOST_PIXEL) & (differences.mean(axis=1) <= MOST_MEAN)
        if alike.any():
            return block[int(alike.argmax())]
    return None
