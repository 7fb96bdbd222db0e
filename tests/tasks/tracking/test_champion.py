"""The champion's alias and its history: many changes, several at once, and processes killed between the steps."""

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mlflow import MlflowClient

from eightytwenty.errors import UserError
from tasks.tracking.champion import ChampionChange, champion, history, promote, promote_first, roll_back
from tasks.tracking.store import connect

# Promotes version 2 of each model in a process of its own, which is killed before its n-th write.
PROMOTE_AND_DIE = """
import itertools, os, signal, sys
from pathlib import Path
from tasks.running.stages import data_folder
from tasks.tracking.champion import promote
from tasks.tracking.store import connect

def killed_before(write, number):
    def call(*arguments):
        if next(count) == number:
            os.kill(os.getpid(), signal.SIGKILL)
        write(*arguments)
    return call

for argument in sys.argv[1:]:
    name, number = argument.split(":")
    child = os.fork()
    if child == 0:
        count, client = itertools.count(), connect(data_folder())
        for write in ("set_registered_model_tag", "set_registered_model_alias", "set_model_version_tag"):
            setattr(client, write, killed_before(getattr(client, write), int(number)))
        promote(client, name, 2, "It was better.")
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("champion")


@pytest.fixture
def client(data: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data))
    return connect(data)


_numbers = itertools.count()


def model(client: MlflowClient, versions: int) -> str:
    """A new registered model with this many versions and no champion."""
    name = f"model-{next(_numbers)}"
    client.create_registered_model(name)
    for _ in range(versions):
        client.create_model_version(name, "file:///nowhere")
    return name


def number(client: MlflowClient, name: str) -> int | None:
    version = champion(client, name)
    return version and int(version.version)


def steps(client: MlflowClient, name: str) -> list[tuple[int | None, int]]:
    """The history as (before, version)."""
    return [(change.before, change.version) for change in history(client, name)]


def test_a_change_is_in_the_history_and_on_the_version(client: MlflowClient) -> None:
    name = model(client, 2)
    assert (champion(client, name), history(client, name)) == (None, [])
    promote(client, name, 1, "It was the first.")
    change = promote(client, name, 2, "It was\nbetter by 3 %.")
    assert change == ChampionChange(2, 1, change.when, "It was better by 3 %.")
    assert change.when.endswith("+00:00")
    assert number(client, name) == 2
    assert history(client, name)[1:] == [change]
    assert "better by 3 %" in client.get_model_version(name, "2").tags["champion.0002"]


def test_a_champion_is_promoted_once(client: MlflowClient) -> None:
    name = model(client, 1)
    first = promote(client, name, 1, "It was the first.")
    assert promote(client, name, 1, "It was the first.") == first
    assert history(client, name) == [first]


def test_only_the_first_is_promoted(client: MlflowClient) -> None:
    name = model(client, 2)
    assert promote_first(client, name, 1, "It was the first.")
    assert not promote_first(client, name, 2, "It was the first.")
    assert promote_first(client, name, 1, "It was the first.")
    assert steps(client, name) == [(None, 1)]


def test_an_unknown_model_has_no_champion(client: MlflowClient) -> None:
    assert (champion(client, "unknown"), history(client, "unknown")) == (None, [])
    for change in (promote, promote_first):
        with pytest.raises(UserError, match="there is no registered model 'unknown'"):
            change(client, "unknown", 1, "It was the first.")


def test_each_rollback_goes_one_further_back(client: MlflowClient) -> None:
    name = model(client, 3)
    for version in (1, 2, 3):
        promote(client, name, version, "It was better.")
    assert [roll_back(client, name).version for _ in range(2)] == [2, 1]
    assert steps(client, name) == [(None, 1), (1, 2), (2, 3), (3, 2), (2, 1)]
    with pytest.raises(UserError, match=rf"{name} has no earlier champion: .* by --to \(1, 2, 3\)"):
        roll_back(client, name)
    promote(client, name, 3, "It was better.")  # a version that was rolled back is skipped
    assert roll_back(client, name).version == 1


def test_rolling_back_to_a_version(client: MlflowClient) -> None:
    name = model(client, 3)
    promote(client, name, 1, "It was the first.")
    change = roll_back(client, name, to=3)
    assert (change.before, change.version, change.why) == (1, 3, "Rolled back from 1 by hand.")
    for to, sentence in ((3, "is the champion already"), (9, f"there is no '{name}/9': choose one of")):
        with pytest.raises(UserError, match=sentence):
            roll_back(client, name, to=to)
    with pytest.raises(UserError, match="there is no registered model 'unknown'"):
        roll_back(client, "unknown")
    assert steps(client, name) == [(None, 1), (1, 3)]


def test_a_deleted_champion_is_skipped(client: MlflowClient) -> None:
    name = model(client, 3)
    for version in (1, 2, 3):
        promote(client, name, version, "It was better.")
    client.delete_model_version(name, "2")
    assert roll_back(client, name).version == 1
    client.delete_model_version(name, "1")  # its alias goes with it
    assert number(client, name) is None
    assert roll_back(client, name, to=3).before is None


def test_an_alias_that_was_set_elsewhere_is_part_of_the_history(client: MlflowClient) -> None:
    name = model(client, 3)
    client.set_registered_model_alias(name, "champion", "1")
    assert history(client, name)[0].why == "The alias was set outside of eightytwenty."
    promote(client, name, 2, "It was better.")
    client.set_registered_model_alias(name, "champion", "1")
    assert steps(client, name) == [(None, 1), (1, 2), (2, 1)]
    promote(client, name, 3, "It was better.")
    assert steps(client, name) == [(None, 1), (1, 2), (2, 1), (1, 3)]
    assert roll_back(client, name).version == 1


def test_a_long_history_with_long_reasons(client: MlflowClient) -> None:
    name = model(client, 2)
    for change in range(60):
        promote(client, name, 1 + change % 2, f"ChampionChange {change}. " + "very " * 5000)
    changes = history(client, name)
    assert [int(change.why.split()[1][:-1]) for change in changes] == list(range(60))
    assert max(len(value) for value in client.get_registered_model(name).tags.values()) < 5000


def test_several_at_once_take_turns(client: MlflowClient) -> None:
    name = model(client, 4)
    with ThreadPoolExecutor(4) as pool:
        for turn in range(20):
            pool.submit(promote, client, name, 1 + turn % 4, "It was better.")
    changes = steps(client, name)
    assert len(changes) > 10
    assert [before for before, _ in changes[1:]] == [version for _, version in changes[:-1]]
    assert number(client, name) == changes[-1][1]


def test_a_killed_change_happened_or_did_not_and_a_rerun_ends_the_same(client: MlflowClient) -> None:
    *names, announced = [model(client, 3) for _ in range(9)]
    for name in (*names, announced):
        promote(client, name, 1, "It was the first.")
    killed = [f"{name}:{writes}" for writes, name in enumerate(names)] + [f"{announced}:4"]
    process = subprocess.run(
        [sys.executable, "-c", PROMOTE_AND_DIE, *killed], capture_output=True, text=True, check=True
    )
    # three writes complete the last change, three make the new one; there are no more to be killed before
    assert process.stdout.split() == ["-9"] * 6 + ["0"] * 2 + ["-9"]

    champions = [number(client, name) for name in names]
    assert champions == [1, 1, 1, 1, 1, 2, 2, 2]
    for name, current in zip(names, champions, strict=True):
        assert steps(client, name) == [(None, 1), (1, 2)][:current]
        promote(client, name, 2, "It was better.")
        assert steps(client, name) == [(None, 1), (1, 2)]
        assert number(client, name) == 2
        assert list(client.get_model_version(name, "2").tags) == ["champion.0002"]
        assert len(client.get_registered_model(name).tags) == 2

    # a change that was only announced does not count, and the next one overwrites it
    assert len(client.get_registered_model(announced).tags) == 2
    with pytest.raises(UserError, match="no earlier champion"):
        roll_back(client, announced)
    promote(client, announced, 3, "It was better still.")
    assert steps(client, announced) == [(None, 1), (1, 3)]


@pytest.mark.parametrize("tag", ["null", "[]", "{", '{"version": 1}', '{"version": "1", "before": null}', ""])
def test_a_damaged_entry_of_the_history_is_a_sentence(client: MlflowClient, tag: str) -> None:
    name = model(client, 2)
    promote(client, name, 1, "It was the first.")
    client.set_registered_model_tag(name, "champion.0001", tag)
    for call in (lambda: history(client, name), lambda: roll_back(client, name, 2)):
        with pytest.raises(UserError, match=rf"^the tag champion\.0001 of the registered model {name} is damaged: "):
            call()
