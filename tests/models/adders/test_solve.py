import numpy as np
import pytest

from models.adders.domain import all_pairs, beyond_pairs
from models.adders.network import score
from models.adders.solve import train_solved

WIDTHS = (1, 2, 4, 8, 16)
SIZES = (16, 256, 65536)


def rows(largest_sum, n=2000, seed=0):
    pairs = np.random.default_rng(seed).integers(0, largest_sum // 2, (n, 2), endpoint=True)
    return np.column_stack([pairs, pairs.sum(axis=1)])


@pytest.fixture(scope="module")
def solved():
    return train_solved({size: rows(size) for size in SIZES}, hidden_units=WIDTHS, seeds=2, seed=10)


def test_every_cell_adds_every_pair(solved):
    failed = [adder.name for adder in solved if score(adder, all_pairs(adder.largest_sum)).accuracy < 1]
    assert failed == []


def test_every_cell_adds_beyond_the_trained_range(solved):
    failed = [adder.name for adder in solved if score(adder, beyond_pairs(adder.largest_sum, 0)).accuracy < 1]
    assert failed == []


def test_only_the_single_node_has_a_bias(solved):
    assert [(a.largest_sum, a.hidden_units, a.seed) for a in solved] == [
        (size, width, seed) for size in SIZES for width in WIDTHS for seed in (10, 11)
    ]
    assert all((adder.output_bias != 0) == (adder.hidden_units == 1) for adder in solved)
    assert all(adder.output_weights.shape == (adder.hidden_units,) and not adder.history for adder in solved)


def test_a_network_depends_on_its_own_pairs_and_seed_alone(solved):
    calls = []
    (alone,) = train_solved({256: rows(256)}, hidden_units=[4], seeds=1, seed=11, progress=lambda *c: calls.append(c))
    (same,) = [a for a in solved if (a.largest_sum, a.hidden_units, a.seed) == (256, 4, 11)]
    np.testing.assert_array_equal(alone.input_weights, same.input_weights)
    np.testing.assert_array_equal(alone.output_weights, same.output_weights)
    assert calls == [(1, 1)]


@pytest.mark.parametrize(
    "table",
    [
        rows(16, n=1),
        np.zeros((7, 3), np.int64),
        np.tile([[3, 4, 7]], (50, 1)),
        np.array([[1, 2, 900], [2, 1, -900], [4, 4, 8]]),
        np.array([[0, 1, 2**40], [2**60, -(2**60), 1]]),
    ],
    ids=["one row", "zeros", "one pair again and again", "wrong sums", "huge"],
)
def test_little_or_strange_data_still_gives_a_network(table):
    for adder in train_solved({16: table}, hidden_units=WIDTHS, seeds=1):
        assert np.isfinite(adder.predict(table[:, :2])).all()


def test_no_rows_is_an_error():
    with pytest.raises(ValueError, match="training to 16 needs at least one row"):
        train_solved({16: np.zeros((0, 3), np.int64)}, hidden_units=[2], seeds=1)
