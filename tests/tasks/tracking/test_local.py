"""A version of a registered model is found in the data folder's own store, without MLflow, or not at all."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tasks.tracking.champion import promote_first
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.local import database_file, find_local
from tasks.tracking.registry import find
from tasks.tracking.run import Run
from tasks.tracking.store import connect
from tests.tasks.generator import log_generator


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        with parent_run(tmp_path_factory.mktemp("a folder?") / "data", "gans", "one", {}) as run:
            log_generator(run, "avatars", conditional=False)
            log_generator(run, "avatars", conditional=True)
            promote_first(run.client, "avatars", 2, "It was the first.")
    return run


@pytest.fixture
def data(run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    path = Path(run.client.get_run(run.run_id).info.artifact_uri.removeprefix("file://").replace("%20", " "))
    return Path(str(path).replace("%3F", "?")).parents[3]


@pytest.mark.parametrize(("model", "number"), [("avatars@champion", 2), ("avatars/1", 1), ("avatars/2", 2)])
def test_a_version_has_the_files_and_tags_that_mlflow_knows(data: Path, model: str, number: int) -> None:
    version, known = find_local(data, model), find(connect(data), model)
    assert version
    assert (version.name, version.number, version.tags) == ("avatars", number, known.tags)
    assert version.has_files("data", "model.keras")
    assert not version.has_files("data", "model.keras", "python_env.yaml")  # which has no digest


@pytest.mark.parametrize(
    "model", ["avatars", "avatars/3", "avatars/two", "avatars@best", "cats@champion", "@", "' --/1"]
)
def test_what_is_not_there_is_left_to_mlflow(data: Path, model: str) -> None:
    assert find_local(data, model) is None


def test_another_store_and_a_damaged_one_are_left_to_mlflow(data: Path, tmp_path: Path, monkeypatch) -> None:
    assert find_local(tmp_path, "avatars/1") is None
    database_file(tmp_path).parent.mkdir()
    for content in (b"", b"SQLite format 3\0 and no more"):
        database_file(tmp_path).write_bytes(content)
        assert find_local(tmp_path, "avatars/1") is None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert find_local(data, "avatars/1") is None


def test_who_reads_keeps_nobody_from_writing(data: Path) -> None:
    client = connect(data)
    with closing(sqlite3.connect(database_file(data), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        count = reader.execute("SELECT count(*) FROM experiments").fetchone()
        client.create_experiment("another")
        assert reader.execute("SELECT count(*) FROM experiments").fetchone() == count
