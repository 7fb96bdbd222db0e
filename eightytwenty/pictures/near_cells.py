"""Compares pictures cell by cell: a cell holds pictures of about the same colours, and no other need be looked at.

Beside its own pictures a cell has a halo: those of other cells that may be near to one of them. A perceptual hash
proposes pairs that are near at every place, and the pixels confirm them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from eightytwenty.pictures.perceptual_hash import HASH, MOST_MEAN, MOST_PIXEL, MOST_PLACE, coarse_means

Numbers = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
MOST_MATCHES = 16  # of a picture to report, where it is not known which of them stay
_CELL = 16_384  # pictures of a cell; more if a cell cannot be divided well
_HALO = int(MOST_PLACE) + 1  # levels, because means are whole numbers in a plan
_MOST_HALO = 1.6  # of the pictures of a cell; where dividing it would make more of them, it is not divided
_SAMPLE = 2_048  # pictures from which the spread of the means is estimated
_AXES = 12  # of a tree; with all 48 it proposes a few pairs less, and takes twice as long
_BLOCK = 1_024  # pictures to add at once to those that are searched, so that copies among them are soon left out,
_GROWTH = 16  # or this part of those that are there, because each time a new tree is made
_QUERIED = 32  # of these to look for at once in the tree, as many others may be near to each
_READ = 1 << 15  # hashes to read at once, because each time all files are opened
_FEWEST_COMPARED, _MOST_COMPARED = 16, 256  # pictures to compare with one picture at a time, by pixels
_APART = 1_000.0  # between groups: further than any means


class Rows(Protocol):
    """Rows that are read by their numbers."""

    def __getitem__(self, numbers: Any, /) -> npt.NDArray[Any]:
        """Reads k rows, (k, ...)."""


@dataclass(frozen=True)
class Cell:
    """Pictures to compare, those of a cell and of its halo, in the order of their rank.

    Args:
        numbers: (n,) of the pictures in the store.
        groups: (n,) only pictures of the same group may be near copies.
        is_own: (n,) those whose originals are sought.
        stays: (n,) those that are no copies for sure; of the others it is not known.
    """

    numbers: Numbers
    groups: Numbers
    is_own: Mask
    stays: Mask


def plan_cells(means: npt.NDArray[np.uint8], groups: Numbers, places: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
    """Divides pictures into cells at medians of their means, and groups that are small at their borders.

    Args:
        means: (n, 48) of all pictures, from `coarse_means`.
        groups: (n,) of all pictures.
        places: of those to divide, sorted by group.

    Yields:
        The places of the pictures of a cell, and of its halo.
    """
    planned = [(places, places[:0])] if len(places) else []
    while planned:
        cell = planned.pop()
        parts = _divide(means, groups, *cell) if len(cell[0]) > _CELL else []
        planned += parts
        if not parts:
            yield cell


def _divide(
    means: npt.NDArray[np.uint8], groups: Numbers, own: Numbers, halo: Numbers
) -> list[tuple[Numbers, Numbers]]:
    """Both halves of a cell, each with its halo; nothing if that would cost more than it saves."""
    borders = np.flatnonzero(np.diff(groups[own])) + 1
    if len(borders):  # so that it has no halo yet
        cut = borders[np.abs(borders - len(own) // 2).argmin()]
        return [(own[:cut], halo), (own[cut:], halo)]
    axis = _widest(means[own[_sample(own)]], 1)[0]
    column = means[own, axis]
    middle = np.median(column)
    is_low = column <= middle if middle < column.max() else column < middle
    halves, parts = (own[is_low], own[~is_low]), []
    for half, other in (halves, halves[::-1]):
        if not len(half):  # all means are the same
            return []
        near = np.concatenate([halo, other])
        bounds = means[half].min(axis=0).astype(np.int16) - _HALO, means[half].max(axis=0).astype(np.int16) + _HALO
        low, high = np.clip(bounds, 0, 255).astype(np.uint8)
        near = near[(means[near, axis] >= low[axis]) & (means[near, axis] <= high[axis])]  # quick, and leaves far fewer
        parts.append((half, near[((means[near] >= low) & (means[near] <= high)).all(axis=1)]))
    total = sum(len(half) + len(near) for half, near in parts)
    return parts if total <= _MOST_HALO * (len(own) + len(halo)) else []


def _sample(rows: npt.NDArray[Any]) -> slice:
    return slice(None, None, len(rows) // _SAMPLE + 1)


def _widest(means: npt.NDArray[Any], count: int) -> npt.NDArray[np.int64]:
    """The columns in which rows differ most."""
    return np.argsort(-means.std(axis=0))[:count]


@dataclass(frozen=True)
class CompareCell:
    """Seeks the near copies of a cell.

    What is known of its pictures grows in the order of their rank: one that is near to no earlier one stays, one that
    is near to one that stays is a copy, and copies are not compared any more. So it takes not much longer if all are
    alike. Of the pictures of the halo other cells know more.

    Args:
        pixels: of all pictures, uint8 (n, size, size, 3).
        hashes: of all pictures, float32 (n, 192).
    """

    pixels: Rows
    hashes: Rows

    def __call__(self, cell: Cell) -> Numbers:
        """Compares each own picture with the earlier ones of the cell.

        Returns:
            (k, 2), sorted: a picture and one to which it is near, by their places in the cell. Of each picture these
            are the first ones that may stay, up to the first that stays for sure, and `MOST_MATCHES` at most.
        """
        stays, is_copy = cell.stays.copy(), np.zeros(len(cell.numbers), np.bool_)
        pairs: list[tuple[int, int]] = []
        searched = _Searched(len(cell.numbers))
        for start in range(0, len(cell.numbers), _READ):
            read = self.hashes[cell.numbers[start : start + _READ]]
            first, stop = start, start + len(read)
            while first < stop:
                block = np.arange(first, min(first + max(_BLOCK, searched.count // _GROWTH), stop), dtype=np.int32)
                searched.add(block, read[block - start], cell.groups[block])
                for place, near in searched.near(block[cell.is_own[block]], is_copy):
                    matches = list(self._matches(cell.numbers, place, near, stays))
                    pairs += ((place, match) for match in matches)
                    stays[place] = not matches
                    is_copy[place] = bool(matches) and stays[matches[-1]]
                searched.drop(is_copy)
                first += len(block)
        return np.array(pairs, np.int32).reshape(-1, 2)

    def _matches(self, numbers: Numbers, place: int, others: Numbers, stays: Mask) -> Iterator[int]:
        """Those of `others` whose pixels are nearly those of a picture, up to one that stays."""
        start, count, found = 0, _FEWEST_COMPARED, 0
        while start < len(others):
            block = others[start : start + count]
            images = self.pixels[numbers[[place, *block]]].astype(np.int16)
            differences = np.abs(images[1:] - images[0]).reshape(len(block), -1)
            alike = (differences.max(axis=1) <= MOST_PIXEL) & (differences.mean(axis=1) <= MOST_MEAN)
            for match in block[alike].tolist():
                yield match
                found += 1
                if stays[match] or found == MOST_MATCHES:
                    return
            start, count = start + count, min(2 * count, _MOST_COMPARED)


class _Searched:
    """The pictures among which near ones are sought.

    Args:
        most: the number of them at most.

    Attributes:
        count: the number of them.
    """

    def __init__(self, most: int) -> None:
        # what is never written takes no memory
        self._places, self._groups = np.empty(most, np.int32), np.empty(most, np.int32)
        self._hashes, self._means = np.empty((most, HASH), np.float32), np.empty((most, HASH // 4), np.float32)
        self.count = 0

    def add(self, places: Numbers, hashes: npt.NDArray[np.float32], groups: Numbers) -> None:
        """Adds pictures that come after all that are there."""
        rows = slice(self.count, self.count + len(places))
        self._places[rows], self._groups[rows] = places, groups
        self._hashes[rows], self._means[rows] = hashes, coarse_means(hashes)
        self.count = rows.stop

    def drop(self, is_dropped: Mask) -> None:
        """Removes pictures, by their places."""
        is_left = ~is_dropped[self._places[: self.count]]
        if is_left.all():
            return
        first, left = int(is_left.argmin()), np.flatnonzero(is_left)  # those before the first one stay where they are
        for rows in (self._places, self._groups, self._hashes, self._means):
            rows[first : len(left)] = rows[left[first:]]
        self.count = len(left)

    def near(self, places: Numbers, is_copy: Mask) -> Iterator[tuple[int, Numbers]]:
        """Finds the earlier pictures that are near by their hashes.

        Args:
            places: of the pictures for which they are sought, all there and sorted.
            is_copy: those that are not sought any more; it may change meanwhile.

        Yields:
            Each place, and the places that are near, sorted.
        """
        from scipy.spatial import cKDTree

        means = self._means[: self.count]
        axes = _widest(means[_sample(means)], _AXES)
        points = np.column_stack([self._groups[: self.count] * _APART, means[:, axes]])
        tree = cKDTree(points)
        rows = np.searchsorted(self._places[: self.count], places)
        for start in range(0, len(rows), _QUERIED):
            some = rows[start : start + _QUERIED]
            # a little more than the bound, because the means are rounded
            found: Any = tree.query_ball_point(points[some], MOST_PLACE + 0.01, p=np.inf, return_sorted=True)
            for row, neighbours in zip(some.tolist(), found, strict=True):
                others = np.array(neighbours[: neighbours.index(row)], np.int64)
                others = others[~is_copy[self._places[others]]]
                distances = np.abs(self._hashes[others] - self._hashes[row]).max(axis=1, initial=0)
                yield int(self._places[row]), self._places[others[distances <= MOST_PLACE]]
