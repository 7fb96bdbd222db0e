"""Brings the stack of docker-compose.yml up on a real engine, uses it, restarts it and removes it: `make compose-test`.

It has a project name, ports, secrets, volumes and an image of its own and touches no other stack. Where no image can
be pulled, set PYTHON_IMAGE and POSTGRES_IMAGE to what the engine has, and BUILD_CERTIFICATES to a file with the
certificates that the network needs.
"""

# a script for the terminal, like those of benchmarks/
# ruff: noqa: D103, S603, T201

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

ROOT = Path(__file__).parent.parent
TINY = {"rows": 400, "largest_sums": [16], "hidden_units": [1, 2], "seeds": 1, "epochs": 30}
ENDLESS = {"rows": 400, "largest_sums": [16], "protocol": "article", "seeds": 100, "epochs": 100_000, "patience": 0}
SERVICES = {"postgres", "prefect", "mlflow", "worker"}


def password() -> str:
    """Ends with what breaks an address or a shell where it is not quoted."""
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
        with step(f"start the stack until all is healthy; the image has {size / 1e9:.1f} GB"):
            start()
        with step("nobody is served without a password, nor from elsewhere"):
            check_refusals()
        with step("no container has root, may write into its image, or reaches the database from a worker"):
            check_confinement()
        with step("a run triggered through the API completes"):
            run = trigger(TINY)
            wait_until("the run has ended", lambda: ended(run))
            expect(state_of(run) == "Completed", f"the run ended as {state_of(run)}")
        with step("MLflow has it, with artifacts and models, and Prefect links to it"):
            found = in_mlflow(run)
            register(found)
            check_links(run)
        with step("down, and up again: all of it is still there"):
            compose("down")
            start()
            check_all_there(run, found)
        with step("a second worker joins"):
            first = workers_online()
            compose("up", "--detach", "--no-recreate", "--scale", "worker=2")
            wait_until("a second worker is online", lambda: bool(workers_online() - first))
        with step("a run whose worker is killed becomes Crashed"):
            killed = trigger(ENDLESS)
            wait_until("the run trains", lambda: trains(killed))
            compose("kill", "worker")
            wait_until("the run is Crashed", lambda: state_of(killed) == "Crashed")
        with step("no server complains in its log"):
            check_logs()
        with step("saved, removed, and brought back from what was saved"), tempfile.TemporaryDirectory() as folder:
            call("compose/backup.sh", f"{folder}/saved")
            compose("down", "--volumes")
            call("compose/restore.sh", f"{folder}/saved")
            wait_until("all is healthy", all_healthy)
            check_all_there(run, found)
    except BaseException:
        print(compose("logs", "--no-color", "--tail", "60"), file=sys.stderr)
        raise
    finally:
        with step("remove what the test made"):
            compose("down", "--volumes", "--remove-orphans", "--timeout", "5")
            docker("image", "rm", "--force", IMAGE)
    print(f"{time.monotonic() - started:4.0f} s  all of it")


