"""`eightytwenty up` in its own process, and the answers of its servers."""

import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.flows.conftest import COMMAND, environment

UNFINISHED = {"RUNNING", "PENDING", "CANCELLING"}
PATIENCE = 60  # seconds to wait for an answer: the machine may be busy
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
T = TypeVar("T")


def wait_for(query: Callable[[], T | None], seconds: float = 120) -> T:
    deadline = time.monotonic() + seconds
    while not (result := query()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return result


class Servers:
    """One `up` over a data folder, and the answers of its two servers."""

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
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        self.output = "".join(lines)
        assert "Ctrl-C" in self.output, self.output + self.process.communicate()[1]

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

    def query(self, kind: str, **filters: Any) -> Any:
        return httpx.post(f"{self.api}/{kind}/filter", json=filters, timeout=PATIENCE).raise_for_status().json()

    def trigger(self, deployment: str, **parameters: Any) -> httpx.Response:
        (registered,) = self.query("deployments", deployments={"name": {"any_": [deployment]}})
        address = f"{self.api}/deployments/{registered['id']}/create_flow_run"
        return httpx.post(address, json={"parameters": parameters}, timeout=PATIENCE)

    def state(self, run: str) -> dict[str, Any]:
        return dict(httpx.get(f"{self.api}/flow_runs/{run}", timeout=PATIENCE).json()["state"])

    def final_state(self, run: str, seconds: float = 120) -> dict[str, Any]:
        return wait_for(lambda: (state := self.state(run))["type"] in FINAL and state, seconds)

    def is_training(self, run: str) -> bool:
        tasks = self.query("task_runs", flow_runs={"id": {"any_": [run]}})
        return any(task["name"].startswith("train adders") and task["state_type"] == "RUNNING" for task in tasks)

    def artifacts(self, run: str) -> dict[str, Any]:
        artifacts = self.query("artifacts", flow_runs={"id": {"any_": [run]}})
        return {artifact["key"]: artifact for artifact in artifacts}
