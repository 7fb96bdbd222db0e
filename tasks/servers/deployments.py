"""What a Prefect server needs before it can run our flows: work pool, deployments, automations."""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from eightytwenty.errors import UserError
from tasks.registry import MODELS, identifier
from tasks.servers.automations import INBOX, register_automations
from tasks.servers.prefect_api import POOL

ROOT = Path(__file__).parents[2]
_RUN_SETTINGS = ("PREFECT_FLOWS_HEARTBEAT_FREQUENCY",)


def deploy() -> None:
    """Register the work pool, the deployments of all flows and the automations at PREFECT_API_URL, or update them.

    Raises:
        UserError: There is no prefect.yaml, or Prefect refuses it.
    """
    _make_pool()
    with _active_schedules_restored():
        _register_deployments(ROOT)
    register_automations()


def _make_pool() -> None:
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    with get_client(sync_client=True) as client:
        pool = WorkPoolCreate(name=POOL, type="process", base_job_template=_job_template())
        client.create_work_pool(pool, overwrite=True)


def _job_template() -> dict[str, Any]:
    """How a worker starts a run. All of it is fixed: whoever starts a run chooses its parameters and nothing else.

    Without a command, the worker would prepare a project folder for each run and might install packages into it, and it
    would give the run its own session, which would outlive a worker that is killed. Settings that a run's process needs
    before it imports our code are in the command, because a worker merges a run's own variables into `env`.
    """
    settings = [f"{name}={os.environ[name]}" for name in _RUN_SETTINGS]
    command = shlex.join(["env", *settings, sys.executable, "-m", "prefect.engine"])
    return {
        "job_configuration": {"command": command, "stream_output": True},
        "variables": {"type": "object", "properties": {}, "additionalProperties": False},
    }


def read_deployments(root: Path) -> dict[str, Any]:
    """The content of prefect.yaml in a checkout, with the deployments of the models.

    Raises:
        UserError: There is no prefect.yaml.
    """
    try:
        content: dict[str, Any] = yaml.safe_load((root / "prefect.yaml").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(
            f"there is no prefect.yaml in {root}: deployments are registered from a checkout, so run it there."
        ) from None
    shared, nightly = content["definitions"]["one_at_a_time"], content["definitions"]["nightly"]
    for model in MODELS:
        for name, file, more_tags, schedules in (
            (model.name, "training", [], []),
            (model.retraining, "retraining", [INBOX], [{**nightly, "cron": model.cron}]),
        ):
            entrypoint = f"flows/{file}.py:{identifier(name)}"
            tags = [file, model.data, *more_tags]
            deployment = {"name": name, "entrypoint": entrypoint, "tags": tags, "schedules": schedules, **shared}
            content["deployments"].append(deployment)
    return content


def _register_deployments(root: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(read_deployments(root), file)
        file.flush()
        result = subprocess.run(  # noqa: S603 - our own file
            [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", file.name],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode:
        lines = (result.stderr.strip() or result.stdout.strip()).splitlines() or ["it gave no reason"]
        raise UserError(
            f"Prefect refused the deployments ({lines[-1]}): correct prefect.yaml, "
            "or use the server version of requirements.lock."
        )


@contextmanager
def _active_schedules_restored() -> Iterator[None]:
    """Switches schedules on again that were on before the block: registering switches them off."""
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        active = {
            (deployment.id, schedule.slug)
            for deployment in client.read_deployments()
            for schedule in deployment.schedules
            if schedule.active
        }
        yield
        for deployment in client.read_deployments():
            for schedule in deployment.schedules:
                if (deployment.id, schedule.slug) in active and not schedule.active:
                    client.update_deployment_schedule(deployment.id, schedule.id, active=True)
