"""Starts Prefect servers over the data folder, and brings a private one where none is configured.

`prefect_api` is entered once around everything that calls flows. With PREFECT_API_URL set (in the environment or
in the active Prefect profile) it only checks that the server answers. Otherwise it starts a private one over
<data>/prefect/prefect.db for as long as the block lasts. Prefect's own serverless mode is not used because it
loses the records of tasks at exit.

A server is one child process that runs this file. It holds the read end of a pipe whose write end only
its owner has: when the owner is gone, even by SIGKILL, the pipe ends and the server stops.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from schemas.errors import UserError
from tasks.owner import claim_owner, only_one, owner_is_dead
from tasks.servers.health import silence, wait_until_up
from tasks.servers.origins import OwnOrigins, own_origins
from tasks.servers.prefect_api import password_wanted

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State

_STOP_SECONDS = 40
_EVENTS_SECONDS = 20
_DRAIN_SECONDS = 15
_OWNER = "owner:"
_ORIGINS = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"

_RECORDS_ONLY = {
    # one transaction for many task records instead of one for each
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # a private server records; deployments over the same database are the business of a real one
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
}


@contextmanager
def prefect_api(data: Path) -> Iterator[str]:
    """Yield the address of the Prefect API that flows called in the block report to.

    Runs over a private server carry the tag "owner:host:pid:start time". Those that a killed process left in the
    database are set to Crashed at the next start over the same folder; another living process is not touched.

    Args:
        data: The data folder; a private server keeps its database and log in <data>/prefect.

    Yields:
        The API's URL, such as http://127.0.0.1:4200/api.

    Raises:
        UserError: If the configured server does not answer, at the start or when the block fails; if the data folder
            cannot be written; if a private server does not start, or ends before the block fails.
    """
    from prefect import tags
    from prefect.settings import get_current_settings

    configured = get_current_settings().api.url
    if configured:
        configured_api()
        try:
            yield configured
        except Exception:
            _check_reachable(configured)  # where it is gone, that is the reason
            raise
        return
    owner = claim_owner(data)
    home = data.resolve() / "prefect"
    # Bound here and handed over, so that no other process can take the port in between.
    server, url = start_server(home, socket.create_server(("127.0.0.1", 0)), _RECORDS_ONLY)
    try:
        with api_of_this_process(url):
            crash_orphans(data)
            try:
                with tags(_OWNER + owner):
                    yield url
            except Exception as error:
                if server.poll() is None:
                    raise
                raise UserError(
                    f"the private Prefect server ended in the middle of the run: see its log {home / 'server.log'}, "
                    "and run again: finished stages are kept."
                ) from error
            finally:
                if server.poll() is None:
                    _drain()
    finally:
        stop_server(server)


def configured_api() -> str:
    """The Prefect API that is configured, which answers.

    Raises:
        UserError: None is configured, or it does not answer.
    """
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if not url:
        raise UserError("no Prefect server is named: set PREFECT_API_URL, for example to http://127.0.0.1:4200/api.")
    _check_reachable(url)
    return url


def _check_reachable(url: str) -> None:
    if reason := silence(url):
        raise UserError(
            f"no Prefect server answers at {url} ({reason}): start it, correct PREFECT_API_URL, "
            "or unset it to run with a private server."
        )
    _check_password(url)


def _check_password(url: str) -> None:
    # a server says that it is healthy to everyone, and nothing else to whom it does not know
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            client.hello()
    except PrefectHTTPStatusError as error:
        if error.response.status_code != HTTPStatus.UNAUTHORIZED:
            raise
        raise password_wanted(url) from error


def start_server(
    home: Path, listener: socket.socket, settings: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server that ends with this process, and wait until it answers.

    Args:
        home: The folder of its database and its log; it exists.
        listener: The socket it listens on; it is closed in this process, so that a server that dies is noticed.
        settings: Further settings of Prefect.

    Returns:
        The server's process, which `stop_server` ends, and the address of its API.

    Raises:
        UserError: It does not start.
    """
    # one start at a time: two servers that make the same new database would stumble over each other
    with only_one(home / "start.lock"):
        server, url = _start(home, listener, settings)
        try:
            if not wait_until_up(url, lambda: server.poll() is not None):
                raise UserError(f"the Prefect server did not start: its log {home / 'server.log'} says why.")
        except BaseException:
            stop_server(server)
            raise
    return server, url


