"""What a Prefect server must know before it can run our flows: work pool, deployments, automation."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from eightytwenty.errors import UserError
from tasks.servers.prefect_api import POOL

_ROOT = Path(__file__).parents[2]
_CRASH = "crash silent runs"
_OF_RUNS = ("PREFECT_FLOWS_HEARTBEAT_FREQUENCY",)
_SILENCE = timedelta(seconds=90)
"""Three heartbeats of a flow run; see PREFECT_FLOWS_HEARTBEAT_FREQUENCY in tasks/__init__.py."""


def deploy() -> None:
    """Register the work pool, the deployments of prefect.yaml and the automation at PREFECT_API_URL, or renew them.

    Raises:
        UserError: prefect.yaml is not there, or Prefect refuses it.
    """
    _make_pool()
    with _schedules_left_on():
        _register_deployments(_ROOT)
    _make_automation()


def _make_pool() -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    with get_client(sync_client=True) as client:
        pool = WorkPoolCreate(name=POOL, type="process", base_job_template=_job_template())
        client.create_work_pool(pool, overwrite=True)


def _job_template() -> dict[str, Any]:
    """How a worker starts a run. All of it is constant: whoever starts a run chooses its parameters and nothing else.

    Where no command is given the worker prepares a project folder for each run and may install packages into it, and
    it puts the run into a session of its own, which would outlive a worker that is killed. What a run's process must
    know before it imports our code stands in the command, because a worker adds a run's own variables to an `env`.
    """
    known = [f"{name}={os.environ[name]}" for name in _OF_RUNS]
    command = shlex.join(["env", *known, sys.executable, "-m", "prefect.engine"])
    return {
        "job_configuration": {"command": command, "stream_output": True},
        "variables": {"type": "object", "properties": {}, "additionalProperties": False},
    }


def _register_deployments(root: Path) -> None:
    if not (root / "prefect.yaml").is_file():
        raise UserError(f"there is no prefect.yaml in {root}: deployments are registered from a checkout.")
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it said nothing"]
        raise UserError(f"Prefect did not take the deployments of {root / 'prefect.yaml'}: {said[-1]}")


@contextmanager
def _schedules_left_on() -> Iterator[None]:
    """What was switched on in the UI is on afterwards, too: registering sets every schedule to prefect.yaml."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        on = {(of.id, one.slug) for of in client.read_deployments() for one in of.schedules if one.active}
        yield
        for of in client.read_deployments():
            for one in of.schedules:
                if (of.id, one.slug) in on and not one.active:
                    client.update_deployment_schedule(of.id, one.id, active=True)


def _make_automation() -> None:
    from prefect.automations import Automation

    wanted = Automation(**_automation())
    try:
        known = cast("Automation", Automation.read(name=_CRASH))
    except ValueError:
        wanted.create()
    else:
        wanted.model_copy(update={"id": known.id}).update()


def _automation() -> Mapping[str, Any]:
    """Runs that fall silent without having ended: their process was killed together with its worker, or its machine."""
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import EventTrigger, Posture

    ends = ("Completed", "Failed", "Cancelled", "Crashed")
    return {
        "name": _CRASH,
        "description": "A run without a heartbeat for 90 seconds becomes Crashed.",
        "trigger": EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in ends)},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=_SILENCE,
        ),
        "actions": [
            ChangeFlowRunState(
                state=StateType.CRASHED,
                name="Crashed",
                message="No heartbeat for 90 seconds: its process is gone.",
                force=False,
            )
        ],
    }
