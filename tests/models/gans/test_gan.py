"""Both recipes: repeatable, resumable, conditional on attributes, and able to learn something in seconds."""

import os
import platform
import random
import subprocess
import sys

import keras
import numpy as np
import pytest

from models.gans.gan import NOISE, arrays_of
from models.gans.training import BUILDERS, _batches, build, make_repeatable, train_epoch

COLOURS = np.array([[230, 30, 30], [30, 160, 40], [40, 60, 220], [240, 220, 40]], np.uint8)
STEPS = 3 * 3  # of three epochs of 22 pictures: two steps of eight and one of six


@pytest.fixture(scope="module", autouse=True)
def repeatable():
    make_repeatable()


def discs(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Discs of four colours on white: pictures (n, 32, 32, 3) uint8 and their colours (n, 1) int32."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(len(COLOURS), size=(count, 1)).astype(np.int32)
    across, down = np.meshgrid(np.arange(32), np.arange(32))
    radius = rng.uniform(7, 13, (count, 1, 1))
    inside = np.hypot(across - 15.5, down - 15.5)[None] < radius
    return np.where(inside[..., None], COLOURS[codes[:, 0]][:, None, None], 255).astype(np.uint8), codes


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, NOISE), np.float32)


def same(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    return first.keys() == second.keys() and all((value == second[name]).all() for name, value in first.items())


def train(recipe: str, epochs: range, state=None, seed: int = 0):
    images, codes = discs(22)
    gan = build(recipe, 32, (4,), seed, STEPS)
    if state:
        gan.state = state
    losses = [train_epoch(gan, images, codes, epoch=epoch, batch_size=8, seed=seed) for epoch in epochs]
    return gan, losses


@pytest.fixture(scope="module", params=list(BUILDERS))
def trained(request):
    """Recipe, the state after one epoch, the state after three, and the losses of all."""
    first, _ = train(request.param, range(1))
    whole, losses = train(request.param, range(3))
    return request.param, first.state, whole, losses


def test_a_resumed_training_gives_the_same_bits(trained):
    recipe, after_one, whole, losses = trained
    resumed, later = train(recipe, range(1, 3), after_one)
    assert same(resumed.state, whole.state)
    assert later == losses[1:]
    assert whole.state["0000"] == STEPS


def test_layers_made_earlier_change_no_bit(trained):
    """Keras would continue its numbering: the next ones would be dense_8, dense_9 and dense_10, which sorts first."""
    recipe, after_one, whole, _ = trained
    keras.utils.clear_session()
    for _ in range(8):
        keras.layers.Dense(1)
    resumed, _ = train(recipe, range(1, 3), after_one)
    assert same(resumed.state, whole.state)


def test_the_state_holds_all_that_matters(trained):
    """Without any one of its parts the next epoch would differ: weights, averages, optimizers, steps, dropout."""
    recipe, after_one, whole, _ = trained
    assert not same(after_one, whole.state)
    started = build(recipe, 32, (4,), 0, STEPS).state
    changed = [name for name, value in after_one.items() if not np.array_equal(value, started[name])]
    assert len(changed) > len(after_one) / 2
    with pytest.raises(ValueError, match="does not fit"):
        whole.state = {"0000": np.zeros(1)}


@pytest.mark.parametrize("recipe", list(BUILDERS))
def test_the_start_depends_on_the_seed_alone(recipe):
    """Other libraries' threads, such as those that keep a connection open, draw from Python's random numbers, too."""
    random.seed(1)
    first = build(recipe, 32, (4,), 0, STEPS).state
    random.seed(2)
    assert same(build(recipe, 32, (4,), 0, STEPS).state, first)
    other = build(recipe, 32, (4,), 1, STEPS).state
    assert any((value != other[name]).any() for name, value in first.items())


def test_another_seed_gives_other_pictures(trained):
    recipe, _, whole, _ = trained
    other, _ = train(recipe, range(1), seed=1)
    assert (other.draw(noise(2), np.zeros((2, 1), np.int32)) != whole.draw(noise(2), np.zeros((2, 1), np.int32))).any()


@pytest.mark.parametrize("recipe", list(BUILDERS))
@pytest.mark.parametrize("size", [64, 128])
def test_networks_of_all_sizes_take_and_give_pictures(recipe, size):
    gan = build(recipe, size, (3, 5), 0, STEPS)
    codes = np.array([[2, 4], [0, 0]], np.int32)
    drawn = gan.draw(noise(2), codes)
    assert (drawn.shape, drawn.dtype) == ((2, size, size, 3), np.uint8)
    inputs = {"pictures": drawn.astype(np.float32), "attributes": codes}
    scores = gan.discriminator({name: inputs[name] for name in gan.discriminator.input})
    assert scores.shape == (2, 1)


def test_the_articles_network_has_the_articles_layers():
    gan = build("dcgan", 64, (), 0, STEPS)
    names = [type(layer).__name__ for layer in gan.generator.layers]
    transposed = [layer.filters for layer in gan.generator.layers if type(layer).__name__ == "Conv2DTranspose"]
    assert transposed == [512, 256, 128, 3]
    assert names.count("BatchNormalization") == 4
    convolutions = [layer for layer in gan.discriminator.layers if type(layer).__name__ == "Conv2D"]
    assert [layer.filters for layer in convolutions] == [64, 128, 256]
    assert {(layer.kernel_size, layer.strides) for layer in convolutions} == {((5, 5), (2, 2))}
    assert [type(layer).__name__ for layer in gan.discriminator.layers].count("BatchNormalization") == 1
    assert not gan.is_conditional


def test_stable_learns_to_draw_the_colour_it_is_given():
    images, codes = discs(512)
    gan = build("stable", 32, (4,), 0, steps=12 * 512 // 32)
    for epoch in range(12):
        train_epoch(gan, images, codes, epoch=epoch, batch_size=32, seed=0)
    targets = np.repeat(np.arange(4, dtype=np.int32), 8)[:, None]
    drawn = gan.draw(noise(32), targets)
    middle = drawn[:, 14:18, 14:18].reshape(32, -1, 3).mean(axis=1)
    distance = np.linalg.norm(middle[:, None] - COLOURS[None].astype(float), axis=2)
    assert (distance.argmin(axis=1) == targets[:, 0]).mean() > 0.7  # by chance it would be a quarter
    assert drawn[:, 0, 0].mean() > 180  # the background is white


def test_stable_comes_to_rest_at_the_end_of_its_training(trained):
    recipe, _, whole, _ = trained
    more, _ = train(recipe, range(3, 4), whole.state)
    weights = [arrays_of(gan.generator.trainable_variables) for gan in (whole, more)]
    assert same(*weights) == (recipe == "stable")


def test_progress_counts_pictures():
    images, codes = discs(22)
    calls = []
    gan = build("stable", 32, (4,), 0, STEPS)
    train_epoch(gan, images, codes, epoch=0, batch_size=8, seed=0, progress=lambda *call: calls.append(call))
    assert calls == [(8, 22), (16, 22), (22, 22)]


def test_the_pictures_come_without_a_thread_that_epochs_wait_for():
    batches = _batches(*discs(22), 8, np.random.default_rng(0))
    assert not batches.options().autotune.enabled  # they wait only now and then, so a clock would not show it
    assert [len(pictures) for pictures, _ in batches] == [8, 8, 6]


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="oneDNN is a part of these builds"
)
@pytest.mark.parametrize("package", ["tasks", "benchmarks"])
def test_fast_convolutions_are_on_whatever_the_processor(package: str) -> None:
    code = f"import {package}; from tensorflow.python.util import _pywrap_util_port as port; print(port.IsMklEnabled())"
    unset = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=unset, check=True)
    assert done.stdout.strip() == "True"


@pytest.mark.parametrize(("recipe", "own"), [("stable", 1e-3), ("dcgan", 2e-4)])
def test_a_learning_rate_is_given_or_that_of_the_recipe(recipe, own):
    for given, expected in ((0, own), (0.003, 0.003)):
        gan = build(recipe, 32, (), 0, 10, given)
        rates = [float(each.learning_rate) for each in (gan.generator_optimizer, gan.discriminator_optimizer)]
        assert rates == pytest.approx([expected] * 2)
