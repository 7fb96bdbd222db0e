"""The random numbers of the faces."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.faces.random import STYLE, noise, value

WORD = st.integers(0, 2**32 - 1)


def pcg4d(x: int, y: int, z: int, w: int) -> list[int]:
    """The hash as its authors print it, in whole numbers of any size."""
    v = [(number * 1664525 + 1013904223) % 2**32 for number in (x, y, z, w)]
    for turn in range(2):
        if turn:
            v = [number ^ number >> 16 for number in v]
        for to, (first, second) in enumerate([(1, 3), (2, 0), (0, 1), (1, 2)]):
            v[to] = (v[to] + v[first] * v[second]) % 2**32
    return v


@given(seed=WORD, face=WORD, count=st.integers(1, 1000), attribute=st.integers(0, 99))
def test_a_value_is_the_share_of_the_hash(seed: int, face: int, count: int, attribute: int) -> None:
    assert value(seed, face, attribute, count) == pcg4d(seed, face, 2, attribute)[0] * count // 2**32 < count


@given(seed=WORD, face=WORD, stream=st.sampled_from([0, STYLE]))
def test_noise_is_that_of_box_and_muller(seed: int, face: int, stream: int) -> None:
    numbers = noise(seed, face, 100, stream)
    assert (numbers.dtype, numbers.shape) == (np.float32, (100,))
    u = [(number + 0.5) / 2**32 for number in pcg4d(seed, face, stream, 24)]
    first = np.sqrt(-2 * np.log(u[2])) * np.exp(2j * np.pi * u[3])
    assert numbers[98:] == pytest.approx([first.real, first.imag], rel=1e-6, abs=1e-6)


def test_fewer_numbers_are_the_first() -> None:
    np.testing.assert_array_equal(noise(3, 4, 5), noise(3, 4)[:5])


def test_these_numbers_stay_as_they_are() -> None:
    # links that people have sent to each other would show other faces
    np.testing.assert_array_equal(noise(5, 3)[:3], np.float32([1.0868027, 1.3657386, 1.7942674]))
    assert [value(5, 3, attribute, 100) for attribute in range(4)] == [22, 73, 97, 24]


def test_noise_is_normal_and_independent() -> None:
    drawn = np.stack([noise(seed, face) for seed in range(16) for face in range(64)]).astype(np.float64)
    n = drawn.size
    assert abs(drawn.mean()) < 4 / np.sqrt(n)
    assert abs((drawn**2).mean() - 1) < 4 * np.sqrt(2 / n)
    assert abs((drawn**4).mean() - 3) < 4 * np.sqrt(96 / n)
    # neighbours: in a face, of faces with consecutive numbers, of consecutive seeds, of both streams
    style = np.stack([noise(seed, face, 100, STYLE) for seed in range(16) for face in range(64)])
    for one, other in [
        (drawn[:, :-1], drawn[:, 1:]),
        (drawn[:-1], drawn[1:]),
        (drawn[:-64], drawn[64:]),
        (drawn, style),
    ]:
        assert abs((one * other).mean()) < 4 / np.sqrt(one.size)


def test_values_are_equally_frequent() -> None:
    drawn = [value(seed, face, attribute, 5) for seed in range(20) for face in range(20) for attribute in range(5)]
    counts = np.bincount(drawn)
    assert len(counts) == 5
    assert ((counts - 400) ** 2 / 400).sum() < 18.5  # chi squared with 4 degrees of freedom: .999
