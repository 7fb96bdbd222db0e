"""A hundred SIGKILLs at random moments, spread over a whole run in a fresh folder: `make soak`."""

import random
import shutil
import time
from pathlib import Path

import pytest

from tests.flows.conftest import stages
from tests.system.faults import half_written, run, running, runs, unfinished, wait_for

pytestmark = pytest.mark.soak
KILLS = 100


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long an undisturbed run takes here."""
    started = time.monotonic()
    run(tmp_path_factory.mktemp("undisturbed") / "data")
    return time.monotonic() - started


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_at_a_random_moment_and_run_again(
    undisturbed: Path, seconds: float, tmp_path: Path, number: int
) -> None:
    data = tmp_path / "data"
    moment = seconds * (number + random.Random(number).random()) / KILLS  # noqa: S311
    while True:
        with running(data) as flow:
            time.sleep(moment)
            flow.process.kill()
            if flow.process.wait():
                break
        shutil.rmtree(data)  # it was faster than the undisturbed one
        moment *= 0.95
    wait_for(lambda: not processes_over(data), 60)
    run(data)
    assert stages(data) == stages(undisturbed)
    assert not unfinished(data)
    assert {"COMPLETED", "FINISHED"} <= {state for states in runs(data).values() for state in states}
    assert not half_written(data)
    wait_for(lambda: not processes_over(data), 60)


def processes_over(data: Path) -> list[str]:
    """The processes that have a data folder in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"EIGHTYTWENTY_DATA={data}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_text())
        except (FileNotFoundError, PermissionError, ProcessLookupError):  # it has just ended, or is another user's
            continue
    return found
