"""`eightytwenty up` as its user sees it: real servers, runs triggered over the API, real kills."""

import json
import os
import re
import signal
import socket
import sqlite3
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar

import httpx
import pytest
from prefect.automations import Automation
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.events.actions import SendNotification

from tasks.servers.automations import TELL, register_automations
from tasks.servers.private_prefect import api_of_this_process
from tasks.tracking.lifecycle import parent_run
from tests.system.servers import PATIENCE, UNFINISHED, Servers, wait_for

QUICK = {"rows": 400, "largest_sums": [16], "hidden_units": [1, 2], "seeds": 1, "epochs": 30}
LONG = {**QUICK, "rows": 4000, "seeds": 20, "epochs": 100_000, "patience": 0}
DEPLOYMENTS = {"run", "adders", "gan", "clean", "clean-inbox", "retrain-adders", "retrain-avatars"}


def processes_of(data: Path) -> list[str]:
    """Command lines of the living processes whose command line or environment names the data folder."""
    commands = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if int(process.name) != os.getpid() and str(data).encode() in command + (process / "environ").read_bytes():
                commands.append(command.replace(b"\0", b" ").decode())
        except OSError:  # it has ended, or belongs to another user
            continue
    return commands


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    data = tmp_path_factory.mktemp("up") / "data"
    (data / "inbox" / "pairs").mkdir(parents=True)
    (data / "inbox" / "pairs" / "notes.csv").write_text("buy milk\n")  # long enough ago when a test needs it
    servers = Servers(data)
    yield servers
    servers.process.terminate()
    servers.process.communicate()


@pytest.fixture(scope="module")
def finished(up: Servers) -> str:
    """A run that was triggered over the API and has ended."""
    run = str(up.trigger("adders", **QUICK).json()["id"])
    assert up.final_state(run)["type"] == "COMPLETED"
    return run


def test_it_says_where_everything_is(up: Servers) -> None:
    assert f"export PREFECT_API_URL={up.api} MLFLOW_TRACKING_URI={up.mlflow}" in up.output
    assert f"{up.mlflow}/#/experiments?workflowType=machine_learning" in up.output


def test_nobody_listens_beyond_this_machine(up: Servers) -> None:
    # the kernel's table: local address and port in hexadecimal, state 0A for listening
    lines = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()]
    listening = {line[1] for line in lines if line[3] == "0A" and int(line[1].rpartition(":")[2], 16) in up.ports}
    assert listening == {f"0100007F:{port:04X}" for port in up.ports}


def test_a_second_one_over_the_same_folder_is_refused(up: Servers) -> None:
    second = up.start()
    assert "are already up: Prefect at" in second.communicate()[1]
    assert second.returncode == 2


def test_the_server_knows_pool_deployments_schedules_and_automation(up: Servers) -> None:
    deployments = {deployment["name"]: deployment for deployment in up.query("deployments")}
    assert set(deployments) == DEPLOYMENTS
    for deployment in deployments.values():
        assert deployment["work_pool_name"] == "eightytwenty"
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        assert deployment["tags"]
    for name in ("clean-inbox", "retrain-adders", "retrain-avatars"):
        (schedule,) = deployments[name]["schedules"]
        assert not schedule["active"]
        assert schedule["schedule"]["timezone"]
    automations = {automation["name"]: automation for automation in up.query("automations")}
    assert set(automations) == {"crash silent runs", TELL}


class Told(BaseHTTPRequestHandler):
    """Keeps what is posted to a local address, as the chat of a team would."""

    messages: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        self.messages.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_a_failed_and_a_refused_retraining_are_told_where_their_user_says(up: Servers) -> None:
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    Thread(target=listener.serve_forever, daemon=True).start()
    with api_of_this_process(up.api):
        address = f"http://127.0.0.1:{listener.server_port}/chat"
        chat = CustomWebhookNotificationBlock(name="chat", url=address, json_data={"text": "{{subject}} {{body}}"})
        action = SendNotification(
            block_document_id=chat.save("chat"), subject="{{ flow_run.name }}", body="{{ flow_run.state.message }}"
        )
        tell = Automation.read(name=TELL)
        tell.model_copy(update={"actions": [action]}).update()
        register_automations()  # as the next `up` does
    refused = up.trigger("retrain-adders", model="pairs", start="").json()["id"]
    assert up.final_state(refused)["name"] == "All files refused"
    failed = up.trigger("retrain-adders", inbox="/etc").json()["id"]
    assert up.final_state(failed)["name"] == "Failed"
    first, second = wait_for(lambda: len(Told.messages) > 1 and Told.messages)
    listener.shutdown()
    assert "retrain pairs 1 of 1 new files refused. notes.csv: refused." in first
    assert "retrain adders /etc lies outside the folders" in second


