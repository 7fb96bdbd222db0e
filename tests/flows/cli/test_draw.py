"""Drawing from the command line with a registered model."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eightytwenty.cli import parse
from eightytwenty.errors import UserError
from flows.cli.draw import codes_of, draw_command, draw_inputs
from schemas.parameters import DrawParameters
from tasks.tracking.champion import promote
from tasks.tracking.lifecycle import parent_run
from tests.tasks.generator import ATTRIBUTES, log_generator

CREDIT = "Faces after toon-head [CC BY 4.0]"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a conditional and an unconditional generator."""
    data = tmp_path_factory.mktemp("drawing") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setenv("EIGHTYTWENTY_DATA", str(data))
        with parent_run(data, "gans", "one", {}) as run:
            promote(run.client, "avatars", log_generator(run, "avatars", attribution=CREDIT), "It was the first.")
            log_generator(run, "ellipses", conditional=False)
    return data


@pytest.fixture
def draw(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Image.Image]:
    """Draws as the command line does, without a new process, and opens the picture."""
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, out: str = "faces.png") -> Image.Image:
        _, parameters = parse(["draw", "--model", "avatars@champion", "--out", out, *arguments])
        assert isinstance(parameters, DrawParameters)
        draw_command(parameters)
        return Image.open(tmp_path / out)

    return run


def halves(picture: Image.Image) -> np.ndarray:
    """The codes of the first picture's attributes, (2,), read in the middle of its two halves."""
    pixels = np.asarray(picture)[..., 0]
    side = 112  # the tiny pictures of 8 pixels are enlarged 14 times, after a gap of 4
    return np.rint((pixels[60, [4 + side // 4, 4 + 3 * side // 4]] / 255 - 0.05) * 4).astype(int)


def test_given_attributes_are_drawn_and_the_rest_is_random(draw) -> None:
    codes = {tuple(halves(draw("--hair", "short", "--n", "1", "--seed", str(seed)))) for seed in range(8)}
    assert {hair for hair, _ in codes} == {ATTRIBUTES["hair"].index("short")}
    assert {colour for _, colour in codes} == {0, 1}
    assert tuple(halves(draw("--hair=none", "--colour", "red", "-n", "1"))) == (1, 1)
    assert tuple(halves(draw("--attributes", "hair=none", "--colour=red", "--n=1"))) == (1, 1)


def test_the_same_seed_gives_the_same_bytes(draw, tmp_path, capsys) -> None:
    draw("--n", "70")
    draw("--n", "70", out="again.png")
    draw("--n", "70", "--seed", "1", out="other.png")
    faces, again, other = ((tmp_path / name).read_bytes() for name in ("faces.png", "again.png", "other.png"))
    assert faces == again != other
    assert capsys.readouterr().out.splitlines()[:2] == ["faces.png", CREDIT]


def test_fixing_one_attribute_changes_nothing_else() -> None:
    free, fixed = (draw_inputs(5, 3, 4, ATTRIBUTES, codes) for codes in ({}, {"hair": 2}))
    np.testing.assert_array_equal(free["noise"], fixed["noise"])
    np.testing.assert_array_equal(free["attributes"][:, 1], fixed["attributes"][:, 1])
    assert fixed["attributes"][:, 0].tolist() == [2] * 5
    assert (free["noise"].dtype, free["attributes"].dtype) == (np.float32, np.int32)
    assert list(draw_inputs(5, 3, 4, {}, {})) == ["noise"]


def test_a_model_without_attributes_draws(draw) -> None:
    assert draw("--model", "ellipses/1", "--n", "2").size == (4 + 2 * 116, 4 + 116)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--beard", "full"], "has no attribute --beard: choose from --hair, --colour."),
        (["--colour", "green"], "--colour green: choose one of black, red."),
        (
            ["--model", "ellipses/1", "--hair", "bun"],
            "--hair: the model ellipses/1 draws without attributes: leave it out.",
        ),
        (["--model", "avatars@best"], "there is no 'avatars@best'"),
        (["--hair"], "--hair needs a value"),
        (["--hair", "--n", "3"], "--hair needs a value"),
        (["--n", "0"], "--n 0: Input should be greater than or equal to 1"),
        (["--out", "."], ". is a folder"),
        (["--out", f"{300 * 'a'}.png"], "its name is too long"),
        (["--out", "notes.txt"], "notes.txt exists and is not a PNG picture: give --out another name"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(draw, tmp_path, arguments, sentence) -> None:
    (tmp_path / "notes.txt").write_text("years of work")
    with pytest.raises(UserError) as caught:
        draw(*arguments)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "years of work"


def test_codes_are_the_positions_of_the_values() -> None:
    assert codes_of({"colour": "red", "hair": "bun"}, ATTRIBUTES, "avatars/1") == {"colour": 1, "hair": 0}


def test_the_list_names_attributes_and_values_and_draws_nothing(draw, tmp_path, capsys) -> None:
    with pytest.raises(FileNotFoundError):
        draw("--list")
    assert capsys.readouterr().out == "--hair: bun, none, short\n--colour: black, red\n"
    with pytest.raises(FileNotFoundError):
        draw("--list", "--model", "ellipses/1")
    assert capsys.readouterr().out == "ellipses/1 draws without attributes\n"
    with pytest.raises(FileNotFoundError):
        draw("--list", "--json")
    hair = {"hair": ["bun", "none", "short"], "colour": ["black", "red"]}
    assert json.loads(capsys.readouterr().out) == {"model": "avatars/1", "attributes": hair}
    assert not list(tmp_path.iterdir())


def test_what_was_drawn_is_printed_as_json(draw, capsys) -> None:
    draw("--n", "2", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told == {"model": "avatars/1", "file": "faces.png", "pictures": 2, "attribution": CREDIT}


def test_the_command_draws_without_a_prefect_server(command, data, tmp_path) -> None:
    done = command(data, "draw", "--hair", "bun", "--out", str(tmp_path / "faces.png"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [str(tmp_path / "faces.png"), CREDIT]
    assert done.stderr == ""
    with Image.open(tmp_path / "faces.png") as picture:
        assert picture.format == "PNG"
    assert not (data / "prefect").exists()


def test_a_folder_without_models_is_one_sentence_and_stays_empty(command, tmp_path) -> None:
    done = command(tmp_path / "data", "draw", "--model", "avatars@champion")
    assert done.returncode == 2
    assert "there are no models in" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "data").exists()


def test_help_loads_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys; from eightytwenty.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert not {'tensorflow', 'mlflow', 'PIL', 'numpy'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "draw", "--help"], capture_output=True, text=True, env={**os.environ}
    )
    assert done.returncode == 0, done.stderr
    assert "--hair bun" in done.stdout
