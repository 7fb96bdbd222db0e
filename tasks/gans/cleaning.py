"""How pictures are cleaned, compared and divided. A process of its own imports this; see `tasks.cleaning`."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl

from eightytwenty.engine.summary import Summary
from eightytwenty.evaluate.picture_score import score_pictures
from eightytwenty.evaluate.score import CleaningScore
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.pictures.near_twins import find_twins
from eightytwenty.pictures.run import clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from eightytwenty.pictures.store import ATTRIBUTES, PICTURES
from eightytwenty.progress import Progress
from schemas.attributes import KNOWN_ATTRIBUTES
from tasks.cleaning import Clean
from tasks.retrain import RefusedError
from tasks.retrain.held_out import Mask, split_pictures

_TABLE = ".attributes.parquet"  # after the name of a delivery's folder: the attributes of its pictures
_BLOCK = 1024  # pictures that are profiled at a time


@dataclass(frozen=True)
class CleanPictures(Clean):
    """The stage `clean`.

    Attributes:
        size: side of the clean pictures in pixels.
        attributes: file with a table of their attributes, if it is not among them.
    """

    size: int
    attributes: str = ""
    rows: ClassVar[str] = "pictures"
    unit: ClassVar[str] = "pictures"
    noun: ClassVar[str] = "pictures"
    copies: ClassVar[str] = "copy of a picture"
    mismatch: ClassVar[str] = "draws pictures of {} pixels, and a challenger of {}"

    @property
    def title(self) -> str:
        """Such as "pictures 64x64"."""
        return f"pictures {self.size}x{self.size}"

    @property
    def kind(self) -> Mapping[str, object]:
        """The size; attributes are part of the raw data."""
        return {"size": self.size}

    def __call__(self, source: Path, out: Path, progress: Progress | None = None) -> Summary:
        """Cleans a folder or archive."""
        return self._clean(source, Path(self.attributes) if self.attributes else None, out, progress)

    def score(self, rows: Path, truth: Path) -> CleaningScore:
        """Compares the clean pictures with those before faults were injected."""
        from tasks.ingest.generate import read_truth

        known = read_truth(truth)
        return score_pictures(rows, known.faults, known.pictures, known.attributes)

    def show(self, row: Mapping[str, object]) -> str:
        """The name of the picture's file."""
        from tasks.validate.reasons import show_picture

        return show_picture(row)

    def profile(self, rows: Path) -> pl.DataFrame:
        """The attributes of each picture, its brightness, contrast, and mean red, green and blue (0 to 255)."""
        pictures = read_pictures(rows)
        starts = range(0, len(pictures.images), _BLOCK)
        colours = pl.concat([_colours(pictures.images[start : start + _BLOCK]) for start in starts])
        names = [attribute.name for attribute in pictures.attributes]
        return pl.concat([pl.read_parquet(rows / "clean.parquet", columns=names), colours], how="horizontal")

    def copy_files(self, name: str, source: Path, rows: Path, place: Path) -> None:  # noqa: ARG002 - files keep theirs
        """Copies the files of the clean pictures unchanged, and writes their attributes into a table next to them."""
        from tasks.ingest.generate import ATTRIBUTION

        table = pl.read_parquet(rows / "clean.parquet")
        names = set(table["source"])
        for picture, content in open_pictures(source, known_attributes=KNOWN_ATTRIBUTES).read():
            if picture.name in names and content is not None:
                file = place / picture.name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        attribution = source / ATTRIBUTION
        if attribution.is_file():
            shutil.copy2(attribution, place / ATTRIBUTION)
        files = (f"{place.name}/" + table["source"]).alias("file")
        attributes = table.drop("source", "record").insert_column(0, files)
        attributes.write_parquet(place.with_name(f"{place.name}{_TABLE}"))

    def clean_version(self, raw: Path, out: Path, index: Path) -> Summary:
        """Cleans all accepted pictures of a version together, with one table of all their attributes."""
        tables = [pl.read_parquet(file) for file in sorted(raw.glob(f"*{_TABLE}"))]
        for new in tables[1:]:
            if new.columns != tables[0].columns:
                old_names, new_names = (", ".join(part.columns[1:]) or "none" for part in (tables[0], new))
                raise RefusedError(
                    f"The dataset has the attributes {old_names}, but the new pictures have {new_names}: "
                    "give them the same."
                )
        table = None
        if tables[0].width > 1:
            table = out.with_name("attributes.csv")
            pl.concat(tables).write_csv(table)
        return self._clean(raw, table, out, index=index)

    def split(self, rows: Path) -> tuple[Mask, Mask]:
        """Holds out a tenth, chosen by content, with the twins of each picture."""
        images = read_pictures(rows).images
        # the rows are sorted by the number of the version that added them, so earlier ones keep their side
        split = split_pictures(images, find_twins(images))
        return split.training, split.held_out

    def write_part(self, rows: Path, mask: Mask, out: Path) -> None:
        """Writes what `read_pictures` reads."""
        pl.read_parquet(rows / "clean.parquet").filter(mask).write_parquet(out / "clean.parquet")
        np.save(out / PICTURES, read_pictures(rows).images[mask])
        shutil.copy2(rows / ATTRIBUTES, out / ATTRIBUTES)

    def _clean(
        self,
        source: Path,
        attributes: Path | None,
        out: Path,
        progress: Progress | None = None,
        index: Path | None = None,
    ) -> Summary:
        pictures = open_pictures(source, attributes, known_attributes=KNOWN_ATTRIBUTES)
        return clean_pictures(pictures, pictures_table(self.size), out, progress, index=index)


def _colours(images: np.ndarray) -> pl.DataFrame:
    """Brightness, contrast and mean red, green and blue of (n, size, size, 3) uint8 pictures."""
    values = images.astype(np.float32)
    means = values.mean(axis=(1, 2))
    columns = {"brightness": means.mean(axis=1), "contrast": values.mean(axis=3).std(axis=(1, 2))}
    return pl.DataFrame(columns | dict(zip(("red", "green", "blue"), means.T, strict=True)))