def start() -> None:
    compose("up", "--detach")
    wait_until("all is healthy", all_healthy)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Says what is done, and how long it took."""
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:4.0f} s  {what}", flush=True)


def docker(*arguments: str) -> str:
    """Calls Docker and returns what it prints."""
    return call("docker", *arguments)


def compose(*arguments: str) -> str:
    """Calls Docker Compose for the project of this test."""
    return call("docker", "compose", *arguments)


def call(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **VARIABLES}, capture_output=True, text=True)
    expect(done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise SystemExit(f"compose-test: {otherwise}")


def wait_until(what: str, holds: Callable[[], bool], seconds: int = 300) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        expect(time.monotonic() < deadline, f"waited {seconds} s in vain until {what}")
        time.sleep(1)


def containers() -> list[dict[str, Any]]:
    return [json.loads(line) for line in compose("ps", "--format", "json").splitlines()]


def all_healthy() -> bool:
    return {each["Service"] for each in containers() if each["Health"] == "healthy"} == SERVICES


def check_refusals() -> None:
    searched = {"max_results": 1}
    search = f"{MLFLOW}/api/2.0/mlflow/experiments/search"
    expect(httpx.get(f"{PREFECT}/health").is_success, "Prefect's health is not public")
    expect(httpx.get(f"{MLFLOW}/health").is_success, "MLflow's health is not public")
    expect(httpx.get(f"{PREFECT}/hello").status_code == 401, "Prefect serves whom it does not know")
    expect(httpx.get(f"{PREFECT}/hello", auth=("admin", "wrong")).status_code == 401, "Prefect takes any password")
    expect(prefect("GET", "/hello") is not None, "Prefect refuses the right password")
    expect(httpx.post(search, json=searched).status_code == 401, "MLflow serves whom it does not know")
    log_in = ("admin", VARIABLES["MLFLOW_PASSWORD"])
    for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        refused = httpx.post(search, json=searched, auth=log_in, headers=header).status_code == 403
        expect(refused, f"MLflow takes {header}")
    expect(httpx.post(search, json=searched, auth=log_in).is_success, "MLflow refuses the right password")
    for each in containers():
        addresses = {port["URL"] for port in each["Publishers"] or () if port["PublishedPort"]}
        expect(addresses <= {"127.0.0.1"}, f"{each['Service']} listens at {addresses}")


def check_confinement() -> None:
    for service in SERVICES:
        expect(compose("exec", "-T", service, "id", "-u").strip() != "0", f"{service} runs as root")
        wrote = compose("exec", "-T", service, "sh", "-c", "touch /usr/x 2>/dev/null && echo wrote || true")
        expect(not wrote, f"{service} can write into its image")
    reach = (
        "import socket\ntry: socket.create_connection(('postgres', 5432), 3); print('reached')\nexcept OSError: pass"
    )
    expect(not compose("exec", "-T", "worker", "python", "-c", reach), "a worker reaches the database")


def prefect(method: str, path: str, body: object = None) -> Any:
    """Calls the Prefect API with the password."""
    log_in = ("admin", VARIABLES["PREFECT_PASSWORD"])
    answer = httpx.request(method, PREFECT + path, json=body, auth=log_in, timeout=30)
    expect(answer.is_success, f"Prefect answers {path} with {answer.status_code}: {answer.text}")
    return answer.json()


def trigger(parameters: dict[str, object]) -> str:
    """Starts the deployment of the adders and returns the id of its run."""
    deployment = prefect("GET", "/deployments/name/adders/adders")["id"]
    body = {"parameters": {"parameters": parameters}}
    return str(prefect("POST", f"/deployments/{deployment}/create_flow_run", body)["id"])


def state_of(run: str) -> str:
    return str(prefect("GET", f"/flow_runs/{run}")["state"]["name"])


def ended(run: str) -> bool:
    return state_of(run) in ("Completed", "Failed", "Crashed", "Cancelled")


def trains(run: str) -> bool:
    """Whether the run has reached its training."""
    expect(not ended(run), f"the run ended as {state_of(run)}")
    tasks = prefect("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    return any(task["name"].startswith("train_") and task["state_type"] == "RUNNING" for task in tasks)


def workers_online() -> set[str]:
    """Their names; one that went down counts as online for a while."""
    workers = prefect("POST", "/work_pools/eightytwenty/workers/filter", {})
    return {worker["name"] for worker in workers if worker["status"] == "ONLINE"}


def mlflow() -> MlflowClient:
    return MlflowClient(MLFLOW)


def in_mlflow(run: str) -> dict[str, Any]:
    """What MLflow has of a flow run: its own run, the nested ones, an artifact through the server."""
    client = mlflow()
    experiment = client.get_experiment_by_name("adders")
    expect(experiment is not None, "MLflow has no experiment of the adders")
    runs = client.search_runs([experiment.experiment_id])
    parent = next((each for each in runs if each.data.tags.get("prefect.flow_run_id") == run), None)
    expect(parent is not None and parent.info.status == "FINISHED", "MLflow has no finished run of it")
    nested = [each for each in runs if each.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    expect(len(nested) == 4, f"MLflow has {len(nested)} nested runs of it, not 4")
    with tempfile.TemporaryDirectory() as folder:
        results = Path(client.download_artifacts(parent.info.run_id, "results.json", folder)).read_text()
    return {
        "run_id": parent.info.run_id,
        "metrics": {each.info.run_id: each.data.metrics for each in nested},
        "model": nested[0].outputs.model_outputs[0].model_id,
        "results": results,
    }


def register(found: dict[str, Any]) -> None:
    client = mlflow()
    client.create_registered_model("compose-test")
    client.create_model_version("compose-test", f"models:/{found['model']}", model_id=found["model"])


def check_links(run: str) -> None:
    """Links lead to where a browser finds the server, not to its name among the containers."""
    artifacts = prefect("POST", "/artifacts/filter", {"flow_runs": {"id": {"any_": [run]}}})
    links = [each["data"] for each in artifacts if each["key"] == "adders-mlflow"]
    expect(len(links) == 1 and f"{MLFLOW}/#/" in links[0], f"the link to MLflow is {links}")


def check_all_there(run: str, found: dict[str, Any]) -> None:
    expect(state_of(run) == "Completed", "the Prefect run is lost")
    expect(in_mlflow(run) == found, "the MLflow run or its artifacts are not what they were")
    expect(found["model"] in mlflow().get_model_version("compose-test", "1").source, "the registered model is lost")


def check_logs() -> None:
    """The servers say of nothing that it went wrong."""
    # not PostgreSQL's ERROR: it names each insert that finds its row there, which Prefect expects
    said = compose("logs", "--no-color", "--no-log-prefix", "postgres", "prefect", "mlflow", "deploy").splitlines()
    bad = [line for line in said if any(word in line for word in (" ERROR ", "FATAL:", "PANIC:", "Traceback"))]
    expect(not bad, "the logs say:\n" + "\n".join(bad[:20]))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compose-test: stopped"))  # what was made is still removed
    os.environ |= {
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_TRACKING_PASSWORD": VARIABLES["MLFLOW_PASSWORD"],
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    main()
