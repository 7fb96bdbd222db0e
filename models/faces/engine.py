"""Draws faces with the program of `models.faces.kernel`, which wasmtime runs: no TensorFlow, and nothing to wait for.

The page does the same (engine.js), and its pictures are the same, bit for bit.
"""

from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from wasmtime import Func, Global, Instance, Memory, Module, Store

from models.faces.kernel import program_for
from models.faces.plan import BLOCK, MOST_FACES, OUT_CHANNELS, STEP, Form
from models.faces.weights import FaceModel

Number = TypeVar("Number", np.float32, np.int32)


class Engine:
    """A generator in memory; ready in some milliseconds.

    Args:
        model: what it draws with.
    """

    def __init__(self, model: FaceModel) -> None:
        self._model, self._store = model, Store()
        exports = Instance(self._store, Module(self._store.engine, program_for(model)), []).exports(self._store)
        self._memory, self._draw = cast(Memory, exports["memory"]), cast(Func, exports["draw"])
        self._inputs, self._out, placements, placed = (
            int(cast(Global, exports[name]).value(self._store)) for name in ("inputs", "out", "placements", "placed")
        )
        rows = self._read(placements, 5 * placed, np.int32).reshape(placed, 5)
        for form, first, depth, channels, address in rows.tolist():
            self._write(address, _laid_out(Form(form), model.weights[first:], depth, channels))

    def draw(self, inputs: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Draws a picture for each row.

        Args:
            inputs: (n, asked): noise, then the weights of the values of each attribute, 1 for one and 0 for all others
                if nothing is to be blended.

        Returns:
            (n, s, s, 3) RGB.
        """
        pictures = np.empty((len(inputs), *2 * (self._model.size,), 3), np.uint8)
        for start in range(0, len(inputs), MOST_FACES):
            piece = slice(start, start + MOST_FACES)
            pictures[piece] = self._draw_piece(np.asarray(inputs[piece], np.float32))
        return pictures

    def _draw_piece(self, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        faces, side = len(inputs), self._model.size // 2
        self._write(self._inputs, _padded(inputs, 1, STEP))
        self._draw(self._store, faces)
        maps = self._read(self._out, faces * side**2 * OUT_CHANNELS, np.float32)
        # each pixel of the last map is four of the picture
        pixels = maps.reshape(-1, OUT_CHANNELS)[:, :12].reshape(faces, side, side, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5)
        values = pixels.reshape(faces, 2 * side, 2 * side, 3).astype(np.float64) * 127.5 + 127.5
        return cast("NDArray[np.float64]", np.rint(values.clip(0, 255)))

    def _read(self, address: int, count: int, dtype: type[Number]) -> NDArray[Number]:
        """Numbers of 4 bytes."""
        return np.frombuffer(self._memory.read(self._store, address, address + 4 * count), dtype)

    def _write(self, address: int, array: NDArray[np.float32]) -> None:
        self._memory.write(self._store, array.tobytes(), address)


def _laid_out(form: Form, weights: NDArray[np.float32], depth: int, channels: int) -> NDArray[np.float32]:
    """Weights as the kernel reads them: see `Form`."""
    if form == Form.COPY:
        return weights[:channels]
    if form == Form.MATRIX:
        return _in_blocks(weights[: depth * channels].reshape(depth, channels))
    # what is added up are halves, so that nothing is rounded before the end
    before, middle, after = weights[: 9 * depth * channels].reshape(3, 3, depth, channels).astype(np.float64)
    rows = np.stack([-before, before + middle + after, after])
    before, middle, after = rows.transpose(1, 0, 2, 3)
    nine = np.stack([-before, before + middle + after, after], 1).astype(np.float32)
    return np.stack([_in_blocks(matrix) for matrix in nine.reshape(9, depth, channels)])


def _in_blocks(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """(depth, channels) -> (channels / BLOCK, depth, BLOCK), padded."""
    padded = _padded(_padded(matrix, 0, STEP), 1, BLOCK)
    return padded.reshape(len(padded), -1, BLOCK).transpose(1, 0, 2)


def _padded(matrix: NDArray[np.float32], axis: int, multiple: int) -> NDArray[np.float32]:
    """With zeros at the end of one axis."""
    zeros = -matrix.shape[axis] % multiple
    return np.pad(matrix, [(0, zeros if index == axis else 0) for index in (0, 1)])
