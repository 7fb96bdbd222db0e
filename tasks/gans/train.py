"""Trains a GAN one epoch at a time: measures it, watches for collapse, saves a checkpoint."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras

from models.gans.gan import Gan, arrays_of, put_arrays
from models.gans.images import Images
from models.gans.quality.classifier import Classifier
from models.gans.quality.collapse import CollapseWatch
from models.gans.quality.ellipses import Background, EllipseTest
from models.gans.quality.features import Features
from models.gans.quality.measure import measure, measure_attributes, measure_ellipses
from models.gans.training import Progress, build, make_repeatable, steps_per_epoch, train_epoch
from tasks.gans.checkpoint import SPEED, Checkpoint, load_checkpoint, save_checkpoint
from tasks.gans.config import GanConfig
from tasks.gans.data import SAMPLES, TrainingSet, evaluation_inputs
from tasks.running.stages import Stage

GENERATOR = "generator.keras"


class Training:
    """A training that can be interrupted at any moment.

    Args:
        data: what to learn from.
        features: of pictures, learned from the real ones; a classifier also predicts attributes.
        floor: the measures of real pictures against real ones, such as "real_coverage".
        ellipses: the background and the test of the held-out pictures if they are ellipses, else None.
        config: how.
        gpus: those that train; with any, the pictures are held in memory, and batches are read ahead.
    """

    def __init__(
        self,
        data: TrainingSet,
        features: Features,
        floor: dict[str, float],
        ellipses: tuple[Background, EllipseTest] | None,
        config: GanConfig,
        gpus: Sequence[object] = (),
    ) -> None:
        self._data, self._features, self._floor, self._ellipses = data, features, floor, ellipses
        self._config, self._has_gpu = config, bool(gpus)
        self._images = data.images[:] if gpus else data.images
        self._evaluation_inputs = evaluation_inputs(data, config.split)

    def run(
        self,
        folder: Path,
        on_epoch: Callable[[Checkpoint], None],
        progress: Progress | None = None,
        epochs: int | None = None,
    ) -> tuple[Gan, Checkpoint]:
        """Continues from the checkpoint in a folder, or starts from the beginning.

        Args:
            folder: of the checkpoint; made if it does not exist.
            on_epoch: called after each epoch, when its checkpoint is saved.
            progress: called with (pictures shown in all epochs, total).
            epochs: after which to stop, as if the training were interrupted; by default all.

        Returns:
            the networks, as the last epoch left them or, after a roll-back, the best one, and the last checkpoint.

        Raises:
            UserError: the folder cannot be written.
        """
        make_repeatable()
        folder.mkdir(parents=True, exist_ok=True)
        config = self._config
        steps = config.epochs * steps_per_epoch(len(self._data.images), config.batch_size)
        gan = build(config.recipe, config.size, self._data.cardinalities, config.seed, steps, config.learning_rate)
        checkpoint = load_checkpoint(folder)
        if checkpoint.epochs:
            gan.state = checkpoint.state
            on_epoch(checkpoint)
        watch = self._watch(checkpoint)
        last = config.epochs if epochs is None else epochs
        while checkpoint.epochs < last and not (checkpoint.alarms and config.on_collapse != "continue"):
            self._epoch(gan, checkpoint, watch, last, progress)
            save_checkpoint(folder, checkpoint)
            on_epoch(checkpoint)
        if checkpoint.alarms and config.on_collapse == "roll-back":
            put_arrays(checkpoint.best, gan.sampler.variables)
        return gan, checkpoint

    def _epoch(
        self, gan: Gan, checkpoint: Checkpoint, watch: CollapseWatch, epochs: int, progress: Progress | None
    ) -> None:
        """One more of so many epochs, into the checkpoint."""
        done, rows = checkpoint.epochs, len(self._data.images)
        started = time.perf_counter()

        def epoch_progress(shown: int, _: int) -> None:
            if progress:
                progress(done * rows + shown, epochs * rows)

        values = train_epoch(
            gan,
            self._images,
            self._data.codes,
            epoch=done,
            batch_size=self._config.batch_size,
            seed=self._config.seed,
            progress=epoch_progress,
            prefetch=self._has_gpu,
        )
        values[SPEED] = rows / (time.perf_counter() - started)
        fake = gan.draw(*self._evaluation_inputs)
        values |= self._measure(gan, fake)
        for name, value in values.items():
            checkpoint.history.setdefault(name, []).append(float(value))
        checkpoint.samples.append(fake[:SAMPLES])
        alarm = watch.record(done + 1, coverage=values["coverage"], diversity=values["diversity"])
        if alarm:
            checkpoint.alarms.append(alarm)
        # by the FID: coverage soon equals that of real pictures, while the generated ones are still rough
        best = checkpoint.best_epoch
        if not alarm and (not best or values["fid"] < checkpoint.history["fid"][best - 1]):
            checkpoint.best, checkpoint.best_epoch = arrays_of(gan.sampler.variables), done + 1
        checkpoint.state = gan.state

    def _measure(self, gan: Gan, fake: Images) -> dict[str, float]:
        _, codes = self._evaluation_inputs
        values = measure(self._features, self._data.held_out_images, fake)
        if isinstance(self._features, Classifier):
            values |= measure_attributes(self._features, fake, codes if gan.is_conditional else None, self._data.codes)
        if self._ellipses:
            background, real = self._ellipses
            values |= measure_ellipses(real, fake, background)
        return values

    def _watch(self, checkpoint: Checkpoint) -> CollapseWatch:
        real = {"coverage": self._floor["real_coverage"], "diversity": self._floor["real_diversity"]}
        watch = CollapseWatch(self._config.epochs, real, self._config.collapse_share)
        pairs = zip(checkpoint.history.get("coverage", []), checkpoint.history.get("diversity", []), strict=True)
        for epoch, (coverage, diversity) in enumerate(pairs, start=1):
            watch.record(epoch, coverage=coverage, diversity=diversity)
        return watch


@dataclass(frozen=True)
class TrainedGan:
    """A finished training.

    Args:
        stage: holds the generator and the history.
        rolled_back: whether the generator is that of the best epoch, not of the last.
        version: of the registered model.
    """

    stage: Stage
    rolled_back: bool
    version: int = 0

    @classmethod
    def of(cls, stage: Stage, config: GanConfig) -> "TrainedGan":
        """The finished stage of a training."""
        return cls(stage, bool(load_checkpoint(stage.folder).alarms) and config.on_collapse == "roll-back")

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The history and the sample pictures, without weights."""
        return load_checkpoint(self.stage.folder)

    @property
    def generator_epoch(self) -> int:
        """The epoch, from 1, whose generator was saved."""
        return self.checkpoint.best_epoch if self.rolled_back else self.checkpoint.epochs

    def generator(self) -> keras.Model:
        """The generator, as `tasks.gans.record.to_keras` makes it."""
        return keras.saving.load_model(self.stage.folder / GENERATOR, compile=False, safe_mode=True)
