"""How runs start, resume and end: one parent run per flow run, with nested runs below it."""

import gc
import inspect
import json
import logging
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from eightytwenty.errors import UserError
from eightytwenty.printable import visible
from eightytwenty.signals import sigterm_raises
from tasks.running.ownership import OWNER_TAG, claim_owner
from tasks.running.stages import data_folder
from tasks.tracking.provenance import environment, origin, provenance_tags, source_tags
from tasks.tracking.run import Dataset, Run
from tasks.tracking.store import (
    changing_owners,
    check_server,
    close_dead_runs,
    connect,
    experiment_id,
    open_nested_runs,
)

_SAMPLE_SECONDS = 5  # between two looks at the processor, the memory, the disk and the network
logging.getLogger("mlflow.system_metrics").setLevel(logging.WARNING)  # it would announce its start and its end
_NO_SUCH_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # deleted, or not a run id


@contextmanager
def parent_run(
    data: Path,
    experiment: str,
    name: str,
    parameters: Mapping[str, object],
    tags: Mapping[str, str] | None = None,
    datasets: Iterable[Dataset] = (),
    resume: str | None = None,
    about: str = "",
) -> Iterator[Run]:
    """Record one flow run in MLflow.

    First closes the runs that killed processes left open. The run ends as FINISHED, as FAILED if the block raises, or
    as KILLED on Ctrl-C, SIGTERM or a cancelled flow.

    A resumed run keeps its name, tags and parameters: only what is missing is logged.

    Args:
        data: The data folder; the embedded store lies in <data>/mlflow.
        experiment: Name of the MLflow experiment, made if needed.
        name: Name of the run.
        parameters: Those of the flow.
        tags: Further tags.
        datasets: What the run learns from.
        resume: Id of an earlier run to resume. If that is impossible (see `resume_run`), a new run is started.
        about: What the runs of the experiment are, for its page.

    Raises:
        UserError: If the data folder cannot be written, or the tracking store cannot be reached or used.
    """
    all_tags = {**provenance_tags(), **(tags or {}), OWNER_TAG: claim_owner(data)}
    client = connect(data)
    close_dead_runs(client, data)
    with sigterm_raises():
        experiment = experiment_id(client, data, experiment, about)
        run = resume_run(client, data, experiment, resume) if resume else None
        run = run or start_run(client, experiment, name, all_tags)
        with ending(run):
            run.log_missing_parameters(parameters)
            run.log_datasets(datasets)
            run.log_text(json.dumps(environment(), indent=2), "environment.json")
            run.describe(origin())
            monitor = SystemMetricsMonitor(  # type: ignore[no-untyped-call]
                run.run_id, _SAMPLE_SECONDS, tracking_uri=run.tracking_uri, resume_logging=resume is not None
            )
            monitor.start()  # type: ignore[no-untyped-call]
            yield run
            # if the block raises, the monitor notices by itself that the run has ended, perhaps with its server
            monitor.finish()  # type: ignore[no-untyped-call]
        run.client.delete_tag(run.run_id, OWNER_TAG)  # who looks at a finished run has no use for it


