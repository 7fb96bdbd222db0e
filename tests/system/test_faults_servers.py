"""Faults in flows that record to servers: the servers die, and some of them come back."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tasks.servers import automations
from tasks.servers.children import Children
from tasks.servers.loopback import listen
from tasks.servers.prefect_process import start_server, stop_server
from tasks.servers.private_prefect import api_of_this_process
from tests.flows.conftest import stages
from tests.system.faults import TRAINING, half_written, run, running, runs, unfinished, wait_for

pytestmark = pytest.mark.timeout(900)  # several processes at once, on a machine that may have other work


class Servers:
    """A Prefect and an MLflow server over one data folder, always on the same ports."""

    def __init__(self, data: Path, children: Children) -> None:
        self.data, self._children = data, children
        ports = []
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                ports.append(probe.getsockname()[1])
        self._prefect_port, self._mlflow_port = ports
        self.mlflow_url = f"http://127.0.0.1:{self._mlflow_port}"
        self.api = f"http://127.0.0.1:{self._prefect_port}/api"
        self.environment = {"PREFECT_API_URL": self.api, "MLFLOW_TRACKING_URI": self.mlflow_url}
        (data / "prefect").mkdir(parents=True)
        (data / "mlflow").mkdir()
        self.start_prefect()
        self.start_mlflow()

    def start_prefect(self) -> None:
        with listen(self._prefect_port, "") as listener:
            self.prefect, _ = start_server(self.data / "prefect", listener, {})

    def start_mlflow(self) -> None:
        folder = self.data.resolve() / "mlflow"
        self.mlflow = self._children.start(
            [
                *(sys.executable, "-m", "mlflow", "server", "--port", str(self._mlflow_port), "--workers", "1"),
                *("--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}"),
                *("--default-artifact-root", (folder / "artifacts").as_uri(), "--no-serve-artifacts"),
            ],
            {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            self.data / "mlflow.log",
        )
        wait_for(self._mlflow_answers)

    def _mlflow_answers(self) -> bool:
        try:
            return httpx.get(f"{self.mlflow_url}/health").is_success
        except httpx.TransportError:
            return False

    def kill(self, server: "subprocess.Popen[bytes]") -> None:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


@pytest.fixture(scope="module")
def servers(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    data = tmp_path_factory.mktemp("servers") / "data"
    # without the locks of the stages: the lock of a training shows how far a flow is
    shutil.copytree(undisturbed / "stages", data / "stages", ignore=shutil.ignore_patterns("locks"))
    with ExitStack() as stack:
        servers = Servers(data, stack.enter_context(Children()))
        stack.callback(lambda: stop_server(servers.prefect))
        yield servers


@pytest.fixture(autouse=True)
def remove_stage_locks(servers: Servers) -> None:
    shutil.rmtree(servers.data / "stages" / "locks", ignore_errors=True)


def test_servers_that_are_killed_and_come_back_cost_the_flow_nothing(servers: Servers, undisturbed: Path) -> None:
    with running(servers.data, **servers.environment) as flow:
        flow.wait_until(lambda: list(servers.data.glob(TRAINING)))
        servers.kill(servers.prefect)
        servers.kill(servers.mlflow)
        servers.start_prefect()
        servers.start_mlflow()
        assert flow.exit_code() == 0, flow.log.read_text()
    assert set(runs(servers.data)["adders"]) == {"FINISHED"}
    assert not unfinished(servers.data)
    assert stages(servers.data) == stages(undisturbed)


@pytest.mark.soak
def test_an_mlflow_server_that_stays_away_ends_the_flow_with_a_sentence(servers: Servers) -> None:
    # by default MLflow retries for four minutes when the server is gone
    with running(servers.data, **servers.environment, MLFLOW_HTTP_REQUEST_MAX_RETRIES="1") as flow:
        flow.wait_until(lambda: list(servers.data.glob(TRAINING)))
        servers.kill(servers.mlflow)
        assert f"no MLflow server answers at {servers.mlflow_url}" in flow.error()
        assert flow.exit_code() == 2
    assert set(unfinished(servers.data)) == {"adders"}  # MLflow could not be reached
    servers.start_mlflow()
    run(servers.data, **servers.environment)
    assert not unfinished(servers.data)


@pytest.mark.soak
def test_a_silent_run_is_crashed_even_if_the_prefect_server_died_with_it(
    servers: Servers, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flow's process is killed while the server is down: only the missing heartbeat shows it."""
    monkeypatch.setattr(automations, "_SILENCE", timedelta(seconds=10))
    with api_of_this_process(servers.api):
        automations.register_automations()
    # by default Prefect retries for a minute when the server is gone
    with running(servers.data, **servers.environment, PREFECT_CLIENT_MAX_RETRIES="1") as flow:
        flow.wait_until(lambda: list(servers.data.glob(TRAINING)))
        servers.kill(servers.prefect)
        assert f"no Prefect server answers at {servers.api}" in flow.error()
    assert unfinished(servers.data)
    servers.start_prefect()
    wait_for(lambda: not unfinished(servers.data))
    assert [state for states in runs(servers.data).values() for state in states].count("CRASHED") == 1
    assert stages(servers.data) == stages(undisturbed)
    assert not half_written(servers.data)
