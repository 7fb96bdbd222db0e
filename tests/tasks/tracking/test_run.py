"""The embedded store: MLflow straight on SQLite in a data folder."""

import gc
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import mlflow
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Run as MlflowRun
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.orm.query import Query

from eightytwenty.errors import UserError
from tasks.running.ownership import OWNER_TAG, try_lock
from tasks.servers.addresses import Addresses, addresses_file, lock_file
from tasks.servers.up import RunningServers
from tasks.tracking.lifecycle import ending, parent_run, start_run
from tasks.tracking.local import tracking_uri
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.run import Dataset, Run
from tasks.tracking.store import close_dead_runs, connect, experiment_id

PNG = b"\x89PNG\r\n\x1a\n"

# Logs networks for ever, and prints a line after the first one.
ENDLESS = """
import itertools, sys
from pathlib import Path
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.lifecycle import parent_run

def records():
    for number in itertools.count():
        if number == 1:
            print("logging", flush=True)
        yield NetworkRecord(f"network {number}", history={"loss": [float(number)] * 20_000})

with parent_run(Path(sys.argv[1]), "killed", "endless", {}) as run:
    log_networks(run, records())
"""


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracking")  # one database for all: a new one costs two seconds


def adder() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(2, activation="sigmoid", use_bias=False),
            keras.layers.Dense(1, use_bias=False),
        ]
    )


def stored(run: Run) -> MlflowRun:
    return run.client.get_run(run.run_id)


def nested_runs(parent: Run) -> list[MlflowRun]:
    return list(parent.client.search_runs([parent.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.run_id}'"))


def running(client: MlflowClient) -> list[str]:
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return [run.info.run_id for run in client.search_runs(experiments, "attributes.status = 'RUNNING'")]


def test_a_run_records_its_inputs_and_what_made_it(data: Path, tmp_path: Path) -> None:
    sha256 = "0123456789abcdef" * 4
    parameters = {f"parameter {number}": number for number in range(150)}
    with parent_run(
        data, "made", "one", parameters, {"protocol": "article"}, [Dataset("pairs", tmp_path, sha256, 12)]
    ) as run:
        assert stored(run).info.status == "RUNNING"
        run.log_metrics({"best": 0.5}, step=3)
        run.log_text("# report", "report.md")
        run.log_table(pd.DataFrame({"a": [1, 2]}), "tables/counts.json")
        run.log_artifact(tmp_path, "folder")
    recorded = stored(run)
    assert recorded.info.status == "FINISHED"
    assert recorded.info.run_name == "one"
    assert recorded.data.params == {key: str(value) for key, value in parameters.items()}
    assert recorded.data.metrics == {"best": 0.5}
    assert recorded.data.tags["protocol"] == "article"
    place = Path(recorded.info.artifact_uri.removeprefix("file://"))
    assert json.loads((place / "environment.json").read_text())["tensorflow"].startswith("2.")
    assert OWNER_TAG not in recorded.data.tags
    assert json.loads(recorded.inputs.dataset_inputs[0].dataset.source)["sha256"] == sha256
    dataset = recorded.inputs.dataset_inputs[0].dataset
    assert (dataset.name, dataset.digest, dataset.profile) == ("pairs", sha256[:36], '{"num_rows": 12}')
    assert {file.path for file in run.client.list_artifacts(run.run_id)} >= {"report.md", "tables"}
    assert (data / "mlflow" / "artifacts").is_dir()


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError("broken"), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(143), "KILLED")],
)
def test_a_run_ends_with_the_status_of_its_block(data: Path, error: BaseException, status: str) -> None:
    with pytest.raises(type(error)), parent_run(data, "ends", "one", {}) as run:
        raise error
    assert stored(run).info.status == status


def test_a_stopped_run_ends_as_killed_even_if_a_library_raises_an_error_of_its_own(data: Path) -> None:
    def interrupted() -> None:
        try:
            raise SystemExit(143)
        finally:
            raise OSError("half written")

    with pytest.raises(OSError, match="half written"), parent_run(data, "ends", "one", {}) as run:
        interrupted()
    assert stored(run).info.status == "KILLED"


