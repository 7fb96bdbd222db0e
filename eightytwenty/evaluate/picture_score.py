"""Scores a cleaning of pictures against the injected truth, kind by kind."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from eightytwenty.evaluate.score import CleaningScore, by_kind, read_tables, row_endings

_ROW = ["source", "record"]


def score_pictures(
    cleaned: Path,
    truth: pl.DataFrame,
    pictures: Mapping[str, NDArray[np.uint8]],
    attributes: pl.DataFrame | None = None,
) -> CleaningScore:
    """Compares a folder of cleaned pictures with the truth of the dirty source that it was made from.

    Args:
        cleaned: the folder that `eightytwenty.pictures.run.clean_pictures` wrote.
        truth: from `eightytwenty.evaluate.picture_faults.DirtyPictures`.
        pictures: path in the source -> the picture as it was before the dirt, RGB, (size, size, 3).
        attributes: file (path in the source) and the true attributes, all text; None if there are none.

    Returns:
        The score; `false_repairs` counts pictures without a fault whose pixels or attributes are not the true ones.
    """
    tables = read_tables(cleaned)
    endings = row_endings(tables)
    true = pl.concat(
        [_true_pictures(cleaned, tables["clean"], truth, pictures, attributes), _true_copies(tables, truth)]
    )
    faults = (
        truth.join(endings, on=_ROW, how="left")
        .join(tables["ledger"].select(_ROW).unique().with_columns(changed=True), on=_ROW, how="left")
        .join(true, on=_ROW, how="left")
        .with_columns(pl.col("true").fill_null(value=True))
    )
    faultless = endings.join(truth, on=_ROW, how="anti")
    return CleaningScore(
        kinds=by_kind(faults),
        false_repairs=faultless.join(true.filter(~pl.col("true")), on=_ROW, how="semi").height,
        lost_rows=faultless.filter(pl.col("ending") != "clean").height,
    )


def _true_pictures(
    cleaned: Path,
    clean: pl.DataFrame,
    truth: pl.DataFrame,
    pictures: Mapping[str, NDArray[np.uint8]],
    attributes: pl.DataFrame | None,
) -> pl.DataFrame:
    """Whether each clean picture has the true attributes, and the true pixels, as far as its fault preserved them."""
    rows = clean.join(truth.select(*_ROW, "of", "tolerance"), on=_ROW, how="left").with_columns(
        pl.col("of").fill_null(pl.col("source")), pl.col("tolerance").fill_null(0.0)
    )
    images = np.load(cleaned / "pictures.npy", mmap_mode="r", allow_pickle=False)
    distances = [_distance(image, pictures[of]) for image, of in zip(images, rows["of"], strict=True)]
    true = pl.Series(distances, dtype=pl.Float64) <= rows["tolerance"]
    if attributes is not None:
        names = [name for name in attributes.columns if name != "file"]
        expected = rows.select(file="of").join(attributes, on="file", how="left", maintain_order="left").select(names)
        true &= pl.Series((rows.select(names).to_numpy() == expected.to_numpy()).all(axis=1))
    return rows.select(*_ROW, true=true)


def _true_copies(tables: Mapping[str, pl.DataFrame], truth: pl.DataFrame) -> pl.DataFrame:
    """Whether each duplicate names the picture that it was copied from."""
    copies = tables["duplicates"].join(truth, on=_ROW)
    return copies.select(*_ROW, true=pl.col("copy_of_source") == pl.col("of"))


def _distance(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two pictures of the same shape, 0 to 255."""
    return float(np.abs(first.astype(np.int16) - second).mean())
