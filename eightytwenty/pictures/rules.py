"""Judges files by the rules, each on its own; what several say of each other comes later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.rules import failures_of
from eightytwenty.pictures.near_duplicates import digest, perceptual_hash
from eightytwenty.pictures.observe import Observation, observe
from eightytwenty.pictures.repair import Change, Pixels
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.pictures.source import RawPicture
from eightytwenty.schema import Check

_VISIBLE = 16  # levels of 255 between two colours that an eye tells apart on a screen
# the columns of eightytwenty/pictures/schema.py that are fields of an observation
_COLUMNS = {
    "bytes": pl.Int64,
    "unreadable": pl.Boolean,
    "promised": pl.String,
    "format": pl.String,
    "width": pl.Int64,
    "height": pl.Int64,
    "bomb": pl.Boolean,
    "animated": pl.Boolean,
    "mode_known": pl.Boolean,
    "fault": pl.String,
}


@dataclass(frozen=True)
class Observed:
    """A file and what is known of it.

    Args:
        name: of the file.
        content: of the file, None where it cannot be read.
        seen: see `eightytwenty.pictures.observe`.
    """

    name: str
    content: bytes | None
    seen: Observation


@dataclass(frozen=True)
class Judged:
    """What the rules say of a file.

    Args:
        name: of the file.
        failed: the rules that it failed, in order.
        content: the file, kept where it failed one and could be read.
        digest, hash: of the picture (see `eightytwenty.pictures.near_duplicates`); None where it failed.
        changes: how the picture was repaired.
        rank: of copies, what was repaired least stays, then what was not saved with losses, then the larger one, then
            the first by name.
    """

    name: str
    failed: tuple[str, ...]
    content: bytes | None
    digest: bytes | None
    hash: npt.NDArray[np.float32] | None
    changes: tuple[Change, ...]
    rank: tuple[int, int, int, str]


def observed(picture: RawPicture, content: bytes | None, size: int) -> Observed:
    """Observes a file, see `eightytwenty.pictures.observe`; all of the work that takes long.

    Args:
        picture: the file.
        content: of it, None where it cannot be read.
        size: side of the clean picture in pixels.
    """
    if content is None:
        return Observed(picture.name, None, Observation(picture.size, unreadable=True))
    return Observed(picture.name, content, observe(picture.name, content, size))


def judge(table: PictureTable, problems: Mapping[str, str], files: Sequence[Observed]) -> tuple[list[Judged], Pixels]:
    """Judges some files.

    Args:
        table: the rules.
        problems: name of a picture -> what is wrong with its attributes.
        files: as `observed`.

    Returns:
        what the rules say of each, and uint8 (k, size, size, 3), the pictures that failed none, in order.
    """
    seen = [file.seen for file in files]
    there = [number for number, one in enumerate(seen) if one.pixels is not None]
    pictures = np.array([seen[number].pixels for number in there], np.uint8).reshape(-1, table.size, table.size, 3)
    frame = pl.DataFrame([[getattr(one, name) for name in _COLUMNS] for one in seen], _COLUMNS, orient="row")
    unseen = pl.repeat(None, len(seen), dtype=pl.Float64, eager=True)
    frame = frame.with_columns(standing_out=unseen.scatter(there, _standing_out(pictures)))
    failures = failures_of([rule for rule in table.rules if isinstance(rule, Check)], frame)
    failed = [
        (*(name for name, mask in failures.items() if mask[number]), *filter(None, [problems.get(file.name)]))
        for number, file in enumerate(files)
    ]

    kept = np.array([not failed[number] for number in there], dtype=bool)
    passed = pictures[kept]
    comparable = zip(map(digest, passed), perceptual_hash(passed), strict=True)
    judged = []
    for file, rules in zip(files, failed, strict=True):
        one = file.seen
        rank = (len(one.changes), int(one.format == "JPEG"), -(one.width or 0) * (one.height or 0), file.name)
        if rules:
            judged.append(Judged(file.name, rules, file.content, None, None, (), rank))
        else:
            judged.append(Judged(file.name, (), None, *next(comparable), tuple(one.changes), rank))
    return judged, passed


def _standing_out(pictures: Pixels) -> npt.NDArray[np.float64]:
    """uint8 (n, size, size, 3) -> (n,), the share of pixels that differ visibly from the middle one of each channel."""
    n, size = pictures.shape[:2]
    channels = np.ascontiguousarray(pictures.reshape(n, size * size, 3).transpose(0, 2, 1))
    middle = size * size // 2
    ground = np.partition(channels, middle, axis=2)[:, :, middle, None]  # far quicker than np.median
    differences = np.maximum(channels, ground) - np.minimum(channels, ground)
    shares: npt.NDArray[np.float64] = (differences.max(axis=1) > _VISIBLE).mean(axis=1)
    return shares
