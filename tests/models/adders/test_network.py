import numpy as np
import pytest

from models.adders.domain import all_pairs, beyond_pairs, pairs_summing_to
from models.adders.network import Adder, score, to_keras


def by_hand(**changes):
    """2 * sigmoid(a - b) + 3 * sigmoid(.5 * b), in inputs divided by 4 and with a bias of 1."""
    weights = {"input_weights": np.array([[1.0, 0.0], [-1.0, 0.5]]), "output_weights": np.array([2.0, 3.0])}
    return Adder("solved", 8, 2, 5, **(weights | {"output_bias": 1.0, "scale": 4.0} | changes))


def test_predict_is_the_formula():
    def sigmoid(u):
        return 1 / (1 + np.exp(-u))

    assert by_hand().predict([[3, 1]])[0] == pytest.approx(4 * (2 * sigmoid(0.5) + 3 * sigmoid(0.125) + 1))
    np.testing.assert_allclose(by_hand().hidden([[3, 1], [0, 0]]), [[sigmoid(0.5), sigmoid(0.125)], [0.5, 0.5]])
    assert by_hand().name == "2 nodes, sums to 8, seed 5, solved"


def test_predict_copes_with_saturated_nodes():
    with np.errstate(all="raise"):
        steep = by_hand(input_weights=np.array([[1e6, 0.0], [-1e6, 0.5]]))
        np.testing.assert_allclose(steep.hidden([[9, 0], [0, 9]])[:, 0], [1, 0])


def test_score_counts_rounded_predictions():
    constant = by_hand(output_weights=np.zeros(2), output_bias=0.65)  # says 2.6 to everything
    result = score(constant, np.array([[1, 1], [2, 0], [1, 2], [0, 0]]))
    assert (result.accuracy, result.n) == (0.25, 4)
    assert result.mean_absolute_error == pytest.approx((0.6 + 0.6 + 0.4 + 2.6) / 4)
    assert result.mean_squared_error == pytest.approx((0.36 + 0.36 + 0.16 + 6.76) / 4)


def test_score_needs_pairs():
    with pytest.raises(ValueError, match="at least one pair"):
        score(by_hand(), np.zeros((0, 2), np.int64))
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        score(by_hand(), np.zeros((5, 3), np.int64))


@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_keras_model_predicts_the_same(bias):
    adder = by_hand(output_bias=bias)
    pairs = all_pairs(8)
    model = to_keras(adder)
    assert model.count_params() == 6 + (bias != 0)
    predicted = model.predict(pairs.astype(np.float32), verbose=0)
    assert predicted.shape == (len(pairs), 1)
    np.testing.assert_allclose(predicted[:, 0], adder.predict(pairs), rtol=1e-12)


def test_all_pairs_are_all_pairs():
    small = all_pairs(16)
    assert len(small) == len(np.unique(small, axis=0)) == 81
    assert (small.min(), small.max()) == (0, 8)
    assert len(np.unique(all_pairs(256), axis=0)) == 129**2


def test_large_range_is_sampled_with_its_corners_and_edges():
    pairs = all_pairs(65536)
    top = 32768
    assert {(0, 0), (0, top), (top, 0), (top, top)} <= set(map(tuple, pairs.tolist()))
    assert (pairs.min(), pairs.max()) == (0, top)
    for edge in (pairs[:, 0] == 0, pairs[:, 1] == 0, pairs[:, 0] == top, pairs[:, 1] == top):
        assert edge.sum() >= 129
    np.testing.assert_array_equal(pairs, all_pairs(65536))


@pytest.mark.parametrize(("largest_sum", "count"), [(16, 19), (256, 154**2 - 129**2), (65536, 10_000)])
def test_beyond_pairs_lie_outside_and_within_twenty_percent(largest_sum, count):
    pairs = beyond_pairs(largest_sum, seed=1)
    assert len(pairs) == count
    assert pairs.min() == 0
    assert (pairs.max(axis=1) > largest_sum // 2).all()
    assert pairs.max() == int(1.2 * largest_sum / 2)
    np.testing.assert_array_equal(pairs, beyond_pairs(largest_sum, seed=1))


def test_pairs_summing_to():
    pairs = pairs_summing_to(120, 256)
    assert (pairs.sum(axis=1) == 120).all()
    assert pairs[:, 0].tolist() == list(range(121))
    assert pairs_summing_to(14, 16).tolist() == [[6, 8], [7, 7], [8, 6]]
    assert pairs_summing_to(17, 16).shape == (0, 2)
