"""The GAN: what each stage of its experiment is, from the form. What loads TensorFlow is imported when it is called."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from schemas.parameters import SWEPT, GanParameters, RetrainAvatarsParameters
from tasks.decision import Decision, Scores, at_least, compare, decide
from tasks.experiment import Check, Cleaned, Data, Experiment, Ingest, Trained
from tasks.gans import ingest
from tasks.gans.cleaning import CleanPictures
from tasks.gans.config import GanConfig, checkpoints_of
from tasks.ingest.generate import AVATARS
from tasks.retrain.inbox import start_with
from tasks.running.allowed_paths import require_allowed
from tasks.running.stages import Stage
from tasks.running.tensorflow import import_quietly
from tasks.tracking.run import Run


def experiment(form: GanParameters | RetrainAvatarsParameters) -> Experiment:
    """The experiment that a form describes."""
    return _training(form) if isinstance(form, GanParameters) else _retraining(form)


def train(
    run: Run,
    data: Sequence[Cleaned],
    model: str,
    *,
    compares: bool = False,
    variants: Sequence[Mapping[str, Any]] = (),
    cluster: str = "",
    **config: Any,
) -> Trained:
    """See `tasks.gans.tasks.train`; the other keywords, and those of each variant, are those of `GanConfig`."""
    configs = _on_this_machine(config, variants)
    from tasks.gans import tasks

    return tasks.train(run, data[0], model, configs, compares, cluster)


def checkpoints(data: Sequence[Cleaned], *, variants: Sequence[Mapping[str, Any]] = (), **config: Any) -> Path:
    """See `checkpoints_of`; the other keywords are those of `train`."""
    return checkpoints_of(_on_this_machine(config, variants), data[0])


def train_variant(cleaned: Cleaned, features: Stage, config: GanConfig, checkpoints: Path, folder: Path) -> None:
    """See `train_into`; what it is given loads no TensorFlow in the process that reads it."""
    import_quietly()
    from tasks.gans.measures import Measures
    from tasks.gans.variant import train_into

    train_into(cleaned, Measures(features), config, checkpoints, lambda _: None, folder)


def _on_this_machine(config: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> list[GanConfig]:
    """How GANs are trained here. Only TensorFlow knows the GPUs, and that takes seconds to load."""
    import_quietly()
    from models.gans.training import find_gpus

    gpus, shared = find_gpus(), {"split": config["seed"], **config}
    configs = [GanConfig(**{**shared, **variant}).on(gpus) for variant in variants or [{}]]
    return list(dict.fromkeys(configs))  # a recipe's own number may be given as well


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
    config = form.model_dump(include={"size", "seed", "on_collapse", "collapse_share"})
    variants = [
        {"epochs": each.planned_epochs, **each.model_dump(include=set(SWEPT) - {"epochs"})} for each in form.variants
    ]
    if form.is_drawn:
        raw = partial(ingest.drawn, name=name, **form.model_dump(include={"source", "rows", "size", "dirt", "seed"}))
        config["source"] = form.source
    sweep = f", {len(variants)} variants" if len(variants) > 1 else ""
    return Experiment(
        model=form.registered_name,
        title=f"{form.recipe} {form.size}x{form.size}, {form.planned_epochs} epochs, {form.registered_name}{sweep}",
        data=(Data(raw, CleanPictures(form.size, attributes), _check(form.is_drawn, form.most_quarantine)),),
        train=partial(train, compares=True, variants=variants, cluster=form.cluster, **config),
        score=partial(score, seed=form.seed),
        decide=partial(decide_gan, least_coverage=0, margin=0),
        checkpoints=partial(checkpoints, variants=variants, **config),
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
