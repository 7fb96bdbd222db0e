"""Which rows are held out: a tenth, chosen by content, so that a row is held out in every version or in none.

Rows that are equal but for their id are on one side, and so are pictures that are twins.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eightytwenty.errors import UserError

FEWEST_HELD_OUT = 20
_ONE_IN = 10

Mask = npt.NDArray[np.bool_]


def held_out_pairs(pairs: npt.NDArray[np.int64]) -> Mask:
    """Which of (n, >= 2) pairs are held out: all copies of a pair, or none.

    A small domain is no exception: of the 81 pairs with sums up to 16, five are held out with all their copies, and the
    training has the other 76, so it is not starved. The comparison rests on the five.
    """
    # the finaliser of splitmix64 (Steele, Lea and Flood, 2014): every bit of a and b moves every bit of the result
    mixed = pairs[:, 0].astype(np.uint64) << np.uint64(32) ^ pairs[:, 1].astype(np.uint64)
    mixed += np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ mixed >> np.uint64(shift)) * np.uint64(factor)
    return np.asarray((mixed ^ mixed >> np.uint64(31)) % np.uint64(_ONE_IN) == 0)


@dataclass(frozen=True)
class SplitPictures:
    """Which of n pictures to learn from, and which to compare by; those in neither mask are used for nothing."""

    training: Mask
    held_out: Mask


def split_pictures(images: npt.NDArray[np.uint8], twins: npt.NDArray[np.int64]) -> SplitPictures:
    """Splits (n, size, size, 3) pictures so that no picture to learn from has a twin among the held-out ones.

    A picture joins the side of its twins among the pictures before it; one with twins on both sides is left out. If
    there is none, its content decides. So more pictures after these change nothing, and a long chain of twins, each of
    the one before, draws no other picture to its side.

    Args:
        images: the pictures.
        twins: what `find_twins` found among them.
    """
    earlier: dict[int, list[int]] = defaultdict(list)
    for one, other in twins.tolist():
        earlier[other].append(one)
    training, held_out = (np.zeros(len(images), np.bool_) for _ in range(2))
    for number, image in enumerate(images):
        learned, compared = (bool(mask[earlier[number]].any()) for mask in (training, held_out))
        if not learned and not compared:
            compared = int.from_bytes(hashlib.sha256(image.tobytes()).digest()[:8], "big") % _ONE_IN == 0
            learned = not compared
        training[number], held_out[number] = learned and not compared, compared and not learned
    return SplitPictures(training, held_out)


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
