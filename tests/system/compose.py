"""Starts the stack of docker-compose.yml on a real engine, uses it, restarts it and removes it: `make compose-test`.

The stack has its own project name, ports, secrets, volumes and image, and touches no other stack. It starts from a
copy of the project that only its owner can read, as a clone under umask 077 is. If images cannot be pulled, set
PYTHON_IMAGE, POSTGRES_IMAGE and PROXY_IMAGE to images that the engine has, and BUILD_CERTIFICATES to a file with the
certificates that the network needs.
"""

# a script for the terminal, like those of benchmarks/
# ruff: noqa: T201

import json
import os
import secrets
import shutil
import signal
import socket
import ssl
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
BRIEF = {**TINY, "largest_sums": [32]}
SERVICES = {"postgres", "prefect", "mlflow", "worker", "proxy", "scheduler", "cluster-worker"}
SECRETS = {
    "postgres": {"postgres_password"},
    "databases": {"postgres_password", "prefect_db_password", "mlflow_db_password"},
    "prefect": {"prefect_log_in", "prefect_db_password"},
    "mlflow": {"mlflow_db_password", "mlflow_password", "mlflow_secret_key"},
    "deploy": {"prefect_log_in"},
    "worker": {"prefect_log_in", "mlflow_password"},
    "proxy": {"tls_certificate", "tls_key"},
    "certificates": set(),
    "scheduler": set(),
    "cluster-worker": set(),
}
FOLDER = Path(tempfile.gettempdir(), f"compose-test-{os.getpid()}")  # not made yet: pytest imports this module, too
CHECKOUT, INBOX = FOLDER / "checkout", FOLDER / "inbox"
PASSWORDS = FOLDER / "secrets"
DELIVERY = INBOX / "adders" / "monday.csv"


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
    "COMPOSE_PROFILES": "tls,cluster",
    "PREFECT_PORT": free_port(),
    "MLFLOW_PORT": free_port(),
    "TLS_ADDRESS": "127.0.0.1",
    "PREFECT_TLS_PORT": free_port(),
    "MLFLOW_TLS_PORT": free_port(),
    "SECRETS_FOLDER": str(PASSWORDS),
    "INBOX": str(INBOX),
    "EIGHTYTWENTY_IMAGE": IMAGE,
}
MLFLOW = VARIABLES["MLFLOW_URL"] = f"http://127.0.0.1:{VARIABLES['MLFLOW_PORT']}"
VARIABLES["PREFECT_URL"] = f"http://127.0.0.1:{VARIABLES['PREFECT_PORT']}"
PREFECT = f"{VARIABLES['PREFECT_URL']}/api"


