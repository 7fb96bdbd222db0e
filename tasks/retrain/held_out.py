"""Which rows are held out: a tenth, chosen by content, so that a row is held out in every version or in none."""

import hashlib

import numpy as np
import numpy.typing as npt

from eightytwenty.errors import UserError

FEWEST_HELD_OUT = 20
_ONE_IN = 10

Mask = npt.NDArray[np.bool_]


def held_out_pairs(pairs: npt.NDArray[np.int64]) -> Mask:
    """Which of (n, >= 2) pairs are held out: all copies of a pair, or none."""
    # the finaliser of splitmix64 (Steele, Lea and Flood, 2014): every bit of a and b moves every bit of the result
    mixed = pairs[:, 0].astype(np.uint64) << np.uint64(32) ^ pairs[:, 1].astype(np.uint64)
    mixed += np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ mixed >> np.uint64(shift)) * np.uint64(factor)
    return np.asarray((mixed ^ mixed >> np.uint64(31)) % np.uint64(_ONE_IN) == 0)


def held_out_pictures(images: npt.NDArray[np.uint8]) -> Mask:
    """Which of (n, size, size, 3) pictures are held out."""
    digests = (hashlib.sha256(image.tobytes()).digest()[:8] for image in images)
    return np.array([int.from_bytes(digest, "big") % _ONE_IN == 0 for digest in digests], np.bool_)


def require_enough(mask: Mask, version: str, what: str) -> Mask:
    """The mask, if it holds out enough rows to compare two networks.

    Raises:
        UserError: it holds out too few.
    """
    count = int(mask.sum())
    if count < FEWEST_HELD_OUT:
        raise UserError(
            f"{version} has {len(mask)} clean {what}, of which {count} are held out, but comparing champion and "
            f"challenger takes at least {FEWEST_HELD_OUT}: put more into the inbox, or begin with more."
        )
    return mask
