"""What a GAN learns from: the training set, the inputs of drawn samples, and whom to credit."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eightytwenty.errors import UserError
from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.pictures.store import ATTRIBUTES
from models.gans.gan import NOISE, Codes
from models.gans.images import Images, Subset
from models.gans.quality.coverage import NEIGHBOURS
from schemas.attributes import CARTOONSET, CARTOONSET_ATTRIBUTION
from tasks.experiment import Cleaned

FEWEST_PICTURES = 100
SAMPLES = 16  # pictures that are kept of each epoch
_HELD_OUT_SHARE, _MOST_HELD_OUT = 0.1, 1000
_FEWEST_HELD_OUT = max(SAMPLES, 2 * (NEIGHBOURS + 1))  # coverage is measured on each half of them
_SIDE = 4  # of the square of attributes


@dataclass(frozen=True)
class TrainingSet:
    """Pictures and attributes, split at random into two parts.

    Attributes:
        images: (n, s, s, 3) uint8, to learn from; they stay on disk and are read when they are used.
        codes: (n, k) int32.
        held_out_images: (m, s, s, 3) uint8, which no network sees in training; m is n / 9, from 16 to 1,000.
        held_out_codes: (m, k) int32.
        attributes: the k attributes.
        held_out_rows: (m,) int64, the rows of the held-out pictures in `clean.parquet`.
    """

    images: Subset
    codes: Codes
    held_out_images: Images
    held_out_codes: Codes
    attributes: tuple[Attribute, ...]
    held_out_rows: npt.NDArray[np.int64]

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """The number of values of each attribute."""
        return tuple(len(attribute.values) for attribute in self.attributes)


@dataclass(frozen=True)
class AttributeSquare:
    """The inputs of 16 pictures that differ in one or two attributes.

    Attributes:
        noise: (16, NOISE) float32. If two attributes vary, all 16 have the same noise, so that only the attributes
            make a difference; if one varies, each column has its own.
        codes: (16, k) int32.
        row_labels: one for each row of the square.
        column_labels: one for each column; empty if one attribute varies.
    """

    noise: npt.NDArray[np.float32]
    codes: Codes
    row_labels: tuple[str, ...]
    column_labels: tuple[str, ...] = ()


def training_set(folder: Path, seed: int) -> TrainingSet:
    """Reads a cleaned folder of pictures and holds out a part of them.

    Raises:
        UserError: there are too few pictures to learn from.
    """
    pictures = read_pictures(folder)
    count = len(pictures.images)
    if count < FEWEST_PICTURES:
        raise UserError(
            f"{count} clean pictures are too few to train on: give a source with at least {FEWEST_PICTURES}, "
            f"or see in {folder / 'report.md'} why so few of its pictures are clean."
        )
    order = np.random.default_rng([seed, 0]).permutation(count)
    held_out_count = min(_MOST_HELD_OUT, max(_FEWEST_HELD_OUT, int(count * _HELD_OUT_SHARE)))
    # sorted, because a memory map is read fastest in the file's order
    held_out, training = np.sort(order[:held_out_count]), np.sort(order[held_out_count:])
    images, codes = pictures.images, pictures.codes
    return TrainingSet(
        Subset(images, training),
        codes[training],
        np.array(images[held_out]),
        codes[held_out],
        pictures.attributes,
        held_out,
    )


def attribution_of(cleaned: Cleaned) -> str:
    """Whom to credit wherever the pictures, or what was learned from them, are shown; may be empty."""
    names = json.loads((cleaned.rows / ATTRIBUTES).read_text(encoding="utf-8"))
    is_cartoon_set = list(names) == [attribute.name for attribute in CARTOONSET]
    return cleaned.raw.attribution or (CARTOONSET_ATTRIBUTION if is_cartoon_set else "")


def attribute_square(data: TrainingSet, seed: int) -> AttributeSquare:
    """Chooses pictures that show what attributes do; there must be at least one.

    The most visible attribute changes from row to row and the second most visible (or, without a second, the noise)
    from column to column. The others are those of a real picture.
    """
    rng = np.random.default_rng([seed, 1])
    count = _SIDE * _SIDE
    distinct = 1 if len(data.attributes) > 1 else _SIDE
    noise = np.tile(rng.standard_normal((distinct, NOISE), np.float32), (count // distinct, 1))
    codes = np.repeat(data.held_out_codes[:1], count, axis=0)
    labels: list[tuple[str, ...]] = []
    for axis, index in enumerate(_most_visible(data)):
        values = _most_common(data.codes[:, index])
        codes[:, index] = np.tile(values, _SIDE) if axis else np.repeat(values, _SIDE)
        attribute = data.attributes[index]
        labels.append(tuple(f"{attribute.name.replace('_', ' ')}: {attribute.values[value]}" for value in values))
    return AttributeSquare(noise, codes, *labels)


def evaluation_inputs(data: TrainingSet, seed: int) -> tuple[npt.NDArray[np.float32], Codes]:
    """Noise (m, NOISE) and attributes (m, k) of the pictures to measure: as many as are held out.

    The first `SAMPLES` of them are the samples of each epoch.
    """
    noise = np.random.default_rng([seed, 2]).standard_normal((len(data.held_out_images), NOISE), np.float32)
    return noise, data.held_out_codes


def _most_visible(data: TrainingSet) -> list[int]:
    """The two attributes that change the pictures most: by the variance of the mean pictures of their values."""
    sample = slice(0, 2000)
    images = data.images[sample]
    pixels = images.reshape(len(images), -1).astype(np.float32)
    mean = pixels.mean(axis=0)

    def visibility(codes: Sequence[int] | npt.NDArray[np.int32]) -> float:
        values, counts = np.unique(codes, return_counts=True)
        means = np.stack([pixels[codes == value].mean(axis=0) for value in values])
        return float(np.average(np.square(means - mean).sum(axis=1), weights=counts))

    scores = [visibility(data.codes[sample, index]) for index in range(len(data.attributes))]
    return sorted(range(len(scores)), key=lambda index: (-scores[index], index))[:2]


def _most_common(codes: npt.NDArray[np.int32]) -> list[int]:
    """The four most common values, in ascending order; repeated if there are fewer."""
    counts = np.bincount(codes)
    values = sorted(np.argsort(-counts, kind="stable")[: min(_SIDE, np.count_nonzero(counts))].tolist())
    return [values[index % len(values)] for index in range(_SIDE)]
