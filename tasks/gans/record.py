"""Writes a training into its nested run in MLflow, in which a resumed training continues."""

import json
import re
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import keras
import numpy as np

from models.faces.weights import FaceModel
from models.gans.gan import NOISE
from reports.grid import captioned, grid
from tasks.gans.checkpoint import Checkpoint
from tasks.gans.data import SAMPLES, TrainingSet
from tasks.gans.registered import page_of, save_beside
from tasks.gans.report import metric_names
from tasks.tracking.networks import log_model
from tasks.tracking.run import Run


class EpochLog:
    """Logs the epochs that the run of a training does not have yet: metrics, the sample grid, the alarm."""

    def __init__(self, run: Run, data: TrainingSet) -> None:
        self._run = run
        (logged,) = metric_names({_LAST_EPOCH: 0})
        metrics = run.client.get_metric_history(run.run_id, logged)
        self._logged = max((point.step for point in metrics), default=0)
        if not self._logged:
            run.log_picture(grid(data.held_out_images[:SAMPLES]), step=0, key="real")

    def __call__(self, checkpoint: Checkpoint) -> None:
        """Logs what is new in a checkpoint; epochs count from 1."""
        alarms = {alarm.epoch: alarm for alarm in checkpoint.alarms}
        for epoch in range(self._logged + 1, checkpoint.epochs + 1):
            self._run.log_picture(captioned(grid(checkpoint.samples[epoch - 1]), f"epoch {epoch}"), step=epoch)
            values = {name: series[epoch - 1] for name, series in checkpoint.history.items()}
            if epoch in alarms:
                self._run.client.set_tag(self._run.run_id, "collapse", str(alarms[epoch]))
            # in one call, which a killed process has made or not made: no epoch is logged twice
            values |= {"collapse_alarm": float(epoch in alarms), _LAST_EPOCH: epoch}
            self._run.log_metrics(metric_names(values), step=epoch)
            self._logged = epoch


_LAST_EPOCH = "epochs_logged"


def to_keras(sampler: keras.Model) -> keras.Model:
    """The sampler as it is logged: its pictures are float32 in [0, 1]."""
    pictures = keras.layers.Rescaling(0.5, offset=0.5)(sampler.output)
    return keras.Model(sampler.input, keras.layers.ReLU(max_value=1.0)(pictures), name="generator")


def save_keras(model: keras.Model, path: Path) -> None:
    """Saves a model as Keras does, but without the time and the addresses in memory: equal models are equal files."""
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    metadata = json.loads(members["metadata.json"])
    del metadata["date_saved"]
    members["metadata.json"] = json.dumps(metadata).encode()
    numbers: dict[bytes, bytes] = {}
    members["config.json"] = re.sub(
        rb'(?<="shared_object_id": )\d+',
        lambda address: numbers.setdefault(address[0], str(len(numbers)).encode()),
        members["config.json"],
    )
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # with the date 1980-01-01


def log_generator(
    run: Run, model: keras.Model, data: TrainingSet, parameters: Mapping[str, object], attribution: str
) -> str:
    """Logs the generator with what its users must know: attributes, size, whom to credit.

    Returns:
        the id of the logged model.
    """
    example: dict[str, np.ndarray] = {"noise": np.zeros((2, NOISE), np.float32)}
    if "attributes" in model.input:
        example["attributes"] = data.held_out_codes[:2]
    attributes = _attributes_of(model, data)
    metadata = {
        # a list, because the file would sort a mapping by name, and this is the order of the codes
        "attributes": [[name, values] for name, values in attributes.items()],
        "size": data.images.shape[1],
        "noise": NOISE,
        "attribution": attribution,
    }
    files = partial(save_beside, model, attributes, attribution)
    return log_model(run, model, example, parameters=parameters, metadata=metadata, files=files)


def page_of_generator(model: keras.Model, data: TrainingSet, name: str, version: int, attribution: str) -> str | None:
    """The page on which a generator draws in a browser, as HTML; None if the page does not know its recipe.

    Args:
        model: the generator, as `to_keras` makes it.
        data: what it learned from.
        name: the registered model.
        version: of it.
        attribution: whom to credit; may be empty.
    """
    try:
        faces = FaceModel.of(model, _attributes_of(model, data))
    except ValueError:
        return None
    return page_of(faces, name, version, attribution)


def _attributes_of(model: keras.Model, data: TrainingSet) -> dict[str, list[str]]:
    """The attributes that a generator takes: name -> names of its values."""
    if "attributes" not in model.input:
        return {}
    return {attribute.name: list(attribute.values) for attribute in data.attributes}
