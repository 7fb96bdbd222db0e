"""Reads a folder of cleaned pictures, for training."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.errors import UserError
from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.store import ATTRIBUTES, PICTURES


@dataclass(frozen=True)
class Pictures:
    """n cleaned pictures with k attributes each.

    Args:
        images: uint8 (n, size, size, 3), RGB, mapped from disk.
        codes: int32 (n, k), for each attribute the index of the picture's value in its `values`.
        attributes: k attributes; none if the source has none.
    """

    images: npt.NDArray[np.uint8]
    codes: npt.NDArray[np.int32]
    attributes: tuple[Attribute, ...]


def read_pictures(folder: Path) -> Pictures:
    """Reads the folder that `eightytwenty.pictures.run.clean_pictures` wrote.

    Raises:
        UserError: the folder is not such a folder, or was damaged.
    """
    try:
        images = np.load(folder / PICTURES, mmap_mode="r", allow_pickle=False)
        values = json.loads((folder / ATTRIBUTES).read_text(encoding="utf-8"))
        attributes = tuple(Attribute(name, tuple(choices)) for name, choices in values.items())
        rows = pl.read_parquet(folder / "clean.parquet", columns=["record", *values])
        codes = [
            rows[attribute.name].replace_strict(list(attribute.values), range(len(attribute.values)))
            for attribute in attributes
        ]
    except (OSError, ValueError, AttributeError, TypeError, pl.exceptions.PolarsError):
        raise UserError(f"{folder} is not a folder of cleaned pictures; make one with eightytwenty clean.") from None
    if images.ndim != 4 or images.dtype != np.uint8 or len(images) != rows.height:
        raise UserError(f"{folder} was changed since it was cleaned; clean its source again.")
    stacked = np.stack([code.to_numpy() for code in codes], axis=1) if codes else np.empty((rows.height, 0))
    return Pictures(images, stacked.astype(np.int32), attributes)
