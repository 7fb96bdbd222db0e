"""The Prefect tasks that train, score and report a GAN. They pass references; pictures and networks stay on disk."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from prefect import get_run_logger, task

from eightytwenty.errors import UserError
from eightytwenty.pages.markdown import plain
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.printable import for_terminal
from models.gans.draw import draw_with
from models.gans.gan import NOISE
from models.gans.quality.measure import measure
from models.gans.training import find_gpus
from reports.accounts import timed_stage
from reports.eighty_twenty import EightyTwenty, Gain
from tasks.decision import Scores
from tasks.experiment import Cleaned, Findings, Trained
from tasks.gans import report
from tasks.gans.checkpoint import Checkpoint, load_checkpoint, remove_abandoned
from tasks.gans.config import GanConfig, checkpoints_of, differences
from tasks.gans.data import attribution_of, training_set
from tasks.gans.experiment import train_variant
from tasks.gans.measures import Measures, find_measures
from tasks.gans.record import EpochLog, log_generator, page_of_generator
from tasks.gans.train import TrainedGan, Training
from tasks.gans.uncleaned import COMPARED_EPOCHS, Uncleaned, save_history, uncleaned_set
from tasks.gans.variant import train_into
from tasks.report import write_report
from tasks.running.artifacts import warn_of_collapse
from tasks.running.progress import task_progress
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.running.sweep import PlannedStage, run_stages
from tasks.tracking.lifecycle import nested_run
from tasks.tracking.registry import describe, find, load, register, version_with_tags
from tasks.tracking.run import Run
from tasks.tracking.run_ids import RunIds

_ALARMS = "alarms"  # tag of a model version
_TRAINING = "training"  # tag of a model version, and of the run of a variant: the key of its stage
_MOST_LINES = 100  # about, of epochs in the log
PAGE = "faces.html"


def train(
    run: Run, cleaned: Cleaned, model: str, configs: Sequence[GanConfig], compares: bool, cluster: str = ""
) -> Trained:
    """Learns the features by which generated pictures are measured, then trains the GAN, or several and takes the best.

    Args:
        run: of the flow.
        cleaned: the pictures.
        model: the registered model.
        configs: how to train; several are the variants of a sweep.
        compares: whether to show what cleaning bought, by a short training on uncleaned pictures; not if the training
            itself is as short.
        cluster: address of a Dask scheduler whose workers train the variants; may be empty.
    """
    measures, checkpoints = find_features(cleaned, configs[0].split), checkpoints_of(configs, cleaned)
    config, stages_of_gan, lines = configs[0], [], []
    if len(configs) > 1:
        variants = train_variants(run, cleaned, measures, configs, checkpoints, cluster)
        config, _ = min(zip(configs, variants, strict=True), key=lambda variant: report.rank(variant[1]))
        checkpoints /= config.key(cleaned)
        stages_of_gan = [variant.stage for variant in variants]
        lines = report.variant_lines(dict(zip(differences(configs), variants, strict=True)))
    trained = train_gan(run, cleaned, measures, model, config, checkpoints)
    for alarm in trained.checkpoint.alarms:
        get_run_logger().warning(str(alarm))
    stages = [
        timed_stage("find features", "modelling", [measures.stage]),
        timed_stage("train the GAN", "modelling", stages_of_gan or [trained.stage]),
    ]
    scores = {**report.final_measures(trained), "alarms": float(len(trained.checkpoint.alarms))}
    gains: tuple[Gain, ...] = ()
    if compares and config.epochs > COMPARED_EPOCHS:
        uncleaned = train_uncleaned(cleaned, measures, config)
        stages.append(timed_stage("train uncleaned", "other", [uncleaned.stage]))
        gains = uncleaned.gains(trained.checkpoint)
    return Trained(
        trained.version,
        scores,
        tuple(stages),
        gains,
        f"after {COMPARED_EPOCHS} of {config.epochs} epochs",
        report=partial(report_gan, cleaned, measures, trained, model, config, lines),
    )


@task(task_run_name="find features of {cleaned.raw.words}", **RETRIES)
def find_features(cleaned: Cleaned, seed: int) -> Measures:
    """Learns the features by which generated pictures are measured; with attributes, it trains a classifier.

    Raises:
        UserError: there are too few pictures.
    """

    def make(folder: Path) -> None:
        with task_progress("train classifier", "epochs") as progress:
            find_measures(folder, training_set(cleaned.rows, seed), seed, progress)

    return Measures(run_stage(data_folder(), "find-features", {"clean": cleaned.sha256}, {"seed": seed}, make))


@task(task_run_name="train on {cleaned.raw.words}, {config.epochs} epochs, {config.recipe}", **RETRIES)
def train_gan(
    run: Run, cleaned: Cleaned, measures: Measures, model: str, config: GanConfig, checkpoints: Path
) -> TrainedGan:
    """Trains the GAN, from the last checkpoint if there is one, and logs each epoch to a nested run.

    Then registers it. The best variant of a sweep has been trained and logged already, so that only this is left to do.

    Raises:
        UserError: the disk is full.
    """
    data, attribution = training_set(cleaned.rows, config.split), attribution_of(cleaned)
    remove_abandoned(checkpoints.parent, checkpoints)
    name, inputs, parameters = config.stage(cleaned)
    title = f"{config.recipe} {config.size}x{config.size}, {config.epochs} epochs, seed {config.seed}"
    run_parameters = {**parameters, "rows": len(data.images)}
    interrupted = RunIds.load(checkpoints).network
    with nested_run(run, title, run_parameters, [cleaned.dataset], resume=interrupted) as nested:
        RunIds(parent=run.run_id, network=nested.run_id).save(checkpoints)
        if note := "\n".join(map(plain, attribution.splitlines())):
            nested.describe(note)
        log = EpochLog(nested, data)

        def on_epoch(checkpoint: Checkpoint) -> None:
            log(checkpoint)
            if checkpoint.epochs % max(1, config.epochs // _MOST_LINES) == 0:
                get_run_logger().info(report.epoch_line(checkpoint, config.epochs))
            if checkpoint.alarms and checkpoint.alarms[-1].epoch == checkpoint.epochs:
                warn_of_collapse(checkpoint.alarms)

        make = partial(train_into, cleaned, measures, config, checkpoints, on_epoch)
        stage = run_stage(data_folder(), name, inputs, parameters, make)
        checkpoint = load_checkpoint(stage.folder)
        trained = TrainedGan.of(stage, config)
        log(checkpoint)
        nested.log_missing_metrics(report.metric_names({**measures.floor, **measures.accuracy}), step=checkpoint.epochs)
        tags = {_TRAINING: config.key(cleaned)}
        version, generator = version_with_tags(nested.client, model, tags), trained.generator()
        if version is None:  # otherwise this very training is registered already
            model_id = log_generator(nested, generator, data, run_parameters, attribution)
            facts = {"size": str(config.size), _ALARMS: str(len(checkpoint.alarms))}
            version = register(
                nested,
                model_id,
                model,
                {**facts, **tags},
                about="Generators of pictures. `eightytwenty draw` draws with the champion.",
                description=report.version_text(trained, cleaned.raw.name),
            )
        if page := page_of_generator(generator, data, model, version, attribution):
            nested.log_text(page, PAGE)
    return replace(trained, version=version)


@task(task_run_name="train variants on {cleaned.raw.words}", **RETRIES)
def train_variants(
    run: Run, cleaned: Cleaned, measures: Measures, configs: Sequence[GanConfig], checkpoints: Path, cluster: str
) -> list[TrainedGan]:
    """Trains the variants of a sweep side by side, and logs each to a nested run when it is there.

    Args:
        run: of the flow.
        cleaned: the pictures.
        measures: of them.
        configs: of the variants.
        checkpoints: a folder with one for each variant, in which its nested run is found again, too.
        cluster: as in `train`.

    Raises:
        UserError: the disk is full, or the cluster cannot be used.
    """
    remove_abandoned(checkpoints.parent, checkpoints)
    RunIds(parent=run.run_id).save(checkpoints)
    planned = [
        PlannedStage(
            *config.stage(cleaned),
            partial(train_variant, cleaned, measures.stage, config, checkpoints / config.key(cleaned)),
        )
        for config in configs
    ]
    # two processes do not share a GPU
    in_turn = (each.run(data_folder()) for each in planned)
    stages = in_turn if find_gpus() and not cluster else run_stages(data_folder(), planned, cluster)
    trained: list[TrainedGan] = []
    with task_progress("train variants", "variants") as progress:
        for config, name, stage in zip(configs, differences(configs), stages, strict=True):
            trained.append(TrainedGan.of(stage, config))
            _log_variant(run, cleaned, measures, config, name, trained[-1], checkpoints / config.key(cleaned))
            progress(len(trained), len(configs))
    return trained


def _log_variant(
    run: Run,
    cleaned: Cleaned,
    measures: Measures,
    config: GanConfig,
    name: str,
    trained: TrainedGan,
    checkpoints: Path,
) -> None:
    """Logs what the nested run of a variant does not have yet."""
    data, checkpoint = training_set(cleaned.rows, config.split), trained.checkpoint
    parameters, tags = {**config.stage(cleaned)[2], "rows": len(data.images)}, {_TRAINING: config.key(cleaned)}
    logged = RunIds.load(checkpoints).network
    with nested_run(run, name, parameters, [cleaned.dataset], tags, resume=logged) as nested:
        RunIds(parent=run.run_id, network=nested.run_id).save(checkpoints)
        EpochLog(nested, data)(checkpoint)
        nested.log_missing_metrics(report.metric_names({**measures.floor, **measures.accuracy}), step=checkpoint.epochs)


@task(task_run_name="train on uncleaned {cleaned.raw.words}, {config.recipe}", **RETRIES)
def train_uncleaned(cleaned: Cleaned, measures: Measures, config: GanConfig) -> Uncleaned:
    """Trains for a few epochs on pictures as they came, with the same settings and seed, to show what cleaning buys.

    They are scored like the clean ones: by the same features, against the same clean pictures.
    """

    def make(folder: Path) -> None:
        with TemporaryDirectory(dir=folder) as scratch, task_progress("train on uncleaned", "pictures") as progress:
            clean = training_set(cleaned.rows, config.split)
            data = uncleaned_set(cleaned, clean, Path(scratch), config.split)
            history: dict[str, list[float]] = {}
            if data is not None:
                training = Training(data, measures.features(clean), measures.floor, None, config, find_gpus())
                _, checkpoint = training.run(Path(scratch) / "checkpoint", lambda _: None, progress, COMPARED_EPOCHS)
                history = checkpoint.results.history
            save_history(folder, history)

    name, inputs, parameters = config.stage(cleaned)
    return Uncleaned(run_stage(data_folder(), f"{name}-uncleaned", inputs, parameters, make))


@task(task_run_name="score {model}", **RETRIES)
def score_gan(run: Run, model: str, training: Cleaned, held_out: Cleaned, measures: Measures, seed: int) -> Scores:
    """Scores a registered generator by the features that were learned from the training pictures.

    Raises:
        UserError: the network has other attributes than the pictures.
    """
    client, real = run.client, read_pictures(held_out.rows)
    version = find(client, model)
    generator = load(client, version)
    attributes = [[attribute.name, list(attribute.values)] for attribute in real.attributes]
    if "attributes" in generator.input and describe(client, version).get("attributes") != attributes:
        raise UserError(
            f"{model} has other attributes than {held_out.raw.name}, and cannot be compared with a challenger that "
            "learns from it: give another model."
        )
    noise = np.random.default_rng([seed, 3]).standard_normal((len(real.images), NOISE), np.float32)
    inputs = {"noise": noise, "attributes": real.codes}
    images = draw_with(generator, {name: inputs[name] for name in generator.input})
    scores = measure(measures.features(training_set(training.rows, seed)), np.asarray(real.images), images)
    return {**scores, "alarms": float(version.tags.get(_ALARMS, 0))}


@task(task_run_name="report", **RETRIES)
def report_gan(
    cleaned: Cleaned,
    measures: Measures,
    trained: TrainedGan,
    model: str,
    config: GanConfig,
    variants: Sequence[Sequence[str]],
    run: Run,
    shares: EightyTwenty,
    _: bool,
) -> Findings:
    """Writes pictures, films, tables and the 80/20 report to disk and to the MLflow run."""

    def draw(folder: Path) -> tuple[str, str]:
        data = training_set(cleaned.rows, config.split)
        report.draw_training(folder, data, measures, trained, config)
        if page := page_of_generator(trained.generator(), data, model, trained.version, attribution_of(cleaned)):
            (folder / PAGE).write_text(page, encoding="utf-8")
        return report.write_texts(folder, cleaned, measures, trained, shares, config.recipe, variants)

    lines = report.measure_lines(trained, measures)
    pictures = {"samples": "drawn pictures beside real ones", "training": "the training by epoch"}
    folder, shown = write_report(run, shares, draw, report.summary_metrics(trained), pictures)
    page = {"faces in your browser": folder / PAGE} if (folder / PAGE).exists() else {}
    places = {
        **page,
        "grid beside real pictures": folder / "samples.png",
        "film of the training": folder / "training.gif",
        "curves of the training": folder / "training.png",
        "what cleaning did": folder / "cleaning.png",
        "all pictures and tables": folder,
        "draw some yourself": shlex.join(["eightytwenty", "draw", "--model", f"{model}/{trained.version}"]),
    }
    tables = [report.table_rich(report.MEASURE_COLUMNS, lines)]
    if variants:
        tables.insert(0, report.table_rich(report.VARIANT_COLUMNS, variants))
    alarms = [f"[bold red]Collapse.[/] {for_terminal(str(alarm))}" for alarm in trained.checkpoint.alarms]
    return Findings(
        folder,
        {label: str(place) for label, place in places.items()},
        shown,
        (f"[bold]{for_terminal(cleaned.raw.name)}[/]", *tables, *alarms),
        cleaned.raw.attribution,
    )
