"""Which servers are up, and how the last runs ended."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tasks.running.health import unreachable_reason
from tasks.servers.addresses import Addresses, addresses_of
from tasks.servers.prefect_api import living_workers, password_error, prefect_client
from tasks.tracking.local import database_file, tracking_uri
from tasks.tracking.store import connect_existing, is_server, last_runs, open_store


@dataclass(frozen=True)
class RecordedRun:
    """A run of a flow, or its record in MLflow: name, flow, state, start time (UTC), and how many seconds it took."""

    name: str
    flow: str
    state: str
    started: datetime | None
    seconds: float | None


@dataclass(frozen=True)
class Status:
    """Which servers are up, and the last runs, the newest first.

    Attributes:
        prefect: Address of the Prefect API, empty if none is known.
        mlflow: Address of the MLflow server, empty if none is known.
        prefect_answers: Whether the Prefect API answers.
        mlflow_answers: Whether the MLflow server answers.
        workers: Names of the workers that have sent a heartbeat lately.
        flow_runs: The runs in Prefect; empty if no server answers.
        mlflow_runs: The runs in MLflow: those of the server if it answers, else those of the data folder.
    """

    prefect: str = ""
    mlflow: str = ""
    prefect_answers: bool = False
    mlflow_answers: bool = False
    workers: Sequence[str] = ()
    flow_runs: Sequence[RecordedRun] = field(default=())
    mlflow_runs: Sequence[RecordedRun] = field(default=())

    @property
    def mlflow_ui(self) -> str:
        """The list of experiments in the MLflow UI, empty if no server is known."""
        return Addresses(prefect=self.prefect, mlflow=self.mlflow).mlflow_ui if self.mlflow else ""


def read_status(data: Path, runs: int) -> Status:
    """Look at the servers over a data folder; if there are none, at PREFECT_API_URL and MLFLOW_TRACKING_URI.

    Args:
        data: The data folder.
        runs: How many runs are listed.

    Raises:
        UserError: A server asks for a password, and none or a wrong one was given; or the data folder cannot be read.
    """
    configured = Addresses(
        prefect=os.environ.get("PREFECT_API_URL", ""), mlflow=os.environ.get("MLFLOW_TRACKING_URI", "")
    )
    addresses = addresses_of(data) or configured
    prefect_answers = bool(addresses.prefect) and not unreachable_reason(addresses.prefect)
    mlflow_answers = is_server(addresses.mlflow) and not unreachable_reason(addresses.mlflow)
    return Status(
        addresses.prefect,
        addresses.mlflow if is_server(addresses.mlflow) else "",
        prefect_answers,
        mlflow_answers,
        living_workers(addresses.prefect) if prefect_answers else (),
        _flow_runs(addresses.prefect, runs) if prefect_answers else (),
        _mlflow_runs(data, addresses.mlflow if mlflow_answers else tracking_uri(data), runs),
    )


def _flow_runs(api: str, limit: int) -> list[RecordedRun]:
    with prefect_client(api) as client:
        query = {
            "sort": "EXPECTED_START_TIME_DESC",
            "limit": limit,
            "flow_runs": {"state": {"type": {"not_any_": ["SCHEDULED"]}}},
        }
        answer = client.post("flow_runs/filter", json=query)
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise password_error(api)
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


def _mlflow_runs(data: Path, uri: str, limit: int) -> list[RecordedRun]:
    if is_server(uri) and unreachable_reason(uri):
        return []
    if not is_server(uri) and not database_file(data).exists():
        return []  # a look must not create a store
    client = open_store(uri) if is_server(uri) else connect_existing(data)
    return [
        RecordedRun(
            run.info.run_name,
            experiment,
            run.info.status,
            datetime.fromtimestamp(run.info.start_time / 1000, UTC),
            (run.info.end_time - run.info.start_time) / 1000 if run.info.end_time else None,
        )
        for experiment, run in last_runs(client, limit)
    ]
