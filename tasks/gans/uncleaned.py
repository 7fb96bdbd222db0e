"""Pictures as one reads them without cleaning: whatever opens, squeezed into the size, and its attributes."""

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Literal

import numpy as np
import polars as pl
from PIL import Image

from eightytwenty.pictures.attributes import read_attributes
from eightytwenty.pictures.observe import REFUSALS
from eightytwenty.pictures.schema import FORMATS, MOST_BYTES, MOST_PIXELS
from eightytwenty.pictures.source import PictureSource, open_pictures
from models.gans.images import Images, Subset
from reports.eighty_twenty import Gain
from schemas.attributes import KNOWN_ATTRIBUTES
from tasks.experiment import Cleaned
from tasks.gans.checkpoint import Checkpoint
from tasks.gans.data import TrainingSet
from tasks.running.stages import Stage

COMPARED_EPOCHS = 2  # after the first, chance makes more of a difference than dirt
_HISTORY = "history.json"
_MEASURES: dict[str, tuple[str, Literal["share", "number"]]] = {
    "fidelity": ("attributes as requested", "share"),
    "coverage": ("coverage", "share"),
    "fid": ("FID, less is better", "number"),
}


@dataclass(frozen=True)
class Uncleaned:
    """A finished short training on uncleaned pictures."""

    stage: Stage

    def gains(self, cleaned: Checkpoint) -> tuple[Gain, ...]:
        """Its last measures beside those on clean pictures after as many epochs; none if it was not trained."""
        history: dict[str, list[float]] = json.loads((self.stage.folder / _HISTORY).read_text())
        return tuple(
            Gain(title, (history[name][-1],), (cleaned.history[name][len(history[name]) - 1],), unit)
            for name, (title, unit) in _MEASURES.items()
            if name in history and len(history[name]) <= cleaned.epochs
        )


def save_history(folder: Path, history: dict[str, list[float]]) -> None:
    """Writes the measures after each epoch, which `Uncleaned` reads."""
    (folder / _HISTORY).write_text(json.dumps(history))


def uncleaned_set(cleaned: Cleaned, clean: TrainingSet, folder: Path, seed: int) -> TrainingSet | None:
    """The training set with raw pictures in place of the clean ones, and the same held-out pictures.

    A file counts if it opens and, where there are attributes, has a value of each. Nothing is turned, cropped or
    compared, and copies and contradictions stay. The files of held-out pictures are left out here, too.

    Args:
        cleaned: what `clean` was read from, with its source.
        clean: the clean training set; as many raw pictures are drawn, so that an epoch has as many steps.
        folder: for the pictures, which stay on disk while they are used.
        seed: of the draw.

    Returns:
        The set; None if fewer raw pictures than clean ones can be read.
    """
    source = open_pictures(cleaned.raw.path, cleaned.raw.attributes, KNOWN_ATTRIBUTES)
    values = read_attributes(source).values
    held_out = set(pl.read_parquet(cleaned.rows / "clean.parquet", columns=["source"])["source"][clean.held_out_rows])
    numbers = [{value: code for code, value in enumerate(attribute.values)} for attribute in clean.attributes]
    height, size = len(clean.images), clean.images.shape[1]
    shape = (len(source.pictures), size, size, 3)
    pixels = np.lib.format.open_memmap(folder / "uncleaned.npy", mode="w+", dtype=np.uint8, shape=shape)
    codes: list[list[int]] = []
    for name, picture in _opened(source, size):
        known = [number.get(value) for number, value in zip(numbers, values.get(name, ()), strict=False)]
        row = [code for code in known if code is not None]
        if len(row) == len(numbers) and name not in held_out:
            pixels[len(codes)] = picture
            codes.append(row)
    if len(codes) < height:
        return None
    rows = np.sort(np.random.default_rng([seed, 4]).permutation(len(codes))[:height])
    shown = np.array(codes, np.int32).reshape(len(codes), len(numbers))[rows]
    return replace(clean, images=Subset(pixels, rows), codes=shown)


def _opened(source: PictureSource, size: int) -> Iterator[tuple[str, Images]]:
    """The files that open: name and pixels, (size, size, 3) RGB."""
    for file, content in source.read():
        if content is None or file.size > MOST_BYTES:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = Image.open(BytesIO(content), formats=list(FORMATS))
                if image.width * image.height <= MOST_PIXELS:
                    yield file.name, np.asarray(image.convert("RGB").resize((size, size)))
        except (*REFUSALS, Image.DecompressionBombError):
            continue
