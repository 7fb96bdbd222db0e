"""Faults of flows that a worker runs, under `eightytwenty up`."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.faults import unfinished
from tests.system.test_up import LONG, QUICK, Servers, processes_of, wait_for

pytestmark = pytest.mark.timeout(900)  # several processes at once, on a machine that may have other work
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
    """SIGKILL the processes over a data folder whose command line holds one of these, all at once."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if any(word in command for word in words) and str(data).encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
        except OSError:  # gone, or another user's
            continue
    assert len(found) >= len(words)
    for pid in found:
        os.kill(pid, signal.SIGKILL)


def training(up: Servers) -> str:
    """A run that is in the middle of its training."""
    run = started(up, LONG)
    wait_for(lambda: up.trains(run))
    return run


def started(up: Servers, parameters: dict[str, Any]) -> str:
    return str(up.trigger("adders", **parameters).json()["id"])


def ends_with_its_worker(up: Servers) -> None:
    """`up` ends, names the worker, and leaves neither a process nor an unfinished run."""
    said = up.process.communicate(timeout=120)[1]
    assert up.process.returncode == 1
    assert "the worker ended by itself, so all else was stopped" in said
    assert not processes_of(up.data)
    assert not unfinished(up.data)


def test_a_killed_flow_is_crashed_at_once_and_a_killed_worker_ends_up(up: Servers) -> None:
    run = training(up)
    kill(up.data, FLOW)
    assert up.ended(run)["type"] == "CRASHED"
    training(up)
    kill(up.data, WORKER)
    ends_with_its_worker(up)


def test_after_that_runs_complete_and_a_worker_and_its_flow_killed_together_end_up_too(up: Servers) -> None:
    assert up.ended(started(up, QUICK))["type"] == "COMPLETED"
    training(up)
    kill(up.data, WORKER, FLOW)
    ends_with_its_worker(up)
