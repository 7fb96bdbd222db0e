"""Both servers and a worker on this machine, over the data folder that embedded runs use."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.files import write_whole, writing
from tasks.running.health import wait_until_up
from tasks.running.ownership import alone
from tasks.servers.children import Children
from tasks.servers.deployments import deploy
from tasks.servers.ports import HOST, listen
from tasks.servers.prefect_api import POOL, living_workers
from tasks.servers.prefect_process import start_server, stop_server
from tasks.servers.private_prefect import api_of_this_process, crash_orphans
from tasks.tracking.store import artifacts, close_dead_runs

_START_SECONDS = 120
_LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Addresses:
    """Where the servers answer: the Prefect API, which ends in /api, and MLflow."""

    prefect: str
    mlflow: str

    @property
    def prefect_ui(self) -> str:
        """The Prefect UI."""
        return self.prefect.removesuffix("/api")

    @property
    def mlflow_ui(self) -> str:
        """The MLflow UI; without the query it opens in its GenAI mode."""
        return f"{self.mlflow}/#/experiments?workflowType=machine_learning"


class Up:
    """The servers while they are up."""

    def __init__(self, addresses: Addresses, processes: Mapping[str, tuple["subprocess.Popen[bytes]", Path]]) -> None:
        self.addresses, self._processes = addresses, processes

    def wait(self) -> str:
        """Wait until one of the processes ends by itself; returns a sentence that names it and its log."""
        while True:
            for name, (process, log) in self._processes.items():
                if process.poll() is not None:
                    return f"the {name} ended by itself, so all else was stopped; its log {log} says why."
            time.sleep(_LOOK_SECONDS)


@contextmanager
def servers_up(data: Path, prefect_port: int, mlflow_port: int) -> Iterator[Up]:
    """Start the Prefect server, the MLflow server and a worker, and register the deployments.

    All of it ends with the block, or with this process. Runs that a killed process left unfinished are closed first.

    Args:
        data: The data folder.
        prefect_port: Where the Prefect server listens.
        mlflow_port: Where the MLflow server listens.

    Raises:
        UserError: A port is taken or both are the same, another process does the same over this data folder, or a
            server does not start.
    """
    if prefect_port == mlflow_port:
        raise UserError(f"both servers cannot listen on port {mlflow_port}: choose another with --mlflow-port.")
    data = data.resolve()
    with ExitStack() as stack:
        stack.enter_context(_only_up(data))
        prefect_socket = stack.enter_context(listen(prefect_port, "--prefect-port"))
        mlflow_socket = stack.enter_context(listen(mlflow_port, "--mlflow-port"))
        children = stack.enter_context(Children())
        logs = {name: data / "logs" / f"{name}.log" for name in ("mlflow", "worker")}
        mlflow_socket.close()  # MLflow can only be told its number
        mlflow_url = f"http://{HOST}:{mlflow_port}"
        mlflow = children.start(_mlflow_command(data, mlflow_port), _MLFLOW_SETTINGS, logs["mlflow"])
        home = data / "prefect"
        home.mkdir(parents=True, exist_ok=True)
        prefect, api = start_server(home, prefect_socket, _PREFECT_SETTINGS)
        stack.callback(stop_server, prefect)
        addresses = Addresses(api, mlflow_url)
        if not wait_until_up(mlflow_url, lambda: mlflow.poll() is not None):
            raise UserError(f"the MLflow server did not start: its log {logs['mlflow']} says why.")
        _close_dead_runs(data)
        stack.enter_context(api_of_this_process(api))
        crash_orphans(data, POOL)
        deploy()
        settings = {"MLFLOW_TRACKING_URI": mlflow_url, "EIGHTYTWENTY_DATA": str(data), "PREFECT_HOME": str(home)}
        worker = children.start(_worker_command(), {**_WORKER_SETTINGS, **settings}, logs["worker"])
        # what the worker leaves unfinished when it is stopped
        stack.callback(_close_dead_runs, data)
        stack.callback(lambda: crash_orphans(data, POOL) if prefect.poll() is None else None)
        stack.callback(children.stop, worker)
        _wait_for_worker(api, worker, logs["worker"])
        _write_addresses(data, addresses)
        yield Up(
            addresses,
            {
                "Prefect server": (prefect, home / "server.log"),
                "MLflow server": (mlflow, logs["mlflow"]),
                "worker": (worker, logs["worker"]),
            },
        )


def addresses_of(data: Path) -> Addresses | None:
    """Where the servers over this data folder answer, None if they are not up."""
    with suppress(FileNotFoundError, ValueError), alone(_lock(data)) as nobody:
        if not nobody:
            return Addresses(**json.loads(_place(data).read_text()))
    return None


_PREFECT_SETTINGS = {
    # else its database grows for ever; runs older than 90 days go, as in docker-compose.yml
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "7776000",
}
_MLFLOW_SETTINGS = {
    # for GenAI: eight more processes and 1.8 GB, some of which outlive SIGTERM
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # the assistant in MLflow's pages could run commands on this machine, and the gateway would call others
    "MLFLOW_ENABLE_ASSISTANT_SANDBOX": "true",
    "MLFLOW_ENABLE_AI_GATEWAY": "false",
}
_WORKER_SETTINGS = {"PREFECT_WORKER_QUERY_SECONDS": "2"}


def _mlflow_command(data: Path, port: int) -> list[str]:
    (data / "mlflow").mkdir(parents=True, exist_ok=True)
    return [
        *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"),
        *("--backend-store-uri", _mlflow_store(data)),
        # flows write to the same folder as embedded runs do, not through the server
        *("--default-artifact-root", artifacts(data).as_uri(), "--no-serve-artifacts"),
    ]


def _mlflow_store(data: Path) -> str:
    return f"sqlite:///{data / 'mlflow' / 'mlflow.db'}"


def _worker_command() -> list[str]:
    return [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", "up", "--type", "process"]


@contextmanager
def _only_up(data: Path) -> Iterator[None]:
    with writing(data):
        _lock(data).parent.mkdir(parents=True, exist_ok=True)
    with alone(_lock(data)) as nobody_else:
        if not nobody_else:
            up = addresses_of(data)
            where = f": Prefect at {up.prefect_ui}, MLflow at {up.mlflow}" if up else ""
            raise UserError(f"the servers over {data} are already up{where}; stop those first or use them.")
        _place(data).unlink(missing_ok=True)
        try:
            yield
        finally:
            _place(data).unlink(missing_ok=True)


def _wait_for_worker(api: str, worker: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and worker.poll() is None:
        if living_workers(api):
            return
        time.sleep(0.2)
    raise UserError(f"the worker did not start: its log {log} says why.")


def _close_dead_runs(data: Path) -> None:
    from mlflow import MlflowClient

    # not through the server, which may have died
    close_dead_runs(MlflowClient(_mlflow_store(data)), data)


def _write_addresses(data: Path, addresses: Addresses) -> None:
    write_whole(_place(data), json.dumps(asdict(addresses)).encode())


def _place(data: Path) -> Path:
    return data / "servers" / "up.json"


def _lock(data: Path) -> Path:
    return data / "servers" / "up.lock"
