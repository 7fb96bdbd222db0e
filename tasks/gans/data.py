"""The clean pictures as a training sees them: those it learns from, those held out, and what its samples ask for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eightytwenty.errors import UserError
from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.dataset import read_pictures
from models.gans.gan import NOISE, Codes
from models.gans.images import Images, Subset
from models.gans.quality.coverage import NEIGHBOURS
from models.gans.training import CONDITIONAL

FEWEST_PICTURES = 100
_HELD_OUT_SHARE, _MOST_HELD_OUT = 0.1, 1000
_FEWEST_HELD_OUT = 2 * (NEIGHBOURS + 1)  # coverage is found on each half of them
_SIDE = 4  # of the square of samples


@dataclass(frozen=True)
class TrainingSet:
    """Pictures and attributes, split at random into two parts.

    Attributes:
        images: (n, s, s, 3) uint8, to learn from; they stay on disk, and only what is looked at is read.
        codes: (n, k) int32.
        held_images: (m, s, s, 3) uint8; no network sees them in training. m is n / 9, at least 12 and at most 1,000.
        held_codes: (m, k) int32.
        attributes: the k attributes.
    """

    images: Subset
    codes: Codes
    held_images: Images
    held_codes: Codes
    attributes: tuple[Attribute, ...]

    @property
    def cardinalities(self) -> tuple[int, ...]:
        """The number of values of each attribute."""
        return tuple(len(attribute.values) for attribute in self.attributes)


@dataclass(frozen=True)
class Samples:
    """What the 16 sample pictures of each epoch are drawn from.

    Attributes:
        noise: (16, NOISE) float32. Where two attributes are asked for all 16 have the same noise, so that only those
            make a difference; where one is, each column has its own.
        codes: (16, k) int32; k is 0 where none are asked for.
        rows: a label for each row of the square, empty where no attributes are asked for.
        columns: a label for each column.
    """

    noise: npt.NDArray[np.float32]
    codes: Codes
    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def training_set(folder: Path, seed: int) -> TrainingSet:
    """Reads a cleaned folder of pictures and holds a part of them out.

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
    held = min(_MOST_HELD_OUT, max(_FEWEST_HELD_OUT, int(count * _HELD_OUT_SHARE)))
    # in the file's order: a memory map is read fastest so
    out, rest = np.sort(order[:held]), np.sort(order[held:])
    images, codes = pictures.images, pictures.codes
    return TrainingSet(Subset(images, rest), codes[rest], np.array(images[out]), codes[out], pictures.attributes)


def sample_plan(data: TrainingSet, recipe: str, seed: int) -> Samples:
    """Chooses what the samples of each epoch show.

    Where the recipe is told the attributes of the pictures, a square in which the most visible one changes from row to
    row and the second most visible (the noise, where there is none) from column to column, while the others stay as in
    a real picture.
    """
    rng = np.random.default_rng([seed, 1])
    count = _SIDE * _SIDE
    if not data.attributes or recipe not in CONDITIONAL:
        return Samples(rng.standard_normal((count, NOISE), np.float32), np.zeros((count, 0), np.int32))
    different = 1 if len(data.attributes) > 1 else _SIDE
    noise = np.tile(rng.standard_normal((different, NOISE), np.float32), (count // different, 1))
    codes = np.repeat(data.held_codes[:1], count, axis=0)
    places = _most_visible(data)
    labels: list[tuple[str, ...]] = []
    for axis, place in enumerate(places):
        values = _commonest(data.codes[:, place])
        codes[:, place] = np.tile(values, _SIDE) if axis else np.repeat(values, _SIDE)
        attribute = data.attributes[place]
        labels.append(tuple(f"{attribute.name.replace('_', ' ')}: {attribute.values[value]}" for value in values))
    return Samples(noise, codes, *labels)


def wanted(data: TrainingSet, seed: int) -> tuple[npt.NDArray[np.float32], Codes]:
    """Noise (m, NOISE) and attributes (m, k) of the pictures that are measured: as many as are held out."""
    noise = np.random.default_rng([seed, 2]).standard_normal((len(data.held_images), NOISE), np.float32)
    return noise, data.held_codes


def _most_visible(data: TrainingSet) -> list[int]:
    """The two attributes that change the pictures most: by the variance of the mean pictures of their values."""
    chosen = slice(0, 2000)
    images = data.images[chosen]
    pixels = images.reshape(len(images), -1).astype(np.float32)
    middle = pixels.mean(axis=0)

    def visible(codes: Sequence[int] | npt.NDArray[np.int32]) -> float:
        values, counts = np.unique(codes, return_counts=True)
        means = np.stack([pixels[codes == value].mean(axis=0) for value in values])
        return float(np.average(np.square(means - middle).sum(axis=1), weights=counts))

    scores = [visible(data.codes[chosen, place]) for place in range(len(data.attributes))]
    return sorted(range(len(scores)), key=lambda place: (-scores[place], place))[:2]


def _commonest(codes: npt.NDArray[np.int32]) -> list[int]:
    """The four commonest values, in their own order; some twice where there are fewer."""
    counts = np.bincount(codes)
    values = sorted(np.argsort(-counts, kind="stable")[: min(_SIDE, np.count_nonzero(counts))].tolist())
    return [values[place % len(values)] for place in range(_SIDE)]
