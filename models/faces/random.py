"""The random numbers of the faces, the same in Python and in the page (engine.js has the same functions).

All follow from four unsigned numbers of 32 bits by the hash pcg4d (Jarzynski and Olano 2020, "Hash functions for GPU
rendering", Journal of Computer Graphics Techniques 9(3)), in arithmetic modulo 2^32:

    x, y, z, w = each * 1664525 + 1013904223
    x += y w;  y += z x;  z += x y;  w += y z
    each ^= each >> 16
    x += y w;  y += z x;  z += x y;  w += y z

Its inputs are the seed, the number of the face, the stream (0: noise, 1: the second noise of the style, 2: attributes)
and the number of the block; each block gives four numbers. So nothing has to be drawn in an order: the noise of a face
does not depend on how many others there are, nor on its attributes.

- uniform: (number + 1/2) / 2^32.
- normal: by Box and Muller, two of two uniform ones u and v: sqrt(-2 ln u) times cos(2 pi v) and sin(2 pi v), in double
  precision, rounded to single precision at the end. Block 0 gives the first four of a face, block 1 the next, ...
- value of an attribute: the first number of the block that has the attribute's number, times the count of values,
  divided by 2^32 and rounded down.
"""

import numpy as np
from numpy.typing import NDArray

NOISE, STYLE, ATTRIBUTES = 0, 1, 2
"""The streams."""


def noise(seed: int, face: int, numbers: int = 100, stream: int = NOISE) -> NDArray[np.float32]:
    """Draws the noise of a face.

    Args:
        seed: 0 to 2^32 - 1.
        face: its number, 0 to 2^32 - 1.
        numbers: how many.
        stream: `NOISE` or `STYLE`.

    Returns:
        (numbers,), standard normal.
    """
    u = (_blocks(seed, face, stream, np.arange(-(-numbers // 4))) + 0.5) / 2**32
    radius, angle = np.sqrt(-2 * np.log(u[:, 0::2])), 2 * np.pi * u[:, 1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 2).ravel()[:numbers].astype(np.float32)


def value(seed: int, face: int, attribute: int, count: int) -> int:
    """Draws the value of an attribute.

    Args:
        seed: as for `noise`.
        face: as for `noise`.
        attribute: its number, from 0.
        count: of its values.

    Returns:
        0 to count - 1.
    """
    return int(_blocks(seed, face, ATTRIBUTES, np.array([attribute]))[0, 0]) * count >> 32


def _blocks(seed: int, face: int, stream: int, blocks: NDArray[np.int64]) -> NDArray[np.uint32]:
    """The numbers of some blocks, (n, 4)."""
    # arrays of one number, because single numbers would warn of each overflow
    inputs = (np.array([seed]), np.array([face]), np.array([stream]), blocks)
    x, y, z, w = (entry.astype(np.uint32) * np.uint32(1664525) + np.uint32(1013904223) for entry in inputs)
    for turn in range(2):
        if turn:
            x, y, z, w = (entry ^ entry >> np.uint32(16) for entry in (x, y, z, w))
        x = x + y * w
        y = y + z * x
        z = z + x * y
        w = w + y * z
    return np.stack(np.broadcast_arrays(x, y, z, w), 1)
