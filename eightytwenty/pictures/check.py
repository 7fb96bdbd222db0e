"""Looks at files of pictures, each on its own, and checks them by the rules; comparing them comes later."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.rules import Mask, check_failures
from eightytwenty.pictures.observe import Observation, observe
from eightytwenty.pictures.perceptual_hash import coarse_means, digests, perceptual_hash
from eightytwenty.pictures.repair import Pixels
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.pictures.source import RawPicture, content_digest
from eightytwenty.schema import Check

_VISIBLE = 16  # levels of 255 between two colours that an eye can distinguish on a screen
# the columns of eightytwenty/pictures/schema.py that are fields of an observation
_COLUMNS = {
    "bytes": pl.Int64,
    "unreadable": pl.Boolean,
    "suffix_format": pl.String,
    "format": pl.String,
    "content": pl.String,
    "width": pl.Int64,
    "height": pl.Int64,
    "bomb": pl.Boolean,
    "too_many_pixels": pl.Boolean,
    "animated": pl.Boolean,
    "mode_known": pl.Boolean,
    "fault": pl.String,
    "bits_assumed": pl.Boolean,
    "colours_assumed": pl.Boolean,
}
_CHANGES = {"row": pl.Int64, "step": pl.Int64, "rule": pl.String, "before": pl.String, "after": pl.String}


@dataclass(frozen=True)
class Observed:
    """What is known of n files, k of which failed no rule.

    Args:
        files: n rows: name; sha256 of the content, empty if it cannot be read; and the columns of
            eightytwenty/pictures/schema.py.
        failures: n rows: a Boolean column for each check, true where it failed.
        changes: row, step, rule, before, after: the repairs of the pictures.
        digests: (k, 2) uint64, of the pixels of the k pictures.
        means: (k, 48) uint8, see `eightytwenty.pictures.perceptual_hash.coarse_means`.
        hashes: (k, 192) float32, see `eightytwenty.pictures.perceptual_hash.perceptual_hash`.
        pixels: (k, size, size, 3) uint8.
        contents: of the files that failed a rule, and of those that were asked for, by name.
    """

    files: pl.DataFrame
    failures: pl.DataFrame
    changes: pl.DataFrame
    digests: npt.NDArray[np.uint64]
    means: npt.NDArray[np.uint8]
    hashes: npt.NDArray[np.float32]
    pixels: Pixels
    contents: dict[str, bytes]

    @classmethod
    def join(cls, pieces: Sequence["Observed"]) -> "Observed":
        """One after the other."""
        starts = np.cumsum([0, *(piece.files.height for piece in pieces)])
        return cls(
            pl.concat(piece.files for piece in pieces),
            pl.concat(piece.failures for piece in pieces),
            pl.concat(
                piece.changes.with_columns(pl.col("row") + int(start))
                for piece, start in zip(pieces, starts[:-1], strict=True)
            ),
            np.concatenate([piece.digests for piece in pieces]),
            np.concatenate([piece.means for piece in pieces]),
            np.concatenate([piece.hashes for piece in pieces]),
            np.concatenate([piece.pixels for piece in pieces]),
            {name: content for piece in pieces for name, content in piece.contents.items()},
        )

    @property
    def is_sound(self) -> Mask:
        """(n,) bool, the files that failed no rule."""
        return ~self.failures.select(pl.any_horizontal(pl.all()))[:, 0].to_numpy()

    @property
    def sound(self) -> "Observed":
        """The files that failed no rule."""
        rows = np.flatnonzero(self.is_sound)
        places = np.cumsum(self.is_sound) - 1
        changes = self.changes.filter(self.is_sound[self.changes["row"].to_numpy()])
        changes = changes.with_columns(row=pl.Series(places[changes["row"].to_numpy()], dtype=pl.Int64))
        return replace(self, files=self.files[rows], failures=self.failures[rows], changes=changes, contents={})


@dataclass(frozen=True)
class Job:
    """Files to observe.

    Args:
        files: pictures, and their contents, None if they cannot be read.
        kept: names of pictures whose contents are needed whatever they are.
    """

    files: Sequence[tuple[RawPicture, bytes | None]]
    kept: frozenset[str]


@dataclass(frozen=True)
class Observer:
    """The stage that looks at every file alone.

    Args:
        size: side of the clean pictures in pixels.
        checks: the rules that send a file to quarantine.
    """

    size: int
    checks: tuple[Check, ...]

    @classmethod
    def of(cls, table: PictureTable) -> "Observer":
        """Checks by the rules of a table."""
        return cls(table.size, table.checks("quarantine"))

    def __call__(self, job: Job) -> Observed:
        """Observes files."""
        files = job.files
        observations = [self._observe(picture, content) for picture, content in files]
        decoded = [number for number, observation in enumerate(observations) if observation.pixels is not None]
        shape = (-1, self.size, self.size, 3)
        pixels = np.array([observations[number].pixels for number in decoded], np.uint8).reshape(shape)
        rows = [[getattr(observation, name) for name in _COLUMNS] for observation in observations]
        nulls = pl.repeat(None, len(observations), dtype=pl.Float64, eager=True)
        frame = pl.DataFrame(rows, _COLUMNS, orient="row").with_columns(
            foreground_share=nulls.scatter(decoded, _foreground_shares(pixels))
        )
        failures = pl.DataFrame(check_failures(self.checks, frame))
        is_sound = ~failures.select(pl.any_horizontal(pl.all()))[:, 0].to_numpy()
        sound = pixels[is_sound[decoded]]
        changes = [
            (row, step, change.step.name, change.before, change.after)
            for row, observation in enumerate(observations)
            for step, change in enumerate(observation.changes)
        ]
        hashes = perceptual_hash(sound)
        names = pl.Series("name", [picture.name for picture, _ in files], pl.String)
        contents = [content_digest(content) for _, content in files]
        return Observed(
            frame.insert_column(0, names).with_columns(sha256=pl.Series(contents, dtype=pl.String)),
            failures,
            pl.DataFrame(changes, _CHANGES, orient="row"),
            digests(sound),
            coarse_means(hashes).astype(np.uint8),
            hashes,
            sound,
            {
                picture.name: content
                for (picture, content), passed in zip(files, is_sound, strict=True)
                if content is not None and (picture.name in job.kept or not passed)
            },
        )

    def _observe(self, picture: RawPicture, content: bytes | None) -> Observation:
        if content is None:
            return Observation(picture.size, unreadable=True)
        return observe(picture.name, content, self.size)


def _foreground_shares(pictures: Pixels) -> npt.NDArray[np.float64]:
    """uint8 (n, size, size, 3) -> (n,), the share of pixels that differ visibly from the median of each channel."""
    n, size = pictures.shape[:2]
    channels = np.ascontiguousarray(pictures.reshape(n, size * size, 3).transpose(0, 2, 1))
    middle = size * size // 2
    background = np.partition(channels, middle, axis=2)[:, :, middle, None]  # far faster than np.median
    differences = np.maximum(channels, background) - np.minimum(channels, background)
    shares: npt.NDArray[np.float64] = (differences.max(axis=1) > _VISIBLE).mean(axis=1)
    return shares
