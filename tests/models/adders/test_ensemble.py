import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.adders import program
from models.adders.domain import all_pairs
from models.adders.ensemble import shuffled, train_article
from models.adders.network import score

WIDTHS = (1, 3, 16)


def rows(largest_sum, n, seed=0):
    pairs = np.random.default_rng(seed).integers(0, largest_sum // 2, (n, 2), endpoint=True)
    return np.column_stack([pairs, pairs.sum(axis=1)])


def train(n=300, **changes):
    arguments = {"hidden_units": (1, 2, 4), "seeds": 2, "epochs": 30, "patience": 0, "seed": 3} | changes
    return train_article({16: rows(16, n), 65536: rows(65536, n + 45)}, **arguments)


def fingerprint():
    digest = hashlib.sha256()
    for adder in train():
        digest.update(adder.input_weights.tobytes() + adder.output_weights.tobytes())
        digest.update(b"".join(curve.tobytes() for curve in adder.history.values()))
    return digest.hexdigest()


def test_equals_keras_fit():
    """Two sets of unequal size, neither a multiple of the batch size, against keras.Model.fit for every network."""
    import keras

    def rounded_accuracy(y_true, y_pred):
        return keras.ops.cast(keras.ops.round(y_pred) == y_true, "float32")

    epochs, sizes = 6, [109, 150]
    tables = [rows(16, 140).astype(np.float32), rows(256, 200).astype(np.float32)]
    rng = np.random.default_rng(5)
    weights = rng.normal(size=(3, sum(WIDTHS), 2)).astype(np.float32) / 4
    orders = shuffled([np.random.default_rng(1), np.random.default_rng(2)], sizes, epochs)
    padded = np.zeros((2, 150, 3), np.float32)
    validation = np.zeros((2, 50, 3), np.float32)
    for row, (table, size) in enumerate(zip(tables, sizes, strict=True)):
        padded[row, :size] = table[:size]
        validation[row, : len(table) - size] = table[size:]
    examples = program.Examples(padded, np.int32(sizes), validation, np.int32([31, 50]))
    state, history = program.train_epochs(
        WIDTHS, 0, program.start(weights, len(WIDTHS)), examples, orders, np.int32(epochs)
    )

    for row, (table, size) in enumerate(zip(tables, sizes, strict=True)):
        for network, (end, width) in enumerate(zip(np.cumsum(WIDTHS), WIDTHS, strict=True)):
            nodes = slice(end - width, end)
            model = keras.Sequential(
                [
                    keras.Input((2,)),
                    keras.layers.Dense(width, "sigmoid", use_bias=False),
                    keras.layers.Dense(1, use_bias=False),
                ]
            )
            model.compile("adam", "mse", metrics=[rounded_accuracy])
            model.set_weights([weights[:2, nodes, row], weights[2, nodes, row][:, None]])
            for epoch in range(epochs):
                batch_order = table[orders[epoch, row, :size]]
                held_out = (table[size:, :2], table[size:, 2:])
                logs = model.fit(
                    batch_order[:, :2], batch_order[:, 2:], shuffle=False, validation_data=held_out, verbose=0
                ).history
                names = ["loss", "rounded_accuracy", "val_loss", "val_rounded_accuracy"]
                expected = [logs[name][0] for name in names]
                np.testing.assert_allclose(history[epoch, :, network, row], expected, rtol=2e-6, atol=1e-6)
            inputs, outputs = model.get_weights()
            np.testing.assert_allclose(state.weights[:2, nodes, row], inputs, rtol=1e-5, atol=1e-6)
            np.testing.assert_allclose(state.weights[2, nodes, row], outputs[:, 0], rtol=1e-5, atol=1e-6)


def test_start_is_as_varied_as_keras_glorot_uniform():
    adders = train(hidden_units=(1, 6), seeds=200, epochs=1, n=2)  # one Adam step moves a weight by .001
    for width in (1, 6):
        networks = [adder for adder in adders if adder.hidden_units == width and adder.largest_sum == 16]
        assert np.abs([a.input_weights for a in networks]).max() == pytest.approx(np.sqrt(6 / (2 + width)), abs=0.02)
        assert np.abs([a.output_weights for a in networks]).max() == pytest.approx(np.sqrt(6 / (width + 1)), abs=0.02)
        assert np.mean([a.input_weights for a in networks]) == pytest.approx(0, abs=0.1)


def test_learns_to_add():
    (adder,) = train_article({16: rows(16, 5000)}, hidden_units=[16], seeds=1, epochs=150, patience=0)
    assert score(adder, all_pairs(16)).accuracy > 0.8
    assert adder.history["val_loss"][-1] < adder.history["val_loss"][0] / 100


def test_early_stopping_is_keras_early_stopping():
    import keras

    patience = 2
    full = train(epochs=120, seeds=3)
    stopped = train(epochs=120, seeds=3, patience=patience)
    ends = set()
    for free, adder in zip(full, stopped, strict=True):
        callback = keras.callbacks.EarlyStopping("val_loss", patience=patience)
        model = keras.Sequential([keras.Input((1,))])
        callback.set_model(model)
        model.stop_training = False
        callback.on_train_begin()
        for end, val_loss in enumerate(free.history["val_loss"], start=1):
            callback.on_epoch_end(end - 1, {"val_loss": val_loss})
            if model.stop_training:
                break
        assert len(adder.history["loss"]) == end
        for name, curve in adder.history.items():
            np.testing.assert_array_equal(curve, free.history[name][:end])
        assert adder.best_epoch == np.argmin(adder.history["val_loss"])
        ends.add(end)
    assert len(ends) > 2, "the networks must stop at different epochs for this to be a test"


def test_weights_are_those_of_the_best_epoch():
    table = rows(16, 3000)
    table[2400:, 2] //= 2  # half the sums to judge by: every network passes its best epoch and gets worse again
    for adder in train_article({16: table}, hidden_units=(8, 16), seeds=2, epochs=60, patience=0):
        val_loss = adder.history["val_loss"]
        assert adder.best_epoch == np.argmin(val_loss)
        mean_square = np.mean((adder.predict(table[2400:, :2]) - table[2400:, 2]) ** 2)
        assert mean_square == pytest.approx(val_loss.min(), rel=1e-4)
        assert val_loss[-1] > 1.1 * val_loss.min(), "a network that does not get worse is no test"


def test_networks_come_in_order_and_progress_ends_at_the_last_epoch():
    calls = []
    adders = train(epochs=30, progress=lambda done, epochs: calls.append((done, epochs)))
    assert [(a.largest_sum, a.hidden_units, a.seed) for a in adders] == [
        (size, width, seed) for size in (16, 65536) for width in (1, 2, 4) for seed in (3, 4)
    ]
    assert calls == [(25, 30), (30, 30)]
    assert {len(curve) for adder in adders for curve in adder.history.values()} == {30}
    calls.clear()
    train(n=4, epochs=5000, patience=1, hidden_units=[1], seeds=1, progress=lambda *call: calls.append(call))
    assert calls[-1] == (5000, 5000)


def test_the_rest_of_the_grid_changes_a_network_by_rounding_only():
    (alone,) = train_article({16: rows(16, 300)}, hidden_units=[4], seeds=1, epochs=30, patience=0, seed=4)
    (same,) = [a for a in train() if (a.largest_sum, a.hidden_units, a.seed) == (16, 4, 4)]
    np.testing.assert_allclose(alone.input_weights, same.input_weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(alone.history["loss"], same.history["loss"], rtol=1e-4)


def test_two_processes_give_the_same_bits():
    code = "from tests.models.adders.test_ensemble import fingerprint; print(fingerprint())"
    root = Path(__file__).parents[3]
    other = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert other.stdout.strip() == fingerprint()


def test_orders_are_fresh_permutations():
    orders = shuffled([np.random.default_rng(0), np.random.default_rng(1)], [70, 33], epochs=4)
    assert orders.shape == (4, 2, 96)
    for row, size in enumerate([70, 33]):
        np.testing.assert_array_equal(np.sort(orders[:, row, :size]), np.tile(np.arange(size), (4, 1)))
        assert len(np.unique(orders[:, row], axis=0)) == 4
        assert not orders[:, row, size:].any()


@pytest.mark.parametrize("table", [np.zeros((1, 3), np.int64), np.zeros((9, 2), np.int64)])
def test_too_little_data_is_an_error(table):
    with pytest.raises(ValueError, match="training to 16 needs at least two rows of a, b and sum"):
        train_article({16: table}, hidden_units=[2], seeds=1, epochs=1, patience=0)
