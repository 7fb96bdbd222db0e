"""Finds pictures that occur more than once: pixel for pixel, or saved again with small losses.

Near copies are searched for only among pictures with the same attributes. Cells of them are compared wherever the
pictures are (see `near_cells`); which ones stay is decided here, in the order of their rank.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.executor import Executor
from eightytwenty.pictures.near_cells import MOST_MATCHES, Cell, CompareCell, Mask, Numbers, Rows, plan_cells


@dataclass(frozen=True)
class Candidates:
    """n pictures that failed no rule, in the order of their rank: of copies the first one stays.

    Args:
        numbers: (n,) of the pictures in the store.
        digests: (n, 2), from `eightytwenty.pictures.perceptual_hash.digests`.
        means: (n, 48), from `eightytwenty.pictures.perceptual_hash.coarse_means`.
        groups: (n,) equal for pictures with the same attributes.
    """

    numbers: Numbers
    digests: npt.NDArray[np.uint64]
    means: npt.NDArray[np.uint8]
    groups: Numbers


@dataclass(frozen=True)
class PictureCopies:
    """The copies among n pictures.

    Args:
        original: (n,) the picture that each is a copy of, which stays; -1 if it is no copy.
        contradicts: (n,) those with the same pixels as others, and different attributes.
    """

    original: Numbers
    contradicts: Mask


def find_picture_copies(candidates: Candidates, pixels: Rows, hashes: Rows, executor: Executor) -> PictureCopies:
    """Finds copies and contradictions.

    Args:
        candidates: the pictures.
        pixels: of all that are in the store, uint8 (m, size, size, 3).
        hashes: of the same, float32 (m, 192), from `eightytwenty.pictures.perceptual_hash.perceptual_hash`.
        executor: compares pictures.
    """
    places = np.arange(len(candidates.numbers), dtype=np.int32)
    frame = pl.DataFrame([places, *candidates.digests.T, candidates.groups], ["place", "digest", "more", "group"])
    of_equal = frame.select(
        first=pl.col("place").min().over("digest", "more"),
        contradicts=(pl.col("group").min() != pl.col("group").max()).over("digest", "more"),
    )
    first, contradicts = of_equal["first"].to_numpy(), of_equal["contradicts"].to_numpy()
    original = _near_copies(candidates, places[(first == places) & ~contradicts], CompareCell(pixels, hashes), executor)
    original = np.where(original[first] < 0, first, original[first])
    original[(original == places) | contradicts] = -1
    return PictureCopies(original, contradicts)


def _near_copies(candidates: Candidates, places: Numbers, compare: CompareCell, executor: Executor) -> Numbers:
    """Near copies among different pictures: (n,), see `PictureCopies.original`.

    Whether a picture stays may depend on those of other cells, and these on others. So cells are compared again, each
    time more being known, as long as that is of use; most often once is enough.

    Args:
        candidates: all n pictures.
        places: of the different ones.
        compare: compares the pictures of a cell.
        executor: runs it.
    """
    groups = candidates.groups
    places = places[np.bincount(groups[places])[groups[places]] > 1]
    cells = list(plan_cells(candidates.means, groups, places[np.argsort(groups[places], kind="stable")]))
    cell_of = np.full(len(groups), -1, np.int32)
    for number, (own, _) in enumerate(cells):
        cell_of[own] = number
    original, stays = np.full(len(groups), -1, np.int32), np.zeros(len(groups), np.bool_)
    pairs = np.empty((0, 2), np.int32)  # a picture that may be a copy, and one to which it is near
    asked = list(range(len(cells)))

    def compared() -> Iterator[Numbers]:
        """The pictures of each cell that is compared, and of its halo, but for known copies."""
        for number in asked:
            both = np.sort(np.concatenate(cells[number]))
            yield both[original[both] < 0]

    while asked:
        jobs = (
            Cell(
                candidates.numbers[cell],
                groups[cell],
                (cell_of[cell] == number) & ~stays[cell],
                stays[cell],
            )
            for number, cell in zip(asked, compared(), strict=True)
        )
        results = list(executor(compare, jobs))
        is_asked = np.isin(cell_of, asked)
        pairs = np.concatenate(
            [pairs[~is_asked[pairs[:, 0]]], *(cell[found] for cell, found in zip(compared(), results, strict=True))]
        )
        pairs = pairs[np.lexsort(pairs.T[::-1])]
        is_near = np.zeros(len(groups), np.bool_)
        is_near[pairs[:, 0]] = True
        stays |= is_asked & ~is_near & (original < 0)
        asked = sorted({int(cell_of[place]) for place in _decide(pairs, original, stays)})
        pairs = pairs[(original[pairs[:, 0]] < 0) & ~stays[pairs[:, 0]]]
    return original


def _decide(pairs: Numbers, original: Numbers, stays: Mask) -> Iterator[int]:
    """Decides which pictures are copies, in the order of their rank.

    Args:
        pairs: (k, 2), sorted: a picture that may be a copy, and one to which it is near.
        original: (n,) of each picture, -1 if it has none; added to.
        stays: (n,) those that are no copies; added to.

    Yields:
        Those of which more has to be known; some that depend on them are undecided, too.
    """
    for start, stop in pairwise(np.flatnonzero(np.diff(pairs[:, 0], prepend=-1, append=-1))):
        picture = int(pairs[start, 0])
        for match in pairs[start:stop, 1].tolist():
            if stays[match]:
                original[picture] = match
            if original[match] < 0:
                break
        else:  # all are copies
            if stop - start < MOST_MATCHES:
                stays[picture] = True
            else:
                yield picture
