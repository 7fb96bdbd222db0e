"""The Prefect API that flows report to: the configured one, or else a private server.

All calls of flows happen in one `prefect_api` block. If PREFECT_API_URL is set (in the environment or in the active
Prefect profile), it only checks that the server answers. Otherwise it starts a private server over
<data>/prefect/prefect.db for the length of the block. Prefect's own serverless mode is no alternative: it loses the
records of tasks at exit.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from eightytwenty.errors import UserError
from tasks.running.health import unreachable_reason
from tasks.running.ownership import claim_owner, owner_is_dead
from tasks.servers.loopback import HOST
from tasks.servers.prefect_api import password_error
from tasks.servers.prefect_process import start_server, stop_server

if TYPE_CHECKING:
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.objects import FlowRun, State

_DRAIN_SECONDS = 15
_OWNER_TAG_PREFIX = "owner:"
_ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")

_RECORDS_ONLY = {
    # one transaction for many task records instead of one transaction each
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    # a private server only records; scheduling deployments of the same database is left to the server of `up`
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_ENABLED": "false",
}


@contextmanager
def prefect_api(data: Path) -> Iterator[str]:
    """Yield the address of the Prefect API to which flows in the block report.

    Runs that report to a private server have the tag "owner:host:pid:start time". The next start over the same folder
    sets runs that a killed process left in the database to Crashed; those of living processes stay as they are.

    Args:
        data: The data folder; a private server keeps its database and log in <data>/prefect.

    Yields:
        The API's URL, such as http://127.0.0.1:4200/api.

    Raises:
        UserError: The configured server does not answer, at the start or after the block failed; the data folder cannot
            be written; or the private server does not start, or ended before the block failed.
    """
    from prefect import tags
    from prefect.settings import get_current_settings

    configured = get_current_settings().api.url
    if configured:
        configured_api()
        try:
            yield configured
        except Exception:
            _check_reachable(configured)  # if the server is gone, that is the reason
            raise
        return
    owner = claim_owner(data)
    home = data.resolve() / "prefect"
    # bound here and passed on, so that no other process can take the port in between
    server, url = start_server(home, socket.create_server((HOST, 0)), _RECORDS_ONLY)
    try:
        with api_of_this_process(url):
            crash_orphans(data)
            try:
                with tags(_OWNER_TAG_PREFIX + owner):
                    yield url
            except Exception as error:
                if server.poll() is None:
                    raise
                raise UserError(
                    f"the private Prefect server ended in the middle of the run: see its log {home / 'server.log'}, "
                    "and run again; finished stages are kept."
                ) from error
            finally:
                if server.poll() is None:
                    _send_pending_records()
    finally:
        stop_server(server)


def configured_api() -> str:
    """Return the address of the configured Prefect API, after checking that it answers.

    Raises:
        UserError: None is configured, or it does not answer.
    """
    from prefect.settings import get_current_settings

    url = get_current_settings().api.url
    if not url:
        raise UserError(
            "no Prefect server is configured: set PREFECT_API_URL, for example to http://127.0.0.1:4200/api."
        )
    _check_reachable(url)
    return url


def _check_reachable(url: str) -> None:
    if reason := unreachable_reason(url):
        raise UserError(
            f"no Prefect server answers at {url} ({reason}): start it, correct PREFECT_API_URL, "
            "or unset it to run with a private server."
        )
    _check_password(url)


def _check_password(url: str) -> None:
    # without the password a server only answers whether it is healthy
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            client.hello()
    except PrefectHTTPStatusError as error:
        if error.response.status_code != HTTPStatus.UNAUTHORIZED:
            raise
        raise password_error(url) from error


@contextmanager
def api_of_this_process(url: str) -> Iterator[None]:
    """Let this process and its children use a Prefect API for the length of the block."""
    # child processes inherit the environment; Prefect in this process read it at its import and must read it again
    from prefect.context import refresh_global_settings_context

    os.environ["PREFECT_API_URL"] = url
    refresh_global_settings_context()
    try:
        yield
    finally:
        del os.environ["PREFECT_API_URL"]
        refresh_global_settings_context()


def crash_orphans(data: Path, pool: str | None = None) -> None:
    """Set the unfinished runs of dead processes, and the unfinished tasks of their finished runs, to Crashed.

    A flow that is stopped by Ctrl-C ends itself, but a task that had not begun yet stays Pending.

    Args:
        data: The data folder, which knows the dead owners of runs.
        pool: A work pool without a living worker: its unfinished runs count as dead, too.
    """
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import TaskRunFilter
    from prefect.states import Crashed

    unfinished = ["RUNNING", "PENDING", "CANCELLING"]
    unfinished_tasks = TaskRunFilter.model_validate({"state": {"type": {"any_": [*unfinished, "SCHEDULED", "PAUSED"]}}})
    dead_tasks: set[UUID] = set()

    def is_dead(run: "FlowRun") -> bool:
        owner = next((tag.removeprefix(_OWNER_TAG_PREFIX) for tag in run.tags if tag.startswith(_OWNER_TAG_PREFIX)), "")
        in_pool = pool is not None and run.work_pool_name == pool
        return in_pool or run.parent_task_run_id in dead_tasks or owner_is_dead(data, owner)

    crashed: State[None] = Crashed(message="The process that ran this flow was stopped or killed.")
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_run_filter=_flow_runs(state={"type": {"any_": unfinished}}))
        while dead := [
            run for run in runs if is_dead(run)
        ]:  # repeated, because a dead run's task may have started another run
            for run in dead:
                for task in client.read_task_runs(
                    flow_run_filter=_flow_runs(id={"any_": [run.id]}), task_run_filter=unfinished_tasks
                ):
                    client.set_task_run_state(task.id, crashed, force=True)
                    dead_tasks.add(task.id)
                client.set_flow_run_state(run.id, crashed, force=True)
                runs.remove(run)
        tasks = client.read_task_runs(
            flow_run_filter=_flow_runs(state={"type": {"any_": _ENDED}}), task_run_filter=unfinished_tasks
        )
        runs = client.read_flow_runs(flow_run_filter=_flow_runs(id={"any_": [task.flow_run_id for task in tasks]}))
        dead_runs = {run.id for run in runs if is_dead(run)}  # the tasks of a living process may just be on their way
        for task in tasks:
            if task.flow_run_id in dead_runs:
                client.set_task_run_state(task.id, crashed, force=True)


def _flow_runs(**conditions: object) -> "FlowRunFilter":
    """The flow runs that meet conditions, such as id={"any_": [...]}."""
    from prefect.client.schemas.filters import FlowRunFilter

    return FlowRunFilter.model_validate(conditions)


def _send_pending_records() -> None:
    # background threads send task records and logs; the server must not stop before these have arrived
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all(timeout=_DRAIN_SECONDS)
    APILogWorker.drain_all(timeout=_DRAIN_SECONDS)
