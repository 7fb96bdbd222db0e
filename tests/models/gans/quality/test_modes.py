import math

import numpy as np
import pytest

from models.gans.quality.fidelity import attribute_fidelity
from models.gans.quality.modes import attribute_modes, count_modes


def test_even_modes_have_no_divergence():
    modes = count_modes(np.arange(1000).repeat(3), np.full(1000, 1 / 1000))
    assert (modes.captured, modes.possible, modes.share) == (1000, 1000, 1)
    assert modes.reverse_kl == pytest.approx(0, abs=1e-12)


def test_half_of_the_modes_diverge_by_the_logarithm_of_two():
    modes = count_modes(np.arange(500).repeat(7), np.full(1000, 1 / 1000))
    assert modes.captured == 500
    assert modes.reverse_kl == pytest.approx(math.log(2))


def test_it_is_the_reverse_divergence():
    modes = count_modes([0, 0, 0, 1], np.array([0.25, 0.5, 0.25]))
    assert modes.reverse_kl == pytest.approx(0.75 * math.log(3) + 0.25 * math.log(0.5))


def test_an_impossible_mode_is_no_capture_and_diverges_without_limit():
    modes = count_modes([0, 1, 2], np.array([0.5, 0.5, 0.0]))
    assert (modes.captured, modes.possible, modes.reverse_kl) == (2, 2, math.inf)


@pytest.mark.parametrize("modes", [[], [3], [-1]])
def test_modes_out_of_range_are_an_error(modes):
    with pytest.raises(ValueError, match="lie between 0 and 2"):
        count_modes(modes, np.full(3, 1 / 3))


def test_attribute_modes_are_pairs_of_values():
    rng = np.random.default_rng(0)
    sizes = (4, 3, 2)
    real = rng.integers(0, sizes, (4000, 3)).astype(np.int32)
    same = attribute_modes(rng.integers(0, sizes, (4000, 3)).astype(np.int32), real, sizes)
    assert (same.captured, same.possible) == (12 + 8 + 6, 26)
    assert same.reverse_kl < 0.01
    linked = real.copy()
    linked[:, 1] = real[:, 0] % 3  # every value still occurs as often or nearly, but only 4 of the 12 combinations
    assert attribute_modes(linked, real, sizes).captured == 4 + 8 + 6
    assert attribute_modes(linked, real, sizes).reverse_kl > 0.3


def test_one_attribute_is_its_own_mode():
    real = np.array([[0], [1], [2]], np.int32)
    modes = attribute_modes(np.array([[1], [1]], np.int32), real, (4,))
    assert (modes.captured, modes.possible) == (1, 3)
    assert 0 < modes.reverse_kl < math.inf


def test_fidelity_is_counted_per_attribute_and_against_real_pictures():
    targets = np.array([[0, 1], [1, 1], [2, 0], [0, 0]], np.int32)
    predictions = np.array([[0, 1], [1, 0], [2, 1], [1, 0]], np.int32)
    fidelity = attribute_fidelity(targets, predictions, [1.0, 0.8])
    np.testing.assert_allclose(fidelity.recognised, [0.75, 0.5])
    assert fidelity.mean == pytest.approx(0.625)
    assert fidelity.share == pytest.approx(0.625 / 0.9)
    assert math.isnan(attribute_fidelity(targets, predictions, [0.0, 0.0]).share)
    with pytest.raises(ValueError, match="do not fit"):
        attribute_fidelity(targets, predictions[:2], [1.0, 0.8])
