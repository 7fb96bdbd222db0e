"""Starts the stack of docker-compose.yml on a real engine, uses it, restarts it and removes it: `make compose-test`.

The stack has its own project name, ports, secrets, volumes and image, and touches no other stack. If images cannot be
pulled, set PYTHON_IMAGE and POSTGRES_IMAGE to images that the engine has, and BUILD_CERTIFICATES to a file with the
certificates that the network needs.
"""

# a script for the terminal, like those of benchmarks/
# ruff: noqa: T201

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from mlflow import MlflowClient

ROOT = Path(__file__).parents[2]
TINY = {"rows": 400, "largest_sums": [16], "hidden_units": [1, 2], "seeds": 1, "epochs": 30}
ENDLESS = {"rows": 400, "largest_sums": [16], "protocol": "article", "seeds": 100, "epochs": 100_000, "patience": 0}
SERVICES = {"postgres", "prefect", "mlflow", "worker"}


def password() -> str:
    """A password that ends with characters that break an unquoted address or shell command."""
    return secrets.token_urlsafe(18) + "/@:%?#&$'\\"


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


IMAGE = f"eightytwenty-test-{os.getpid()}:test"
VARIABLES = {
    "COMPOSE_PROJECT_NAME": IMAGE.partition(":")[0],
    "COMPOSE_DISABLE_ENV_FILE": "true",
    "POSTGRES_PASSWORD": password(),
    "PREFECT_DB_PASSWORD": password(),
    "MLFLOW_DB_PASSWORD": password(),
    "PREFECT_PASSWORD": password(),
    "MLFLOW_PASSWORD": password(),
    "MLFLOW_SECRET_KEY": password(),
    "PREFECT_PORT": free_port(),
    "MLFLOW_PORT": free_port(),
    "EIGHTYTWENTY_IMAGE": IMAGE,
}
MLFLOW = VARIABLES["MLFLOW_URL"] = f"http://127.0.0.1:{VARIABLES['MLFLOW_PORT']}"
VARIABLES["PREFECT_URL"] = f"http://127.0.0.1:{VARIABLES['PREFECT_PORT']}"
PREFECT = f"{VARIABLES['PREFECT_URL']}/api"


def main() -> None:
    started = time.monotonic()
    try:
        with step("build the image"):
            compose("build")
        size = int(docker("image", "inspect", "--format", "{{.Size}}", IMAGE))
        with step(f"start the stack and wait until it is healthy; the image has {size / 1e9:.1f} GB"):
            start()
        with step("requests without a password or from other origins are refused"):
            check_refusals()
        with step("no container is root or can write to its image, and no worker reaches the database"):
            check_confinement()
        with step("a run triggered through the API completes"):
            run = trigger(TINY)
            wait_until("the run has ended", lambda: has_ended(run))
            expect(state_of(run) == "Completed", f"the run ended as {state_of(run)}")
        with step("MLflow has the run, with artifacts and models, and Prefect links to it"):
            record = mlflow_record(run)
            register(record)
            check_links(run)
        with step("after down and up, everything is still there"):
            compose("down")
            start()
            check_nothing_is_lost(run, record)
        with step("a second worker joins"):
            first = online_workers()
            compose("up", "--detach", "--no-recreate", "--scale", "worker=2")
            wait_until("a second worker is online", lambda: bool(online_workers() - first))
        with step("a run whose worker is killed becomes Crashed"):
            run_to_kill = trigger(ENDLESS)
            wait_until("the run is training", lambda: is_training(run_to_kill))
            compose("kill", "worker")
            wait_until("the run is Crashed", lambda: state_of(run_to_kill) == "Crashed")
        with step("no server has an error in its log"):
            check_logs()
        with step("backup, removal, and restore from the backup"), tempfile.TemporaryDirectory() as folder:
            call("compose/backup.sh", f"{folder}/backup")
            compose("down", "--volumes")
            call("compose/restore.sh", f"{folder}/backup")
            wait_until("all is healthy", all_healthy)
            check_nothing_is_lost(run, record)
    except BaseException:
        print(compose("logs", "--no-color", "--tail", "60"), file=sys.stderr)
        raise
    finally:
        with step("remove the stack and the image"):
            compose("down", "--volumes", "--remove-orphans", "--timeout", "5")
            docker("image", "rm", "--force", IMAGE)
    print(f"{time.monotonic() - started:4.0f} s  in all")


