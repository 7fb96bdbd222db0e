"""The same code against a real MLflow server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import keras
import mlflow
import numpy as np
import pytest

from eightytwenty.errors import UserError
from tasks.servers.status import read_status
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.store import connect

CREDENTIAL = "a password of this test"


@contextmanager
def serve(folder: Path, *options: str, **environment: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    store = [
        "--backend-store-uri",
        f"sqlite:///{folder / 'mlflow.db'}",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1", *store, *options],
        env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", **environment},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{url}/health").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(tmp_path_factory.mktemp("server")) as url:
        yield url


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks for a password."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder / 'users.db'}\n"
    )
    settings = {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_AUTH_ADMIN_USERNAME": "admin",
        "MLFLOW_AUTH_ADMIN_PASSWORD": CREDENTIAL,
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "for a test",
    }
    with serve(folder, "--app-name", "basic-auth", **settings) as url:
        yield url


def test_a_server_that_requires_a_password_is_an_error(
    guarded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", guarded)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    message = r"asks for a password: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to .*\.$"
    for call in (lambda: read_status(tmp_path, 5), lambda: connect(tmp_path)):
        with pytest.raises(UserError, match=message):
            call()
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", CREDENTIAL)
    assert read_status(tmp_path, 5).mlflow_answers
    connect(tmp_path)


def test_runs_networks_and_models_go_through_the_server(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    example = np.ones((3, 2), dtype=np.float32)
    record = NetworkRecord("one", history={"loss": range(1500)}, model=lambda: model, input_example=example)
    with parent_run(tmp_path / "data", "served", "one", {"epochs": 1500}) as run:
        run.log_text("# report", "report.md")
        (nested_id,) = log_networks(run, [record])
    assert not (tmp_path / "data" / "mlflow").exists()
    page = f"/#/experiments/{run.experiment_id}/runs/{run.run_id}?workflowType=machine_learning"
    assert run.link == server + page
    monkeypatch.setenv("EIGHTYTWENTY_MLFLOW_UI_URL", "https://mlflow.example")  # as people reach the server
    assert run.link == f"https://mlflow.example{page}"
    assert httpx.get(f"{server}/get-artifact", params={"path": "report.md", "run_uuid": run.run_id}).text == "# report"
    assert run.client.get_run(run.run_id).info.status == "FINISHED"
    nested = run.client.get_run(nested_id)
    assert nested.data.metrics["loss"] == 1499
    assert nested.info.artifact_uri.startswith("mlflow-artifacts:")
    mlflow.set_tracking_uri(server)
    loaded = mlflow.pyfunc.load_model(f"models:/{nested.outputs.model_outputs[0].model_id}")
    np.testing.assert_array_equal(loaded.predict(example), model.predict(example, verbose=0))
