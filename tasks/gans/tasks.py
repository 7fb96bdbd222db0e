"""The Prefect tasks of the gan flow. They pass references; pictures and networks stay on disk."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prefect import task

from eightytwenty.engine.summary import Summary
from eightytwenty.evaluate.picture_score import score_pictures
from eightytwenty.evaluate.score import CleaningScore
from eightytwenty.files import sha256
from eightytwenty.pages.markdown import plain
from eightytwenty.pictures.dataset import read_pictures
from eightytwenty.pictures.run import GALLERY, clean_pictures
from eightytwenty.pictures.schema import pictures_table
from eightytwenty.pictures.source import open_pictures
from reports.accounts import Stopwatch
from reports.eighty_twenty import EightyTwenty
from reports.gallery import gallery
from schemas.attribute_expectations import pictures_expectations
from schemas.attributes import KNOWN_ATTRIBUTES
from schemas.parameters import GanParameters
from tasks.gans import report
from tasks.gans.checkpoint import Checkpoint, load_checkpoint, remove_abandoned, save_checkpoint
from tasks.gans.data import CleanPictures, RawPictures, sample_plan, training_set
from tasks.gans.measures import Measures, ellipses, find_measures
from tasks.gans.record import EpochLog, RunIds, log_generator, network_run, save_keras, to_keras
from tasks.gans.train import GENERATOR, TrainedGan, Training
from tasks.ingest.generate import ATTRIBUTION, generate_pictures, read_truth
from tasks.running.allowed_paths import fetch, require_allowed
from tasks.running.artifacts import publish, publish_link, warn_of_collapse
from tasks.running.progress import task_progress
from tasks.running.reports import report_folder
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage, stage_key
from tasks.tracking.champion import promote_first
from tasks.tracking.registry import register, version_with_tags
from tasks.tracking.run import Run
from tasks.validate import check_batch
from tasks.validate.gate import FinishedCheck, write_failures
from tasks.validate.reasons import quarantine_reasons, show_picture


@task(**RETRIES)
def ingest_pictures(parameters: GanParameters) -> RawPictures:
    """Draws pictures, or uses those that the source names.

    Raises:
        UserError: the source cannot be read.
    """
    data = data_folder()
    if not parameters.is_drawn:
        stopwatch = Stopwatch()
        with stopwatch("ingest", "cleaning"):
            path = fetch(parameters.source, data).resolve()
            table = require_allowed(parameters.attributes).resolve() if parameters.attributes else None
            digest = open_pictures(path, table, known_attributes=KNOWN_ATTRIBUTES).sha256
        return RawPictures(path, digest, stopwatch.stages[0].seconds)
    config = parameters.model_dump(include={"source", "rows", "size", "dirt", "seed"})

    def make(folder: Path) -> None:
        with task_progress(f"draw {parameters.source}", "pictures") as progress:
            generate_pictures(folder / "pictures", **config, progress=progress)

    stage = run_stage(data, "ingest-pictures", {}, config, make)
    folder = stage.folder / "pictures"
    attribution_file = folder / ATTRIBUTION
    attribution = attribution_file.read_text(encoding="utf-8") if attribution_file.exists() else ""
    return RawPictures(folder / "raw", sha256(folder / "raw"), stage.seconds, stage.fresh, folder, attribution)


def _clean_files(raw: RawPictures, parameters: GanParameters, folder: Path) -> None:
    attributes = require_allowed(parameters.attributes) if parameters.attributes else None
    source = open_pictures(raw.path, attributes, known_attributes=KNOWN_ATTRIBUTES)
    with task_progress("clean pictures", "pictures") as progress:
        clean_pictures(source, pictures_table(parameters.size), folder, progress)
    gallery(folder, folder.with_name(GALLERY), raw.path if raw.path.is_dir() else None)


@task(**RETRIES)
def clean_raw_pictures(
    raw: RawPictures,
    parameters: GanParameters,
    clean: Callable[[RawPictures, GanParameters, Path], None] = _clean_files,
) -> CleanPictures:
    """Cleans the pictures.

    Args:
        raw: the pictures.
        parameters: of the run.
        clean: cleans them into a folder, and draws the page about it next to that folder.

    Raises:
        UserError: the source cannot be read.
    """

    def make(folder: Path) -> None:
        clean(raw, parameters, folder / "pictures")

    stage = run_stage(data_folder(), "clean-pictures", {"raw": raw.sha256}, {"size": parameters.size}, make)
    summary = Summary.load(stage.folder / "pictures")
    return CleanPictures(f"{parameters.registered_name}-{parameters.size}", raw, stage, summary)


@task(**RETRIES)
def check_pictures(cleaned: CleanPictures, most_quarantine: float) -> FinishedCheck:
    """Asks Great Expectations whether the cleaned batch as a whole is what it should be."""
    config: dict[str, Any] = {
        "rows": cleaned.summary.clean,
        "generated": cleaned.raw.truth is not None,
        "most_quarantine": most_quarantine,
    }

    def make(folder: Path) -> None:
        pictures = read_pictures(cleaned.folder)
        expectations = pictures_expectations(cleaned.name, pictures.attributes, **config)
        fates = {"rows": cleaned.summary.rows, **cleaned.summary.fates}
        counts = {"pictures_in_file": len(pictures.images)}
        reasons = quarantine_reasons(cleaned.folder, "pictures", show_picture)
        check = check_batch(cleaned.folder / "clean.parquet", fates, expectations, folder / "docs", counts, reasons)
        write_failures(folder, check)

    stage = run_stage(data_folder(), "check-pictures", {"clean": cleaned.stage.sha256}, config, make)
    return FinishedCheck(cleaned.name, stage)


@task(**RETRIES)
def score_pictures_cleaning(run: Run, cleaned: CleanPictures) -> CleaningScore | None:
    """Scores the cleaning of pictures drawn here against the truth, and logs the scores to MLflow."""
    if cleaned.raw.truth is None:
        return None
    truth = read_truth(cleaned.raw.truth)
    score = score_pictures(cleaned.folder, truth.faults, truth.pictures, truth.attributes)
    run.log_cleaning_scores([score])
    return score


@task(**RETRIES)
def find_features(cleaned: CleanPictures, parameters: GanParameters) -> Measures:
    """Learns the features by which generated pictures are measured; with attributes, it trains a classifier.

    Raises:
        UserError: there are too few pictures.
    """

    def make(folder: Path) -> None:
        with task_progress("train classifier", "epochs") as progress:
            find_measures(folder, training_set(cleaned.folder, parameters.seed), parameters.seed, progress)

    inputs, config = {"clean": cleaned.stage.sha256}, {"seed": parameters.seed}
    return Measures(run_stage(data_folder(), "find-features", inputs, config, make))


def checkpoints(cleaned: CleanPictures, parameters: GanParameters) -> Path:
    """The folder of a training's checkpoints, which outlives the training process."""
    return data_folder() / "checkpoints" / stage_key(*_training_stage(cleaned, parameters))


