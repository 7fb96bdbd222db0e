"""The faces page in Firefox, where Playwright has installed it. A process can drive one browser at a time."""

from pathlib import Path

import numpy as np
import pytest

from models.faces.engine import Engine
from models.faces.state import State, inputs_of
from tests.models.faces.tiny import tiny_model
from tests.system.browser import browser
from tests.system.test_faces import drawn, show, write


def test_firefox_draws_the_same_faces(tmp_path: Path) -> None:
    model = tiny_model()
    with browser("firefox") as firefox:
        if firefox is None:
            pytest.skip("there is no Firefox; python -m playwright install firefox installs it")
        page = firefox.new_context(offline=True).new_page()
        show(page, write(tmp_path), "#s=7")
        expected = Engine(model).draw(inputs_of(State(seed=7), model))
        assert np.abs(drawn(page).astype(int) - expected).max() <= 1
