"""A retraining that is killed and run again ends as if nothing had happened; two at once do the work once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient

from flows.retraining import retrain_adders
from tasks.retrain.versions import DatasetVersions
from tasks.servers.private_prefect import prefect_api
from tasks.tracking.champion import champion, history
from tasks.tracking.store import connect
from tests.flows.conftest import environment
from tests.flows.retraining import QUICK, deliver, pairs

ARGUMENTS = ["retrain-adders", *(f"--{name.replace('_', '-')}={value}" for name, value in QUICK.items())]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with prefect_api(tmp_path_factory.mktemp("server") / "data") as url:
        yield url


# as in this process, a delivery is taken at once
COMMAND = [
    sys.executable,
    "-c",
    "from tasks.retrain import inbox; inbox.QUIET_SECONDS = 0; from eightytwenty.cli import main; main()",
]


def start(data: Path, server: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *ARGUMENTS],
        env=environment(data) | {"PREFECT_API_URL": server},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def appeared(pattern: str) -> Callable[[Path], bool]:
    return lambda data: any(data.glob(pattern))


def tagged(table: str, key: str) -> Callable[[Path], bool]:
    """Whether MLflow's database holds a tag."""

    def has_tag(data: Path) -> bool:
        file = data / "mlflow" / "mlflow.db"
        try:
            with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
                (count,) = connection.execute(f"select count(*) from {table} where key like ?", [key]).fetchone()  # noqa: S608
        except sqlite3.Error:  # it does not exist yet
            return False
        return bool(count)

    return has_tag


def facts(data: Path, client: MlflowClient) -> dict[str, object]:
    version = DatasetVersions(data / "datasets/adders", "rows", {}).newest()
    current = champion(client, "adders")
    return {
        "dataset": (version.name, version.sha256, version.rows),
        "champion": current.version,
        "history": [(change.version, change.before) for change in history(client, "adders")],
        "versions": sorted(int(model.version) for model in client.search_model_versions("name = 'adders'")),
        "score": current.tags["challenger.mean_absolute_error"],
        "deliveries": sorted(version.deliveries),
    }


def retrain(data: Path, patch: pytest.MonkeyPatch) -> object:
    patch.setenv("EIGHTYTWENTY_DATA", str(data))
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    deliver(data, "new.csv", pairs(200, 1, name="n"))
    return retrain_adders(**QUICK, return_state=True)


@pytest.fixture(scope="module")
def expected(server: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """The result of a run that nothing disturbs."""
    data = tmp_path_factory.mktemp("undisturbed") / "data"
    with pytest.MonkeyPatch.context() as patch:
        assert retrain(data, patch).is_completed()
        return facts(data, connect(data))


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(appeared("stages/locks/clean-*"), id="cleaning"),
        pytest.param(appeared("datasets/adders/v0001"), id="dataset", marks=pytest.mark.soak),
        pytest.param(appeared("mlflow/artifacts/*/*/artifacts"), id="logging", marks=pytest.mark.soak),
        pytest.param(tagged("model_version_tags", "challenger"), id="registered", marks=pytest.mark.soak),
        pytest.param(tagged("registered_model_tags", "champion.%"), id="promotion"),
    ],
)
def test_killed_and_run_again_the_result_is_the_same(
    server: str,
    expected: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    moment: Callable[[Path], bool],
) -> None:
    data = tmp_path / "data"
    deliver(data, "new.csv", pairs(200, 1, name="n"))
    with start(data, server) as process:
        deadline = time.monotonic() + 120
        while not moment(data) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        assert process.poll() is None, process.communicate()[1]
        os.kill(process.pid, signal.SIGKILL)
    assert retrain(data, monkeypatch).is_completed()
    client = connect(data)
    assert facts(data, client) == expected
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    assert {run.info.status for run in client.search_runs(experiments)} <= {"FINISHED", "KILLED"}
    assert not list((data / "datasets/adders").glob(".v*"))
    assert retrain(data, monkeypatch).name == "Nothing to do"


@pytest.mark.soak
def test_of_two_at_once_the_second_waits_and_has_nothing_to_do(
    server: str, expected: dict[str, object], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    deliver(data, "new.csv", pairs(200, 1, name="n"))
    with start(data, server) as first, start(data, server) as second:
        outputs = [process.communicate(timeout=240) for process in (first, second)]
    assert (first.returncode, second.returncode) == (0, 0), outputs
    assert sorted("Nothing to do" in stdout for stdout, _ in outputs) == [False, True]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EIGHTYTWENTY_DATA", str(data))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it where another test talked to a server
        assert facts(data, connect(data)) == expected
