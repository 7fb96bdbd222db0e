"""A worker of docker-compose.yml that is stopped during a run, as `docker compose stop worker` does it."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.servers.prefect_api import POOL
from tasks.servers.prefect_process import start_server, stop_server
from tests.flows.conftest import COMMAND, environment
from tests.system.faults import unfinished
from tests.system.servers import Servers, wait_for
from tests.system.test_up import LONG, QUICK

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


class PrefectServer(Servers):
    """A Prefect server and a worker, without an MLflow server."""

    def __init__(self, data: Path, api: str) -> None:
        self.data, self.api = data, api
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.health_port = str(probe.getsockname()[1])
        deployed = subprocess.run(
            [*COMMAND, "deploy", "--json"], env=self.environment(), check=True, capture_output=True
        )
        assert json.loads(deployed.stdout) == {"prefect": api, "work_pool": POOL}
        self.worker = subprocess.Popen(
            [sys.executable, "-m", "tasks.servers.worker", "1"], env=self.environment(), start_new_session=True
        )

    def environment(self) -> dict[str, str]:
        settings = {"PREFECT_API_URL": self.api, "PREFECT_WORKER_WEBSERVER_PORT": self.health_port}
        return environment(self.data) | settings | {"PREFECT_WORKER_QUERY_SECONDS": "2"}

    def stop_worker(self) -> None:
        self.worker.send_signal(signal.SIGTERM)
        assert self.worker.wait(timeout=120) == 0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PrefectServer]:
    home = tmp_path / "prefect"
    home.mkdir()
    process, api = start_server(home, socket.create_server(("127.0.0.1", 0)), {})
    try:
        server = PrefectServer(tmp_path, api)
        try:
            yield server
        finally:
            server.worker.kill()
            server.worker.wait()
    finally:
        stop_server(process)


def test_a_run_that_ends_within_a_minute_completes_although_its_worker_is_stopped(server: PrefectServer) -> None:
    run = str(server.trigger("adders", **QUICK).json()["id"])
    wait_for(lambda: server.state(run)["type"] == "RUNNING")
    server.stop_worker()
    assert server.state(run)["type"] == "COMPLETED"


def test_a_run_that_takes_longer_is_stopped_and_closes_its_records_and_no_new_one_starts(
    server: PrefectServer,
) -> None:
    run = str(server.trigger("adders", **LONG).json()["id"])
    wait_for(lambda: server.is_training(run))
    server.worker.send_signal(signal.SIGTERM)
    later = str(server.trigger("clean", source="mine.csv", out="cleaned").json()["id"])
    assert server.worker.wait(timeout=120) == 0
    assert server.final_state(run)["type"] == "CRASHED"
    assert server.state(later)["type"] == "SCHEDULED"
    assert set(unfinished(server.data)) <= {server.query("flow_runs", flow_runs={"id": {"any_": [later]}})[0]["name"]}
