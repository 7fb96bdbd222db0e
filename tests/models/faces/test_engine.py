"""The engine draws what Keras draws."""

import numpy as np
import pytest
from wasmtime import wat2wasm

from models.faces.engine import Engine
from models.faces.kernel import program_for, text
from models.faces.plan import plan
from models.faces.state import State, inputs_of
from models.faces.weights import SLOPE
from models.gans.draw import draw_with
from tasks.gans.record import to_keras
from tests.models.faces.generators import face_model, perturbed, small_model


@pytest.mark.parametrize(("size", "cardinalities"), [(32, ()), (64, (3, 9, 2)), (128, ()), (32, (100, 5))])
def test_pictures_are_within_one_level_of_keras(size: int, cardinalities: tuple[int, ...]) -> None:
    model = face_model(size, cardinalities)
    inputs = inputs_of(State(seed=7), model, 19)  # the program takes 16 at once, and whole fours
    columns, codes = 100, []
    for count in cardinalities:
        codes.append(inputs[:, columns : columns + count].argmax(1))
        columns += count
    keras_inputs = {"noise": inputs[:, :100]}
    if codes:
        keras_inputs["attributes"] = np.stack(codes, 1).astype(np.int32)
    wanted = draw_with(to_keras(perturbed(size, cardinalities)), keras_inputs)
    drawn = Engine(model).draw(inputs)
    assert (drawn.shape, drawn.dtype) == ((19, size, size, 3), np.uint8)
    assert np.abs(drawn.astype(int) - wanted).max() <= 1
    assert wanted.std() > 40  # there is something to see
    assert len(np.unique(wanted[:, size // 2, size // 2], axis=0)) > 10


def test_a_face_does_not_depend_on_the_others() -> None:
    model = small_model((3, 2))
    engine, inputs = Engine(model), inputs_of(State(seed=1), model)
    all_at_once = engine.draw(inputs)
    for n in (1, 2, 3, 5):
        np.testing.assert_array_equal(engine.draw(inputs[:n]), all_at_once[:n])
    np.testing.assert_array_equal(engine.draw(inputs[::-1]), all_at_once[::-1])
    assert engine.draw(inputs[:0]).shape == (0, 16, 16, 3)


def test_a_blend_lies_between_two_faces() -> None:
    model = small_model((3,))
    inputs = inputs_of(State(features=(0,)), model, 3)
    inputs[1, 100:] = [0.5, 0.5, 0]
    inputs[2, 100:] = [0, 1, 0]
    inputs[1:, :100] = inputs[0, :100]
    one, half, other = Engine(model).draw(inputs).astype(float)
    distance = np.abs(one - other).mean()
    assert distance > 5
    assert np.abs(one - half).mean() < distance
    assert np.abs(other - half).mean() < distance


def test_the_program_is_made_of_its_text_alone() -> None:
    model = face_model(32, (3, 2))
    again = wat2wasm(text(plan(model.asked, model.features, model.channels, SLOPE)))
    assert bytes(again) == program_for(model)
    assert len(program_for(model)) < 12_000


def test_the_plan_takes_no_memory_twice() -> None:
    planned = plan(105, 256, (256, 128, 64), SLOPE)
    used = sum(int(np.prod(shape)) for shape in face_model(32, (3, 2)).shapes)
    assert planned.placements[0].start == 0
    ends = [
        placement.start + {0: 1, 1: 1, 2: 9}[placement.form] * placement.depth * placement.channels
        for placement in planned.placements
    ]
    assert ends == [*(placement.start for placement in planned.placements[1:]), used]
    addresses = [placement.address for placement in planned.placements]
    assert addresses == sorted(set(addresses))