def start() -> None:
    compose("up", "--detach")
    wait_until("all is healthy", all_healthy)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Prints the title of a step, and how long it took."""
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:4.0f} s  {title}", flush=True)


def docker(*arguments: str) -> str:
    """Calls Docker and returns what it prints."""
    return call("docker", *arguments)


def compose(*arguments: str) -> str:
    """Calls Docker Compose for the project of this test."""
    return call("docker", "compose", *arguments)


def call(*command: str) -> str:
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, **VARIABLES}, capture_output=True, text=True)
    expect(result.returncode == 0, f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout


def expect(condition: bool, error: str) -> None:
    if not condition:
        raise SystemExit(f"compose-test: {error}")


def wait_until(event: str, condition: Callable[[], bool], seconds: int = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < deadline, f"not {event} within {seconds} s")
        time.sleep(1)


def containers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in compose("ps", "--format", "json").splitlines()]


def all_healthy() -> bool:
    return {container["Service"] for container in containers() if container["Health"] == "healthy"} == SERVICES


def check_refusals() -> None:
    query = {"max_results": 1}
    search = f"{MLFLOW}/api/2.0/mlflow/experiments/search"
    expect(httpx.get(f"{PREFECT}/health").is_success, "Prefect's health is not public")
    expect(httpx.get(f"{MLFLOW}/health").is_success, "MLflow's health is not public")
    expect(httpx.get(f"{PREFECT}/hello").status_code == 401, "Prefect answers without a password")
    expect(
        httpx.get(f"{PREFECT}/hello", auth=("admin", "wrong")).status_code == 401, "Prefect accepts a wrong password"
    )
    expect(prefect("GET", "/hello") is not None, "Prefect refuses the right password")
    expect(httpx.post(search, json=query).status_code == 401, "MLflow answers without a password")
    log_in = ("admin", VARIABLES["MLFLOW_PASSWORD"])
    for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        refused = httpx.post(search, json=query, auth=log_in, headers=header).status_code == 403
        expect(refused, f"MLflow accepts {header}")
    expect(httpx.post(search, json=query, auth=log_in).is_success, "MLflow refuses the right password")
    for container in containers():
        addresses = {port["URL"] for port in container["Publishers"] or () if port["PublishedPort"]}
        expect(addresses <= {"127.0.0.1"}, f"{container['Service']} listens on {addresses}")


def check_confinement() -> None:
    for service in SERVICES:
        expect(compose("exec", "-T", service, "id", "-u").strip() != "0", f"{service} runs as root")
        output = compose("exec", "-T", service, "sh", "-c", "touch /usr/x 2>/dev/null && echo written || true")
        expect(not output, f"{service} can write to its image")
    connect = (
        "import socket\ntry: socket.create_connection(('postgres', 5432), 3); print('reached')\nexcept OSError: pass"
    )
    expect(not compose("exec", "-T", "worker", "python", "-c", connect), "a worker reaches the database")


def prefect(method: str, path: str, body: object = None) -> Any:
    """Calls the Prefect API with the password."""
    log_in = ("admin", VARIABLES["PREFECT_PASSWORD"])
    answer = httpx.request(method, PREFECT + path, json=body, auth=log_in, timeout=30)
    expect(answer.is_success, f"Prefect answers {path} with {answer.status_code}: {answer.text}")
    return answer.json()


def trigger(parameters: dict[str, object]) -> str:
    """Starts a run of the deployment `adders` and returns its id."""
    deployment = prefect("GET", "/deployments/name/adders/adders")["id"]
    body = {"parameters": {"parameters": parameters}}
    return str(prefect("POST", f"/deployments/{deployment}/create_flow_run", body)["id"])


def state_of(run: str) -> str:
    return str(prefect("GET", f"/flow_runs/{run}")["state"]["name"])


def has_ended(run: str) -> bool:
    return state_of(run) in ("Completed", "Failed", "Crashed", "Cancelled")


def is_training(run: str) -> bool:
    """Whether the run has reached its training."""
    expect(not has_ended(run), f"the run ended as {state_of(run)}")
    tasks = prefect("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    return any(task["name"].startswith("train_") and task["state_type"] == "RUNNING" for task in tasks)


def online_workers() -> set[str]:
    """Names of the workers that are online; one that stopped still counts for a while."""
    workers = prefect("POST", "/work_pools/eightytwenty/workers/filter", {})
    return {worker["name"] for worker in workers if worker["status"] == "ONLINE"}


def mlflow() -> MlflowClient:
    return MlflowClient(MLFLOW)


def mlflow_record(run: str) -> dict[str, Any]:
    """What MLflow records of a flow run: its run, the nested runs, an artifact downloaded from the server."""
    client = mlflow()
    experiment = client.get_experiment_by_name("adders")
    expect(experiment is not None, "MLflow has no experiment `adders`")
    runs = client.search_runs([experiment.experiment_id])
    parent = next((record for record in runs if record.data.tags.get("prefect.flow_run_id") == run), None)
    expect(parent is not None and parent.info.status == "FINISHED", "MLflow has no finished run of the flow")
    nested = [record for record in runs if record.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    expect(len(nested) == 4, f"MLflow has {len(nested)} nested runs, not 4")
    with tempfile.TemporaryDirectory() as folder:
        results = Path(client.download_artifacts(parent.info.run_id, "results.json", folder)).read_text()
    return {
        "run_id": parent.info.run_id,
        "metrics": {record.info.run_id: record.data.metrics for record in nested},
        "model": nested[0].outputs.model_outputs[0].model_id,
        "results": results,
    }


def register(record: dict[str, Any]) -> None:
    client = mlflow()
    client.create_registered_model("compose-test")
    client.create_model_version("compose-test", f"models:/{record['model']}", model_id=record["model"])


def check_links(run: str) -> None:
    """Links use the server's address for browsers, not its name among the containers."""
    artifacts = prefect("POST", "/artifacts/filter", {"flow_runs": {"id": {"any_": [run]}}})
    links = [artifact["data"] for artifact in artifacts if artifact["key"] == "adders-mlflow"]
    expect(len(links) == 1 and f"{MLFLOW}/#/" in links[0], f"the link to MLflow is {links}")


def check_nothing_is_lost(run: str, record: dict[str, Any]) -> None:
    expect(state_of(run) == "Completed", "the Prefect run is lost")
    expect(mlflow_record(run) == record, "the MLflow run or its artifacts have changed")
    expect(record["model"] in mlflow().get_model_version("compose-test", "1").source, "the registered model is lost")


def check_logs() -> None:
    """The logs of the servers contain no errors."""
    # PostgreSQL's ERROR does not count: it logs each insert of a row that already exists, which Prefect expects
    lines = compose("logs", "--no-color", "--no-log-prefix", "postgres", "prefect", "mlflow", "deploy").splitlines()
    errors = [line for line in lines if any(word in line for word in (" ERROR ", "FATAL:", "PANIC:", "Traceback"))]
    expect(not errors, "the logs say:\n" + "\n".join(errors[:20]))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compose-test: stopped"))  # the stack is still removed
    os.environ |= {
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": VARIABLES["MLFLOW_PASSWORD"],
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    main()