def _start(home: Path, listener: socket.socket, more: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    settings = {
        "PREFECT_HOME": str(home),
        "PREFECT_API_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),  # else its pages talk to port 4200
        _ORIGINS: ",".join(own_origins(port)),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        **more,
    }
    with listener, (home / "server.log").open("ab") as log:
        server = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-P", "-m", "tasks.prefect_server", str(listener.fileno())],
            env={**os.environ, **settings},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C reaches the owner, who still has things to report
        )
    return server, url


@contextmanager
def api_of_this_process(url: str) -> Iterator[None]:
    """Let this process and its children talk to a Prefect API for as long as the block lasts."""
    # The environment is for child processes; Prefect itself, imported long before, has to read it once more.
    from prefect.context import refresh_global_settings_context

    os.environ["PREFECT_API_URL"] = url
    refresh_global_settings_context()
    try:
        yield
    finally:
        del os.environ["PREFECT_API_URL"]
        refresh_global_settings_context()


def crash_orphans(data: Path, pool: str | None = None) -> None:
    """Set the unfinished runs of dead processes to Crashed.

    Args:
        data: The data folder, where an owner of runs is known to be dead.
        pool: A work pool without a living worker, whose unfinished runs are dead as well.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, TaskRunFilter
    from prefect.states import Crashed

    unfinished = {"state": {"type": {"any_": ["RUNNING", "PENDING", "CANCELLING"]}}}
    dead_tasks: set[UUID] = set()

    def is_dead(run: "FlowRun") -> bool:
        owner = next((tag.removeprefix(_OWNER) for tag in run.tags if tag.startswith(_OWNER)), "")
        in_pool = pool is not None and run.work_pool_name == pool
        return in_pool or run.parent_task_run_id in dead_tasks or owner_is_dead(data, owner)

    crashed: State[None] = Crashed(message="The process that ran this flow was stopped or killed.")
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(unfinished))
        while dead := [run for run in runs if is_dead(run)]:  # again, because a run's tasks may be other runs
            for run in dead:
                of_run = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
                of_kind = TaskRunFilter.model_validate(unfinished)
                for task in client.read_task_runs(flow_run_filter=of_run, task_run_filter=of_kind):
                    client.set_task_run_state(task.id, crashed, force=True)
                    dead_tasks.add(task.id)
                client.set_flow_run_state(run.id, crashed, force=True)
                runs.remove(run)


def _drain() -> None:
    # Task records and logs travel in background threads; the server must not stop before they arrived.
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=_DRAIN_SECONDS)
    APILogWorker.drain_all(timeout=_DRAIN_SECONDS)


def stop_server(server: subprocess.Popen[bytes]) -> None:
    """Stop a server when all that it was told is in its database."""
    if server.stdin:
        server.stdin.close()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _serve(listener: int) -> None:
    threading.Thread(target=_stop_with_owner, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    app = OwnOrigins(create_app(final=True), os.environ[_ORIGINS].split(","))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


def _stop_with_owner() -> None:
    sys.stdin.buffer.read()  # nobody writes: this returns when the owner closes the pipe or is gone
    _wait_for_events()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os._exit(1)


def _wait_for_events() -> None:
    # The records of tasks arrive as events, which the server queues in memory and throws away when it stops.
    # All are in the database when the counts agree and stand still; those of a page that was open in a browser
    # may never agree, so a longer standstill counts as well.
    messaging = sys.modules.get("prefect.server.utilities.messaging.memory")
    if messaging is None:  # still starting
        return
    seen, changed = None, time.monotonic()
    deadline = changed + _EVENTS_SECONDS
    while (now := time.monotonic()) < deadline:
        counts = [(count["published"], count["consumed"]) for count in list(messaging.METRICS.values())]
        if counts != seen:
            seen, changed = counts, now
        if now - changed > (0.5 if all(published == consumed for published, consumed in counts) else 3):
            return
        time.sleep(0.1)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
