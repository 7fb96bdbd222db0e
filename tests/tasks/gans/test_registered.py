"""A registered generator draws without TensorFlow, as the page does, and says what it cannot."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from eightytwenty.cli import parse
from eightytwenty.errors import UserError
from flows.cli.draw import draw_command, draw_inputs
from flows.cli.faces import faces_command
from models.faces.engine import Engine
from models.faces.state import State, inputs_of
from models.faces.weights import FaceModel
from models.gans.dcgan import dcgan
from models.gans.draw import draw_with
from reports.grid import grid
from tasks.gans.record import to_keras
from tasks.gans.registered import BESIDE, find_generator, page_of, save_beside
from tasks.tracking.champion import promote
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.local import find_local
from tasks.tracking.networks import log_model
from tasks.tracking.registry import register
from tests.models.faces.generators import perturbed

ATTRIBUTES = {"hair": ["bun", "none", "short"], "colour": ["black", "red"]}
CREDIT = "Faces after <toon-head>\nCC BY 4.0 ü"
MARKUP = "</title><b>avatars"  # the name of a registered model


def log(run, name: str, model: keras.Model, attributes: dict[str, list[str]]) -> int:
    example = {"noise": np.zeros((2, 100), np.float32)}
    if attributes:
        example["attributes"] = np.zeros((2, len(attributes)), np.int32)
    metadata = {"attributes": [list(item) for item in attributes.items()], "noise": 100, "attribution": CREDIT}
    files = partial(save_beside, model, attributes, CREDIT)
    return register(run, log_model(run, model, example, metadata=metadata, files=files), name)


@pytest.fixture(scope="module")
def generator() -> keras.Model:
    return to_keras(perturbed(32, (3, 2)))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, generator: keras.Model) -> Path:
    data = tmp_path_factory.mktemp("registered") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with parent_run(data, "gans", "one", {}) as run:
            promote(run.client, "avatars", log(run, "avatars", generator, ATTRIBUTES), "It was the first.")
            log(run, "ellipses", to_keras(perturbed(32, ())), {})
            log(run, "collapsing", to_keras(dcgan(32, (), 0, 1).sampler), {})
    return data


@pytest.fixture(autouse=True)
def own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow leaves the address of a store in the environment, such as that of another test."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture
def command(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Calls draw or faces as the command line does, without a new process; returns where files are written."""
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> Path:
        _, parameters = parse(arguments)
        {"draw": draw_command, "faces": faces_command}[arguments[0]](parameters)
        return tmp_path

    return run


def test_what_it_draws_is_within_one_level_of_keras(data: Path, generator: keras.Model) -> None:
    registered = find_generator(data, "avatars@champion")
    assert (registered.name, registered.number, registered.attribution) == ("avatars", 1, CREDIT)
    assert {name: list(values) for name, values in registered.attributes.items()} == ATTRIBUTES
    inputs = draw_inputs(40, 3, registered.noise, registered.attributes, {"hair": 1})
    drawn, expected = registered.draw(inputs), draw_with(generator, inputs)
    assert expected.std() > 20
    assert np.abs(drawn.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("arguments", [["draw", "--model", "avatars/1"], ["draw", "--list", "--model", "ellipses/1"]])
def test_to_draw_loads_neither_tensorflow_nor_mlflow(data: Path, tmp_path: Path, arguments: list[str]) -> None:
    code = (
        "import sys; from eightytwenty.cli import main; main()\n"
        "assert not {'tensorflow', 'keras', 'mlflow', 'prefect', 'pandas'} & set(sys.modules)"
    )
    environment = {"EIGHTYTWENTY_DATA": str(data), "PATH": "", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("damage", [b"", b"somebody else's", None])
def test_where_its_weights_are_damaged_or_gone_keras_draws(data: Path, damage: bytes | None) -> None:
    before = find_generator(data, "ellipses/1")
    inputs = draw_inputs(3, 0, 100, {}, {})
    file = find_file(data, "ellipses")
    content = file.read_bytes()
    try:
        file.unlink() if damage is None else file.write_bytes(damage)
        again = find_generator(data, "ellipses/1")
        assert again.attribution == CREDIT
        assert np.abs(again.draw(inputs).astype(int) - before.draw(inputs)).max() <= 1
        assert again.faces().digest == before.faces().digest
    finally:
        file.write_bytes(content)


def find_file(data: Path, name: str) -> Path:
    version = find_local(data, f"{name}/1")
    assert version
    return version.folder / BESIDE / "faces.bin"


def test_a_generator_of_another_recipe_draws_as_well_but_in_no_browser(command, data: Path) -> None:
    assert not find_file(data, "collapsing").exists()
    folder = command("draw", "--model", "collapsing/1", "--n", "2")
    assert (folder / "drawn.png").exists()
    with pytest.raises(UserError, match=r"collapsing/1 cannot draw in a browser: it is not a generator of the recipe"):
        command("faces", "--model", "collapsing/1")
    assert not (folder / "faces.html").exists()


def test_a_link_draws_the_faces_of_the_page(command, data: Path) -> None:
    faces = find_generator(data, "avatars/1").faces()
    state = State(seed=9, features=(1, None), turn=40)
    folder = command("draw", "--model", "avatars/1", "--link", f"file:///x/faces.html{state.link(faces)}")
    with Image.open(folder / "drawn.png") as picture:
        drawn = np.asarray(picture)
    np.testing.assert_array_equal(drawn, grid(Engine(faces).draw(inputs_of(state, faces))))


@pytest.mark.parametrize(
    ("link", "sentence"),
    [
        (
            "#m=0123456789abcdef&s=3",
            "--link: The link was made with another model, whose faces look different. Give the link of a page of",
        ),
        ("#s=-1", "--link: The link has an odd seed: it is 0 instead. Give"),
    ],
)
def test_a_link_of_another_model_is_one_sentence(command, tmp_path: Path, link: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        command("draw", "--model", "avatars/1", "--link", link)
    assert str(caught.value).startswith(sentence)
    assert not list(tmp_path.iterdir())


def test_the_page_says_whose_faces_they_are(command, data: Path, capsys) -> None:
    page = (command("faces") / "faces.html").read_text(encoding="utf-8")
    assert "<title>Faces drawn by avatars, version 1</title>" in page
    assert "A network drew these faces." in page
    assert "the pictures that it learned from:\\nFaces after \\u003ctoon-head>" in page
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "faces.html"
    assert "avatars, version 1; open it in a browser: file:///" in told[1]
    # a second time, the page is written over
    assert (command("faces", "--json") / "faces.html").read_text(encoding="utf-8") == page
    assert json.loads(capsys.readouterr().out) == {"model": "avatars/1", "file": "faces.html"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--model", "avatars@best"], "there is no 'avatars@best'"),
        (["--out", "."], ". is a folder: give --out a file name, such as faces.html."),
        (["--out", f"{300 * 'a'}.html"], "its name is too long"),
        (["--out", "notes.txt"], "notes.txt exists and is not an HTML page: give --out another name."),
    ],
)
def test_what_cannot_be_written_is_one_sentence(command, tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "notes.txt").write_text("years of work")
    with pytest.raises(UserError) as caught:
        command("faces", *arguments)
    assert sentence in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]


def test_a_model_with_any_name_and_credit_is_text_on_its_page() -> None:
    page = page_of(FaceModel.of(perturbed(32, ()), {}), MARKUP, 7, "</script>\n<b>credit")
    assert "&lt;/title&gt;&lt;b&gt;avatars, version 7</title>" in page
    assert "</script>\n<b>credit" not in page
