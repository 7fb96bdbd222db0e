"""Real flows in their own processes, the moments at which a fault hits them, and what they leave behind."""

import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.flows.conftest import COMMAND, environment

# one network, one protocol: all stages of a flow in as little time as possible
FLOW = [
    *("adders", "--rows", "200", "--largest-sums", "16", "--hidden-units", "2"),
    *("--seeds", "1", "--protocol", "solved"),
]
TRAINING = "stages/locks/train-solved-*"
"""Exists as soon as the training begins."""
LOGGING = "mlflow/artifacts/*/artifacts/data_docs"
"""Exists once the flow has begun to log to its MLflow run."""

_ENDED = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED", "FINISHED", "KILLED"}
_RUNS = {
    "prefect/prefect.db": "SELECT name, state_type FROM flow_run",
    # the run of a flow by its experiment, the nested ones by their own names
    "mlflow/mlflow.db": """
        SELECT CASE WHEN tags.value IS NULL THEN experiments.name ELSE runs.name END, runs.status
        FROM runs JOIN experiments USING (experiment_id)
        LEFT JOIN tags ON tags.run_uuid = runs.run_uuid AND tags.key = 'mlflow.parentRunId'
    """,
}


@dataclass
class Flow:
    """A flow in its own process."""

    process: subprocess.Popen[str]
    log: Path

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait for a moment in the middle of the flow."""
        wait_for(lambda: condition() or self.process.poll() is not None)
        assert self.process.poll() is None, f"it ended too early: {self.log.read_text()}"

    def exit_code(self) -> int:
        """Wait for the end of the flow; returns its exit code."""
        return self.process.wait(timeout=240)

    def error(self) -> str:
        """Wait for the one error message. Prefect's threads may keep calling a server after it."""

        def messages() -> list[str]:
            return re.findall(r"eightytwenty: .*", self.log.read_text())

        wait_for(lambda: messages() or self.process.poll() is not None)
        assert len(messages()) == 1, self.log.read_text()
        return messages()[0]


@contextmanager
def running(data: Path, *arguments: str, **variables: str) -> Iterator[Flow]:
    """Run a flow, which does not outlive the block."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.parent / f"flow-{time.monotonic_ns()}.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*COMMAND, *(arguments or FLOW)],
            env=environment(data) | variables,
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


def run(data: Path, *arguments: str, **variables: str) -> None:
    """Run a flow to its end; it must succeed."""
    with running(data, *arguments, **variables) as flow:
        assert flow.exit_code() == 0, flow.log.read_text()


def wait_for(condition: Callable[[], object], seconds: float = 150) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.01)


def runs(data: Path) -> dict[str, list[str]]:
    """Name -> states of all runs in the Prefect and MLflow databases of a data folder."""
    states: dict[str, list[str]] = {}
    for path, query in _RUNS.items():
        with closing(sqlite3.connect(f"{(data / path).as_uri()}?mode=ro", uri=True)) as database:
            for name, state in database.execute(query):
                states.setdefault(name, []).append(state)
    return states


def unfinished(data: Path) -> dict[str, list[str]]:
    """The runs that have not ended."""
    return {name: states for name, states in runs(data).items() if not set(states) <= _ENDED}


def half_written(data: Path) -> list[Path]:
    """Leftovers of a process that died while writing; a later process must remove them."""
    return [path for folder in ("stages", "reports") for path in (data / folder).glob(".*")]
