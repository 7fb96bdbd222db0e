"""Trains a GAN into a folder, in whatever process."""

from collections.abc import Callable
from pathlib import Path

from models.gans.training import find_gpus
from tasks.experiment import Cleaned
from tasks.gans.checkpoint import Checkpoint, save_checkpoint
from tasks.gans.config import GanConfig
from tasks.gans.data import training_set
from tasks.gans.measures import Measures, ellipses
from tasks.gans.record import save_keras, to_keras
from tasks.gans.train import GENERATOR, Training
from tasks.running.progress import task_progress


def train_into(
    cleaned: Cleaned,
    measures: Measures,
    config: GanConfig,
    checkpoints: Path,
    on_epoch: Callable[[Checkpoint], None],
    folder: Path,
) -> None:
    """Trains from the last checkpoint, if there is one, and leaves the generator and the history in a folder.

    Args:
        cleaned: the pictures.
        measures: of them.
        config: how to train.
        checkpoints: the folder of the checkpoint.
        on_epoch: called after each epoch.
        folder: for the result.
    """
    data = training_set(cleaned.rows, config.split)
    features, exact_test = measures.features(data), ellipses(config.source, data)
    training = Training(data, features, measures.floor, exact_test, config, find_gpus())
    with task_progress(f"train {config.recipe}", "pictures") as progress:
        gan, last = training.run(checkpoints, on_epoch, progress)
    save_keras(to_keras(gan.sampler), folder / GENERATOR)
    save_checkpoint(folder, last.results)
