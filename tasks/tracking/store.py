"""Where runs are recorded: the server that MLFLOW_TRACKING_URI names, or SQLite in the data folder."""

import logging
import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException

from eightytwenty.errors import UserError
from tasks.running.health import unreachable_reason
from tasks.running.ownership import OWNER_TAG, exclusive_lock, owner_is_dead

_NO_PASSWORD = {"UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}


def tracking_uri(data: Path) -> str:
    """Return the MLflow tracking address: MLFLOW_TRACKING_URI, else SQLite in <data>/mlflow."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{data.resolve() / 'mlflow' / 'mlflow.db'}"


def is_server(uri: str) -> bool:
    """Whether an address is that of a tracking server, not of a store that this process opens itself."""
    return uri.startswith(("http://", "https://"))


def connect(data: Path) -> MlflowClient:
    """Open the tracking store; the embedded one is created if needed.

    Raises:
        UserError: If the server does not answer within a few seconds or the store cannot be used.
    """
    uri = tracking_uri(data)
    check_server(uri)
    for name in ("mlflow.store.db.utils", "alembic"):  # they log a line per table of a new database
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        # one at a time: two processes that create the same database get in each other's way
        with nullcontext() if is_server(uri) else exclusive_lock(data / "owners" / "connecting"):
            client = MlflowClient(uri)
            client.search_experiments(max_results=1)
    except MlflowException as error:
        if error.error_code in _NO_PASSWORD:
            raise _password_required(uri) from error
        raise UserError(f"MLflow cannot record at {uri}: {str(error).splitlines()[0]}") from error
    return client


def _password_required(uri: str) -> UserError:
    return UserError(
        f"the MLflow server at {uri} asks for a password: "
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to those of a user."
    )


def connect_existing(data: Path) -> MlflowClient:
    """Open the tracking store to read from it: a data folder that has none gets none.

    Raises:
        UserError: If there is none, or as in `connect`.
    """
    if not is_server(tracking_uri(data)) and not (data / "mlflow").is_dir():
        raise UserError(f"there are no models in {data}: train one first, or name their folder by EIGHTYTWENTY_DATA.")
    return connect(data)


def check_server(uri: str) -> None:
    """Check that a tracking server answers; MLflow itself would try for four minutes before it reported a failure.

    Raises:
        UserError: If `uri` is that of a server, and it does not answer within a few seconds.
    """
    if not is_server(uri):
        return
    if reason := unreachable_reason(uri):
        raise UserError(
            f"no MLflow server answers at {uri} ({reason}): start it, correct MLFLOW_TRACKING_URI, "
            "or unset it to record in the data folder."
        )


def experiment_id(client: MlflowClient, data: Path, name: str) -> str:
    """Return the id of an experiment, which is created if needed.

    Raises:
        UserError: If the experiment was deleted, or if a server keeps its artifacts and no server is configured.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # A server chooses the place itself and passes artifacts on, so its clients need no access to that place.
        place = None if is_server(client.tracking_uri) else artifacts(data).as_uri()
        try:
            return client.create_experiment(name, artifact_location=place)
        except MlflowException:
            experiment = client.get_experiment_by_name(name)  # another process may have created it
            if experiment is None:
                raise
    if experiment.lifecycle_stage != LifecycleStage.ACTIVE:
        raise UserError(
            f"the MLflow experiment {name!r} is deleted: restore it, or remove it for good with `mlflow gc`."
        )
    if not is_server(client.tracking_uri) and experiment.artifact_location.startswith("mlflow-artifacts:"):
        raise UserError(
            f"the MLflow experiment {name!r} was made through a server, which keeps its artifacts: "
            "start that server and set MLFLOW_TRACKING_URI to it."
        )
    return experiment.experiment_id


def close_dead_runs(client: MlflowClient, data: Path) -> int:
    """End the runs, including nested ones, that killed processes of this data folder left in RUNNING, as KILLED.

    Runs of living processes, of other data folders and of other programs are left alone.

    Returns:
        The number of runs that were closed.
    """
    closed = 0
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    with changing_owners(data):
        running = client.search_runs(experiments, f"attributes.status = 'RUNNING' and tags.`{OWNER_TAG}` LIKE '%:%'")
        for run in running:
            if owner_is_dead(data, run.data.tags[OWNER_TAG]):
                client.set_terminated(run.info.run_id, "KILLED")
                closed += 1
    return closed


def last_runs(uri: str, limit: int) -> list[tuple[str, MlflowRun]]:
    """Return the last parent runs in a store, newest first, each with the name of its experiment.

    Raises:
        UserError: The store is a server that asks for a password.
    """
    client = MlflowClient(uri)
    try:
        names = {experiment.experiment_id: experiment.name for experiment in client.search_experiments()}
    except MlflowException as error:
        if error.error_code in _NO_PASSWORD:
            raise _password_required(uri) from error
        raise
    # only parents have the tags of `provenance_tags`
    parents = "tags.`version.python` LIKE '%'"
    runs = client.search_runs(list(names), parents, max_results=limit, order_by=["attributes.start_time DESC"])
    return [(names[run.info.experiment_id], run) for run in runs]


def changing_owners(data: Path) -> AbstractContextManager[None]:
    """One process at a time closes dead runs or resumes a run, so that none closes a run that another resumes."""
    return exclusive_lock(data / "owners" / "changing")


def artifacts(data: Path) -> Path:
    """Return the folder in which the embedded store keeps artifacts."""
    return data.resolve() / "mlflow" / "artifacts"
