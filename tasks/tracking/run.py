"""What is written to an open run: parameters, metrics, tables, pictures, files and what it learns from."""

import gc
import json
import os
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from mlflow import MlflowClient
from mlflow.entities import Dataset as MlflowDataset
from mlflow.entities import DatasetInput, InputTag, Metric, Param
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE
from numpy.typing import NDArray
from pandas import DataFrame

from eightytwenty.evaluate.score import CleaningScore, fault_counts
from eightytwenty.printable import visible
from tasks.running.stages import data_folder
from tasks.servers.addresses import addresses_of, mlflow_page
from tasks.tracking.local import embedded_uri
from tasks.tracking.store import is_server

# the most that MLflow accepts in one call
_BATCH_POINTS = 1000
_BATCH_PARAMETERS = 100
_DIGEST_CHARACTERS = 36
_PICTURES = "images"  # where MLflow keeps pictures that have a step


@dataclass(frozen=True)
class Dataset:
    """One input of a run: its name, its path or address, its SHA-256 in hexadecimal, its number of rows, its use."""

    name: str
    path: Path | str
    sha256: str
    rows: int
    context: str = "training"


@dataclass(frozen=True)
class Run:
    """A reference to an open MLflow run. Its methods write to this very run, from whatever thread they are called."""

    tracking_uri: str
    experiment_id: str
    run_id: str

    @property
    def client(self) -> MlflowClient:
        """A new client of its store. Making one takes 50 microseconds, so tasks are given the address instead."""
        return MlflowClient(self.tracking_uri)

    def log_parameters(self, parameters: Mapping[str, object]) -> None:
        """Log any number of parameters, as text."""
        self.log_batch([], parameters)

    def log_missing_parameters(self, parameters: Mapping[str, object]) -> None:
        """Log those that the run does not have yet: a killed process may have logged the others."""
        logged = self.client.get_run(self.run_id).data.params
        self.log_parameters({key: value for key, value in parameters.items() if key not in logged})

    def log_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log the values of metrics at one step."""
        now = time.time_ns() // 1_000_000
        self.log_batch([Metric(key, float(value), now, step) for key, value in metrics.items()], {})

    def log_missing_metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Log those that the run does not have yet: a killed process may have logged the others."""
        logged = self.client.get_run(self.run_id).data.metrics
        self.log_metrics({key: value for key, value in metrics.items() if key not in logged}, step)

    def log_batch(self, points: Sequence[Metric], parameters: Mapping[str, object]) -> None:
        """Log any number of metric points and parameters in as few calls as MLflow allows.

        On SQLite a call takes about 5 ms, and 50 ms for 1,000 points.
        """
        entries = [Param(key, visible(_plain(value))) for key, value in parameters.items()]
        calls = max(-(-len(points) // _BATCH_POINTS), -(-len(entries) // _BATCH_PARAMETERS))
        with _no_garbage_collection():
            for call in range(calls):
                self.client.log_batch(
                    self.run_id,
                    metrics=points[call * _BATCH_POINTS : (call + 1) * _BATCH_POINTS],
                    params=entries[call * _BATCH_PARAMETERS : (call + 1) * _BATCH_PARAMETERS],
                )

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Copy a file, or a folder with everything in it, into a folder of the run's artifacts."""
        log = self.client.log_artifacts if path.is_dir() else self.client.log_artifact
        log(self.run_id, str(path), folder)

    def log_figure(self, figure: Figure, artifact: str) -> None:
        """Draw a Matplotlib figure into an artifact such as "figures/loss.png"."""
        self.client.log_figure(self.run_id, figure, artifact)

    def describe(self, markdown: str) -> None:
        """Write the description of the run, which its page begins with."""
        self.client.set_tag(self.run_id, MLFLOW_RUN_NOTE, markdown)

    def log_text(self, text: str, artifact: str) -> None:
        """Write text into an artifact such as "report.md"."""
        self.client.log_text(self.run_id, text, artifact)

    def log_picture(self, picture: NDArray[np.uint8], step: int, key: str = "samples") -> None:
        """Log the picture of one step, which the MLflow UI shows with a slider; an older one is replaced.

        A resumed run may log a step that it has logged before, in full or, if it was killed, in part.

        Args:
            picture: (height, width, 3), uint8, RGB.
            step: The epoch.
            key: The name of the row of pictures in the UI; letters, digits, "_", "-", "." and spaces.
        """
        for artifact in self.logged_pictures(step, key):
            self.delete_artifact(artifact)
        # not deferred to threads of MLflow's: it would cost the same at the end, and be lost with a killed process
        self.client.log_image(self.run_id, picture, key=key, step=step, synchronous=True)

    def logged_pictures(self, step: int, key: str = "samples") -> list[str]:
        """Artifact paths of the picture of one step: a PNG file and its small WebP copy; empty if there is none."""
        # MLflow stores the key and the step in the file's name only
        start = f"{_PICTURES}/{key}+step+{step}+"
        paths = [file.path for file in self.client.list_artifacts(self.run_id, _PICTURES)]
        return sorted(path for path in paths if path.startswith(start))

    def log_cleaning_scores(self, scores: Sequence[CleaningScore]) -> None:
        """Log the sum of the scores of cleanings: a table by kind of fault, and the totals as metrics."""
        if not scores:
            return
        kinds = pl.concat(score.kinds for score in scores).group_by("kind").sum().sort("kind")
        self.log_table(kinds.to_pandas(), "cleaning_score.json")
        self.log_metrics({f"repairs/{name}": float(count) for name, count in fault_counts(scores).items()})

    def log_table(self, table: DataFrame, artifact: str) -> None:
        """Write a table into an artifact that ends in ".json", which MLflow shows; an older one is replaced."""
        # MLflow would append to the table that a resumed run has logged before
        folder = artifact.rpartition("/")[0] or None
        if artifact in {file.path for file in self.client.list_artifacts(self.run_id, folder)}:
            self.delete_artifact(artifact)
        self.client.log_table(self.run_id, table, artifact)

    def delete_artifact(self, artifact: str) -> None:
        """Delete a file of the run's artifacts, or a folder with everything in it."""
        place = self.client.get_run(self.run_id).info.artifact_uri
        repository = get_artifact_repository(place, tracking_uri=self.tracking_uri)
        repository.delete_artifacts(artifact)  # type: ignore[no-untyped-call]

    def log_datasets(self, datasets: Iterable[Dataset]) -> None:
        """Log what the run learns from. MLflow's digest holds 36 characters; the source has the full one."""
        inputs = []
        for dataset in datasets:
            entity = MlflowDataset(
                name=dataset.name,
                digest=dataset.sha256[:_DIGEST_CHARACTERS],
                source_type="local",
                source=json.dumps({"uri": str(dataset.path), "sha256": dataset.sha256}),
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
        """The run's page on the tracking server; without a server, the command that starts one and the page."""
        return self.link_to()

    @property
    def runs_link(self) -> str:
        """The same as `link`, for the page with all runs of the experiment."""
        return self._link("runs")

    def link_to(self, artifact: str = "") -> str:
        """The same as `link`, for the page of an artifact such as "report/results.png"."""
        place = f"{self.run_id}/artifacts/{artifact}" if artifact else self.run_id
        return self._link(f"runs/{place}")

    def _link(self, place: str) -> str:
        uri, page = self.tracking_uri, mlflow_page(f"experiments/{self.experiment_id}/{place}")
        if is_server(uri):
            # people may reach the server by another address than its clients
            return (os.environ.get("EIGHTYTWENTY_MLFLOW_UI_URL") or uri).rstrip("/") + page
        is_embedded = uri == embedded_uri(data_folder())
        if is_embedded and (addresses := addresses_of(data_folder())):
            return addresses.mlflow + page
        command = "eightytwenty up" if is_embedded else shlex.join(["mlflow", "ui", "--backend-store-uri", uri])
        return f"{command}\nand open http://127.0.0.1:5000{page}"


def _plain(value: object) -> str:
    """A parameter as one searches for it: a list without brackets and quotes, as it is typed in a command."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    # MLflow makes an object per point. Every few hundred objects Python would search the whole heap, which is large
    # with TensorFlow in it, for garbage that is not there: that took 40 % of the time.
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
