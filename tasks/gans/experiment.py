"""The GAN: what each stage of its experiment is, from the form. What loads TensorFlow is imported when it is called."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from schemas.parameters import GanParameters, RetrainAvatarsParameters
from tasks.decision import Decision, Scores, at_least, compare, decide
from tasks.experiment import Check, Cleaned, Data, Experiment, Ingest, Trained
from tasks.gans import ingest
from tasks.gans.cleaning import CleanPictures
from tasks.gans.config import GanConfig
from tasks.ingest.generate import AVATARS
from tasks.retrain.inbox import start_with
from tasks.running.allowed_paths import require_allowed
from tasks.running.tensorflow import import_quietly
from tasks.tracking.run import Run


def experiment(form: GanParameters | RetrainAvatarsParameters) -> Experiment:
    """The experiment that a form describes."""
    return _training(form) if isinstance(form, GanParameters) else _retraining(form)


def train(run: Run, data: Sequence[Cleaned], model: str, *, compares: bool = False, **config: Any) -> Trained:
    """See `tasks.gans.tasks.train`; the other keywords are those of `GanConfig`."""
    import_quietly()
    from tasks.gans import tasks

    return tasks.train(run, data[0], model, _on_this_machine(config), compares)


def checkpoints(data: Sequence[Cleaned], **config: Any) -> Path:
    """See `GanConfig.checkpoints`; the keywords are those of `GanConfig`."""
    return _on_this_machine(config).checkpoints(data)


def _on_this_machine(config: Mapping[str, Any]) -> GanConfig:
    """How a GAN is trained here. Only TensorFlow knows the GPUs, and that takes seconds to load."""
    import_quietly()
    from models.gans.training import find_gpus

    return GanConfig(**config).on(find_gpus())


def score(run: Run, model: str, training: Cleaned, held_out: Cleaned, *, seed: int) -> Scores:
    """See `tasks.gans.tasks.score_gan`."""
    import_quietly()
    from tasks.gans import tasks

    return tasks.score_gan(run, model, training, held_out, tasks.find_features(training, seed), seed)


def decide_gan(challenger: Scores, champion: Scores | None, *, least_coverage: float, margin: float) -> Decision:
    """Judges a GAN by its coverage of the held-out pictures and its FID against them.

    It must reach `least_coverage`, must not have collapsed in training (there were no "alarms"), and its FID must be
    smaller than the champion's by at least the share `margin`.
    """
    alarms = challenger["alarms"]
    count = "was 1 alarm" if alarms == 1 else f"were {alarms:g} alarms"
    checks = [
        at_least("coverage", challenger["coverage"], least_coverage),
        (alarms == 0, f"In its training there {count} of collapse."),
    ]
    gain = None
    if champion is not None:
        # a champion of FID 0 cannot be beaten
        gain = 1 - challenger["fid"] / champion["fid"] if champion["fid"] else 0.0
    return decide(checks, gain, margin, compare("FID", challenger, champion))


def _training(form: GanParameters) -> Experiment:
    name = f"{form.registered_name}-{form.size}"
    attributes = str(require_allowed(form.attributes).resolve()) if form.attributes else ""
    raw: Ingest = partial(ingest.own, name=name, source=form.source, attributes=attributes)
    config = form.model_dump(include={"size", "seed", "batch_size", "recipe", "on_collapse", "collapse_share"})
    config["epochs"] = form.planned_epochs
    if form.is_drawn:
        raw = partial(ingest.drawn, name=name, **form.model_dump(include={"source", "rows", "size", "dirt", "seed"}))
        config["source"] = form.source
    return Experiment(
        model=form.registered_name,
        title=f"{form.recipe} {form.size}x{form.size}, {form.planned_epochs} epochs, {form.registered_name}",
        data=(Data(raw, CleanPictures(form.size, attributes), _check(form.is_drawn, form.most_quarantine)),),
        train=partial(train, compares=True, **config),
        score=partial(score, seed=form.seed),
        decide=partial(decide_gan, least_coverage=0, margin=0),
        checkpoints=partial(checkpoints, **config),
    )


def _retraining(form: RetrainAvatarsParameters) -> Experiment:
    drawn = form.model_dump(include={"rows", "size", "seed"})
    start = partial(ingest.start, **drawn) if form.start == AVATARS else start_with(form.start)
    config = form.model_dump(include={"size", "epochs", "seed"})
    return Experiment(
        model=form.model,
        title=form.model,
        data=(Data(start, CleanPictures(form.size), _check(False, form.most_quarantine)),),
        train=partial(train, **config),
        score=partial(score, seed=form.seed),
        decide=partial(decide_gan, **form.model_dump(include={"least_coverage", "margin"})),
        checkpoints=partial(checkpoints, **config),
    )


def _check(generated: bool, most_quarantine: float) -> Check:
    return partial(ingest.expectations, generated=generated, most_quarantine=most_quarantine)