@task(**RETRIES)
def train_gan(
    run: Run, cleaned: CleanPictures, measures: Measures, parameters: GanParameters, *, promote: bool = True
) -> TrainedGan:
    """Trains the GAN, from the last checkpoint if there is one, and logs each epoch to a nested run.

    If there is no champion yet and the GAN has not collapsed, it becomes champion; unless `promote` is False.

    Raises:
        UserError: the disk is full.
    """
    data = training_set(cleaned.folder, parameters.seed)
    checkpoint_folder = checkpoints(cleaned, parameters)
    remove_abandoned(checkpoint_folder.parent, checkpoint_folder)
    name, inputs, config = _training_stage(cleaned, parameters)
    title = f"{parameters.recipe}-{parameters.size}-seed{parameters.seed}"
    run_parameters = {**config, "rows": len(data.images)}
    interrupted = RunIds.load(checkpoint_folder).network
    with network_run(run, title, run_parameters, cleaned.dataset, interrupted) as nested:
        RunIds(parent=run.run_id, network=nested.run_id).save(checkpoint_folder)
        if note := "\n".join(map(plain, cleaned.attribution.splitlines())):
            nested.client.set_tag(nested.run_id, "mlflow.note.content", note)
        log = EpochLog(nested, sample_plan(data, parameters.recipe, parameters.seed), data)

        def on_epoch(checkpoint: Checkpoint) -> None:
            log(checkpoint)
            if checkpoint.alarms and checkpoint.alarms[-1].epoch == checkpoint.epochs:
                warn_of_collapse(checkpoint.alarms)

        def make(folder: Path) -> None:
            training = Training(
                data,
                measures.features(data),
                measures.floor,
                ellipses(parameters.source, data),
                recipe=parameters.recipe,
                size=parameters.size,
                epochs=parameters.planned_epochs,
                batch_size=parameters.planned_batch_size,
                collapse_share=parameters.collapse_share,
                on_collapse=parameters.on_collapse,
                seed=parameters.seed,
            )
            with task_progress(f"train {parameters.recipe}", "pictures") as progress:
                gan, last = training.run(checkpoint_folder, on_epoch, progress)
            save_keras(to_keras(gan.sampler), folder / GENERATOR)
            save_checkpoint(folder, last.results)

        stage = run_stage(data_folder(), name, inputs, config, make)
        checkpoint = load_checkpoint(stage.folder)
        rolled_back = bool(checkpoint.alarms) and parameters.on_collapse == "roll-back"
        trained = TrainedGan(stage, nested, rolled_back)
        log(checkpoint)
        nested.log_missing_metrics({**measures.floor, **measures.accuracy}, step=checkpoint.epochs)
        model, tags = parameters.registered_name, {"training": stage_key(name, inputs, config)}
        version = version_with_tags(nested.client, model, tags)
        if version is None:  # otherwise this very training is registered already
            model_id = log_generator(nested, trained.generator(), data, run_parameters, cleaned.attribution)
            version = register(nested, model_id, model, {"size": str(parameters.size), **tags})
        reason = "It was the first without a collapse."
        is_champion = promote and not checkpoint.alarms and promote_first(nested.client, model, version, reason)
    return TrainedGan(stage, nested, rolled_back, version, is_champion)


