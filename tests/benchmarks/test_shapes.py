"""The stacked shapes of the benchmark and their recognition, on a small recogniser."""

import numpy as np
import pytest

from benchmarks import shapes


def test_stacks_are_seeded_and_of_1000_even_modes():
    images, modes = shapes.draw(5000, 0)
    assert images.shape == (5000, 32, 32, 3)
    assert images.dtype == np.uint8
    again, same = shapes.draw(5000, 0)
    np.testing.assert_array_equal(images, again)
    np.testing.assert_array_equal(modes, same)
    counts = np.bincount(modes, minlength=1000)
    assert len(counts) == 1000
    assert counts.var() == pytest.approx(5, abs=1), "as many as chance gives: Poisson with mean 5"
    assert not images[:, [0, -1]].any(), "no shape touches the edge"
    assert not images[:, :, [0, -1]].any()


def test_channels_hold_the_shapes_of_the_digits():
    images, modes = shapes.draw(3000, 1)
    for channel, divisor in enumerate((100, 10, 1)):
        digit = modes // divisor % 10
        ink = [images[digit == shape, :, :, channel].mean() for shape in range(10)]
        assert ink[list(shapes.SHAPES).index("disc")] > ink[list(shapes.SHAPES).index("ring")] * 1.2
        assert ink[list(shapes.SHAPES).index("square")] > ink[list(shapes.SHAPES).index("bar")] * 1.5


def test_recognition_names_the_modes():
    recogniser = shapes.train_recogniser(seed=0, n=1500)
    images, modes = shapes.draw(1000, 2)
    assert recogniser.held_out_accuracy[0] >= 0.995
    assert (shapes.recognise(recogniser, images) == modes).mean() > 0.98
    real = shapes.score(recogniser, images)
    assert real.captured == pytest.approx(len(np.unique(modes)), abs=10)
    few = shapes.score(recogniser, images[modes < 100])  # red is always a disc
    assert few.captured <= 104
    assert few.reverse_kl > np.log(10) > real.reverse_kl
