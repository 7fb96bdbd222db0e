"""The parent run: one per flow run, with what went in, what made it and how it ended."""

import gc
import json
import os
import shlex
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Dataset as MlflowDataset
from mlflow.entities import DatasetInput, InputTag, LifecycleStage, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from pandas import DataFrame

from schemas.errors import UserError
from tasks.owner import OWNER_TAG, claim_owner
from tasks.signals import sigterm_raises
from tasks.tracking.provenance import provenance_tags
from tasks.tracking.store import changing_owners, check_server, close_dead_runs, connect, experiment_id, is_server

# the most that MLflow takes in one call
_BATCH_POINTS = 1000
_BATCH_PARAMETERS = 100
_DIGEST_CHARACTERS = 36
_NO_SUCH_RUN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # gone, or no run id at all


@dataclass(frozen=True)
class Dataset:
    """One input of a run: its name, where it lies, its SHA-256 in hexadecimal, its number of rows, its use."""

    name: str
    path: Path
    sha256: str
    rows: int
    context: str = "training"


@dataclass(frozen=True)
class Run:
    """An open MLflow run. Its methods write to this very run, from whatever thread they are called."""

    client: MlflowClient
    experiment_id: str
    run_id: str

    def log_parameters(self, parameters: Mapping[str, object]) -> None:
        """Log any number of parameters, as text."""
        entries = [Param(key, str(value)) for key, value in parameters.items()]
        for start in range(0, len(entries), _BATCH_PARAMETERS):
            self.client.log_batch(self.run_id, params=entries[start : start + _BATCH_PARAMETERS])

    def log_missing_parameters(self, parameters: Mapping[str, object]) -> None:
        """Log those that the run does not have: it may be one of a killed process that goes on."""
        known = self.client.get_run(self.run_id).data.params
        self.log_parameters({key: value for key, value in parameters.items() if key not in known})

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log the values that metrics have at one step."""
        now = time.time_ns() // 1_000_000
        self.log_points([Metric(key, float(value), now, step) for key, value in metrics.items()])

    def log_missing_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log those that the run does not have, for the same reason."""
        known = self.client.get_run(self.run_id).data.metrics
        self.log_metrics({key: value for key, value in metrics.items() if key not in known}, step)

    def log_points(self, points: list[Metric]) -> None:
        """Log any number of metric points in as few calls as MLflow allows: about 50 ms for 1,000 on SQLite."""
        with _no_garbage_collection():
            for start in range(0, len(points), _BATCH_POINTS):
                self.client.log_batch(self.run_id, metrics=points[start : start + _BATCH_POINTS])

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Copy a file, or a folder with all that is in it, into a folder of the run's artifacts."""
        log = self.client.log_artifacts if path.is_dir() else self.client.log_artifact
        log(self.run_id, str(path), folder)

    def log_figure(self, figure: Figure, artifact: str) -> None:
        """Draw a Matplotlib figure into an artifact such as "figures/loss.png"."""
        self.client.log_figure(self.run_id, figure, artifact)

    def log_text(self, text: str, artifact: str) -> None:
        """Write text into an artifact such as "report.md"."""
        self.client.log_text(self.run_id, text, artifact)

    def log_table(self, table: DataFrame, artifact: str) -> None:
        """Write a table into an artifact that ends in ".json", which MLflow shows; an older one gives way."""
        # MLflow would append to what a run that goes on has logged before
        folder = artifact.rpartition("/")[0] or None
        if artifact in {file.path for file in self.client.list_artifacts(self.run_id, folder)}:
            self.delete_artifact(artifact)
        self.client.log_table(self.run_id, table, artifact)

    def delete_artifact(self, artifact: str) -> None:
        """Delete a file of the run's artifacts, or a folder with all that is in it."""
        place = self.client.get_run(self.run_id).info.artifact_uri
        repository = get_artifact_repository(place, tracking_uri=self.client.tracking_uri)
        repository.delete_artifacts(artifact)  # type: ignore[no-untyped-call]

    def log_datasets(self, datasets: Iterable[Dataset]) -> None:
        """Log what the run learns from. MLflow's digest holds 36 characters; the whole one stands in a tag."""
        inputs = []
        for dataset in datasets:
            self.client.set_tag(self.run_id, f"dataset.{dataset.name}.sha256", dataset.sha256)
            entity = MlflowDataset(
                name=dataset.name,
                digest=dataset.sha256[:_DIGEST_CHARACTERS],
                source_type="local",
                source=json.dumps({"uri": str(dataset.path)}),
                profile=json.dumps({"num_rows": dataset.rows}),
            )
            inputs.append(DatasetInput(entity, tags=[InputTag("mlflow.data.context", dataset.context)]))
        if inputs:
            self.client.log_inputs(self.run_id, inputs)

    @property
    def model_id(self) -> str:
        """The id of the last model that the run logged.

        Raises:
            ValueError: it logged none.
        """
        outputs = self.client.get_run(self.run_id).outputs
        if outputs is None or not outputs.model_outputs:
            raise ValueError(f"the run {self.run_id} has no logged model")
        return str(outputs.model_outputs[-1].model_id)

    @property
    def link(self) -> str:
        """Where to look: the run's page on the tracking server, or the command that starts one, and the page."""
        return self.link_to()

    def link_to(self, artifact: str = "") -> str:
        """The same for the page of an artifact, such as "report/results.png"."""
        uri = str(self.client.tracking_uri)
        # without the query MLflow opens in its GenAI mode
        place = f"{self.run_id}/artifacts/{artifact}" if artifact else self.run_id
        page = f"/#/experiments/{self.experiment_id}/runs/{place}?workflowType=machine_learning"
        if is_server(uri):
            # people may reach the server by another address than its clients
            return (os.environ.get("EIGHTYTWENTY_MLFLOW_UI_URL") or uri).rstrip("/") + page
        command = shlex.join([sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", uri])
        return f"{command}\nand open http://127.0.0.1:5000{page}"


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


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    # MLflow makes an object per point, and every few hundred of them Python would search the whole heap, which
    # with TensorFlow in it is large, for garbage that is not there: 40 % of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
