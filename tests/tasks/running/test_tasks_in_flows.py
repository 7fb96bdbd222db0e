"""What a task's progress, its retries and a user's mistake look like in Prefect: one real flow over a real server."""

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
    shown = [[artifact["type"], artifact["description"], artifact["data"]] for artifact in artifacts]
    state = {"type": run.state.type.value, "message": run.state.message}
    print(json.dumps({"raised": raised, **state, "attempts": attempts, "artifacts": shown}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What the flow left in Prefect, and what it said in the terminal."""
    data = tmp_path_factory.mktemp("flow") / "data"
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(data)], env=kept, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1])), done.stderr


def test_progress_of_long_work_is_an_artifact_that_ends_at_its_end(told: tuple[dict[str, Any], str]) -> None:
    assert told[0]["artifacts"] == [["progress", "train, epochs", 100.0]]


def test_only_what_may_pass_is_tried_again(told: tuple[dict[str, Any], str]) -> None:
    assert told[0]["attempts"] == {"flaky": 3, "mistaken": 1, "wrong": 1, "full": 1}


def test_a_mistake_of_the_user_is_the_state_and_reaches_the_caller(told: tuple[dict[str, Any], str]) -> None:
    assert told[0]["type"] == "FAILED"
    assert told[0]["message"] == told[0]["raised"] == "Give another file."


def test_only_a_bug_has_a_traceback_in_the_log(told: tuple[dict[str, Any], str]) -> None:
    assert "ValueError: a bug" in told[1]
    assert "eightytwenty.errors.UserError" not in told[1]
    assert "Give another file." in told[1]


def test_progress_outside_of_tasks_needs_no_server(tmp_path: Path) -> None:
    script = (
        "import sys, tasks.running.progress as p\np._SECONDS = 0\n"
        "with p.task_progress('clean', 'rows') as progress: progress(1, 2)\nassert 'prefect' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
