"""Checks files by the rules, each on its own; comparing pictures with each other comes later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.rules import check_failures
from eightytwenty.pictures.near_duplicates import digest, perceptual_hash
from eightytwenty.pictures.observe import Observation, observe
from eightytwenty.pictures.repair import Change, Pixels
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.pictures.source import RawPicture
from eightytwenty.schema import Check

_VISIBLE = 16  # levels of 255 between two colours that an eye can distinguish on a screen
# the columns of eightytwenty/pictures/schema.py that are fields of an observation
_COLUMNS = {
    "bytes": pl.Int64,
    "unreadable": pl.Boolean,
    "suffix_format": pl.String,
    "format": pl.String,
    "width": pl.Int64,
    "height": pl.Int64,
    "bomb": pl.Boolean,
    "animated": pl.Boolean,
    "mode_known": pl.Boolean,
    "fault": pl.String,
}


@dataclass(frozen=True)
class ObservedFile:
    """A file and its observation.

    Args:
        name: of the file.
        content: of the file, None if it cannot be read.
        observation: see `eightytwenty.pictures.observe`.
    """

    name: str
    content: bytes | None
    observation: Observation


@dataclass(frozen=True)
class CheckedPicture:
    """A file and the rules that it failed.

    Args:
        name: of the file.
        failed_rules: in order.
        content: of the file if it failed a rule and could be read, otherwise None.
        digest, hash: of the picture (see `eightytwenty.pictures.near_duplicates`), None if it failed a rule.
        changes: the repairs of the picture.
        rank: the copy with the lowest rank stays: the one with the fewest repairs, then one that is not a JPEG, then
            the largest, then the first by name.
    """

    name: str
    failed_rules: tuple[str, ...]
    content: bytes | None
    digest: bytes | None
    hash: npt.NDArray[np.float32] | None
    changes: tuple[Change, ...]
    rank: tuple[int, int, int, str]


def observe_picture(picture: RawPicture, content: bytes | None, size: int) -> ObservedFile:
    """Observes a file, see `eightytwenty.pictures.observe`; this is the slow part of the work.

    Args:
        picture: the file.
        content: of the file, None if it cannot be read.
        size: side of the clean picture in pixels.
    """
    if content is None:
        return ObservedFile(picture.name, None, Observation(picture.size, unreadable=True))
    return ObservedFile(picture.name, content, observe(picture.name, content, size))


def check_pictures(
    table: PictureTable, problems: Mapping[str, str], files: Sequence[ObservedFile]
) -> tuple[list[CheckedPicture], Pixels]:
    """Checks files by the rules.

    Args:
        table: the rules.
        problems: name of a picture -> the problem of its attributes.
        files: from `observe_picture`.

    Returns:
        The failed rules of each file, and uint8 (k, size, size, 3), the pictures that failed none, in order.
    """
    observations = [file.observation for file in files]
    decoded = [number for number, observation in enumerate(observations) if observation.pixels is not None]
    shape = (-1, table.size, table.size, 3)
    pictures = np.array([observations[number].pixels for number in decoded], np.uint8).reshape(shape)
    rows = [[getattr(observation, name) for name in _COLUMNS] for observation in observations]
    nulls = pl.repeat(None, len(observations), dtype=pl.Float64, eager=True)
    frame = pl.DataFrame(rows, _COLUMNS, orient="row").with_columns(
        foreground_share=nulls.scatter(decoded, _foreground_shares(pictures))
    )
    failures = check_failures([rule for rule in table.rules if isinstance(rule, Check)], frame)
    failed_rules = [
        (*(name for name, mask in failures.items() if mask[number]), *filter(None, [problems.get(file.name)]))
        for number, file in enumerate(files)
    ]

    has_passed = np.array([not failed_rules[number] for number in decoded], dtype=bool)
    passed = pictures[has_passed]
    hashes = zip(map(digest, passed), perceptual_hash(passed), strict=True)
    checked = []
    for file, rules in zip(files, failed_rules, strict=True):
        observation = file.observation
        rank = (
            len(observation.changes),
            int(observation.format == "JPEG"),
            -(observation.width or 0) * (observation.height or 0),
            file.name,
        )
        if rules:
            checked.append(CheckedPicture(file.name, rules, file.content, None, None, (), rank))
        else:
            checked.append(CheckedPicture(file.name, (), None, *next(hashes), tuple(observation.changes), rank))
    return checked, passed


def _foreground_shares(pictures: Pixels) -> npt.NDArray[np.float64]:
    """uint8 (n, size, size, 3) -> (n,), the share of pixels that differ visibly from the median of each channel."""
    n, size = pictures.shape[:2]
    channels = np.ascontiguousarray(pictures.reshape(n, size * size, 3).transpose(0, 2, 1))
    middle = size * size // 2
    background = np.partition(channels, middle, axis=2)[:, :, middle, None]  # far faster than np.median
    differences = np.maximum(channels, background) - np.minimum(channels, background)
    shares: npt.NDArray[np.float64] = (differences.max(axis=1) > _VISIBLE).mean(axis=1)
    return shares
