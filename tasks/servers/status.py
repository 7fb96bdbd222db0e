"""What is up, and how the last runs ended."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tasks.running.health import unreachable_reason
from tasks.servers.prefect_api import living_workers, password_wanted, prefect_client
from tasks.servers.up import Addresses, addresses_of
from tasks.tracking.store import is_server, tracking_uri


@dataclass(frozen=True)
class RecordedRun:
    """A run of a flow, or its record in MLflow: its name, its state, when it started (UTC), seconds that it took."""

    name: str
    flow: str
    state: str
    started: datetime | None
    seconds: float | None


@dataclass(frozen=True)
class Status:
    """What is up, and the last runs, the youngest first.

    Attributes:
        prefect: Address of the Prefect API, empty if none is known.
        mlflow: Address of the MLflow server, empty if none is known.
        prefect_answers: Whether it answers.
        mlflow_answers: Whether it answers.
        workers: Names of the workers that were heard of lately.
        flow_runs: As Prefect has them; empty where no server answers.
        mlflow_runs: As MLflow has them: the server if it answers, else the store in the data folder.
    """

    prefect: str = ""
    mlflow: str = ""
    prefect_answers: bool = False
    mlflow_answers: bool = False
    workers: Sequence[str] = ()
    flow_runs: Sequence[RecordedRun] = field(default=())
    mlflow_runs: Sequence[RecordedRun] = field(default=())


def look(data: Path, runs: int) -> Status:
    """Look at the servers over a data folder, else at those that PREFECT_API_URL and MLFLOW_TRACKING_URI name.

    Args:
        data: The data folder.
        runs: How many runs are listed.

    Raises:
        UserError: A server asks for a password that was not given, or is another.
    """
    named = Addresses(os.environ.get("PREFECT_API_URL", ""), os.environ.get("MLFLOW_TRACKING_URI", ""))
    at = addresses_of(data) or named
    prefect_answers = bool(at.prefect) and not unreachable_reason(at.prefect)
    mlflow_answers = is_server(at.mlflow) and not unreachable_reason(at.mlflow)
    return Status(
        at.prefect,
        at.mlflow if is_server(at.mlflow) else "",
        prefect_answers,
        mlflow_answers,
        living_workers(at.prefect) if prefect_answers else (),
        _flow_runs(at.prefect, runs) if prefect_answers else (),
        _mlflow_runs(data, at.mlflow if mlflow_answers else tracking_uri(data), runs),
    )


def _flow_runs(api: str, most: int) -> list[RecordedRun]:
    with prefect_client(api) as client:
        asked = {"sort": "EXPECTED_START_TIME_DESC", "limit": most, "flow_runs": {"state": {"type": _PAST}}}
        answer = client.post("flow_runs/filter", json=asked)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise password_wanted(api)
        runs: list[dict[str, Any]] = answer.raise_for_status().json()
        flows = {"flows": {"id": {"any_": [run["flow_id"] for run in runs]}}}
        names = {flow["id"]: flow["name"] for flow in client.post("flows/filter", json=flows).raise_for_status().json()}
    return [
        RecordedRun(
            run["name"],
            names.get(run["flow_id"], ""),
            run["state_name"],
            datetime.fromisoformat(run["start_time"]) if run["start_time"] else None,
            run["estimated_run_time"] if run["start_time"] else None,
        )
        for run in runs
    ]


_PAST = {"not_any_": ["SCHEDULED"]}


def _mlflow_runs(data: Path, uri: str, most: int) -> list[RecordedRun]:
    if is_server(uri) and unreachable_reason(uri):
        return []
    if not is_server(uri) and not (data / "mlflow" / "mlflow.db").exists():
        return []  # looking must not make one
    from tasks.tracking.store import last_runs

    return [
        RecordedRun(
            run.info.run_name,
            experiment,
            run.info.status,
            datetime.fromtimestamp(run.info.start_time / 1000, UTC),
            (run.info.end_time - run.info.start_time) / 1000 if run.info.end_time else None,
        )
        for experiment, run in last_runs(uri, most)
    ]
