"""Where runs are recorded: the server that MLFLOW_TRACKING_URI names, or SQLite in the data folder."""

import logging
from contextlib import AbstractContextManager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.entities import Run as MlflowRun
from mlflow.exceptions import MlflowException
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID, MLFLOW_RUN_NOTE

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors
from tasks.running.health import unreachable_reason
from tasks.running.ownership import OWNER_TAG, exclusive_lock, make_data_folder, owner_is_dead
from tasks.running.sqlite import Database, check, is_writable, prepare, read_only_url, sqlite_url
from tasks.tracking.local import database_file, embedded_uri, tracking_uri

_NO_PASSWORD = {"UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"}


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
    if uri == embedded_uri(data):
        prepare_embedded(data)
    return open_store(uri)


def prepare_embedded(data: Path) -> None:
    """Make the embedded store if there is none, or bring an older one up to date.

    Raises:
        UserError: As in `tasks.running.sqlite.prepare`, or if the data folder cannot be written.
    """
    for name in ("mlflow.store.db.utils", "alembic"):  # they log a line per table of a new database
        logging.getLogger(name).setLevel(logging.WARNING)
    path = database_file(data)
    make_data_folder(data)
    with explain_write_errors(data):
        path.parent.mkdir(exist_ok=True)
        (data / "owners").mkdir(exist_ok=True)
    with exclusive_lock(data / "owners" / "connecting"):
        prepare(Database(path, "MLflow", _newest_revision, _upgrade, "SELECT 1 FROM experiments"))


def connect_existing(data: Path, *, to_write: bool = False) -> MlflowClient:
    """Open the tracking store of a data folder that has one; this works in a folder that cannot be written, too.

    Args:
        data: The data folder.
        to_write: Whether the caller will change something.

    Raises:
        UserError: If there is none, it cannot be written but has to be, or as in `connect`.
    """
    uri, path = tracking_uri(data), database_file(data)
    if uri != embedded_uri(data):
        return connect(data)
    if not path.parent.is_dir():
        raise UserError(
            f"there are no models in {data}: train one first, with `eightytwenty adders` or "
            "`eightytwenty gan`, or name their folder by EIGHTYTWENTY_DATA."
        )
    if is_writable(path):
        return connect(data)
    if to_write:
        raise UserError(f"{path} cannot be written, so nothing was changed: make it and its folder writable.")
    revision = check(path, "MLflow")
    if revision != _newest_revision():
        raise UserError(
            f"{path} is not of the installed version of MLflow, and cannot be brought up to date because it cannot be "
            "written: make it and its folder writable, or use a copy of the data folder."
        )
    return open_store(read_only_url(path))


def open_store(uri: str) -> MlflowClient:
    """Open a tracking store that exists.

    Raises:
        UserError: It asks for a password, or cannot be used.
    """
    try:
        client = MlflowClient(uri)
        client.search_experiments(max_results=1)
    except MlflowException as error:
        if error.error_code in _NO_PASSWORD:
            raise _password_required(uri) from error
        raise UserError(
            f"MLflow cannot use {uri} ({str(error).splitlines()[0]}): correct MLFLOW_TRACKING_URI."
        ) from error
    return client


def _newest_revision() -> str:
    # MLflow has no public function for these; its command `mlflow db upgrade` calls them
    from mlflow.store.db.utils import _get_latest_schema_revision

    return str(_get_latest_schema_revision())  # type: ignore[no-untyped-call]


def _upgrade(path: Path) -> None:
    from mlflow.store.db import utils

    engine = utils.create_sqlalchemy_engine(sqlite_url(path))  # type: ignore[no-untyped-call]
    try:
        if path.stat().st_size:
            utils._upgrade_db(engine)  # type: ignore[no-untyped-call]
        else:
            utils._initialize_tables(engine)  # type: ignore[no-untyped-call]
        # with a log, which the file keeps on using, a commit waits for the disk once instead of thrice, and who looks
        # at a page keeps no run from writing
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
    finally:
        engine.dispose()


def _password_required(uri: str) -> UserError:
    return UserError(
        f"the MLflow server at {uri} asks for a password: "
        "set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD to those of a user."
    )


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


def experiment_id(client: MlflowClient, data: Path, name: str, about: str = "") -> str:
    """Return the id of an experiment, which is created if needed.

    Args:
        client: The tracking store.
        data: The data folder.
        name: The experiment.
        about: A description for its page, if it has none yet.

    Raises:
        UserError: If the experiment was deleted, or if a server keeps its artifacts and no server is configured.
    """
    experiment = client.get_experiment_by_name(name)
    if experiment is None:
        # A server chooses the place itself and passes artifacts on, so its clients need no access to that place.
        place = None if is_server(client.tracking_uri) else artifacts(data).as_uri()
        try:
            return client.create_experiment(name, artifact_location=place, tags={MLFLOW_RUN_NOTE: about})
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
    if about and not experiment.tags.get(MLFLOW_RUN_NOTE):
        client.set_experiment_tag(experiment.experiment_id, MLFLOW_RUN_NOTE, about)
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
                # the parent, which has the owner's name, comes last: until then the next start finds all of them
                for dead in (*open_nested_runs(client, run.info.experiment_id, run.info.run_id), run):
                    client.set_terminated(dead.info.run_id, "KILLED")
                    closed += 1
    return closed


def open_nested_runs(client: MlflowClient, experiment: str, parent: str) -> list[MlflowRun]:
    """Return the runs below a parent that are RUNNING."""
    nested = f"attributes.status = 'RUNNING' and tags.`{MLFLOW_PARENT_RUN_ID}` = '{parent}'"
    return list(client.search_runs([experiment], nested))


def last_runs(client: MlflowClient, limit: int) -> list[tuple[str, MlflowRun]]:
    """Return the last parent runs in a store, newest first, each with the name of its experiment."""
    names = {experiment.experiment_id: experiment.name for experiment in client.search_experiments()}
    parents = f"tags.`{MLFLOW_PARENT_RUN_ID}` IS NULL"
    runs = client.search_runs(list(names), parents, max_results=limit, order_by=["attributes.start_time DESC"])
    return [(names[run.info.experiment_id], run) for run in runs]


def changing_owners(data: Path) -> AbstractContextManager[None]:
    """One process at a time closes dead runs or resumes a run, so that none closes a run that another resumes."""
    return exclusive_lock(data / "owners" / "changing")


def artifacts(data: Path) -> Path:
    """Return the folder in which the embedded store keeps artifacts."""
    return data.resolve() / "mlflow" / "artifacts"
