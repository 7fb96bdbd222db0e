"""One nested run per trained network: parameters, a point per epoch, figures and the model itself."""

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import LoggedModelOutput, Metric

from tasks.tracking.lifecycle import nested_run
from tasks.tracking.local import DIGEST, list_digests
from tasks.tracking.provenance import pip_requirements
from tasks.tracking.run import Dataset, Run

if TYPE_CHECKING:
    import keras

DESCRIPTION, WEIGHTS = "MLmodel", "data/model.keras"
"""The files that each logged model has and that are read again."""
_MOST_EPOCHS = 50


@dataclass(frozen=True)
class NetworkRecord:
    """What is logged of one trained network.

    Attributes:
        name: Name of its run.
        parameters: Those of its training.
        tags: Further tags of its run.
        history: Per metric the values of epochs 0, 1, 2, ...; the series may differ in length. Of a longer series,
            50 epochs are logged, the first and the last among them: a page shows no more of a curve.
        metrics: Final values, under names that `history` does not use. Their step is 0: pages draw them as bars.
        figures: Per artifact path, such as "error.png", a Matplotlib figure or the bytes of a PNG file.
        model: Builds the Keras model; called once, when this network is logged. None: only its numbers are logged.
        input_example: (rows, inputs) array, a few rows that the model accepts; needed with a model.
        metadata: For the users of the model, as in `log_model`.
        files: Writes files beside the model, as in `log_model`.
        datasets: What the network learned from.
    """

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    history: Mapping[str, Sequence[float] | np.ndarray] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Figure | bytes] = field(default_factory=dict)
    model: "Callable[[], keras.Model] | None" = None
    input_example: np.ndarray | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    files: Callable[[Path], Sequence[str]] | None = None
    datasets: Sequence[Dataset] = ()


def log_networks(parent: Run, records: Iterable[NetworkRecord]) -> list[str]:
    """Log one nested run per network.

    The records are read one by one, so a generator keeps only one network's figures in memory, and
    `tqdm(records)` shows progress.

    Args:
        parent: The run under which the networks appear.
        records: The trained networks.

    Returns:
        The ids of the nested runs, in order.
    """
    run_ids = []
    for record in records:
        with nested_run(parent, record.name, {}, record.datasets, record.tags) as run:
            _log_network(run, record)
        run_ids.append(run.run_id)
    return run_ids


def _log_network(run: Run, record: NetworkRecord) -> None:
    model_id = None
    if record.model:
        model, example = record.model(), record.input_example
        if example is None:
            raise ValueError(
                f"network {record.name!r} has a model but no input_example, from which its signature is inferred"
            )
        model_id = log_model(
            run, model, example, parameters=record.parameters, metadata=record.metadata, files=record.files
        )
    now = time.time_ns() // 1_000_000
    run.log_batch(
        [Metric(key, value, now, epoch) for key, values in record.history.items() for epoch, value in _spaced(values)]
        + [Metric(key, float(value), now, 0, model_id=model_id) for key, value in record.metrics.items()],
        record.parameters,
    )
    for artifact, figure in record.figures.items():
        if isinstance(figure, bytes):
            _log_bytes(run, figure, PurePosixPath(artifact))
        else:
            run.log_figure(figure, artifact)


def _spaced(values: Sequence[float] | np.ndarray) -> Iterator[tuple[int, float]]:
    """At most 50 epochs at equal distances, each with its value."""
    epochs = np.linspace(0, len(values) - 1, min(len(values), _MOST_EPOCHS)).round().astype(int)
    return ((int(epoch), float(values[epoch])) for epoch in epochs)


def _log_bytes(run: Run, content: bytes, artifact: PurePosixPath) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / artifact.name
        path.write_bytes(content)
        run.log_artifact(path, str(artifact.parent))


def log_model(
    run: Run,
    model: "keras.Model",
    example: np.ndarray | Mapping[str, np.ndarray],
    *,
    parameters: Mapping[str, object] | None = None,
    metadata: Mapping[str, object] | None = None,
    files: Callable[[Path], Sequence[str]] | None = None,
) -> str:
    """Log a Keras model with its signature, and with the digests of its files.

    Args:
        run: The run that made it.
        model: Keras model of one output, without custom objects that are not registered with Keras.
        example: A few rows that it accepts: an array, or one array for each named input.
        parameters: Those of its training; shown with the model.
        metadata: For the users of the model, with values that YAML can hold; written into its MLmodel file.
        files: Writes more files into the folder of the model, for programs without Keras, and returns their names.

    Returns:
        The id of the logged model.
    """
    # mlflow.keras.log_model would write to the active run, load the model again and read every metric back, which is
    # ten times slower. These are the same steps through the client.
    import mlflow.keras
    from mlflow.models import Model, infer_signature

    if isinstance(example, Mapping):
        example = dict(example)
    logged = run.client.create_logged_model(
        run.experiment_id,
        name="model",
        source_run_id=run.run_id,
        params={key: str(value) for key, value in (parameters or {}).items()},
    )
    with tempfile.TemporaryDirectory() as folder:
        mlflow.keras.save_model(
            model,
            folder,
            signature=infer_signature(example, np.asarray(model(example))),
            input_example=example,
            pip_requirements=pip_requirements(),
            metadata=dict(metadata or {}),
            mlflow_model=Model(
                artifact_path=logged.artifact_location,
                run_id=run.run_id,
                model_uuid=logged.model_id,
                model_id=logged.model_id,
            ),
        )
        names = [DESCRIPTION, WEIGHTS, *(files(Path(folder)) if files else ())]
        digest = list_digests(Path(folder), names)
        run.client.log_model_artifacts(logged.model_id, folder)
    run.client.set_logged_model_tags(logged.model_id, {DIGEST: digest})
    run.client.finalize_logged_model(logged.model_id, "READY")
    run.client.log_outputs(run.run_id, [LoggedModelOutput(logged.model_id, step=0)])
    return str(logged.model_id)