def main() -> None:
    started = time.monotonic()
    FOLDER.mkdir(mode=0o700)
    try:
        copy_project()
        make_secrets()
        os.environ["MLFLOW_TRACKING_PASSWORD"] = secret("mlflow_password")
        DELIVERY.parent.mkdir(parents=True)
        DELIVERY.write_text("a,b,sum\n1,1,2\n")
        with step("build the image"):
            compose("build")
        size = int(docker("image", "inspect", "--format", "{{.Size}}", IMAGE))
        with step(f"start the stack and wait until it is healthy; the image has {size / 1e9:.1f} GB"):
            interrupt_first_start()
            start()
        with step("requests without a password or from other origins are refused"):
            check_refusals()
        with step("no container is root, can write to its image, or has a secret that it does not need"):
            check_confinement()
            check_secrets()
        with step("the second UI of Prefect is neither served nor offered"):
            check_ui()
        with step("the proxy serves both servers over TLS"):
            check_proxy()
        with step("a file gets in, is cleaned, and its results get out"):
            check_cleaning()
        with step("a run triggered through the API completes"):
            run = trigger(TINY)
            wait_until_completed(run)
        with step("MLflow has the run, with artifacts and models, and Prefect links to it"):
            record = mlflow_record(run)
            register(record)
            check_links(run)
        with step("after down and up, everything is still there"):
            compose("down")
            start()
            check_nothing_is_lost(run, record)
        with step("the cluster cleans a folder although one of its workers is killed, as one machine does"):
            check_cluster()
        with step("a second worker joins"):
            first = online_workers()
            VARIABLES["WORKERS"] = "2"
            compose("up", "--detach")
            wait_until("a second worker is online", lambda: bool(online_workers() - first))
        with step("a run that ends within a minute completes although its worker is stopped"):
            check_stop_lets_a_run_end()
        with step("a run that takes longer is stopped after a minute, and closes its records itself"):
            check_stop_ends_a_run()
        with step("a run whose worker is killed becomes Crashed"):
            run_to_kill = trigger(ENDLESS)
            wait_until("the run is training", lambda: is_training(run_to_kill))
            compose("kill", "worker")
            wait_until("the run is Crashed", lambda: state_of(run_to_kill) == "Crashed")
        with step("no server has an error in its log"):
            check_logs()
        with step("backup, removal, and restore from the backup"):
            call(str(CHECKOUT / "compose" / "backup.sh"), "backups/monday", cwd=FOLDER)
            compose("down", "--volumes")
            DELIVERY.write_text("a,b,sum\n2,2,4\n")
            call(str(CHECKOUT / "compose" / "restore.sh"), "backups/monday", cwd=FOLDER)
            wait_until("all is healthy", all_healthy)
            check_nothing_is_lost(run, record)
            expect(DELIVERY.read_text() == "a,b,sum\n2,2,4\n", "the restore changed a file of the host")
    except BaseException:
        print(compose("logs", "--no-color", "--tail", "60"), file=sys.stderr)
        raise
    finally:
        with step("remove the stack and the image"):
            try:
                compose("down", "--volumes", "--remove-orphans", "--timeout", "5")
                docker("image", "rm", "--force", IMAGE)
            finally:
                shutil.rmtree(FOLDER)
    print(f"{time.monotonic() - started:4.0f} s  in all")


def copy_project() -> None:
    files = call("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    for name in files:
        copy = CHECKOUT / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, copy)
    for path in (CHECKOUT, *CHECKOUT.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)


def make_secrets() -> None:
    """Makes the folder of secrets as a user does, and replaces each by one that breaks unquoted commands."""
    call("compose/secrets.sh", str(PASSWORDS))
    for path in PASSWORDS.iterdir():
        path.chmod(0o644)
        path.write_text(("admin:" if path.name == "prefect_log_in" else "") + password() + "\n")
    certificate, key = PASSWORDS / "tls_certificate", PASSWORDS / "tls_key"
    files = ["-keyout", str(key), "-out", str(certificate)]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    call("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *files, *name)
    key.chmod(0o644)


def secret(name: str) -> str:
    return (PASSWORDS / name).read_text().removesuffix("\n")


def prefect_log_in() -> tuple[str, str]:
    user, _, word = secret("prefect_log_in").partition(":")
    return user, word


def mlflow_log_in() -> tuple[str, str]:
    return "admin", secret("mlflow_password")


def interrupt_first_start() -> None:
    """Leaves PostgreSQL with one of its roles and no database."""
    compose("up", "--detach", "postgres")
    statement = ("psql", "--host", "127.0.0.1", "--username", "postgres", "--command", "CREATE ROLE mlflow LOGIN")
    wait_until("PostgreSQL is there", lambda: succeeds("exec", "-T", "postgres", *statement))


def succeeds(*arguments: str) -> bool:
    command = ["docker", "compose", *arguments]
    return not subprocess.run(command, cwd=CHECKOUT, env={**os.environ, **VARIABLES}, capture_output=True).returncode


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


def compose(*arguments: str, text: str | None = None) -> str:
    """Calls Docker Compose for the project of this test, with this text as its input."""
    return call("docker", "compose", *arguments, text=text)


def call(*command: str, cwd: Path = CHECKOUT, text: str | None = None) -> str:
    environment = {**os.environ, **VARIABLES}
    result = subprocess.run(command, cwd=cwd, env=environment, input=text, capture_output=True, text=True)
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
    log_in = mlflow_log_in()
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
        "import socket\nfor address in ('postgres', 5432), ('scheduler', 8787), ('cluster-worker', 8788):\n"
        "    try: socket.create_connection(address, 3); print(address)\n    except OSError: pass"
    )
    reached = compose("exec", "-T", "worker", "python", "-c", connect)
    expect(not reached, f"a worker reaches {reached}")


