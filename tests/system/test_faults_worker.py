"""Faults in flows that a worker runs, under `eightytwenty up`."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.faults import unfinished
from tests.system.test_up import LONG, QUICK, Servers, processes_of, wait_for

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]
FLOW, WORKER = "prefect.engine", "prefect worker start"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("worker") / "data"


@pytest.fixture
def up(data: Path) -> Iterator[Servers]:
    servers = Servers(data)
    yield servers
    servers.process.kill()
    servers.process.communicate()


def kill(data: Path, *words: str) -> None:
    """Send SIGKILL to the processes over a data folder whose command line contains one of these words."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if any(word in command for word in words) and str(data).encode() in (process / "environ").read_bytes():
                pids.append(int(process.name))
        except OSError:  # it has ended, or belongs to another user
            continue
    assert len(pids) >= len(words)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def start_training(up: Servers) -> str:
    """Start a run, and wait until it is in the middle of its training."""
    run = start(up, LONG)
    wait_for(lambda: up.is_training(run))
    return run


def start(up: Servers, parameters: dict[str, Any]) -> str:
    return str(up.trigger("adders", **parameters).json()["id"])


def assert_ends_with_its_worker(up: Servers) -> None:
    """`up` ends, names the worker, and leaves neither a process nor an unfinished run."""
    error = up.process.communicate(timeout=120)[1]
    assert up.process.returncode == 1
    assert "the worker ended by itself, so everything else was stopped" in error
    assert not processes_of(up.data)
    assert not unfinished(up.data)


def test_a_killed_flow_is_crashed_at_once_and_a_killed_worker_ends_up(up: Servers) -> None:
    run = start_training(up)
    kill(up.data, FLOW)
    assert up.final_state(run)["type"] == "CRASHED"
    start_training(up)
    kill(up.data, WORKER)
    assert_ends_with_its_worker(up)


def test_after_that_runs_complete_and_a_worker_and_its_flow_killed_together_end_up_too(up: Servers) -> None:
    assert up.final_state(start(up, QUICK))["type"] == "COMPLETED"
    start_training(up)
    kill(up.data, WORKER, FLOW)
    assert_ends_with_its_worker(up)
