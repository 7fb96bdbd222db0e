"""Drawn ellipses are ellipses: by the exact test that judges generated ones, and by their parameters."""

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from scipy.ndimage import binary_fill_holes
from skimage.draw import ellipse
from skimage.measure import label, regionprops

from tasks.ingest.ellipses import KINDS, Kind, draw_ellipses

ROWS = 150


def shapes_of(picture: npt.NDArray[np.uint8]) -> list[npt.NDArray[np.bool_]]:
    """The filled shapes that stand out from the colour of the corner."""
    difference = np.abs(picture.astype(int) - picture[0, 0].astype(int)).max(axis=-1)
    numbered, count = label(binary_fill_holes(difference > difference.max() / 2), return_num=True)
    return [numbered == number for number in range(1, count + 1)]


def drawn(rows: float, columns: float, a: float, b: float, turn: float, size: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros((size, size), dtype=bool)
    mask[ellipse(rows, columns, a, b, shape=mask.shape, rotation=turn)] = True
    return mask


def overlap(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    return float((one & other).sum() / (one | other).sum())


@pytest.mark.parametrize(("size", "least"), [(32, 0.90), (64, 0.93), (128, 0.93)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_is_one_ellipse(kind: Kind, size: int, least: float) -> None:
    pictures, _ = draw_ellipses(kind, ROWS, size, seed=1)
    for picture in pictures:
        (shape,) = shapes_of(picture)
        (region,) = regionprops(shape.astype(int))
        fit = drawn(
            *region.centroid, region.axis_major_length / 2, region.axis_minor_length / 2, region.orientation, size
        )
        assert overlap(shape, fit) > least
        assert region.solidity > least


@pytest.mark.parametrize("kind", KINDS)
def test_the_parameters_are_those_of_the_picture(kind: Kind) -> None:
    size, line = 64, 3 if kind == "ellipses-outline" else 0
    pictures, parameters = draw_ellipses(kind, ROWS, size, seed=2)
    for picture, row in zip(pictures, parameters.to_dicts(), strict=True):
        (shape,) = shapes_of(picture)
        a, b, turn = row["axis_a"] + line / 2, row["axis_b"] + line / 2, -np.radians(row["angle"])
        assert overlap(shape, drawn(row["centre_y"] - 0.5, row["centre_x"] - 0.5, b, a, turn, size)) > 0.93
        assert (picture == [row["red"], row["green"], row["blue"]]).all(axis=-1).any()
        assert picture[[0, -1]].std() == picture[:, [0, -1]].std() == 0, "the ellipse touches the edge"


def test_grounds_and_colours() -> None:
    outline, white, colour = (draw_ellipses(kind, ROWS, 64, seed=3) for kind in KINDS)
    assert {int(white[0].min()), int(white[0][:, 0].max())} == {0}
    assert (outline[0][:, 0] == 255).all()
    assert (colour[0][:, 0] == 255).all()
    rows = np.arange(ROWS)

    def at_centre(pictures: npt.NDArray[np.uint8], parameters: pl.DataFrame) -> npt.NDArray[np.uint8]:
        y, x = (parameters[name].to_numpy().astype(int) for name in ("centre_y", "centre_x"))
        return pictures[rows, y, x]

    assert (at_centre(*outline) == 255).all(), "an outline is not filled"
    assert (at_centre(*white) == 255).all()
    assert (at_centre(*colour) == colour[1].select("red", "green", "blue").to_numpy()).all()
    assert len({tuple(row) for row in at_centre(*colour).tolist()}) > ROWS * 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(kind: Kind) -> None:
    first, again, other = (draw_ellipses(kind, 300, 32, seed)[0] for seed in (4, 4, 5))
    assert first.tobytes() == again.tobytes()
    assert (first != other).any(axis=(1, 2, 3)).all()
