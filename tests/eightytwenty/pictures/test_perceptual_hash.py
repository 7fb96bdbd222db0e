"""What is compared of pictures depends on nothing but their pixels."""

import numpy as np

from eightytwenty.pictures.perceptual_hash import coarse_means, digests, perceptual_hash
from tasks.ingest.ellipses import draw_ellipses


def test_the_hash_is_the_same_in_any_batch():
    pictures, _ = draw_ellipses("ellipses-colour", 50, 64, seed=1)
    alone = np.concatenate([perceptual_hash(pictures[n : n + 1]) for n in range(50)])
    assert (alone == perceptual_hash(pictures)).all()
    assert perceptual_hash(pictures[:0]).shape == (0, 192)
    assert perceptual_hash(np.full((1, 32, 32, 3), 7, np.uint8)).tolist() == [[7.0] * 192]


def test_means_are_never_further_apart_than_their_places():
    hashes = perceptual_hash(np.random.default_rng(0).integers(0, 256, (60, 32, 32, 3), dtype=np.uint8))
    means = coarse_means(hashes)
    assert means.shape == (60, 48)
    places = np.abs(hashes[:, None] - hashes).max(axis=2)
    assert (np.abs(means[:, None] - means).max(axis=2) <= places + 1e-4).all()
    assert coarse_means(np.full((1, 192), 255, np.float32)).tolist() == [[255.0] * 48]


def test_equal_pictures_have_equal_digests():
    pictures = np.zeros((3, 32, 32, 3), np.uint8)
    pictures[1, 31, 31, 2] = 1
    first, other, same = digests(pictures).tolist()
    assert first == same != other
    assert digests(pictures[:0]).shape == (0, 2)