def check_secrets() -> None:
    """Each container has the secrets that it needs as files, and none in its configuration."""
    for container in compose("ps", "--all", "--quiet").split():
        details = json.loads(docker("container", "inspect", container))[0]
        service = details["Config"]["Labels"]["com.docker.compose.service"]
        folder = "/run/secrets/"
        mounts = {mount["Destination"] for mount in details["Mounts"] if mount["Destination"].startswith(folder)}
        expect(mounts == {folder + name for name in SECRETS[service]}, f"{service} has the secrets {mounts}")
        values = [secret(path.name) for path in PASSWORDS.iterdir()]
        found = any(json.dumps(value)[1:-1] in json.dumps(details["Config"]) for value in values)
        expect(not found, f"the configuration of {service} contains a secret")


def check_ui() -> None:
    settings = httpx.get(f"{VARIABLES['PREFECT_URL']}/ui-settings").json()
    expect(settings["available_uis"] == ["v1"], f"Prefect offers {settings['available_uis']}")
    answer = httpx.get(f"{VARIABLES['PREFECT_URL']}/v2/", headers={"Accept": "text/html"})
    expect(answer.is_redirect and answer.headers["location"] in ("/", f"{VARIABLES['PREFECT_URL']}/"), "/v2 is served")


def check_proxy() -> None:
    trust = ssl.create_default_context(cafile=str(PASSWORDS / "tls_certificate"))
    for port, path, log_in in (
        (VARIABLES["PREFECT_TLS_PORT"], "/api/hello", prefect_log_in()),
        (VARIABLES["MLFLOW_TLS_PORT"], "/", mlflow_log_in()),
    ):
        url = f"https://127.0.0.1:{port}{path}"
        expect(httpx.get(url, verify=trust).status_code == 401, f"the proxy lets requests in without a password: {url}")
        expect(httpx.get(url, verify=trust, auth=log_in).is_success, f"the proxy does not serve {url}")


def check_cleaning() -> None:
    """As docs/compose.md says."""
    put = "mkdir -p /data/mine && cat > /data/mine/pairs.csv"
    compose("exec", "-T", "worker", "sh", "-c", put, text="a,b,sum\n1,2,3\n2,2,5\n1,2,3\n")
    run = trigger({"source": "mine/pairs.csv", "out": "mine/cleaned"}, "clean")
    wait_until_completed(run)
    compose("cp", "worker:/data/mine/cleaned", str(FOLDER / "cleaned"))
    found = {path.name for path in (FOLDER / "cleaned").iterdir()}
    expect({"clean.parquet", "quarantine.parquet", "report.md"} <= found, f"the cleaning made {found}")


def check_cluster() -> None:
    """The same rows by one machine and by a cluster of which a worker is killed in the middle."""
    (INBOX / "many").mkdir()
    for number in range(40):
        # the last key of each file comes again as the first of the next, and some sums are wrong
        numbers = range(number * 19_999, number * 19_999 + 20_000)
        rows = "".join(f"{n},{n % 97},{n % 89},{n % 97 + n % 89 + (not n % 1000)}\n" for n in numbers)
        (INBOX / "many" / f"{number:02}.csv").write_text(f"record_id,a,b,sum\n{rows}")
    source = {"source": "inbox/many", "schema": "pairs"}
    wait_until_completed(trigger(source | {"out": "whole"}, "clean"))
    worker = compose("ps", "--quiet", "cluster-worker").split()[0]
    run = trigger(source | {"out": "parts", "cluster": "tls://scheduler:8786"}, "clean")
    # inside, because all files are done soon after the first ones
    results = "ls /data/parts/.work/*/cleaning/stages/*-route-unit/*.result 2>/dev/null | wc -l"
    few_are_done = f"until [ $({results}) -ge 4 ]; do sleep 0.05; done"
    compose("exec", "-T", "worker", "timeout", "300", "sh", "-c", few_are_done)
    docker("kill", worker)
    expect(succeeds("exec", "-T", "worker", "test", "-d", "/data/parts/.work"), "the worker was killed too late")
    wait_until_completed(run)
    compose("exec", "-T", "worker", "eightytwenty", "merge", "/data/parts", "--out", "/data/merged")
    compose("exec", "-T", "worker", "diff", "--recursive", "/data/whole", "/data/merged")


