"""Trains a GAN, an epoch at a time: measure, watch for collapse, keep, tell."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from models.gans.gan import Gan, arrays_of, put_arrays
from models.gans.quality.classifier import Classifier
from models.gans.quality.collapse import CollapseWatch
from models.gans.quality.ellipses import Background, EllipseTest
from models.gans.quality.features import Features
from models.gans.quality.measure import measure, measure_attributes, measure_ellipses
from models.gans.training import Progress, Recipe, build, make_repeatable, steps_per_epoch, train_epoch
from tasks.gans.checkpoint import Checkpoint, find, keep
from tasks.gans.data import TrainingSet, sample_plan, wanted

OnCollapse = Literal["continue", "stop", "roll-back"]


class Training:
    """A training that can be interrupted at any moment.

    Args:
        data: what to learn from.
        features: of pictures, found on the real ones; a classifier also tells the attributes.
        floor: the measures of real pictures against real ones, "real_coverage" and the like.
        ellipses: the background and the test of the held-out pictures where they are ellipses, else None.
        recipe: see `models.gans.training.build`.
        size: side of the pictures.
        epochs: how many in all.
        batch_size: pictures in a step.
        collapse_share: share of the real coverage and diversity below which the generator has collapsed.
        on_collapse: what to do then.
        seed: the same seed gives the same weights, bit for bit, on one machine.
    """

    def __init__(
        self,
        data: TrainingSet,
        features: Features,
        floor: dict[str, float],
        ellipses: tuple[Background, EllipseTest] | None,
        *,
        recipe: Recipe,
        size: int,
        epochs: int,
        batch_size: int,
        collapse_share: float,
        on_collapse: OnCollapse,
        seed: int,
    ) -> None:
        self._data, self._features, self._ellipses = data, features, ellipses
        self._recipe, self._size, self._epochs, self._batch_size = recipe, size, epochs, batch_size
        self._share, self._on_collapse, self._seed = collapse_share, on_collapse, seed
        self._floor = floor
        self._plan, self._wanted = sample_plan(data, recipe, seed), wanted(data, seed)

    def run(
        self, folder: Path, told: Callable[[Checkpoint], None], progress: Progress | None = None
    ) -> tuple[Gan, Checkpoint]:
        """Trains on from the checkpoint in a folder, or from the start.

        Args:
            folder: of the checkpoint; made if it is not there.
            told: called after each epoch is kept.
            progress: called with (pictures shown in all epochs, in all).

        Returns:
            the networks, as the last epoch left them or, after a roll-back, the best one, and the last checkpoint.

        Raises:
            UserError: the folder cannot be written.
        """
        make_repeatable()
        folder.mkdir(parents=True, exist_ok=True)
        steps = self._epochs * steps_per_epoch(len(self._data.images), self._batch_size)
        gan = build(self._recipe, self._size, self._data.cardinalities, self._seed, steps)
        at = find(folder)
        if at.epochs:
            gan.state = at.state
            told(at)
        watch = self._watch(at)
        while at.epochs < self._epochs and not (at.alarms and self._on_collapse != "continue"):
            self._epoch(gan, at, watch, progress)
            keep(folder, at)
            told(at)
        if at.alarms and self._on_collapse == "roll-back":
            put_arrays(at.best, gan.sampler.variables)
        return gan, at

    def _epoch(self, gan: Gan, at: Checkpoint, watch: CollapseWatch, progress: Progress | None) -> None:
        """One more epoch, into the checkpoint."""
        done, rows = at.epochs, len(self._data.images)
        started = time.perf_counter()

        def shown(now: int, _: int) -> None:
            if progress:
                progress(done * rows + now, self._epochs * rows)

        values = train_epoch(
            gan,
            self._data.images,
            self._data.codes,
            epoch=done,
            batch_size=self._batch_size,
            seed=self._seed,
            progress=shown,
        )
        values["images_per_second"] = rows / (time.perf_counter() - started)
        values |= self._measured(gan)
        for name, value in values.items():
            at.history.setdefault(name, []).append(float(value))
        at.samples.append(gan.draw(self._plan.noise, self._plan.codes))
        alarm = watch.record(done + 1, coverage=values["coverage"], diversity=values["diversity"])
        if alarm:
            at.alarms.append(alarm)
        # by the FID, because coverage alone is soon that of real pictures, while these are still rough
        if not alarm and (not at.best_epoch or values["fid"] < at.history["fid"][at.best_epoch - 1]):
            at.best, at.best_epoch = arrays_of(gan.sampler.variables), done + 1
        at.state = gan.state

    def _measured(self, gan: Gan) -> dict[str, float]:
        noise, codes = self._wanted
        fake = gan.draw(noise, codes)
        values = measure(self._features, self._data.held_images, fake)
        if isinstance(self._features, Classifier):
            values |= measure_attributes(self._features, fake, codes if gan.is_conditional else None, self._data.codes)
        if self._ellipses:
            background, real = self._ellipses
            values |= measure_ellipses(real, fake, background)
        return values

    def _watch(self, at: Checkpoint) -> CollapseWatch:
        real = {"coverage": self._floor["real_coverage"], "diversity": self._floor["real_diversity"]}
        watch = CollapseWatch(self._epochs, real, self._share)
        pairs = zip(at.history.get("coverage", []), at.history.get("diversity", []), strict=True)
        for epoch, (coverage, diversity) in enumerate(pairs, start=1):
            watch.record(epoch, coverage=coverage, diversity=diversity)
        return watch