@task(**RETRIES)
def report_gan(
    run: Run,
    cleaned: CleanPictures,
    measures: Measures,
    trained: TrainedGan,
    shares: EightyTwenty,
    parameters: GanParameters,
) -> Path:
    """Writes pictures, films, tables and the 80/20 report to disk, to the MLflow run and to the Prefect UI.

    Returns:
        the folder on disk.
    """
    data = training_set(cleaned.folder, parameters.seed)
    with report_folder(run.run_id) as (folder, partial):
        report.draw_training(partial, data, measures, trained, parameters)
        markdown = report.write_texts(partial, cleaned, measures, trained, shares, parameters)
    run.log_artifact(folder, "report")
    run.log_metrics(report.summary_metrics(trained, shares))
    pictures = {name: folder / f"{name.replace('-', '_')}.png" for name in ("samples", "training", "eighty-twenty")}
    table = report.measures_table(report.final_measures(trained), {**measures.floor, **measures.accuracy})
    publish("gan", markdown=markdown, pictures=pictures, table=table)
    publish_link("gan-mlflow", "the run in MLflow", run.link)
    # only now: a process that is killed before this continues in the same run
    shutil.rmtree(checkpoints(cleaned, parameters), ignore_errors=True)
    return folder


def _training_stage(cleaned: CleanPictures, parameters: GanParameters) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Name, inputs and parameters of the stage that trains."""
    config = {
        **parameters.model_dump(include={"source", "recipe", "size", "on_collapse", "collapse_share", "seed"}),
        "epochs": parameters.planned_epochs,
        "batch_size": parameters.planned_batch_size,
    }
    # the pictures are an input, so only whether they are drawn here matters
    config["source"] = parameters.source if parameters.is_drawn else "own"
    return f"train-{parameters.recipe}", {"clean": cleaned.stage.sha256}, config
