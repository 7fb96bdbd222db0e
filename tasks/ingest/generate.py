"""Draws pictures and writes them as a raw folder, with a share of faults, and the truth beside it."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image

from eightytwenty.files import whole_folder
from tasks.ingest import ellipses

AVATARS = "avatars"
SOURCES = (*ellipses.KINDS, AVATARS)
ATTRIBUTES, PARAMETERS, TRUTH, ATTRIBUTION = "attributes.csv", "parameters.parquet", "truth.parquet", "ATTRIBUTION.txt"
_PICTURES = "pictures.npy"


@dataclass(frozen=True)
class Truth:
    """The truth about generated pictures.

    Args:
        faults: see `eightytwenty.evaluate.picture_faults.DirtyPictures`.
        pictures: path in raw/ -> the picture without its fault, uint8 (size, size, 3).
        attributes: file and its true attributes; None for ellipses, which have none.
    """

    faults: pl.DataFrame
    pictures: dict[str, npt.NDArray[np.uint8]]
    attributes: pl.DataFrame | None


def read_truth(folder: Path) -> Truth:
    """Reads the truth that `generate_pictures` wrote beside raw/."""
    parameters = pl.read_parquet(folder / PARAMETERS)
    pictures = np.load(folder / _PICTURES, mmap_mode="r", allow_pickle=False)
    attributes = parameters if (folder / ATTRIBUTION).exists() else None
    return Truth(pl.read_parquet(folder / TRUTH), dict(zip(parameters["file"], pictures, strict=True)), attributes)


def generate_pictures(
    folder: Path,
    *,
    source: str,
    rows: int,
    size: int,
    dirt: float,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes a folder with raw/ and truth.parquet (see `eightytwenty.evaluate.picture_faults.DirtyPictures`).

    raw/ holds <source>-00001.png and so on and, for avatars, attributes.csv. Beside it are pictures.npy (the pictures
    without faults), parameters.parquet (file names and the attributes of avatars, or what `draw_ellipses` returns) and,
    for avatars, ATTRIBUTION.txt.

    Args:
        folder: appears whole or not at all.
        source: one of `SOURCES`.
        rows: number of pictures before faults are injected.
        size: side in pixels.
        dirt: share of the pictures that get a fault, 0 to 1.
        seed: the same seed gives the same bytes.
        progress: called with (done, total) while avatars are drawn; ellipses take only a moment.

    Returns:
        the folder of raw files.
    """
    from eightytwenty.evaluate.picture_faults import add_dirt

    names = [f"{source}-{number:05}.png" for number in range(1, rows + 1)]
    if source == AVATARS:
        from tasks.ingest import avatars

        pictures, attributes = avatars.draw_avatars(rows, size, seed, progress)
        truth = attributes.insert_column(0, pl.Series("file", names, dtype=pl.String))
        table = truth.write_csv().encode()
        extra_files = {ATTRIBUTION: avatars.ATTRIBUTION.encode()}
    else:
        kind = next(kind for kind in ellipses.KINDS if kind == source)
        pictures, parameters = ellipses.draw_ellipses(kind, rows, size, seed)
        truth = parameters.insert_column(0, pl.Series("file", names, dtype=pl.String))
        table, extra_files = None, {}
    files = {name: as_png(picture) for name, picture in zip(names, pictures, strict=True)}
    dirty = add_dirt(files, table, share=dirt, seed=seed, size=size)

    contents = {f"raw/{name}": content for name, content in dirty.files.items()}
    if dirty.attributes is not None:
        contents[f"raw/{ATTRIBUTES}"] = dirty.attributes
    with whole_folder(folder) as partial:
        (partial / "raw").mkdir()
        extra_files |= {PARAMETERS: _as_parquet(truth), TRUTH: _as_parquet(dirty.truth)}
        for name, content in {**contents, **extra_files}.items():
            (partial / name).write_bytes(content)
        np.save(partial / _PICTURES, pictures)
    return folder / "raw"


def as_png(picture: npt.NDArray[np.uint8]) -> bytes:
    """The picture (uint8, (height, width, 3), RGB) as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG")
    return content.getvalue()


def _as_parquet(frame: pl.DataFrame) -> bytes:
    content = io.BytesIO()
    frame.write_parquet(content)
    return content.getvalue()