def test_every_field_of_every_form_has_a_title_a_description_and_limits(up: Servers) -> None:
    for deployment in up.query("deployments"):
        form = deployment["parameter_openapi_schema"]
        assert not form.get("definitions"), deployment["name"]
        assert "Raises" not in deployment["description"], deployment["name"]
        required = set(form.get("required", ()))
        for name, field in form["properties"].items():
            assert field["title"], name
            assert field["description"], name
            assert not {"<", ">"} & set(field["description"]), name  # the form would take it for HTML
            assert "default" in field or name in required, name
            assert not {"anyOf", "oneOf", "$ref"} & set(field), name
            if field["type"] in {"integer", "number"} and "enum" not in field:
                assert "minimum" in field, name


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"dirt": 2}, "'dirt'. Failure reason: 2 is greater than the maximum of 1"),
        ({"protocol": "guess"}, "'guess' is not one of ['both', 'article', 'solved']"),
        ({"hidden_units": [99]}, "99 is greater than the maximum of 64"),
    ],
)
def test_an_invalid_value_is_refused_with_its_reason(up: Servers, parameters: dict[str, Any], reason: str) -> None:
    answer = up.trigger("adders", **parameters)
    assert answer.status_code in {409, 422}
    assert reason in answer.json()["detail"]


def test_a_triggered_run_leaves_its_artifacts(up: Servers, finished: str) -> None:
    artifacts = up.artifacts(finished)
    assert all(artifact["description"] for artifact in artifacts.values())
    page = artifacts["adders-result"]["data"]
    in_order = ("| article |", "](data:image/png;base64,", "# Cleaning took", f"- [The run in MLflow]({up.mlflow}/#/")
    places = [page.index(words) for words in in_order]
    assert places == sorted(places)
    lines = [line["message"] for line in up.query("logs", logs={"flow_run_id": {"any_": [finished]}})]
    assert any(line.startswith("train article: ") for line in lines)
    assert not [line for line in lines if "{'" in line]


def test_the_run_and_its_files_are_in_mlflow(up: Servers, finished: str) -> None:
    page = up.artifacts(finished)["adders-result"]["data"]
    run, path = re.search(r"/runs/(\w+)/artifacts/([^?]+)", page).groups()
    answer = httpx.get(f"{up.mlflow}/api/2.0/mlflow/runs/get", params={"run_id": run}, timeout=PATIENCE).json()
    assert answer["run"]["info"]["status"] == "FINISHED"
    assert {"key": "prefect.flow_run_id", "value": finished} in answer["run"]["data"]["tags"]
    for file in (path, "report/results.png"):
        download = httpx.get(f"{up.mlflow}/get-artifact", params={"path": file, "run_uuid": run}, timeout=PATIENCE)
        assert download.is_success
        assert len(download.content) > 1000


