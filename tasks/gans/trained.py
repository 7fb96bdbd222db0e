"""A finished training: its generator and its story."""

from dataclasses import dataclass
from functools import cached_property

import keras

from tasks.gans.checkpoint import Checkpoint, find
from tasks.running.stages import Stage
from tasks.tracking.run import Run

GENERATOR = "generator.keras"


@dataclass(frozen=True)
class TrainedGan:
    """A finished training.

    Args:
        stage: holds the generator and what is known of each epoch.
        run: its nested MLflow run.
        rolled_back: whether the generator is that of the best epoch, not of the last.
        version: of the registered model.
        is_champion: whether that version is its champion.
    """

    stage: Stage
    run: Run
    rolled_back: bool
    version: int = 0
    is_champion: bool = False

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """What is known of each epoch, and the sample pictures; no weights."""
        return find(self.stage.folder)

    @property
    def kept_epoch(self) -> int:
        """The epoch, from 1, after which the generator was as it is kept."""
        return self.checkpoint.best_epoch if self.rolled_back else self.checkpoint.epochs

    def generator(self) -> keras.Model:
        """The generator, as `tasks.gans.record.to_keras` makes it."""
        return keras.saving.load_model(self.stage.folder / GENERATOR, compile=False, safe_mode=True)
