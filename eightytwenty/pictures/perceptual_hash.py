"""What says of pictures whether they are equal or may be near copies, in few bytes.

The perceptual hash are the colours at 8x8 places. The usual hashes of bits do worse on drawings: the slightest noise
flips the bits of their large even backgrounds.
"""

import hashlib

import numpy as np
import numpy.typing as npt

from eightytwenty.pictures.repair import Pixels

_PLACES = 8  # along each side
HASH = 3 * _PLACES**2  # numbers of a hash
# Levels of 255. Measured at 32x32 and 64x64 on ellipses saved again (JPEG 95, 64 shades, a brighter pixel, enlarged
# twice): at most 4.4, 3.5 and 37. The nearest of 10,000 different ellipses of each kind are 6.7 apart in the first. The
# last separates faces that differ only in the mouth: another stroke changes a pixel more than saving does.
MOST_PLACE, MOST_MEAN, MOST_PIXEL = 5.0, 4.0, 40


def digests(pictures: Pixels) -> npt.NDArray[np.uint64]:
    """uint8 (n, size, size, 3) -> uint64 (n, 2), equal for pictures whose pixels are equal."""
    each = (hashlib.blake2b(picture.tobytes(), digest_size=16).digest() for picture in pictures)
    return np.frombuffer(b"".join(each), np.uint64).reshape(-1, 2)


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
    return means.reshape(n, HASH)


def coarse_means(hashes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """float32 (n, 192) -> float32 (n, 48), the means of 2x2 places each.

    Means are never further apart than the furthest of their places.
    """
    half = _PLACES // 2
    means: npt.NDArray[np.float32] = hashes.reshape(-1, half, 2, half, 2, 3).mean(axis=(2, 4))
    return means.reshape(len(hashes), HASH // 4)