def test_a_network_gets_a_nested_run_with_a_point_per_epoch(data: Path) -> None:
    example = np.array([[2, 2], [1, 5]], dtype=np.float32)
    figure = Figure()
    figure.add_subplot().plot([1, 2])
    record = NetworkRecord(
        "2 nodes",
        parameters={"hidden_units": 2},
        tags={"size": "16"},
        history={"loss": np.linspace(1, 0, 2500), "accuracy": [0.0, float("nan")]},
        metrics={"final_loss": 0.25},
        figures={"error.png": figure, "figures/bytes.png": PNG},
        model=adder,
        input_example=example,
    )
    with parent_run(data, "networks", "one", {}) as parent:
        first, second = log_networks(parent, [record, NetworkRecord("bare")])
    client = parent.client
    nested = client.get_run(first)
    assert nested.data.tags["mlflow.parentRunId"] == parent.run_id
    assert nested.data.tags["size"] == "16"
    assert {"mlflow.user", "mlflow.source.name", "mlflow.source.git.commit"} <= nested.data.tags.keys()
    assert nested.data.params == {"hidden_units": "2"}
    assert nested.info.status == "FINISHED"
    loss = sorted(client.get_metric_history(first, "loss"), key=lambda point: point.step)
    assert len(loss) == 50
    assert (loss[0].step, loss[-1].step) == (0, 2499)
    assert [point.value for point in loss] == pytest.approx([1 - point.step / 2499 for point in loss])
    assert len(client.get_metric_history(first, "accuracy")) == 2
    assert nested.data.metrics["final_loss"] == 0.25
    artifacts = Path(nested.info.artifact_uri.removeprefix("file://"))
    assert (artifacts / "error.png").read_bytes()[:8] == PNG
    assert (artifacts / "figures" / "bytes.png").read_bytes() == PNG
    bare = client.get_run(second)
    assert (bare.info.run_name, bare.info.status) == ("bare", "FINISHED")

    mlflow.set_tracking_uri(tracking_uri(data))
    model_id = nested.outputs.model_outputs[0].model_id
    assert client.get_logged_model(model_id).metrics[0].key == "final_loss"
    loaded = mlflow.pyfunc.load_model(f"models:/{model_id}")
    np.testing.assert_array_equal(loaded.predict(example), adder().predict(example, verbose=0))
    assert loaded.metadata.signature.inputs.to_dict()[0]["tensor-spec"]["shape"] == (-1, 2)
    np.testing.assert_array_equal(loaded.input_example, example)
    stored_files = {path.suffix for path in (data / "mlflow" / "artifacts" / "models").rglob("*") if path.is_file()}
    assert ".keras" in stored_files
    assert not stored_files & {".pkl", ".pickle"}


def test_a_failing_network_fails_itself_and_its_parent(data: Path) -> None:
    def broken() -> keras.Model:
        raise ValueError("no such network")

    with pytest.raises(ValueError, match="no such network"), parent_run(data, "networks", "two", {}) as parent:
        log_networks(parent, [NetworkRecord("broken", model=broken)])
    assert stored(parent).info.status == "FAILED"
    nested = nested_runs(parent)
    assert [run.info.status for run in nested] == ["FAILED"]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_killed_while_logging_leaves_no_run_running(data: Path, signum: signal.Signals) -> None:
    client = connect(data)
    with parent_run(data, "killed", "a running run of another flow", {}) as other:
        process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(data)], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "logging\n"
        assert len(running(client)) >= 2  # the endless parent, the other one, and usually a nested run
        process.send_signal(signum)
        process.communicate(timeout=60)
        if signum == signal.SIGTERM:
            assert process.returncode == 143
            assert close_dead_runs(client, data) == 0  # it was still able to end its runs itself
        with parent_run(data, "killed", "the next start", {}):
            pass
        assert running(client) == [other.run_id]
    ends = client.search_runs([other.experiment_id], "attributes.run_name = 'endless'")
    assert {run.info.status for run in ends} == {"KILLED"}


def test_a_stopped_run_ends_the_nested_runs_that_a_signal_left_open(data: Path) -> None:
    # a signal may come when the store has a nested run that this process does not know of yet
    def endless() -> Iterator[NetworkRecord]:
        yield NetworkRecord("finished")
        start_run(parent.client, parent.experiment_id, "open", {"mlflow.parentRunId": parent.run_id})
        raise SystemExit(143)

    with pytest.raises(SystemExit), parent_run(data, "networks", "stopped", {}) as parent:
        log_networks(parent, endless())
    assert stored(parent).info.status == "KILLED"
    nested = nested_runs(parent)
    assert {run.info.run_name: run.info.status for run in nested} == {"finished": "FINISHED", "open": "KILLED"}


