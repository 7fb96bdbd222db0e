"""How a run begins, is gone on with and ends: one parent per flow run, with nested ones below it."""

import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException

from eightytwenty.errors import UserError
from eightytwenty.signals import sigterm_raises
from tasks.running.ownership import OWNER_TAG, claim_owner
from tasks.tracking.provenance import provenance_tags
from tasks.tracking.run import Dataset, Run
from tasks.tracking.store import changing_owners, check_server, close_dead_runs, connect, experiment_id

_NO_SUCH_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # gone, or no run id at all


@contextmanager
def parent_run(
    data: Path,
    experiment: str,
    name: str,
    parameters: Mapping[str, object],
    tags: Mapping[str, str] | None = None,
    datasets: Iterable[Dataset] = (),
    resume: str | None = None,
) -> Iterator[Run]:
    """Record one flow run in MLflow.

    First closes what killed processes left open. The run ends FINISHED, FAILED if the block raises, or KILLED on
    Ctrl-C, SIGTERM or a cancelled flow.

    A run that is resumed keeps its name, its tags and the parameters it has: only what is missing is logged.

    Args:
        data: The data folder; the embedded store lies in <data>/mlflow.
        experiment: Name of the MLflow experiment, made if needed.
        name: Name of the run.
        parameters: What the flow was called with.
        tags: Further tags.
        datasets: What the run learns from.
        resume: Id of an earlier run to go on in. Where that cannot be (see `resume_run`) a new run is started.

    Raises:
        UserError: If the data folder cannot be written, or the tracking store cannot be reached or used.
    """
    everything = {**provenance_tags(), **(tags or {}), OWNER_TAG: claim_owner(data)}
    client = connect(data)
    close_dead_runs(client, data)
    with sigterm_raises():
        experiment = experiment_id(client, data, experiment)
        run = resume_run(client, data, experiment, resume) if resume else None
        run = run or start_run(client, experiment, name, everything)
        with ended(run):
            run.log_missing_parameters(parameters)
            run.log_datasets(datasets)
            yield run


def start_run(client: MlflowClient, experiment: str, name: str, tags: Mapping[str, str]) -> Run:
    """Start a run in the experiment with this id; `ended` ends it."""
    created = client.create_run(experiment, run_name=name, tags=dict(tags))
    return Run(client, experiment, created.info.run_id)


def resume_run(client: MlflowClient, data: Path, experiment: str, run_id: str) -> Run | None:
    """Open a run again that has ended, so that this process goes on in it; `ended` ends it once more.

    A run that a killed process left RUNNING has ended only after `close_dead_runs`.

    Args:
        client: The tracking store.
        data: The data folder of the run and of this process.
        experiment: The id of the experiment to which the run must belong.
        run_id: The run.

    Returns:
        The run; None if there is no such run in the experiment, or if it is still running: in a living process, or
        in one of which nothing is known here.
    """
    owner = claim_owner(data)
    with changing_owners(data):
        try:
            found = client.get_run(run_id)
        except MlflowException as error:
            if error.error_code not in _NO_SUCH_RUN:  # a server that does not answer says nothing about the run
                raise
            return None
        info = found.info
        if (
            info.experiment_id != experiment
            or info.lifecycle_stage != LifecycleStage.ACTIVE
            or info.status == "RUNNING"
        ):
            return None
        # in this order: a run that is RUNNING has a living owner at any moment
        client.set_tag(run_id, OWNER_TAG, owner)
        client.update_run(run_id, status="RUNNING")
    return Run(client, experiment, run_id)


@contextmanager
def ended(run: Run) -> Iterator[None]:
    """End a run when the block ends, with the status that tells how.

    Raises:
        UserError: If the block raises and the tracking server is gone; the next start closes the run.
    """
    try:
        yield
    except BaseException as error:
        if _was_stopped(error):
            _let_go(error)
            with suppress(UserError):
                _kill(run)
        else:
            check_server(run.client.tracking_uri)
            run.client.set_terminated(run.run_id, "FAILED")
        raise
    run.client.set_terminated(run.run_id, "FINISHED")


def _kill(run: Run) -> None:
    """End a run that was stopped, and what it left open below it.

    A nested run ends itself, but not where the signal struck in the moment after it was created or while it ended.
    """
    check_server(run.client.tracking_uri)
    nested = f"attributes.status = 'RUNNING' and tags.`mlflow.parentRunId` = '{run.run_id}'"
    for open_run in run.client.search_runs([run.experiment_id], nested):
        run.client.set_terminated(open_run.info.run_id, "KILLED")
    run.client.set_terminated(run.run_id, "KILLED")


def _let_go(error: BaseException | None) -> None:
    """Free what the calls that a signal interrupted still hold.

    SQLAlchemy closes the connection of such a call, but SQLite keeps the database locked while its cursor is there.
    """
    report = sys.unraisablehook
    sys.unraisablehook = lambda _: None  # what was half made complains when it goes
    try:
        while error:
            traceback.clear_frames(error.__traceback__)
            error = error.__cause__ or error.__context__
    finally:
        sys.unraisablehook = report


def _was_stopped(error: BaseException | None) -> bool:
    """Whether Ctrl-C, SIGTERM or a cancelled flow stands behind an error: nobody's mistake.

    They strike anywhere. A library that is interrupted while it holds a connection or a file may fail to put it away,
    and then raises that failure in their place.
    """
    while isinstance(error, Exception):
        error = error.__cause__ or error.__context__
    return error is not None
