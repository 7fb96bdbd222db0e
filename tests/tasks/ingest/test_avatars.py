"""Avatars look like their attributes: each attribute changes the picture, and the same ones give the same pixels."""

import itertools

import numpy as np
import polars as pl
import pytest

from eightytwenty.errors import UserError
from schemas.attributes import AVATARS
from tasks.ingest import avatars
from tasks.ingest.avatars import draw_attributes, draw_avatar, draw_avatars

SIZE = 64


@pytest.mark.parametrize("attribute", AVATARS, ids=lambda attribute: attribute.name)
def test_each_value_of_an_attribute_looks_different(attribute):
    for others in draw_attributes(3, seed=1).to_dicts():
        pictures = [draw_avatar(others | {attribute.name: value}, SIZE).astype(int) for value in attribute.values]
        for one, other in itertools.combinations(pictures, 2):
            assert (abs(one - other).max(axis=-1) > 16).sum() >= 6


def test_the_same_attributes_give_the_same_pixels_in_any_order():
    for attributes in draw_attributes(3, seed=2).to_dicts():
        turned = dict(reversed(attributes.items()))
        assert draw_avatar(attributes, SIZE).tobytes() == draw_avatar(turned, SIZE).tobytes()


@pytest.mark.parametrize("size", [32, 64, 128])
def test_pictures_are_those_of_the_attributes_and_repeat(size):
    pictures, attributes = draw_avatars(6, size, seed=3)
    assert (pictures.shape, pictures.dtype) == ((6, size, size, 3), np.uint8)
    assert (pictures[:, : size // 2, 0] == 255).all(), "the background is white"
    for picture, values in zip(pictures, attributes.to_dicts(), strict=True):
        assert picture.tobytes() == draw_avatar(values, size).tobytes()
    assert pictures.tobytes() == draw_avatars(6, size, seed=3)[0].tobytes()
    assert pictures.tobytes() != draw_avatars(6, size, seed=4)[0].tobytes()


def test_attributes_are_balanced_independent_and_never_twice_the_same():
    attributes = draw_attributes(20_000, seed=5)
    assert attributes.columns == [attribute.name for attribute in AVATARS]
    assert attributes.n_unique() == attributes.height
    for attribute in AVATARS:
        counts = dict(attributes[attribute.name].value_counts().iter_rows())
        assert counts.keys() == set(attribute.values)
        assert min(counts.values()) > 0.93 * attributes.height / len(attribute.values)
    pairs = attributes.group_by("hair", "mouth").len()["len"]
    assert pairs.len() == 28
    assert pairs.min() > 0.85 * attributes.height / 28
    assert attributes.equals(draw_attributes(20_000, seed=5))


def test_every_value_can_be_drawn_and_no_other():
    drawn = {name: tuple(values) for name, values in avatars._OPTIONS.items()}
    assert drawn == {attribute.name: attribute.values for attribute in AVATARS}


def test_more_than_all_avatars_is_one_sentence():
    with pytest.raises(UserError, match="only 1,075,200 different avatars"):
        draw_avatars(2_000_000, SIZE, seed=0)


def test_progress_is_reported():
    calls = []
    draw_avatars(3, 32, seed=0, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(1, 3), (2, 3), (3, 3)]


def test_no_avatars():
    pictures, attributes = draw_avatars(0, 32, seed=0)
    assert pictures.shape == (0, 32, 32, 3)
    assert attributes.schema == {attribute.name: pl.String for attribute in AVATARS}