def summary_of(form: type) -> str:
    """What the runs of a form are: the first paragraph of its docstring."""
    return inspect.cleandoc(form.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


@contextmanager
def nested_run(
    parent: Run,
    name: str,
    parameters: Mapping[str, object],
    datasets: Iterable[Dataset],
    tags: Mapping[str, str] | None = None,
    resume: str = "",
) -> Iterator[Run]:
    """Record the training of one network below the run of its flow.

    Args:
        parent: The run of the flow.
        name: Name of the run.
        parameters: What the network is trained with.
        datasets: What it learns from.
        tags: Further tags.
        resume: Id of the run of an interrupted training, or "".
    """
    run = resume_run(parent.client, data_folder(), parent.experiment_id, resume) if resume else None
    if run is None:
        # its owner is that of its parent
        nested = {**source_tags(), **(tags or {}), MLFLOW_PARENT_RUN_ID: parent.run_id}
        run = start_run(parent.client, parent.experiment_id, name, nested)
    else:  # its parent may be gone
        run.client.set_tag(run.run_id, MLFLOW_PARENT_RUN_ID, parent.run_id)
    with ending(run):
        if parameters:
            run.log_missing_parameters(parameters)
        run.log_datasets(datasets)
        yield run


def start_run(client: MlflowClient, experiment: str, name: str, tags: Mapping[str, str]) -> Run:
    """Start a run in the experiment with this id; `ending` ends it."""
    created = client.create_run(experiment, run_name=visible(name), tags=dict(tags))
    return Run(client.tracking_uri, experiment, created.info.run_id)


def resume_run(client: MlflowClient, data: Path, experiment: str, run_id: str) -> Run | None:
    """Reopen a run that has ended, so that this process continues it; `ending` ends it once more.

    A run that a killed process left in RUNNING counts as ended only after `close_dead_runs`.

    Args:
        client: The tracking store.
        data: The data folder of the run and of this process.
        experiment: The id of the experiment to which the run must belong.
        run_id: The run.

    Returns:
        The run; None if there is no such run in the experiment, or if it is still running, in a process that is
        alive or unknown here.
    """
    owner = claim_owner(data)
    with changing_owners(data):
        try:
            found = client.get_run(run_id)
        except MlflowException as error:
            if error.error_code not in _NO_SUCH_RUN:  # such as a server that does not answer
                raise
            return None
        info = found.info
        if (
            info.experiment_id != experiment
            or info.lifecycle_stage != LifecycleStage.ACTIVE
            or info.status == "RUNNING"
        ):
            return None
        # in this order: a run that is RUNNING must have a living owner at any moment
        if MLFLOW_PARENT_RUN_ID not in found.data.tags:
            client.set_tag(run_id, OWNER_TAG, owner)
        client.update_run(run_id, status="RUNNING")
    return Run(client.tracking_uri, experiment, run_id)


@contextmanager
def ending(run: Run) -> Iterator[None]:
    """End a run when the block ends, with the status that fits how the block ended.

    Raises:
        UserError: If the block raises and the tracking server is gone; the next start closes the run.
    """
    try:
        yield
    except BaseException as error:
        if _was_stopped(error):
            _release_frames(error)
            with suppress(UserError):
                _kill(run)
        else:
            check_server(run.tracking_uri)
            run.client.set_terminated(run.run_id, "FAILED")
        raise
    run.client.set_terminated(run.run_id, "FINISHED")


def _kill(run: Run) -> None:
    """End a run that was stopped, and the nested runs that it left open.

    A nested run ends itself, unless the signal came just after it was created, or while it was ending.
    """
    check_server(run.tracking_uri)
    for open_run in open_nested_runs(run.client, run.experiment_id, run.run_id):
        run.client.set_terminated(open_run.info.run_id, "KILLED")
    run.client.set_terminated(run.run_id, "KILLED")


def _release_frames(error: BaseException | None) -> None:
    """Let go of the calls that a signal interrupted, and of their variables.

    SQLAlchemy closes the connection of such a call, but SQLite keeps the database locked as long as a cursor exists.
    A frame that is cleared still holds what its function closes over, so the traceback ends here; and some of
    SQLAlchemy's objects refer to each other.
    """
    hook = sys.unraisablehook
    sys.unraisablehook = lambda _: None  # half-made objects complain when they are deleted
    try:
        while error:
            entry = error.__traceback__
            traceback.clear_frames(entry)
            while entry:
                following, entry.tb_next = entry.tb_next, None
                entry = following
            error = error.__cause__ or error.__context__
        gc.collect()
    finally:
        sys.unraisablehook = hook


def _was_stopped(error: BaseException | None) -> bool:
    """Whether Ctrl-C, SIGTERM or a cancelled flow is the cause of an error.

    They come at any time. A library that is interrupted while it holds a connection or a file may fail to close it,
    and then raises that failure instead.
    """
    while isinstance(error, Exception):
        error = error.__cause__ or error.__context__
    return error is not None
