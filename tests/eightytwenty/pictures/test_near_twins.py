"""Twins are found however a picture was changed a little, and few different pictures are taken for twins."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from eightytwenty.pictures.near_twins import find_twins
from eightytwenty.pictures.repair import repair_picture
from tasks.ingest.avatars import draw_avatars
from tasks.ingest.ellipses import KINDS, draw_ellipses

SIZE, COUNT = 32, 24


def draw(kind: str, rows: int, size: int, seed: int) -> np.ndarray:
    return draw_avatars(rows, size, seed)[0] if kind == "avatars" else draw_ellipses(kind, rows, size, seed)[0]


def cleaned(picture: np.ndarray, kind: str = "PNG", **options: object) -> np.ndarray:
    """The picture as cleaning leaves it after it was saved."""
    content = io.BytesIO()
    Image.fromarray(picture).save(content, kind, **options)
    return repair_picture(Image.open(content), SIZE)[0]


def resized(picture: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BICUBIC))


def with_another_pixel(picture: np.ndarray) -> np.ndarray:
    changed = picture.copy()
    changed[13, 17] = 255 - changed[13, 17]
    return changed


WAYS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "one pixel": with_another_pixel,
    "mirrored": lambda picture: picture[:, ::-1],
    "moved": lambda picture: np.roll(picture, (1, -2), (0, 1)),
    "moved, the edge repeated": lambda picture: np.pad(picture, ((2, 0), (0, 1), (0, 0)), "edge")[:-2, 1:],
    "mirrored, moved and saved as JPEG": lambda picture: cleaned(
        np.roll(picture[:, ::-1], (-2, 1), (0, 1)), "JPEG", quality=85
    ),
    "saved as JPEG": lambda picture: cleaned(picture, "JPEG", quality=75),
    "enlarged": lambda picture: cleaned(resized(picture, 96)),
    "enlarged and saved as JPEG": lambda picture: cleaned(resized(picture, 64), "JPEG", quality=75),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_changed_picture_is_a_twin(way):
    pictures = np.concatenate([draw(kind, COUNT, SIZE, 5) for kind in (*KINDS, "avatars")])
    changed = np.stack([WAYS[way](picture) for picture in pictures])
    assert (changed != pictures).any()
    found = {tuple(pair) for pair in find_twins(np.concatenate([pictures, changed])).tolist()}
    assert not {(number, number + len(pictures)) for number in range(len(pictures))} - found


def test_half_a_pixel_after_reducing_is_found():
    large = np.concatenate([draw(kind, COUNT, 2 * SIZE, 6) for kind in (*KINDS, "avatars")])
    moved = [cleaned(np.roll(picture, (1, -1), (0, 1))) for picture in large]
    pictures = np.stack([*map(cleaned, large), *moved])
    found = {tuple(pair) for pair in find_twins(pictures).tolist()}
    assert not {(number, number + len(large)) for number in range(len(large))} - found


@pytest.mark.parametrize(("kind", "most"), [("avatars", 40), *((kind, 25) for kind in KINDS)])
def test_few_different_pictures_are_taken_for_twins(kind, most):
    assert len(find_twins(draw(kind, 600, SIZE, 3))) < most  # of 180,000 pairs


def test_another_colour_or_a_larger_move_is_another_picture():
    for kind in ("ellipses-colour", "avatars"):
        (picture,) = draw(kind, 1, SIZE, 8)
        others = [np.roll(picture, 5, axis=1), picture[..., ::-1], 255 - picture, np.roll(picture, 4, axis=0)]
        pairs = find_twins(np.stack([picture, *others]))
        assert not (pairs == 0).any()


def test_pairs_are_sorted_and_no_picture_is_its_own_twin():
    pictures = draw("ellipses-colour", 3, SIZE, 9)[[0, 1, 0, 2, 1, 0]]
    assert find_twins(pictures).tolist() == [[0, 2], [0, 5], [1, 4], [2, 5]]
    assert find_twins(pictures[:0]).shape == find_twins(pictures[:1]).shape == (0, 2)


def test_the_result_does_not_depend_on_the_blocks(monkeypatch):
    pictures = draw("avatars", 150, SIZE, 10)
    pictures = np.concatenate([pictures, pictures[:50, :, ::-1]])
    pairs = find_twins(pictures).tolist()
    monkeypatch.setattr("eightytwenty.pictures.near_twins._BLOCK", 7)
    monkeypatch.setattr("eightytwenty.pictures.near_twins._COMPARED", 5)
    assert find_twins(pictures).tolist() == pairs
