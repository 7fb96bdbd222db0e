"""Real flows in processes of their own, the moments at which they are disturbed, and what they leave."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.flows.conftest import COMMAND, environment

# one network by one protocol: every stage of a flow in as little time as possible
FLOW = [
    *("adders", "--rows", "200", "--largest-sums", "16", "--hidden-units", "2"),
    *("--seeds", "1", "--protocol", "solved"),
]
TRAINING = "stages/locks/train-solved-*"
"""There as soon as the training begins."""
LOGGING = "mlflow/artifacts/*/artifacts/data_docs"
"""There once the MLflow run has begun to be filled."""

_ENDED = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED", "FINISHED", "KILLED"}
_RUNS = {
    "prefect/prefect.db": "SELECT name, state_type FROM flow_run",
    "mlflow/mlflow.db": "SELECT name, status FROM runs",
}


@dataclass
class Flow:
    """A flow in a process of its own."""

    process: subprocess.Popen[str]
    log: Path

    def at(self, moment: Callable[[], object]) -> None:
        """Wait for a moment in the middle of the flow."""
        wait_for(lambda: moment() or self.process.poll() is not None)
        assert self.process.poll() is None, f"it ended too early: {self.log.read_text()}"

    def ends(self) -> int:
        """Wait for its end; returns its exit code."""
        return self.process.wait(timeout=240)

    def complains(self) -> str:
        """Wait for the sentence that says what is wrong; Prefect's threads may go on asking for a server after it."""

        def said() -> list[str]:
            return re.findall(r"eightytwenty: .*", self.log.read_text())

        wait_for(lambda: said() or self.process.poll() is not None)
        assert len(said()) == 1, self.log.read_text()
        return said()[0]


@contextmanager
def running(data: Path, *arguments: str, **more: str) -> Iterator[Flow]:
    """A flow that runs; it does not outlive the block."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.parent / f"flow-{time.monotonic_ns()}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*COMMAND, *(arguments or FLOW)],
            env=environment(data) | more,
            cwd=data.parent,
            stdout=stream,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Flow(process, log)
    finally:
        process.kill()
        process.wait()


def run(data: Path, *arguments: str, **more: str) -> None:
    """Run a flow to its end, which is a good one."""
    with running(data, *arguments, **more) as flow:
        assert flow.ends() == 0, flow.log.read_text()


def wait_for(moment: Callable[[], object], seconds: float = 150) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not moment():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def runs(data: Path) -> dict[str, list[str]]:
    """Name -> states of all runs that the databases of Prefect and MLflow in a data folder hold."""
    found: dict[str, list[str]] = {}
    for place, query in _RUNS.items():
        with closing(sqlite3.connect(f"file:{data / place}?mode=ro", uri=True)) as database:
            for name, state in database.execute(query):
                found.setdefault(name, []).append(state)
    return found


def unfinished(data: Path) -> dict[str, list[str]]:
    """Those of them that have not ended."""
    return {name: states for name, states in runs(data).items() if not set(states) <= _ENDED}


def half_written(data: Path) -> list[Path]:
    """What a process that died in the middle of writing may leave, and what a later one must remove."""
    return [path for folder in ("stages", "reports") for path in (data / folder).glob(".*")]
