"""The parts of the adders' tasks: which pairs are learned from, how networks are saved, what is reported about them."""

import numpy as np
import pytest

from eightytwenty.engine.run import clean_table
from eightytwenty.errors import UserError
from eightytwenty.read.source import open_source
from models.adders.network import Adder
from schemas.pairs import pairs_table
from tasks.adders.data import sizes_reached, training_pairs, uncleaned_pairs
from tasks.adders.networks import load_adders, save_adders
from tasks.adders.record import summary_metrics
from tasks.adders.results import by_cell, gains, representatives, score_all
from tasks.experiment import Cleaned, Raw
from tasks.tracking.run import Dataset


def adder(weight: float, seed: int = 0, protocol: str = "article") -> Adder:
    return Adder(protocol, 16, 1, seed, np.full((2, 1), 0.001), np.array([weight]), output_bias=-weight / 2)


def cleaned(tmp_path, text: str, largest_sum: int = 256) -> Cleaned:
    path = tmp_path / "pairs.csv"
    path.write_text(text)
    table = pairs_table(largest_sum)
    summary = clean_table(open_source(path, table), table, tmp_path / "stage" / "rows")
    rows = tmp_path / "stage" / "rows"
    dataset = Dataset("pairs", rows, "1" * 64, summary.clean)
    return Cleaned(Raw("pairs", path, "0" * 64), rows, "1" * 64, summary, dataset, 0.1, fresh=True)


def test_training_pairs_are_the_clean_ones_of_the_domain_in_a_seeded_order(tmp_path):
    rows = [f"{a},{b},{a + b}" for a in range(12) for b in range(12)]
    table = cleaned(tmp_path, "\n".join(["a,b,sum", *rows, "1,1,3", "200,1,201"]))
    pairs = training_pairs(table, 16, 1000, seed=0)
    assert len(pairs) == 81  # 0 to 8 squared
    assert pairs.dtype == np.int64
    assert (pairs[:, 0] + pairs[:, 1] == pairs[:, 2]).all()
    assert {tuple(pair) for pair in pairs[:, :2]} == {(a, b) for a in range(9) for b in range(9)}
    assert (pairs == training_pairs(table, 16, 1000, seed=0)).all()
    assert (pairs != training_pairs(table, 16, 1000, seed=1)).any()
    assert len(training_pairs(table, 256, 50, seed=0)) == 50


def test_too_few_pairs_are_one_sentence(tmp_path):
    table = cleaned(tmp_path, "a,b,sum\n1,2,3\n100,20,120\n")
    with pytest.raises(UserError, match=r"has 1 clean pairs with numbers up to 8, and 20 are needed"):
        training_pairs(table, 16, 100, seed=0)


def test_uncleaned_pairs_are_whatever_parses(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("a,b,sum\n1,2,3\nseven,1,8\n1,1,3\n9,,9\ninf,1,2\n-5,1,-4\n1,2,3\n7.0,1,8\n1,2\n")
    rows = uncleaned_pairs(Raw("pairs", path, ""), 16, 100, seed=0)
    assert sorted(map(tuple, rows.tolist())) == [(-5, 1, -4), (1, 1, 3), (1, 2, 3), (1, 2, 3), (7, 1, 8)]


def test_networks_are_saved_to_the_last_bit_and_the_same_networks_give_the_same_bytes(tmp_path):
    history = {"loss": np.array([2.0, 1.0]), "val_loss": np.array([3.0, 1 / 3])}
    adders = [
        Adder(
            "article", 16, 3, 1, np.random.default_rng(0).normal(size=(2, 3)), np.ones(3), history=history, best_epoch=1
        ),
        adder(0.1, protocol="solved"),
    ]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        save_adders(adders, tmp_path / name)
    loaded = load_adders(tmp_path / "one")
    assert [network.name for network in loaded] == [network.name for network in adders]
    for before, after in zip(adders, loaded, strict=True):
        assert before.predict([[3, 4]]) == after.predict([[3, 4]])
        assert set(before.history) == set(after.history)
        assert all((before.history[key] == after.history[key]).all() for key in before.history)
    assert [(tmp_path / "one" / name).read_bytes() for name in ("arrays.npz", "networks.json")] == [
        (tmp_path / "two" / name).read_bytes() for name in ("arrays.npz", "networks.json")
    ]


def test_results_summarise_the_seeds_of_a_cell():
    good, fair, bad = adder(4000.0, seed=0), adder(3500.0, seed=1), adder(0.0, seed=2)
    networks = score_all([good, fair, bad])
    (cell,) = by_cell(networks)
    assert cell.accuracy[2] > 0.9
    assert cell.accuracy[0] < 0.1
    assert representatives(networks) == {fair.name}
    assert summary_metrics([cell])["sums/article_16_accuracy"] == cell.accuracy[2]
    assert summary_metrics([cell])["sums/article_16_error"] == cell.error[0]


def test_gains_compare_networks_of_the_same_seeds():
    networks = score_all([adder(4000.0), adder(4000.0, seed=1)])
    (gain,) = gains(networks, score_all([adder(0.0), adder(4000.0, seed=1)]))
    assert gain.uncleaned[0] < gain.uncleaned[1] == gain.cleaned[1]
    assert gain.cleaned == tuple(network.inside.accuracy for network in networks)
    assert gains(score_all([adder(4000.0)]), []) == ()


def test_sizes_that_the_data_does_not_reach_are_left_out(tmp_path):
    rows = [f"{a},{b},{a + b}" for a in range(9) for b in range(9)]
    table = cleaned(tmp_path, "\n".join(["a,b,sum", *rows]), largest_sum=65536)
    assert sizes_reached(table, [16, 256, 65536]) == [16]
    with pytest.raises(UserError, match="too few clean pairs to learn from: 81 with numbers to 128"):
        sizes_reached(table, [256])
