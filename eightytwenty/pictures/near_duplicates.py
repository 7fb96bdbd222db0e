"""Finds pictures that occur more than once: pixel for pixel, or saved again with small losses.

Near copies are searched for only among pictures with the same attributes. Cells of them are compared wherever the
pictures are (see `near_cells`); which ones stay is decided here, in the order of their rank.
"""

from collections.abc import Iterator, Sequence
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
    places = places[np.argsort(groups[places], kind="stable")]
    decisions = _Decisions(candidates, list(plan_cells(candidates.means, groups, places)))
    asked: Sequence[int] = range(len(decisions.cells))
    while asked:
        asked = decisions.add(asked, list(executor(compare, map(decisions.cell, asked))))
    return decisions.original


class _Decisions:
    """What is known of n pictures.

    Args:
        candidates: the pictures.
        cells: from `plan_cells`.

    Attributes:
        original: (n,), see `PictureCopies.original`.
    """

    def __init__(self, candidates: Candidates, cells: Sequence[tuple[Numbers, Numbers]]) -> None:
        self._candidates, self.cells = candidates, cells
        count = len(candidates.numbers)
        self.original, self._stays = np.full(count, -1, np.int32), np.zeros(count, np.bool_)
        self._cell_of = np.full(count, -1, np.int32)
        for number, (own, _) in enumerate(cells):
            self._cell_of[own] = number
        # (k, 2), sorted: a picture of which nothing is known, and an earlier one to which it is near
        self._pairs = np.empty((0, 2), np.int32)

    def _places(self, number: int) -> Numbers:
        """The pictures of a cell and of its halo, but for known copies."""
        both = np.sort(np.concatenate(self.cells[number]))
        return both[self.original[both] < 0]

    def cell(self, number: int) -> Cell:
        """What is to be compared in a cell."""
        places = self._places(number)
        stays = self._stays[places]
        is_own = (self._cell_of[places] == number) & ~stays
        return Cell(self._candidates.numbers[places], self._candidates.groups[places], is_own, stays)

    def add(self, numbers: Sequence[int], results: Sequence[Numbers]) -> Sequence[int]:
        """Decides what may be decided now.

        Args:
            numbers: of cells that were compared.
            results: of `CompareCell` for each.

        Returns:
            The cells to compare again.
        """
        found = [self._places(number)[pairs] for number, pairs in zip(numbers, results, strict=True)]
        is_compared = np.isin(self._cell_of, numbers) & (self.original < 0)
        pairs = np.concatenate([self._pairs[~is_compared[self._pairs[:, 0]]], *found])
        is_compared[pairs[:, 0]] = False
        self._stays |= is_compared  # what is near to no earlier one
        self._pairs = pairs[np.lexsort(pairs.T[::-1])]
        again = {int(self._cell_of[place]) for place in self._decide()}
        copies = self._pairs[:, 0]
        self._pairs = self._pairs[(self.original[copies] < 0) & ~self._stays[copies]]
        return sorted(again)

    def _decide(self) -> Iterator[int]:
        """Decides which pictures are copies, in the order of their rank.

        Yields:
            Those of which more has to be known; some that depend on them are undecided, too.
        """
        starts = np.flatnonzero(np.diff(self._pairs[:, 0], prepend=-1, append=-1))
        for start, stop in pairwise(starts.tolist()):
            picture = self._pairs[start, 0]
            for match in self._pairs[start:stop, 1].tolist():
                if self._stays[match]:
                    self.original[picture] = match
                if self.original[match] < 0:  # it stays, or nobody knows yet
                    break
            else:
                if stop - start < MOST_MATCHES:
                    self._stays[picture] = True
                else:
                    yield picture