def check_stop_lets_a_run_end() -> None:
    run = trigger(BRIEF)
    wait_until("the run has started", lambda: state_of(run) == "Running")
    compose("stop", "worker")
    expect(state_of(run) == "Completed", f"the run whose worker was stopped is {state_of(run)}")
    start()


def check_stop_ends_a_run() -> None:
    run = trigger(ENDLESS)
    wait_until("the run is training", lambda: is_training(run))
    started = time.monotonic()
    compose("stop", "worker")
    seconds = time.monotonic() - started
    expect(seconds > 60, f"the worker gave its run {seconds:.0f} s, not a minute")
    wait_until("the run is Crashed", lambda: state_of(run) == "Crashed", 10)
    running = mlflow().search_runs(experiments(), "attributes.status = 'RUNNING'")
    expect(not running, "MLflow still has running runs")
    start()


def experiments() -> list[str]:
    return [experiment.experiment_id for experiment in mlflow().search_experiments()]


def prefect(method: str, path: str, body: object = None) -> Any:
    """Calls the Prefect API with the password."""
    answer = httpx.request(method, PREFECT + path, json=body, auth=prefect_log_in(), timeout=30)
    expect(answer.is_success, f"Prefect answers {path} with {answer.status_code}: {answer.text}")
    return answer.json()


def trigger(parameters: dict[str, object], name: str = "adders") -> str:
    """Starts a run of a deployment and returns its id."""
    deployment = prefect("GET", f"/deployments/name/{name}/{name}")["id"]
    body = {"parameters": parameters}
    return str(prefect("POST", f"/deployments/{deployment}/create_flow_run", body)["id"])


def state_of(run: str) -> str:
    return str(prefect("GET", f"/flow_runs/{run}")["state"]["name"])


def wait_until_completed(run: str) -> None:
    wait_until("the run has ended", lambda: has_ended(run))
    expect(state_of(run) == "Completed", f"the run ended as {state_of(run)}")


def has_ended(run: str) -> bool:
    return state_of(run) in ("Completed", "Failed", "Crashed", "Cancelled")


def is_training(run: str) -> bool:
    """Whether the run has reached its training."""
    expect(not has_ended(run), f"the run ended as {state_of(run)}")
    tasks = prefect("POST", "/task_runs/filter", {"flow_runs": {"id": {"any_": [run]}}})
    return any(task["name"].startswith("train ") and task["state_type"] == "RUNNING" for task in tasks)


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
        # only the network that is registered has one
        "model": next(out.model_id for record in nested if record.outputs for out in record.outputs.model_outputs),
        "results": results,
    }


def register(record: dict[str, Any]) -> None:
    client = mlflow()
    client.create_registered_model("compose-test")
    client.create_model_version("compose-test", f"models:/{record['model']}", model_id=record["model"])


def check_links(run: str) -> None:
    """Links use the server's address for browsers, not its name among the containers."""
    artifacts = prefect("POST", "/artifacts/filter", {"flow_runs": {"id": {"any_": [run]}}})
    pages = [artifact["data"] for artifact in artifacts if artifact["key"] == "adders-result"]
    expect(len(pages) == 1 and f"]({MLFLOW}/#/" in pages[0], f"there is no link to MLflow in {pages}")


def check_nothing_is_lost(run: str, record: dict[str, Any]) -> None:
    expect(state_of(run) == "Completed", "the Prefect run is lost")
    expect(mlflow_record(run) == record, "the MLflow run or its artifacts have changed")
    expect(record["model"] in mlflow().get_model_version("compose-test", "1").source, "the registered model is lost")


def check_logs() -> None:
    """The logs of the servers contain no errors."""
    # PostgreSQL's ERROR does not count: it logs each insert of a row that already exists, which Prefect expects
    lines = compose("logs", "--no-color", "--no-log-prefix", "postgres", "prefect", "mlflow", "deploy").splitlines()
    # and its health check asks before the databases are made
    lines = [line for line in lines if not line.endswith("does not exist")]
    errors = [line for line in lines if any(word in line for word in (" ERROR ", "FATAL:", "PANIC:", "Traceback"))]
    expect(not errors, "the logs say:\n" + "\n".join(errors[:20]))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compose-test: stopped"))  # the stack is still removed
    os.environ |= {
        "MLFLOW_TRACKING_USERNAME": "admin",
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    }
    main()
