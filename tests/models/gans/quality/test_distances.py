import numpy as np
import pytest
from prdc import compute_prdc
from scipy.linalg import sqrtm

from models.gans.quality.coverage import density_and_coverage, diversity, mean_distance
from models.gans.quality.distances import frechet_distance, kernel_distance


def gaussian(n, d=8, seed=0, mean=0.0, scale=1.0):
    return np.random.default_rng(seed).normal(mean, scale, (n, d)).astype(np.float32)


def test_identical_sets_have_no_frechet_distance():
    for n in (500, 5):  # 5 pictures in 8 dimensions: a singular covariance
        assert frechet_distance(gaussian(n), gaussian(n)) == pytest.approx(0, abs=1e-10)


def test_frechet_distance_of_shifted_and_scaled_gaussians_is_the_closed_form():
    x = gaussian(2000).astype(np.float64)
    shift = np.linspace(0, 1, 8)
    assert frechet_distance(x, x + shift) == pytest.approx(shift @ shift, rel=1e-6)
    variance = x.var(axis=0, ddof=1).sum()  # of x and 3 x: tr(C + 9 C - 2 (9 C C)^(1/2)) = 4 tr C
    centred = x - x.mean(axis=0)
    assert frechet_distance(centred, 3 * centred) == pytest.approx(4 * variance, rel=1e-6)


def test_frechet_distance_is_the_formula_of_the_paper():
    mix = np.random.default_rng(2).normal(size=(8, 8)).astype(np.float32)
    x, y = gaussian(300), gaussian(200, seed=1, mean=0.3) @ mix
    c, d = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    expected = np.square(x.mean(0) - y.mean(0)).sum() + np.trace(c + d - 2 * np.real(sqrtm(c @ d)))
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-5)


def test_kernel_distance_is_unbiased():
    values = [kernel_distance(gaussian(50, seed=2 * seed), gaussian(60, seed=2 * seed + 1)) for seed in range(200)]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    assert 0.3 < np.mean(np.array(values) < 0) < 0.8
    assert kernel_distance(gaussian(50), gaussian(60, seed=1, mean=1.0)) > 20 * error


def test_kernel_distance_is_the_sum_over_all_pairs_whatever_the_blocks():
    x, y = gaussian(1100, d=3), gaussian(40, d=3, seed=1)
    xx, yy, xy = ((a.astype(float) @ b.T.astype(float) / 3 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y)))
    off = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (xx, yy)]
    assert kernel_distance(x, y) == pytest.approx(off[0] + off[1] - 2 * xy.mean(), rel=1e-9)


@pytest.mark.parametrize(("n", "m", "neighbours"), [(600, 300, 5), (100, 700, 3), (520, 520, 1)])
def test_density_and_coverage_equal_prdc(n, m, neighbours, capsys):
    real, fake = gaussian(n), gaussian(m, seed=1, mean=0.4, scale=0.7)
    expected = compute_prdc(real, fake, neighbours)
    density, coverage = density_and_coverage(real, fake, neighbours)
    assert density == pytest.approx(expected["density"], abs=1e-12)
    assert coverage == pytest.approx(expected["coverage"], abs=1e-12)
    assert 0.1 < coverage < 0.99, "the sets must overlap in part for this to be a test"


def test_a_missing_mode_lowers_coverage_and_diversity():
    def modes(numbers, seed):
        return np.concatenate([gaussian(100, seed=seed + i, mean=5.0 * i) for i in numbers])

    real = modes(range(5), 0)
    assert density_and_coverage(real, modes(range(5), 50))[1] > 0.93
    assert density_and_coverage(real, modes(range(3), 50))[1] == pytest.approx(0.6, abs=0.05)
    assert diversity(real, modes(range(5), 50)) == pytest.approx(1, abs=0.05)
    assert diversity(real, modes(range(3), 50)) < 0.7


def test_one_picture_again_and_again_has_no_diversity():
    same = np.repeat(gaussian(1, mean=100.0), 600, axis=0)
    assert diversity(gaussian(100), same) == 0
    assert density_and_coverage(gaussian(100), same) == (0, 0)


def test_mean_distance_is_over_pairs_of_different_pictures():
    assert mean_distance(np.array([[0, 0], [3, 4], [0, 0]], np.float32)) == pytest.approx(10 / 3)


@pytest.mark.parametrize("measure", [frechet_distance, kernel_distance, density_and_coverage])
def test_too_few_pictures_are_an_error(measure):
    with pytest.raises(ValueError, match="needs"):
        measure(gaussian(1), gaussian(1))


def test_real_pictures_that_are_all_equal_are_an_error():
    with pytest.raises(ValueError, match="real pictures that differ"):
        diversity(np.ones((5, 3), np.float32), gaussian(5, d=3))
