"""`eightytwenty up` in a process of its own, and what its servers answer."""

import socket
import subprocess
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.flows.conftest import COMMAND, environment

UNFINISHED = {"RUNNING", "PENDING", "CANCELLING"}
PATIENCE = 60  # seconds for an answer, on a machine that may have other work
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
T = TypeVar("T")


def wait_for(what: Callable[[], T | None], seconds: float = 120) -> T:
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return found


class Servers:
    """One `up` over a data folder, and what its two servers answer."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.ports = []
        for _ in range(2):
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.ports.append(probe.getsockname()[1])
        self.api, self.mlflow = (f"http://127.0.0.1:{port}" for port in self.ports)
        self.api += "/api"
        self.process = self.start()
        assert self.process.stdout
        said = []
        for line in self.process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        self.said = "".join(said)
        assert "Ctrl-C" in self.said, self.said + self.process.communicate()[1]

    def start(self) -> "subprocess.Popen[str]":
        ports = ["--prefect-port", str(self.ports[0]), "--mlflow-port", str(self.ports[1])]
        return subprocess.Popen(
            [*COMMAND, "up", *ports],
            env=environment(self.data),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def ask(self, what: str, **filters: Any) -> Any:
        return httpx.post(f"{self.api}/{what}/filter", json=filters, timeout=PATIENCE).raise_for_status().json()

    def trigger(self, deployment: str, **parameters: Any) -> httpx.Response:
        (one,) = self.ask("deployments", deployments={"name": {"any_": [deployment]}})
        body = {"parameters": {"parameters": parameters}}

        def ask() -> httpx.Response | None:
            answer = httpx.post(f"{self.api}/deployments/{one['id']}/create_flow_run", json=body, timeout=PATIENCE)
            # of a database that is busy; Prefect's own client asks again as well
            return None if answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE else answer

        return wait_for(ask)

    def state(self, run: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.api}/flow_runs/{run}", timeout=PATIENCE).json()["state"])

    def ended(self, run: str) -> dict[str, Any]:
        return wait_for(lambda: (state := self.state(run))["type"] in FINAL and state)

    def trains(self, run: str) -> bool:
        tasks = self.ask("task_runs", flow_runs={"id": {"any_": [run]}})
        return any(task["name"].startswith("train_adders") and task["state_type"] == "RUNNING" for task in tasks)

    def artifacts(self, run: str) -> dict[str, Any]:
        found = self.ask("artifacts", flow_runs={"id": {"any_": [run]}})
        return {artifact["key"]: artifact for artifact in found}
