"""How a task's progress, its retries and a user's mistake appear in Prefect: one real flow, one real server."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import json, sys, time
from pathlib import Path
from prefect import flow, task
from prefect.client.orchestration import get_client
import tasks.running.progress, tasks.running.retries
from eightytwenty.errors import UserError
from tasks.servers.private_prefect import prefect_api
from tasks.running.progress import task_progress
from tasks.running.failures import user_error_as_state
from tasks.running.retries import RETRIES

tasks.running.progress._SECONDS = 0.2
attempts = dict.fromkeys(("flaky", "mistaken", "wrong", "full"), 0)

@task
def slow():
    with task_progress("train", "epochs") as progress:
        for done in range(1, 11):
            time.sleep(0.1)
            progress(done, 10)

@task
def quick():
    with task_progress("blink", "epochs") as progress:
        progress(1, 2)

@task(**{**RETRIES, "retry_delay_seconds": 0})
def fails(name, error, times):
    attempts[name] += 1
    if attempts[name] <= times:
        raise error

@flow
@user_error_as_state
def work(parameters: int):
    slow()
    quick()
    fails("flaky", ConnectionResetError("gone"), 2)
    for name, error in (("wrong", ValueError("a bug")), ("full", OSError(28, "No space left on device"))):
        try:
            fails(name, error, 9)
        except Exception:
            pass
    fails("mistaken", UserError("Give another file."), 9)

with prefect_api(Path(sys.argv[1])), get_client(sync_client=True) as client:
    try:
        work(1)
        raised = ""
    except UserError as error:
        raised = str(error)
    (run,) = client.read_flow_runs()
    artifacts = client.request("POST", "/artifacts/filter", json={}).json()
    progress = [[artifact["type"], artifact["description"], artifact["data"]] for artifact in artifacts]
    state = {"type": run.state.type.value, "message": run.state.message}
    print(json.dumps({"raised": raised, **state, "attempts": attempts, "artifacts": progress}))
"""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """The records of the flow in Prefect, and its output in the terminal."""
    data = tmp_path_factory.mktemp("flow") / "data"
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    result = subprocess.run([sys.executable, "-c", SCRIPT, str(data)], env=variables, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return dict(json.loads(result.stdout.splitlines()[-1])), result.stderr


def test_progress_of_long_work_is_an_artifact_that_ends_at_its_end(outcome: tuple[dict[str, Any], str]) -> None:
    assert outcome[0]["artifacts"] == [["progress", "train, epochs", 100.0]]


def test_only_an_error_that_may_not_last_is_retried(outcome: tuple[dict[str, Any], str]) -> None:
    assert outcome[0]["attempts"] == {"flaky": 3, "mistaken": 1, "wrong": 1, "full": 1}


def test_a_mistake_of_the_user_is_the_state_and_reaches_the_caller(outcome: tuple[dict[str, Any], str]) -> None:
    assert outcome[0]["type"] == "FAILED"
    assert outcome[0]["message"] == outcome[0]["raised"] == "Give another file."


def test_only_a_bug_has_a_traceback_in_the_log(outcome: tuple[dict[str, Any], str]) -> None:
    assert "ValueError: a bug" in outcome[1]
    assert "eightytwenty.errors.UserError" not in outcome[1]
    assert "Give another file." in outcome[1]


def test_progress_outside_of_tasks_needs_no_server(tmp_path: Path) -> None:
    script = (
        "import sys, tasks.running.progress as p\np._SECONDS = 0\n"
        "with p.task_progress('clean', 'rows') as progress: progress(1, 2)\nassert 'prefect' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
