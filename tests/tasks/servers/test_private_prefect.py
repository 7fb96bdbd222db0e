"""Real servers and real kills: each script below runs in its own process."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from eightytwenty.errors import UserError
from tasks.servers import status

# Runs a flow that ends before its tasks do, as after Ctrl-C, and one with a task; prints the address, and continues
# when it reads a line.
WORK = """
import sys
from pathlib import Path
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from prefect.states import AwaitingRetry, Pending, Running
from tasks.servers.private_prefect import prefect_api

@task
def answer():
    return 42

@flow
def stopped(url: str):
    with get_client(sync_client=True) as client:
        for number, state in enumerate((Pending(), Running(), AwaitingRetry())):
            name = f"left by {url}"
            client.create_task_run(answer, flow_run.id, str(number), name=name, state=state)

@flow
def work(url: str):
    answer()
    print("working", url, flush=True)
    sys.stdin.readline()
    for _ in range(50):
        answer()  # these records are still on their way when the flow ends
    raise ValueError("the flow fails")

with prefect_api(Path(sys.argv[1])) as url:
    stopped(f"{url} (stopped)")
    work(url)
"""

# Starts a server, prints what its database holds, stops it.
LOOK = """
import json, sys
from pathlib import Path
import httpx
from tasks.servers.private_prefect import prefect_api

with prefect_api(Path(sys.argv[1])) as url:
    runs = httpx.post(f"{url}/flow_runs/filter", json={}).json()
    tasks = httpx.post(f"{url}/task_runs/filter", json={}).json()
    print(json.dumps({"url": url, "runs": [[run["parameters"]["url"], run["state"]] for run in runs],
                      "tasks": [[task["name"], task["state_type"]] for task in tasks]}))
"""

ENTER = """
import sys
from pathlib import Path
from eightytwenty.errors import UserError
from tasks.servers.private_prefect import prefect_api
try:
    with prefect_api(Path(sys.argv[1])) as url:
        print(url)
except UserError as error:
    print(error)
