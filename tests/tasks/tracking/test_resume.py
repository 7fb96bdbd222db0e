"""A killed run is resumed: the same MLflow run, with everything logged once."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from tasks.running.ownership import OWNER_TAG, claim_owner
from tasks.tracking.lifecycle import parent_run, resume_run
from tasks.tracking.run import Dataset
from tasks.tracking.store import close_dead_runs, connect, experiment_id

# Starts a run, logs an epoch, prints its id and waits to be killed.
TRAINING = """
import sys
from pathlib import Path
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.run import Dataset

data = Path(sys.argv[1])
with parent_run(data, "gans", "first", {"epochs": 9}, datasets=[Dataset("faces", data, "ab" * 32, 3)]) as run:
    run.log_metrics({"fid": 5.0}, step=1)
    print(run.run_id, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("resume")


@pytest.fixture
def client(data: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return connect(data)


def test_a_killed_run_is_resumed_as_the_same_run(data: Path, client: MlflowClient) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", TRAINING, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    run_id = process.stdout.readline().strip()
    experiment = experiment_id(client, data, "gans")
    dataset = Dataset("faces", data, "ab" * 32, 3)

    # while the process is alive, nothing else resumes its run
    assert resume_run(client, data, experiment, run_id) is None
    with parent_run(data, "gans", "second", {}, resume=run_id) as second:
        assert second.run_id != run_id
    assert client.get_run(run_id).info.status == "RUNNING"

    process.kill()
    process.communicate()
    with parent_run(data, "gans", "third", {"epochs": 9, "new": 1}, datasets=[dataset], resume=run_id) as run:
        assert run.run_id == run_id
        during = client.get_run(run_id)
        assert during.info.status == "RUNNING"
        assert during.data.tags[OWNER_TAG] == claim_owner(data)
        assert close_dead_runs(client, data) == 0
        assert client.get_run(run_id).info.status == "RUNNING"
        run.log_metrics({"fid": 4.0}, step=2)
    after = client.get_run(run_id)
    assert (after.info.status, after.info.run_name) == ("FINISHED", "first")
    assert after.data.params == {"epochs": "9", "new": "1"}
    assert [point.value for point in client.get_metric_history(run_id, "fid")] == [5.0, 4.0]
    assert len(after.inputs.dataset_inputs) == 1


def test_a_logged_parameter_is_not_logged_again(data: Path, client: MlflowClient) -> None:
    # MLflow refuses another value, and that must not end a resumed run
    with parent_run(data, "gans", "one", {"epochs": 9}) as first:
        pass
    with parent_run(data, "gans", "one", {"epochs": 12}, resume=first.run_id) as again:
        assert again.run_id == first.run_id
    assert client.get_run(first.run_id).data.params == {"epochs": "9"}


def test_a_table_that_is_logged_again_replaces_the_first(data: Path, client: MlflowClient) -> None:
    with parent_run(data, "gans", "one", {}) as run:
        for artifact in ("score.json", "deep/score.json"):
            run.log_table(pd.DataFrame({"caught": [1, 2]}), artifact)
            run.log_table(pd.DataFrame({"caught": [3]}), artifact)
            (place,) = Path(client.get_run(run.run_id).info.artifact_uri.removeprefix("file://")).glob(artifact)
            assert json.loads(place.read_text())["data"] == [[3]]


def test_a_resumed_run_ends_with_the_status_of_its_block(data: Path, client: MlflowClient) -> None:
    with parent_run(data, "gans", "one", {}) as first:
        pass
    with pytest.raises(ValueError, match="broken"), parent_run(data, "gans", "one", {}, resume=first.run_id):
        raise ValueError("broken")
    assert client.get_run(first.run_id).info.status == "FAILED"


def test_a_deleted_foreign_or_running_run_is_not_resumed(data: Path, client: MlflowClient) -> None:
    gans, other = (experiment_id(client, data, name) for name in ("gans", "adders"))
    foreign = client.create_run(other).info.run_id
    client.set_terminated(foreign)
    deleted = client.create_run(gans).info.run_id
    client.set_terminated(deleted)
    client.delete_run(deleted)
    unknown_owner = client.create_run(gans, tags={OWNER_TAG: "elsewhere:1:2"}).info.run_id
    for run_id in (foreign, deleted, unknown_owner, "0" * 32, "not a run id"):
        assert resume_run(client, data, gans, run_id) is None
    assert client.get_run(foreign).info.status == "FINISHED"
    assert client.get_run(unknown_owner).data.tags[OWNER_TAG] == "elsewhere:1:2"
    with parent_run(data, "gans", "one", {}) as running:
        assert resume_run(client, data, gans, running.run_id) is None
