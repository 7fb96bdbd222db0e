"""What is computed in which order and where it lies in memory, for a generator of some shape.

All layers are products of a matrix of weights with the pixels of a map, which the kernel does (models/faces/kernel.py).

A dense layer is such a product over a "map" whose pixels are the faces. The last convolution is three, one for each row
of its kernel: three neighbours in a row of a map lie side by side in memory, as if they were one pixel.

A convolution of 3x3 over a map x that was doubled by repetition is nine products over the small map instead of 36.
Along one axis, with the kernel (a, b, c) and S = a + b + c, the two new pixels in the place of x[i] are

    a x[i-1] + (b + c) x[i] = S x[i] - a (x[i] - x[i-1])
    (a + b) x[i] + c x[i+1] = S x[i] + c (x[i+1] - x[i])

which takes three products instead of six; neighbours share the differences. Along both axes it is nine: of x with S S,
of the differences along each axis, of the differences of the differences. Each of the four new pixels is a sum of four.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import product
from typing import NamedTuple

MOST_FACES = 16  # drawn at once
TILE = 4  # pixels that the kernel works on at once
BLOCK = 8  # channels that it works on at once
STEP = 4  # channels of the inputs that it takes in a turn
OUT_CHANNELS = 16  # of the last convolution: 12, rounded up to a multiple of BLOCK
_FLOAT = 4  # bytes
_FIRST = 64  # address of the first array


class Array(NamedTuple):
    """Where an array lies: its address, and the distances between pixels, rows and faces, all in bytes."""

    address: int
    pixel: int = 0
    row: int = 0
    face: int = 0

    def at(self, row: int, column: int, channel: int = 0) -> "Array":
        """The same from another pixel on."""
        return self._replace(address=self.address + row * self.row + column * self.pixel + channel * _FLOAT)


_NOWHERE = Array(0)


class Job(NamedTuple):
    """A run of the kernel; its fields are the kernel's parameters.

    It computes out = rectified(gain (first + second + inputs weights)), or out = inputs - first if it has no channels.

    Attributes:
        group: faces that it takes for one: 1, or `TILE` where the pixels of a row are the faces.
        rows: of the map.
        columns: of the map, a multiple of `TILE`; in a difference, floats in a row.
        channels: of the result, a multiple of `BLOCK`.
        depth: floats of each pixel that enter the product, a multiple of `STEP`.
        inputs: the map.
        weights: address, in blocks of (depth, BLOCK).
        first: what the sum starts with, such as the bias.
        second: what the sum starts with, too.
        gain: factors of the channels.
        slope: of the result where it is negative; 1 leaves it as it is.
        out: where the result goes.
    """

    group: int
    rows: int
    columns: int
    channels: int
    depth: int
    inputs: Array
    weights: int
    first: Array
    second: Array
    gain: Array
    slope: float
    out: Array

    @property
    def words(self) -> Iterator[int | float]:
        """The fields, flat, as the kernel reads them: each of 4 bytes."""
        for entry in self:
            yield from entry if isinstance(entry, tuple) else (entry,)


class Form(IntEnum):
    """How weights are put into memory."""

    COPY = 0
    """as they are"""
    MATRIX = 1
    """(depth, channels) in blocks of (depth, BLOCK); padded with zeros to multiples of STEP and BLOCK"""
    DOUBLING = 2
    """(3, 3, depth, channels) as nine such matrices: along each axis (a, b, c) becomes (-a, a + b + c, c)"""


class Placement(NamedTuple):
    """Where an array of the weights goes: the number of its first weight, its depth and channels, its address."""

    form: Form
    start: int
    depth: int
    channels: int
    address: int


@dataclass
class Plan:
    """The plan for a generator.

    Attributes:
        asked: numbers that a face is drawn from.
        placements: of all weights.
        jobs: in the order in which they are done.
        most: channels that any job has, at most.
        ones: address of `most` ones.
        inputs: (faces, asked), each row padded with zeros to a multiple of `STEP`.
        out: the last map.
        bytes: the memory that all of it takes.
    """

    asked: int
    placements: list[Placement] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    most: int = 0
    ones: int = 0
    inputs: Array = _NOWHERE
    out: Array = _NOWHERE
    bytes: int = _FIRST


def plan(asked: int, features: int, channels: tuple[int, ...], slope: float) -> Plan:
    """Plans the drawing of up to `MOST_FACES` faces.

    Args:
        asked: numbers that a face is drawn from.
        features: of the style.
        channels: of the maps with sides of 4, 8, 16, ... pixels.
        slope: of the rectifiers.
    """
    return _Planner(asked, features, channels, slope).plan


class _Planner:
    """Takes memory from the beginning to the end, and weights in the order of `FaceModel.weights`."""

    def __init__(self, asked: int, features: int, channels: tuple[int, ...], slope: float) -> None:
        self._taken, self._slope = 0, slope
        self.plan = plan = Plan(asked)
        plan.most = max(*channels, 4 * channels[0], features, OUT_CHANNELS)
        plan.ones, self._zeros = self._room(plan.most), Array(self._room(plan.most))
        plan.inputs, self._style = self._faces(_rounded(asked, STEP)), self._faces(features)
        weights, bias = self._matrix(asked, features), self._copy(features)
        self._dense(plan.inputs, _rounded(asked, STEP), weights, features, bias, slope, self._style)
        size, before = 4, channels[0]
        map_ = self._map(size, before)
        self._first_map(features, before, map_)
        for after in channels[1:]:
            map_ = self._doubling(map_, size, features, before, after)
            size, before = 2 * size, after
        self._last(map_, size, before)

    def _first_map(self, features: int, channels: int, map_: Array) -> None:
        """The style becomes the map, row by row."""
        weights, bias = self._matrix(features, 16 * channels), self._copy(16 * channels)
        floats = 4 * channels
        for row in range(4):
            of_row = weights + row * floats * features * _FLOAT
            out = map_.at(1 + row, 1)._replace(pixel=map_.face)
            self._dense(self._style, features, of_row, floats, bias.at(0, 0, row * floats), self._slope, out)

    def _doubling(self, map_: Array, size: int, features: int, before: int, after: int) -> Array:
        """The map, doubled, convolved, multiplied by the gain, rectified."""
        matrices, bias = self._nine(before, after), self._copy(after)
        gain, doubled = self._faces(after), self._map(2 * size, after)
        weights, gain_bias = self._matrix(features, after), self._copy(after)
        self._dense(self._style, features, weights, after, gain_bias, 1, gain)

        along_x, along_y, along_both = (
            self._array(size + rows, size + columns, before) for rows, columns in ((2, 1), (1, 0), (1, 1))
        )
        self._difference(map_.at(0, 1), map_, size + 2, (size + 1) * before, along_x)
        self._difference(map_.at(1, 1), map_.at(0, 1), size + 1, size * before, along_y)
        self._difference(along_x.at(1, 0), along_x, size + 1, (size + 1) * before, along_both)

        def add(inputs: Array, matrix: tuple[int, int], first: Array, second: Array | None = None) -> Array:
            out = self._array(size, size, after)
            self._product(size, before, after, inputs, matrices[matrix], first, second or self._zeros, out)
            return out

        middle = add(map_.at(1, 1), (1, 1), bias)
        sides = [add(along_x.at(1, x), (1, 2 * x), middle) for x in (0, 1)]
        ends = [add(along_y.at(y, 0), (2 * y, 1), self._zeros) for y in (0, 1)]
        for y, x in product((0, 1), repeat=2):
            out = doubled.at(1 + y, 1 + x)._replace(pixel=2 * doubled.pixel, row=2 * doubled.row)
            inputs, matrix = along_both.at(y, x), matrices[2 * y, 2 * x]
            self._product(size, before, after, inputs, matrix, sides[x], ends[y], out, gain, self._slope)
        return doubled

    def _last(self, map_: Array, size: int, channels: int) -> None:
        """The convolution to 12 channels, which are 2x2 pixels of 3 colours."""
        rows = [self._matrix(3 * channels, 12) for _ in range(3)]
        sums, self.plan.out = self._copy(12, OUT_CHANNELS), self._array(size, size, OUT_CHANNELS)
        for y, weights in enumerate(rows):
            out = self.plan.out
            self._product(size, 3 * channels, OUT_CHANNELS, map_.at(y, 0), weights, sums, self._zeros, out)
            sums = out

    def _dense(
        self, inputs: Array, depth: int, weights: int, channels: int, bias: Array, slope: float, out: Array
    ) -> None:
        """A product whose pixels are the faces, in rows of `TILE`."""
        inputs, out = (array._replace(face=TILE * array.pixel) for array in (inputs, out))
        gain = Array(self.plan.ones)
        self.plan.jobs.append(Job(TILE, 1, TILE, channels, depth, inputs, weights, bias, self._zeros, gain, slope, out))

    def _product(
        self,
        size: int,
        depth: int,
        channels: int,
        inputs: Array,
        weights: int,
        first: Array,
        second: Array,
        out: Array,
        gain: Array | None = None,
        slope: float = 1,
    ) -> None:
        gain = gain._replace(face=gain.pixel, pixel=0) if gain else Array(self.plan.ones)
        self.plan.jobs.append(Job(1, size, size, channels, depth, inputs, weights, first, second, gain, slope, out))

    def _difference(self, inputs: Array, subtrahend: Array, rows: int, floats: int, out: Array) -> None:
        self.plan.jobs.append(Job(1, rows, floats, 0, 0, inputs, 0, subtrahend, _NOWHERE, _NOWHERE, 1, out))

    def _matrix(self, depth: int, channels: int) -> int:
        floats = _rounded(depth, STEP) * _rounded(channels, BLOCK)
        return self._place(Form.MATRIX, depth, channels, depth * channels, floats)

    def _nine(self, depth: int, channels: int) -> dict[tuple[int, int], int]:
        area = depth * channels
        address = self._place(Form.DOUBLING, depth, channels, 9 * area, 9 * area)
        return {(y, x): address + (3 * y + x) * area * _FLOAT for y, x in product(range(3), repeat=2)}

    def _copy(self, floats: int, padded: int = 0) -> Array:
        return Array(self._place(Form.COPY, 1, floats, floats, padded or floats))

    def _place(self, form: Form, depth: int, channels: int, weights: int, floats: int) -> int:
        address = self._room(floats)
        self.plan.placements.append(Placement(form, self._taken, depth, channels, address))
        self._taken += weights
        return address

    def _map(self, size: int, channels: int) -> Array:
        """With a border of zeros, which no job ever writes to."""
        return self._array(size + 2, size + 2, channels)

    def _array(self, rows: int, columns: int, channels: int) -> Array:
        pixel = channels * _FLOAT
        row, face = columns * pixel, rows * columns * pixel
        return Array(self._room(MOST_FACES * face // _FLOAT), pixel, row, face)

    def _faces(self, floats: int) -> Array:
        return Array(self._room(MOST_FACES * floats), floats * _FLOAT)

    def _room(self, floats: int) -> int:
        address = self.plan.bytes
        self.plan.bytes += _rounded(floats, 16) * _FLOAT
        return address


def _rounded(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
