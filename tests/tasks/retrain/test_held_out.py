"""The held-out tenth depends on the content of the rows and on nothing else."""

import hashlib

import numpy as np
import pytest

from eightytwenty.errors import UserError
from eightytwenty.pictures.near_twins import find_twins
from tasks.ingest.ellipses import draw_ellipses
from tasks.retrain.held_out import SplitPictures, held_out_pairs, require_enough, split_pictures


@pytest.mark.parametrize("top", [128, 32768, 10**8])
def test_a_tenth_of_the_pairs_is_held_out_whatever_their_order(top):
    pairs = np.random.default_rng(0).integers(0, top, (20_000, 2))
    mask = held_out_pairs(pairs)
    assert 0.09 < mask.mean() < 0.11
    order = np.random.default_rng(1).permutation(len(pairs))
    assert (held_out_pairs(pairs[order]) == mask[order]).all()
    # no corner of the range has more or less
    for corner in (pairs[:, 0] < top // 10, pairs[:, 1] < top // 10, pairs.sum(axis=1) % 2 == 0):
        assert 0.07 < mask[corner].mean() < 0.13


def test_the_choice_is_the_same_on_every_machine():
    pairs = np.array([[a, b] for a in range(8) for b in range(8)])
    assert np.flatnonzero(held_out_pairs(pairs)).tolist() == [2, 29, 49, 53, 63]


def test_equal_rows_are_on_one_side_and_a_small_domain_does_not_starve_the_training():
    pairs = np.random.default_rng(0).integers(0, 8, (5000, 2), endpoint=True)
    held_out = held_out_pairs(pairs)
    compared, learned = ({tuple(pair) for pair in pairs[mask].tolist()} for mask in (held_out, ~held_out))
    assert not compared & learned
    assert (len(compared), len(learned)) == (5, 76)


def split(pictures: np.ndarray) -> SplitPictures:
    return split_pictures(pictures, find_twins(pictures))


def is_held_out(picture: np.ndarray) -> bool:
    """By its own content."""
    return int.from_bytes(hashlib.sha256(picture.tobytes()).digest()[:8], "big") % 10 == 0


@pytest.fixture(scope="module")
def ellipses() -> np.ndarray:
    """400 pictures without twins."""
    pictures, _ = draw_ellipses("ellipses-colour", 500, 32, seed=0)
    return np.delete(pictures, find_twins(pictures).ravel(), axis=0)[:400]


def test_a_tenth_of_the_pictures_is_held_out_whatever_their_order(ellipses):
    parts = split(ellipses)
    assert 0.06 < parts.held_out.mean() < 0.14
    assert (parts.training == ~parts.held_out).all()
    assert (split(ellipses[::-1]).held_out == parts.held_out[::-1]).all()
    assert parts.held_out.tolist() == [is_held_out(picture) for picture in ellipses]


def test_twins_are_on_the_side_of_the_picture_that_came_first(ellipses):
    before = split(ellipses)
    mirrored = ellipses[:, :, ::-1]
    moved = np.roll(mirrored, (-1, 1), (1, 2))
    moved[:, 16, 16] = 0
    after = split(np.concatenate([ellipses, mirrored, moved]))
    # what was there before stays where it is
    assert (after.held_out == np.tile(before.held_out, 3)).all()
    assert (after.training == np.tile(before.training, 3)).all()
    # and by their own content the twins would have been shared out over both sides
    assert [is_held_out(picture) for picture in mirrored] != before.held_out.tolist()


def test_a_picture_between_two_sides_is_left_out(ellipses):
    """Four pictures, each a pixel further to the right than the one before: twins up to a distance of two."""
    for picture in ellipses:
        chain = [np.roll(picture, step, axis=1) for step in (0, 3, 1, 2)]
        if is_held_out(chain[0]) != is_held_out(chain[1]):
            break
    assert find_twins(np.stack(chain[:2])).tolist() == []
    parts = split(np.stack(chain))
    assert sorted(zip(parts.training[:2].tolist(), parts.held_out[:2].tolist(), strict=True)) == [
        (False, True),
        (True, False),
    ]
    assert not (parts.training | parts.held_out)[2:].any()


def test_too_few_rows_are_an_error():
    assert require_enough(np.ones(20, np.bool_), "v0001", "pairs").all()
    with pytest.raises(UserError, match="v0001 has 30 clean pairs, of which 19 are held out"):
        require_enough(np.arange(30) < 19, "v0001", "pairs")
