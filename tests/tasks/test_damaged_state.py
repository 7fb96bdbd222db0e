"""The program's own files, damaged in many ways: each is made again, or one sentence names it."""

import shutil
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from eightytwenty.errors import UserError
from tasks.gans.checkpoint import Checkpoint, load_checkpoint, remove_abandoned, save_checkpoint
from tasks.retrain.versions import DatasetVersions
from tasks.running.ownership import try_lock
from tasks.running.stages import run_stage
from tasks.servers.addresses import Addresses, addresses_of
from tasks.tracking.run_ids import RunIds
from tests.tasks.damages import DAMAGES, damage
from tests.tasks.retrain.test_versions import add, delivery

every_damage = pytest.mark.parametrize("how", DAMAGES)


def write(folder: Path) -> None:
    (folder / "rows.txt").write_text("10 rows")


@pytest.mark.parametrize(
    ("place", "how"),
    [*product(["stage.json", "output/rows.txt"], DAMAGES), ("output", "a file"), (".", "a file")],
)
def test_a_stage_is_made_anew(tmp_path: Path, place: str, how: str) -> None:
    stage = run_stage(tmp_path, "clean", {}, {"rows": 10}, write)
    damage(stage.folder.parent / place, how)
    again = run_stage(tmp_path, "clean", {}, {"rows": 10}, write)
    assert again == replace(stage, seconds=again.seconds)
    assert (again.folder / "rows.txt").read_text() == "10 rows"
    assert not run_stage(tmp_path, "clean", {}, {"rows": 10}, write).fresh


@pytest.fixture
def versions(tmp_path: Path) -> DatasetVersions:
    """A dataset in two versions, with a delivery that was refused."""
    versions = DatasetVersions(tmp_path / "datasets" / "adders", "rows", {"on_drift": "refuse"})
    add(versions, delivery(tmp_path, "1"))
    versions.write_judgement("key", add(versions, delivery(tmp_path, "2")), {"promoted": True})
    versions.refuse(delivery(tmp_path, "3"), "wrong sums")
    return versions


@pytest.mark.parametrize(
    ("place", "how"),
    [*product(["card.json"], DAMAGES), ("rows", "a file"), (".", "a file"), ("card.json", "nothing there")],
)
def test_a_version_is_a_sentence(versions: DatasetVersions, place: str, how: str) -> None:
    folder = versions.folder / "v0002"
    damage(folder / place, how)
    with pytest.raises(UserError) as error:
        versions.known_digests(versions.newest())
    assert str(error.value).startswith(str(folder))
    assert "was changed or damaged after it was written; put " in str(error.value)
    assert "\n" not in str(error.value)


def test_the_card_of_another_version_is_damage(versions: DatasetVersions) -> None:
    shutil.copy(versions.folder / "v0001" / "card.json", versions.folder / "v0002" / "card.json")
    with pytest.raises(UserError, match=r"v0002/card\.json was changed or damaged"):
        versions.newest()


@pytest.mark.parametrize("name", ["deliveries.json", "book.json"])
@every_damage
def test_the_fates_of_deliveries_are_a_sentence(versions: DatasetVersions, name: str, how: str) -> None:
    path = versions.deliveries_file.rename(versions.folder / name)
    damage(path, how)
    with pytest.raises(UserError) as error:
        versions.known_digests(versions.newest())
    assert str(error.value).startswith(f"{versions.deliveries_file} is damaged; put it back from a backup")
    assert "\n" not in str(error.value)


@every_damage
def test_a_pending_run_is_begun_anew(versions: DatasetVersions, how: str) -> None:
    versions.write_pending_run("key", "run 1")
    damage(versions.folder / "pending.json", how)
    assert versions.pending_run("key") is None
    versions.write_pending_run("key", "run 2")
    assert versions.pending_run("key") == "run 2"


@every_damage
def test_the_run_of_a_training_is_begun_anew(tmp_path: Path, how: str) -> None:
    RunIds(parent="run 1", network="run 2").save(tmp_path)
    damage(tmp_path / "runs.json", how)
    assert RunIds.load(tmp_path) == RunIds()
    RunIds(parent="run 3", network="run 4").save(tmp_path)
    assert RunIds.load(tmp_path).network == "run 4"


@pytest.mark.parametrize("names", [["newest.npz"], ["samples-00002.npz"], ["newest.npz", "previous.npz"]])
@every_damage
def test_a_training_continues_before_the_damage(tmp_path: Path, names: list[str], how: str) -> None:
    pictures = np.zeros((16, 2, 2, 3), np.uint8)
    checkpoint = Checkpoint(state={"0000": np.arange(10)}, samples=[pictures])
    for epochs in (1, 2):
        save_checkpoint(tmp_path, replace(checkpoint, samples=[pictures] * epochs))
    for name in names:
        damage(tmp_path / name, how)
    assert load_checkpoint(tmp_path).epochs == 2 - len(names)
    for epochs in range(3 - len(names), 4):
        save_checkpoint(tmp_path, replace(checkpoint, samples=[pictures] * epochs))
    assert load_checkpoint(tmp_path).epochs == 3
    (tmp_path / "newest.npz").unlink()
    assert load_checkpoint(tmp_path).epochs == 2


def test_a_file_in_the_place_of_the_checkpoints_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "train-stable-1"
    folder.write_text("a file in the place of a folder")
    assert RunIds.load(folder) == RunIds()
    remove_abandoned(tmp_path, folder)
    RunIds(network="run 1").save(folder)
    assert RunIds.load(folder).network == "run 1"


@every_damage
def test_the_addresses_of_servers_are_unknown(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "servers"
    addresses = Addresses(prefect="http://127.0.0.1:4200/api", mlflow="http://127.0.0.1:5000")
    addresses.write(folder / "up.json")
    with try_lock(folder / "up.lock"):
        assert addresses_of(tmp_path) == addresses
        damage(folder / "up.json", how)
        assert addresses_of(tmp_path) is None