"""


def start(script: str, data: Path, **environment: str) -> subprocess.Popen[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PREFECT")}
    home = {"PREFECT_HOME": str(data.parent / "home")}
    return subprocess.Popen(
        [sys.executable, "-c", script, str(data)],
        env={**clean, **home, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def read_status(data: Path) -> dict[str, Any]:
    return dict(json.loads(start(LOOK, data).communicate(timeout=60)[0].splitlines()[-1]))


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").is_success
    except httpx.TransportError:
        return False


def stops_answering(url: str) -> bool:
    for _ in range(200):
        if not answers(url):
            return True
        time.sleep(0.1)
    return False


@dataclass
class Scene:
    """Two processes that work over one new data folder at once; the first was killed, the second is alive."""

    data: Path
    killed_url: str
    living: subprocess.Popen[str]
    living_url: str

    @property
    def urls(self) -> tuple[str, str]:
        return self.killed_url, self.living_url


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    data = tmp_path_factory.mktemp("prefect") / "data"
    processes = [start(WORK, data), start(WORK, data)]
    try:
        urls = []
        for process in processes:
            assert process.stdout
            urls.append(process.stdout.readline().split()[1])
        assert all(answers(url) for url in urls)
        processes[0].kill()
        yield Scene(data, urls[0], processes[1], urls[1])
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def test_the_server_dies_with_its_killed_owner(scene: Scene) -> None:
    assert stops_answering(scene.killed_url)
    assert answers(scene.living_url)


def test_the_next_start_crashes_the_runs_of_the_dead_only(scene: Scene) -> None:
    stops_answering(scene.killed_url)
    state = dict(read_status(scene.data)["runs"])
    assert state[scene.killed_url]["type"] == "CRASHED"
    assert "killed" in state[scene.killed_url]["message"]
    assert state[scene.living_url]["type"] == "RUNNING"


def test_the_next_start_crashes_unfinished_tasks_of_finished_runs_of_the_dead_only(scene: Scene) -> None:
    stops_answering(scene.killed_url)
    tasks = read_status(scene.data)["tasks"]
    left = {url: [state for name, state in tasks if name.endswith(f" {url} (stopped)")] for url in scene.urls}
    assert left[scene.killed_url] == ["CRASHED"] * 3
    assert sorted(left[scene.living_url]) == ["PENDING", "RUNNING", "SCHEDULED"]


def test_a_configured_server_is_used_and_none_started(tmp_path: Path, scene: Scene) -> None:
    output = start(ENTER, tmp_path / "data", PREFECT_API_URL=scene.living_url).communicate(timeout=60)[0]
    assert output.strip() == scene.living_url
    assert not (tmp_path / "data").exists()


def test_a_failed_run_leaves_all_its_records_and_no_server(scene: Scene) -> None:
    scene.living.communicate("go on\n", timeout=60)
    assert scene.living.returncode == 1
    assert not answers(scene.living_url)
    records = read_status(scene.data)
    assert dict(records["runs"])[scene.living_url]["type"] == "FAILED"
    assert [state for _, state in records["tasks"]].count(
        "COMPLETED"
    ) == 1 + 1 + 50  # one of the killed run, the others of this run
    assert not answers(records["url"])


def test_a_configured_server_that_is_down_is_one_sentence(tmp_path: Path) -> None:
    output = start(ENTER, tmp_path / "data", PREFECT_API_URL="http://127.0.0.1:9/api").communicate(timeout=60)[0]
    assert output.startswith("no Prefect server answers at http://127.0.0.1:9/api")
    assert output.count("\n") == 1


@pytest.fixture(scope="module")
def server_with_password(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that asks for a password."""
    password = {"PREFECT_SERVER_API_AUTH_STRING": "admin:right", "PREFECT_API_AUTH_STRING": "admin:right"}
    process = start(WORK, tmp_path_factory.mktemp("password") / "data", **password)
    try:
        assert process.stdout
        yield process.stdout.readline().split()[1]
    finally:
        process.kill()
        process.communicate()


def test_a_wrong_password_is_one_sentence_and_the_right_one_is_enough(
    tmp_path: Path, server_with_password: str
) -> None:
    wrong = start(ENTER, tmp_path / "data", PREFECT_API_URL=server_with_password, PREFECT_API_AUTH_STRING="admin:wrong")
    output = wrong.communicate(timeout=60)[0]
    assert output.startswith(
        f"the Prefect server at {server_with_password} asks for a password: set PREFECT_API_AUTH_STRING"
    )
    assert output.count("\n") == 1
    right = start(ENTER, tmp_path / "data", PREFECT_API_URL=server_with_password, PREFECT_API_AUTH_STRING="admin:right")
    assert right.communicate(timeout=60)[0].strip() == server_with_password


def test_status_says_that_a_password_is_required(
    tmp_path: Path, server_with_password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", server_with_password)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UserError, match=r"asks for a password: set PREFECT_API_AUTH_STRING to user:password\.$"):
        status.read_status(tmp_path, 5)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:right")
    assert status.read_status(tmp_path, 5).prefect_answers


def test_servers_of_this_machine_are_not_reached_through_a_proxy(tmp_path: Path) -> None:
    proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    exceptions = {"no_proxy": "elsewhere.example", "NO_PROXY": "elsewhere.example"}
    output = start(ENTER, tmp_path / "data", **proxies, **exceptions).communicate(timeout=60)[0]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api", output.strip())


def test_a_damaged_database_is_one_sentence(tmp_path: Path) -> None:
    database = tmp_path / "data" / "prefect" / "prefect.db"
    database.parent.mkdir(parents=True)
    database.write_text("this is not a database, " * 500)
    output = start(ENTER, tmp_path / "data").communicate(timeout=60)[0]
    sentence = f"the Prefect database {database} is damaged (file is not a database)"
    assert output == f"{sentence}: rename it to begin with an empty one.\n"
