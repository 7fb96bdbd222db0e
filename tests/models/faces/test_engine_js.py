"""The engine of the page gives the same bits as the one in Python, in a real browser."""

from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Error, Page

import models.faces
from models.faces.engine import Engine
from models.faces.kernel import program_for
from models.faces.random import STYLE, noise, value
from models.faces.state import State, inputs_of
from models.faces.weights import FaceModel
from tests.models.faces.generators import face_model, small_model
from tests.system.browser import browser

SCRIPT = Path(models.faces.__file__).with_name("engine.js").read_text("utf-8")
DRAW = """({description, weights, program, inputs, n}) => {
    const bytes = Uint8Array.from(atob(program), character => character.charCodeAt(0));
    const engine = new FaceEngine(faceModel(description, weights), bytes);
    const pixels = engine.draw(Float32Array.from(inputs), n);
    return btoa(Array.from(pixels, byte => String.fromCharCode(byte)).join(""));
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browser() as chromium:
        if chromium is None:
            pytest.skip("there is no Chromium; python -m tests.system.browser installs it")
        opened = chromium.new_page()
        opened.add_script_tag(content=SCRIPT)
        yield opened


def draw(page: Page, model: FaceModel, inputs: np.ndarray, **changes: Any) -> np.ndarray:
    arguments = {
        "description": model.for_page,
        "weights": b64encode(model.halves).decode(),
        "program": b64encode(program_for(model)).decode(),
        "inputs": inputs.ravel().tolist(),
        "n": len(inputs),
    }
    pixels = b64decode(page.evaluate(DRAW, arguments | changes))
    return np.frombuffer(pixels, np.uint8).reshape(len(inputs), model.size, model.size, 4)


@pytest.mark.parametrize(
    "model", [small_model(), small_model((3, 100)), face_model(64, (3, 9, 2))], ids=["plain", "attributes", "full"]
)
def test_the_page_draws_the_same_pictures(page: Page, model: FaceModel) -> None:
    inputs = inputs_of(State(seed=11), model, 19)
    drawn = draw(page, model, inputs)
    np.testing.assert_array_equal(drawn[..., :3], Engine(model).draw(inputs))
    assert (drawn[..., 3] == 255).all()


@pytest.mark.parametrize("seed", [0, 7, 2**31, 2**32 - 1])
@pytest.mark.parametrize("face", [0, 5, 2**32 - 1])
def test_the_page_draws_the_same_random_numbers(page: Page, seed: int, face: int) -> None:
    for stream in (0, STYLE):
        drawn = page.evaluate("([s, f, stream]) => Array.from(faceNoise(s, f, stream))", [seed, face, stream])
        np.testing.assert_array_equal(np.float32(drawn), noise(seed, face, 100, stream))
    values = page.evaluate("([s, f]) => [...Array(9).keys()].map(a => faceValue(s, f, a, 100))", [seed, face])
    assert values == [value(seed, face, attribute, 100) for attribute in range(9)]


@pytest.mark.parametrize("flipped", [0, 1000, -1])
def test_damaged_weights_are_one_sentence(page: Page, flipped: int) -> None:
    model = small_model((3, 100))
    halves = bytearray(model.halves)
    halves[flipped] ^= 1
    one = inputs_of(State(), model, 1)
    for weights in (b64encode(halves).decode(), b64encode(model.halves[:-2]).decode(), b64encode(b"x").decode(), "%"):
        with pytest.raises(Error, match=r"The weights of the faces are damaged\."):
            draw(page, model, one, weights=weights)
    with pytest.raises(Error, match=r"The weights of the faces are damaged\."):
        draw(page, model, one, description={**model.for_page, "noise": 99})
