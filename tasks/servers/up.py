"""Runs both servers and a worker on this machine, over the data folder that runs without a server use."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from mlflow import MlflowClient

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, remove
from tasks.running.health import wait_until_up
from tasks.running.ownership import make_data_folder, try_lock
from tasks.running.sqlite import back_up_daily
from tasks.servers.addresses import Addresses, addresses_file, addresses_of, lock_file, mlflow_page
from tasks.servers.children import Children
from tasks.servers.deployments import deploy
from tasks.servers.loopback import HOST, listen, own_origins
from tasks.servers.prefect_api import POOL, living_workers
from tasks.servers.prefect_process import start_server, stop_server
from tasks.servers.private_prefect import api_of_this_process, crash_orphans
from tasks.tracking.local import embedded_uri
from tasks.tracking.store import artifacts, close_dead_runs, prepare_embedded

_START_SECONDS = 120
_LOOK_SECONDS = 0.5


class RunningServers:
    """The servers and the worker while they run."""

    def __init__(
        self, data: Path, addresses: Addresses, processes: Mapping[str, tuple["subprocess.Popen[bytes]", Path]]
    ) -> None:
        self._data, self.addresses, self._processes = data, addresses, processes

    @property
    def experiments(self) -> dict[str, str]:
        """The page with the runs of each experiment that has some."""
        client = MlflowClient(embedded_uri(self._data))
        return {
            experiment.name: f"{self.addresses.mlflow}{mlflow_page(f'experiments/{experiment.experiment_id}/runs')}"
            for experiment in reversed(client.search_experiments())
            if client.search_runs([experiment.experiment_id], max_results=1)
        }

    def wait(self) -> str:
        """Wait until one of the processes ends by itself; return a sentence that names it and its log.

        Meanwhile the databases are copied every day.
        """
        copied = None
        while True:
            if copied != (copied := date.today()):
                back_up_daily(self._data)
            for name, (process, log) in self._processes.items():
                if process.poll() is not None:
                    return f"the {name} ended by itself, so everything else was stopped: see its log {log}."
            time.sleep(_LOOK_SECONDS)


@contextmanager
def running_servers(data: Path, prefect_port: int, mlflow_port: int) -> Iterator[RunningServers]:
    """Start the Prefect server, the MLflow server and a worker, and register the deployments.

    They all end with the block, or with this process. First, runs that a killed process left unfinished are closed.

    Args:
        data: The data folder.
        prefect_port: The port of the Prefect server.
        mlflow_port: The port of the MLflow server.

    Raises:
        UserError: A port is taken or both are the same, the servers over this data folder are already up, or a server
            does not start.
    """
    if prefect_port == mlflow_port:
        raise UserError(f"both servers cannot listen on port {mlflow_port}: choose another with --mlflow-port.")
    data = data.resolve()
    with ExitStack() as stack:
        stack.enter_context(_only_one_up(data))
        prefect_socket = stack.enter_context(listen(prefect_port, "--prefect-port"))
        mlflow_socket = stack.enter_context(listen(mlflow_port, "--mlflow-port"))
        children = stack.enter_context(Children())
        logs = {name: data / "logs" / f"{name}.log" for name in ("mlflow", "worker")}
        mlflow_socket.close()  # MLflow takes a port number, not a socket
        mlflow_url = f"http://{HOST}:{mlflow_port}"
        prepare_embedded(data)
        mlflow = children.start(_mlflow_command(data, mlflow_port), _MLFLOW_SETTINGS, logs["mlflow"])
        home = data / "prefect"
        home.mkdir(parents=True, exist_ok=True)
        prefect, api = start_server(home, prefect_socket, _PREFECT_SETTINGS)
        stack.callback(stop_server, prefect)
        addresses = Addresses(prefect=api, mlflow=mlflow_url)
        if not wait_until_up(mlflow_url, lambda: mlflow.poll() is not None):
            raise UserError(f"the MLflow server did not start: see its log {logs['mlflow']}.")
        _close_dead_runs(data)
        stack.enter_context(api_of_this_process(api))
        crash_orphans(data, POOL)
        deploy()
        settings = {"MLFLOW_TRACKING_URI": mlflow_url, "EIGHTYTWENTY_DATA": str(data), "PREFECT_HOME": str(home)}
        worker = children.start(_worker_command(), {**_WORKER_SETTINGS, **settings}, logs["worker"])
        # closes runs that the worker leaves unfinished when it is stopped
        stack.callback(_close_dead_runs, data)
        stack.callback(lambda: crash_orphans(data, POOL) if prefect.poll() is None else None)
        stack.callback(children.stop, worker)
        _wait_for_worker(api, worker, logs["worker"])
        addresses.write(addresses_file(data))
        yield RunningServers(
            data,
            addresses,
            {
                "Prefect server": (prefect, home / "server.log"),
                "MLflow server": (mlflow, logs["mlflow"]),
                "worker": (worker, logs["worker"]),
            },
        )


_PREFECT_SETTINGS = {
    # without it, the database would grow for ever; runs older than 90 days are deleted, as in docker-compose.yml
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": "7776000",
}
_MLFLOW_SETTINGS = {
    # it is for GenAI: eight more processes with 1.8 GB, some of which outlive SIGTERM
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    # the assistant in MLflow's pages could run commands on this machine, and the gateway could call other services
    "MLFLOW_ENABLE_ASSISTANT_SANDBOX": "true",
    "MLFLOW_ENABLE_AI_GATEWAY": "false",
}
_WORKER_SETTINGS = {"PREFECT_WORKER_QUERY_SECONDS": "2"}


def _mlflow_command(data: Path, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"),
        *("--app-name", "eightytwenty", "--cors-allowed-origins", ",".join(own_origins(port))),
        *("--backend-store-uri", embedded_uri(data)),
        # flows write artifacts to the folder that runs without a server use, not through the server
        *("--default-artifact-root", artifacts(data).as_uri(), "--no-serve-artifacts"),
    ]


def _worker_command() -> list[str]:
    return [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", "up", "--type", "process"]


@contextmanager
def _only_one_up(data: Path) -> Iterator[None]:
    make_data_folder(data)
    with explain_write_errors(data):
        lock_file(data).parent.mkdir(parents=True, exist_ok=True)
    with try_lock(lock_file(data)) as is_alone:
        if not is_alone:
            addresses = addresses_of(data)
            where = f": Prefect at {addresses.prefect_ui}, MLflow at {addresses.mlflow}" if addresses else ""
            raise UserError(f"the servers over {data} are already up{where}; use them, or stop them first.")
        remove(addresses_file(data))
        try:
            yield
        finally:
            remove(addresses_file(data))


def _wait_for_worker(api: str, worker: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and worker.poll() is None:
        if living_workers(api):
            return
        time.sleep(0.2)
    raise UserError(f"the worker did not start: see its log {log}.")


def _close_dead_runs(data: Path) -> None:
    # straight in the database: the server may have died
    close_dead_runs(MlflowClient(embedded_uri(data)), data)
