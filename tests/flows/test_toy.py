"""A new model is one file and one line: from the command line it is trained, promoted, retrained and rolled back."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from mlflow import MlflowClient

from flows import retraining, training
from tasks.registry import MODELS
from tasks.servers.deployments import ROOT, read_deployments
from tasks.tracking.champion import champion, history
from tests.flows.conftest import environment
from tests.flows.retraining import deliver
from tests.flows.toy import TOY

REGISTERED = """
from tasks.registry import MODELS
from tasks.retrain import inbox
from tests.flows.toy import TOY

inbox.QUIET_SECONDS = 0
MODELS.append(TOY)

from eightytwenty.cli import main
main()
"""

Run = Callable[..., str]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("toy") / "data"


@pytest.fixture(scope="module")
def run(data: Path) -> Run:
    """Runs a command to its end and returns what it printed."""

    def run(*arguments: str) -> str:
        variables = environment(data) | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", REGISTERED, *arguments],
            env=variables,
            cwd=data.parent,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def client(data: Path) -> MlflowClient:
    return MlflowClient(f"sqlite:///{data / 'mlflow' / 'mlflow.db'}")


@pytest.fixture(scope="module")
def trained(run: Run) -> str:
    return run("toy", "--json")


@pytest.fixture(scope="module")
def retrained(trained: str, run: Run, data: Path) -> str:
    more = pl.DataFrame({"x": range(1, 101)}).with_columns(y=2 * pl.col("x"))
    deliver(data, "more.csv", pl.concat([more] * 4), "inbox/toy")
    return run("retrain-toy", "--on-drift", "accept", "--json")


def test_it_is_trained_logged_and_promoted(trained: str, data: Path, client: MlflowClient) -> None:
    told = json.loads(trained)
    assert (told["model"], told["is_champion"], told["rows"], told["clean"]) == ("toy/1", True, 400, 355)
    assert told["places"]["trained network"] == "toy/1, champion of toy"
    (parent, nested) = sorted(
        client.search_runs([client.get_experiment_by_name("toy").experiment_id]),
        key=lambda run: "mlflow.parentRunId" in run.data.tags,
    )
    assert nested.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert parent.data.params == {"largest": "50"}
    assert len(json.loads(parent.inputs.dataset_inputs[0].dataset.source)["sha256"]) == 64
    assert {
        "mlflow.source.git.commit",
        "mlflow.source.name",
        "mlflow.user",
        "prefect.flow_run_id",
    } <= parent.data.tags.keys()
    assert (parent.data.metrics["rows/clean"], parent.data.metrics["rows/quarantine"]) == (355, 45)
    report = Path(parent.info.artifact_uri.removeprefix("file://"), "report")
    assert {"eighty_twenty.md", "eighty_twenty.png"} <= {file.name for file in report.iterdir()}


def test_it_is_retrained_on_a_delivery_and_rolled_back(
    retrained: str, run: Run, data: Path, client: MlflowClient
) -> None:
    told = json.loads(retrained)
    assert (told["state"], told["model"], told["dataset"]) == ("Completed", "toy/2", "toy-v0002")
    assert told["is_champion"]
    assert told["scores"]["challenger"]["accuracy"] > told["scores"]["champion"]["accuracy"]
    assert (data / "datasets/toy/v0002/raw").is_dir()
    version = champion(client, "toy")
    assert (version.version, version.tags["dataset"], version.tags["decision"]) == (2, "toy-v0002", "promoted")
    assert float(version.tags["champion.accuracy"]) < float(version.tags["challenger.accuracy"]) == 1
    again = json.loads(run("retrain-toy", "--on-drift", "accept", "--json"))
    assert again["state"] == "Nothing to do"
    assert "There is nothing new in" in again["message"]
    assert "champion of toy: version 1 (it was 2)" in run("rollback", "toy")
    assert [change.version for change in history(client, "toy")] == [1, 2, 1]


def test_its_data_is_judged_like_any_other(retrained: str, run: Run, data: Path) -> None:
    deliver(data, "wrong.csv", "x,y\n" + "1,3\n" * 100, "inbox/toy")
    with pytest.raises(AssertionError, match=r"wrong\.csv: refused\. 100 of 100 rows: wrong double, e\.g\. line 2"):
        run("retrain-toy")


@pytest.fixture
def _registered() -> Iterator[None]:
    MODELS.append(TOY)
    yield
    MODELS.remove(TOY)


@pytest.mark.usefixtures("_registered")
def test_its_flows_forms_and_deployments_follow_from_its_line() -> None:
    assert training.toy.name == "toy"
    assert retraining.retrain_toy.name == "retrain-toy"
    assert training.toy.parameters.properties["largest"]["description"] == "number that is generated"
    deployments = {each["name"]: each for each in read_deployments(ROOT)["deployments"]}
    assert deployments["toy"]["entrypoint"] == "flows/training.py:toy"
    assert deployments["retrain-toy"]["schedules"][0]["cron"] == "0 5 * * *"
    assert deployments["retrain-toy"]["concurrency_limit"] == deployments["run"]["concurrency_limit"]


def test_a_flow_that_no_model_has_does_not_exist() -> None:
    assert not hasattr(training, "toy")
    assert not hasattr(retraining, "retrain_toy")
