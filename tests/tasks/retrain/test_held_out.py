"""The held-out tenth depends on the content of the rows and on nothing else."""

import numpy as np
import pytest

from eightytwenty.errors import UserError
from tasks.retrain.held_out import held_out_pairs, held_out_pictures, require_enough


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


def test_a_tenth_of_the_pictures_is_held_out_whatever_their_order():
    pictures = np.random.default_rng(0).integers(0, 256, (3000, 4, 4, 3), np.uint8)
    mask = held_out_pictures(pictures)
    assert 0.08 < mask.mean() < 0.12
    assert (held_out_pictures(pictures[::-1]) == mask[::-1]).all()


def test_too_few_rows_are_an_error():
    assert require_enough(np.ones(20, np.bool_), "v0001", "pairs").all()
    with pytest.raises(UserError, match="v0001 has 30 clean pairs, of which 19 are held out"):
        require_enough(np.arange(30) < 19, "v0001", "pairs")