def test_files_of_embedded_runs_show_in_the_same_mlflow(up: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with parent_run(up.data, "embedded", "embedded", {}) as run:
        run.log_text("# report", "report/report.md")
    query = {"path": "report/report.md", "run_uuid": run.run_id}
    assert httpx.get(f"{up.mlflow}/get-artifact", params=query, timeout=PATIENCE).text == "# report"


def test_status_lists_servers_and_runs(up: Servers, finished: str, command: Any) -> None:
    output = command(up.data, "status").stdout
    name = httpx.get(f"{up.api}/flow_runs/{finished}", timeout=PATIENCE).json()["name"]
    for words in (up.api.removesuffix("/api"), up.mlflow, "worker    up", "Completed", "FINISHED"):
        assert words in output
    told = json.loads(command(up.data, "status", "--json").stdout)  # a table breaks long names
    assert name in {run["name"] for run in told["flow_runs"]}


def test_a_path_outside_the_data_folder_fails_in_one_sentence(up: Servers) -> None:
    run = up.trigger("clean", source="/etc/hostname", out="cleaned").json()["id"]
    state = up.final_state(run)
    assert state["type"] == "FAILED"
    assert state["message"].startswith("/etc/hostname lies outside the folders")

    def log() -> list[str] | None:
        lines = [line["message"] for line in up.query("logs", logs={"flow_run_id": {"any_": [run]}})]
        return lines if state["message"] in lines else None

    lines = wait_for(log)  # the log arrives some seconds after the state
    assert not [line for line in lines if "Traceback" in line]


def test_a_table_is_cleaned_from_the_form(up: Servers) -> None:
    (up.data / "mine.csv").write_text("a,b,sum\n1,2,3\n2,2,5\n")
    run = up.trigger("clean", source="mine.csv", out="cleaned", schema="pairs").json()["id"]
    assert up.final_state(run)["type"] == "COMPLETED"
    assert "1 of 2 rows are clean" in up.artifacts(run)["clean-result"]["data"]
    assert (up.data / "cleaned" / "clean.parquet").is_file()


@pytest.fixture(scope="module")
def interrupted(up: Servers, finished: str) -> str:
    """A run that was training when `up` was killed; before that, a schedule was switched on."""
    run = str(up.trigger("adders", **LONG).json()["id"])
    wait_for(lambda: up.is_training(run))
    switch_on(up, "retrain-adders")
    assert (
        up.final_state(up.trigger("adders", **QUICK).json()["id"])["message"] == "Deployment concurrency limit reached."
    )
    up.process.kill()
    up.process.communicate()
    return run


def test_a_killed_one_leaves_no_process(up: Servers, interrupted: str) -> None:
    wait_for(lambda: not processes_of(up.data), 60)


@pytest.fixture(scope="module")
def second_start(up: Servers, interrupted: str) -> Iterator[Servers]:
    servers = Servers(up.data)
    yield servers
    servers.process.terminate()
    servers.process.communicate()


def test_the_next_one_keeps_the_finished_and_closes_the_rest(
    second_start: Servers, finished: str, interrupted: str
) -> None:
    assert second_start.state(finished)["type"] == "COMPLETED"
    assert second_start.state(interrupted)["type"] == "CRASHED"
    assert not UNFINISHED & statuses(second_start.data)
    schedules = [schedule for deployment in second_start.query("deployments") for schedule in deployment["schedules"]]
    assert [schedule["active"] for schedule in schedules].count(True) == 1


def test_a_stopped_one_leaves_no_process_and_no_run_unfinished(second_start: Servers) -> None:
    run = second_start.trigger("adders", **LONG).json()["id"]
    wait_for(lambda: second_start.is_training(run))
    second_start.process.send_signal(signal.SIGTERM)
    second_start.process.communicate(timeout=120)
    assert second_start.process.returncode == 128 + signal.SIGTERM
    assert not processes_of(second_start.data)
    assert not UNFINISHED & statuses(second_start.data)


def switch_on(up: Servers, deployment: str) -> None:
    (registered,) = up.query("deployments", deployments={"name": {"any_": [deployment]}})
    schedule = f"{up.api}/deployments/{registered['id']}/schedules/{registered['schedules'][0]['id']}"
    httpx.patch(schedule, json={"active": True}, timeout=PATIENCE).raise_for_status()


def statuses(data: Path) -> set[str]:
    """Every state that a run has in the databases of Prefect and MLflow."""
    states: set[str] = set()
    queries = {
        "prefect/prefect.db": ("SELECT state_type FROM flow_run", "SELECT state_type FROM task_run"),
        "mlflow/mlflow.db": ("SELECT status FROM runs",),
    }
    for database, statements in queries.items():
        with sqlite3.connect(data / database) as connection:
            for statement in statements:
                states |= {state for (state,) in connection.execute(statement)}
    return states


def test_a_port_in_use_is_one_sentence_and_nothing_starts(command: Any, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = command(tmp_path / "data", "up", "--mlflow-port", str(port), "--prefect-port", free_port())
    assert result.returncode == 2
    assert f"port {port} is taken" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "data" / "prefect").exists()


def test_one_port_for_both_is_one_sentence(command: Any, tmp_path: Path) -> None:
    port = free_port()
    result = command(tmp_path / "data", "up", "--mlflow-port", port, "--prefect-port", port)
    assert result.returncode == 2
    assert f"both servers cannot listen on port {port}" in result.stderr
    assert result.stderr.count("\n") == 1


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return str(probe.getsockname()[1])
