"""A generator as numbers: read from Keras, written, read again, refused."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.faces.weights import FaceModel
from models.gans.dcgan import dcgan
from tasks.gans.record import to_keras
from tests.models.faces.generators import attributes, face_model, perturbed, small_model

SHAPE = (3, 2)


def test_the_model_says_what_the_generator_takes() -> None:
    model = face_model(32, SHAPE)
    assert (model.size, model.channels, model.features, model.noise, model.asked) == (32, (256, 128, 64), 256, 100, 105)
    assert model.attributes == attributes(SHAPE)
    assert len(model.halves) == 2 * len(model.weights) == 2 * perturbed(32, SHAPE).count_params()


def test_the_weights_are_those_of_the_generator_in_half_precision() -> None:
    style, bias, *_ = perturbed(32, SHAPE).weights
    weights = face_model(32, SHAPE).weights
    np.testing.assert_array_equal(weights[: 105 * 256], np.asarray(style).astype(np.float16).ravel())
    np.testing.assert_array_equal(weights[105 * 256 : 106 * 256], np.asarray(bias).astype(np.float16))


def test_the_final_scaling_changes_nothing() -> None:
    generator = perturbed(32, SHAPE)
    assert FaceModel.of(to_keras(generator), attributes(SHAPE)).digest == face_model(32, SHAPE).digest


def test_the_bytes_come_back_as_they_were() -> None:
    model = small_model(SHAPE)
    again = FaceModel.from_bytes(model.to_bytes())
    assert (again.description, again.digest) == (model.description, model.digest)
    np.testing.assert_array_equal(again.weights, model.weights)


def test_other_names_or_weights_have_another_digest() -> None:
    model = small_model(SHAPE)
    renamed = replace(model, attributes={"one": ("a", "b", "c"), "two": ("d", "e")})
    weights = model.weights.copy()
    weights[7] += 1
    other = replace(model, weights=weights)
    assert len({model.digest, renamed.digest, other.digest}) == 3
    assert len(model.digest) == 16


@given(place=st.integers(0), flipped=st.integers(1, 255))
def test_damaged_bytes_are_one_sentence(place: int, flipped: int) -> None:
    content = bytearray(small_model(SHAPE).to_bytes())
    content[place % len(content)] ^= flipped
    with pytest.raises(ValueError, match=r"^the weights of the faces are damaged[^\n]*\.$"):
        FaceModel.from_bytes(bytes(content))


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]\n[]\n", b"x" * 99, b"0\n{}\n", b"0\n[1, {}]\n\0"])
def test_other_bytes_are_the_same_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match="the weights of the faces are damaged"):
        FaceModel.from_bytes(content)


def test_a_cut_file_is_damaged() -> None:
    content = small_model(SHAPE).to_bytes()
    for length in (10, 100, len(content) - 2, len(content) - 1):
        with pytest.raises(ValueError, match="damaged"):
            FaceModel.from_bytes(content[:length])


def another_slope() -> keras.Model:
    config = perturbed(32, ()).get_config()
    for layer in config["layers"]:
        if layer["class_name"] == "LeakyReLU":
            layer["config"]["negative_slope"] = 0.3
    return keras.Model.from_config(config)


@pytest.mark.parametrize("network", [lambda: dcgan(32, (), 0, 1).sampler, another_slope], ids=["dcgan", "slope"])
def test_another_network_is_refused_in_one_sentence(network) -> None:
    with pytest.raises(ValueError, match=r"^it is not a generator of the recipe stable\.$"):
        FaceModel.of(network(), {})


def test_attributes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"there are [0-9,]+ weights instead of"):
        FaceModel.of(perturbed(32, SHAPE), {"hair": ("a", "b")})


@pytest.mark.parametrize("weight", [1e5, np.nan])
def test_weights_that_are_no_numbers_are_refused(weight: float) -> None:
    generator = keras.models.clone_model(perturbed(32, ()))
    bias = generator.weights[1]
    bias.assign(np.full(bias.shape, weight))
    with pytest.raises(ValueError, match="some weights are infinite or no numbers"):
        FaceModel.of(generator, {})
