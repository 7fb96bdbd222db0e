"""Rolling a champion back from the command line."""

import json
from pathlib import Path

import pytest
from mlflow import MlflowClient

from eightytwenty.cli import parse
from eightytwenty.errors import UserError
from flows.cli.rollback import rollback_command
from schemas.parameters import RollbackParameters
from tasks.tracking.champion import promote
from tasks.tracking.store import connect


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rollback") / "data"


@pytest.fixture
def client(data: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data))
    data.mkdir(exist_ok=True)
    return connect(data)


@pytest.fixture
def model(client: MlflowClient) -> str:
    """A registered model of four versions, of which 1, 2 and 3 were champion in turn."""
    name = f"model-{len(client.search_registered_models())}"
    client.create_registered_model(name)
    for _ in range(4):
        client.create_model_version(name, "file:///nowhere")
    for version in (1, 2, 3):
        promote(client, name, version, f"It was better [by {version} %].")
    return name


def champion(client: MlflowClient, model: str) -> int:
    return int(client.get_model_version_by_alias(model, "champion").version)


def roll_back(*arguments: str) -> None:
    """As the command line does, without a new process."""
    _, parameters = parse(["rollback", *arguments])
    assert isinstance(parameters, RollbackParameters)
    rollback_command(parameters)


def test_rolling_back_goes_further_back_each_time_and_shows_the_history(command, client, model, data, capsys) -> None:
    done = command(data, "rollback", model)
    assert done.returncode == 0, done.stderr
    assert champion(client, model) == 2
    first, _, header, *lines = done.stdout.splitlines()
    assert first == f"champion of {model}: version 2 (it was 3)"
    assert header.split() == ["when", "champion", "before", "why"]
    assert [line.split()[1:3] for line in lines] == [["1", "It"], ["2", "1"], ["3", "2"], ["2", "3"]]
    assert "It was better [by 3 %]." in lines[2]
    roll_back(model)
    assert champion(client, model) == 1
    with pytest.raises(UserError, match=f"{model} has no earlier champion: choose one of its versions by --to"):
        roll_back(model)
    capsys.readouterr()
    roll_back(model, "--to", "4", "--json")
    assert champion(client, model) == 4
    told = json.loads(capsys.readouterr().out)
    assert (told["model"], told["before"]) == (f"{model}/4", 1)
    assert [entry["version"] for entry in told["history"]] == [1, 2, 3, 2, 1, 4]
    assert not (data / "prefect").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["cats"], "there is no registered model 'cats': choose one of model-"),
        (["MODEL", "--to", "9"], "there is no 'MODEL/9': choose one of MODEL@champion (version 3), MODEL/1"),
        (["MODEL", "--to", "3"], "MODEL/3 is the champion already"),
        (["MODEL", "--to", "-1"], "--to -1: Input should be greater than or equal to 0"),
    ],
)
def test_what_cannot_be_is_one_sentence(client, model, arguments, sentence) -> None:
    with pytest.raises(UserError) as caught:
        roll_back(*(argument.replace("MODEL", model) for argument in arguments))
    assert sentence.replace("MODEL", model) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert champion(client, model) == 3


def test_a_folder_without_models_is_one_sentence_and_stays_as_it_is(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(tmp_path / "data"))
    with pytest.raises(UserError, match="there are no models in"):
        roll_back("adders")
    assert not (tmp_path / "data").exists()