@contextmanager
def interrupted_write(interrupt: Callable[[], None]) -> Iterator[None]:
    """Calls `interrupt` while metrics are being written: they are inserted, but not committed."""

    def write(cursor: sqlite3.Cursor, statement: str, rows: list[tuple[object, ...]], _context: object) -> bool:
        cursor.executemany(statement, rows)
        if statement.startswith("INSERT INTO metrics"):
            interrupt()
        return True  # it has done what SQLAlchemy would do

    event.listen(Engine, "do_executemany", write)
    try:
        yield
    finally:
        event.remove(Engine, "do_executemany", write)


@pytest.mark.parametrize("stopped", [SystemExit(143), KeyboardInterrupt()])
def test_a_signal_in_the_middle_of_a_write_leaves_no_lock(data: Path, stopped: BaseException) -> None:
    def interrupt() -> None:
        raise stopped

    with (
        pytest.raises(type(stopped)),
        parent_run(data, "networks", "interrupted", {}) as parent,
        interrupted_write(interrupt),
    ):
        log_networks(parent, [NetworkRecord("interrupted", history={"loss": [1.0, 0.5]})])
    nested = nested_runs(parent)
    assert [stored(parent).info.status, *(run.info.status for run in nested)] == ["KILLED", "KILLED"]


def test_a_signal_in_the_middle_of_a_query_leaves_no_lock(data: Path) -> None:
    # there SQLAlchemy has a cursor that a function it made on the way refers to
    def interrupt(*_: object) -> None:
        raise SystemExit(143)

    def asks(run: Run) -> None:
        with ending(run), pytest.MonkeyPatch.context() as patch:
            patch.setattr(Query, "_set_enable_single_crit", interrupt)
            start_run(run.client, run.experiment_id, "nested", {})

    with parent_run(data, "networks", "asking", {}) as parent:
        pass
    gc.disable()
    try:
        with pytest.raises(SystemExit):
            asks(parent)
    finally:
        gc.enable()
    assert stored(parent).info.status == "KILLED"


def test_runs_of_other_owners_are_left_alone(data: Path) -> None:
    client = connect(data)
    experiment = experiment_id(client, data, "others")
    runs = [client.create_run(experiment, tags=tags).info.run_id for tags in ({}, {OWNER_TAG: "elsewhere:1:2"})]
    assert close_dead_runs(client, data) == 0
    assert set(running(client)) == set(runs)
    for run_id in runs:
        client.set_terminated(run_id)


def test_an_experiment_of_a_server_or_a_deleted_one_is_an_error(data: Path) -> None:
    client = connect(data)
    client.create_experiment("served", artifact_location="mlflow-artifacts:/1")
    with pytest.raises(UserError, match="made through a server"):
        experiment_id(client, data, "served")
    client.delete_experiment(experiment_id(client, data, "gone"))
    with pytest.raises(UserError, match="is deleted"):
        experiment_id(client, data, "gone")


def test_a_server_that_is_down_is_an_error_before_mlflow_retries(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"no MLflow server answers at http://127\.0\.0\.1:9"):
        connect(data)


def test_a_store_that_mlflow_cannot_use_is_an_error(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense://nowhere")
    with pytest.raises(UserError, match="MLflow cannot use nonsense://nowhere") as error:
        connect(data)
    assert "\n" not in str(error.value)


def test_names_from_data_are_visible(data: Path) -> None:
    name = "a\n\x1b[31m\u202eb"
    with parent_run(data, "names", name, {"source": name}) as run:
        pass
    logged = run.client.get_run(run.run_id)
    assert logged.info.run_name == logged.data.params["source"] == "a\\n\\x1b[31m\\u202eb"


def test_links_lead_to_the_server_that_runs_or_say_how_to_start_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data))
    with parent_run(data, "links", "one", {}) as run:
        pass
    page = f"/#/experiments/{run.experiment_id}/runs?workflowType=machine_learning"
    assert run.runs_link == f"eightytwenty up\nand open http://127.0.0.1:5000{page}"
    addresses_file(data).parent.mkdir()
    with try_lock(lock_file(data)):  # as `up` does
        addresses = Addresses(prefect="http://127.0.0.1:4201/api", mlflow="http://127.0.0.1:5001")
        addresses.write(addresses_file(data))
        assert RunningServers(data, addresses, {}).experiments["links"] == run.runs_link
        assert run.runs_link == f"http://127.0.0.1:5001{page}"
        assert run.link == f"http://127.0.0.1:5001{page.replace('runs', f'runs/{run.run_id}')}"
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(data / "another"))
    assert run.link.startswith("mlflow ui --backend-store-uri sqlite:///")
