"""From a dirty folder of pictures to a GAN: ingest -> clean -> check -> train -> track -> report.

Run it by hand with `eightytwenty gan --help`. Finished stages are reused from disk; a killed training continues after
its last epoch, in the same MLflow run.
"""

from dataclasses import dataclass
from pathlib import Path

from prefect import flow, get_run_logger

from eightytwenty.evaluate.score import CleaningScore
from eightytwenty.read.download import redact_source
from reports.eighty_twenty import EightyTwenty
from schemas.parameters import GanParameters
from tasks.gans.record import RunIds
from tasks.gans.report import final_measures, gan_eighty_twenty
from tasks.gans.tasks import (
    check_pictures,
    checkpoints,
    clean_raw_pictures,
    find_features,
    ingest_pictures,
    report_gan,
    score_pictures_cleaning,
    train_gan,
)
from tasks.running.failures import user_error_as_state
from tasks.running.stages import data_folder
from tasks.tracking.lifecycle import parent_run
from tasks.validate.gate import stop_if_unfit


@dataclass(frozen=True)
class GanReport:
    """The result of a run of the GAN: its measures beside those of real pictures, the 80/20 numbers, where to look."""

    name: str
    model: str
    is_champion: bool
    measures: dict[str, float]
    real: dict[str, float]
    alarms: list[str]
    attribution: str
    shares: EightyTwenty
    cleaning: list[CleaningScore]
    folder: Path
    docs: list[Path]
    mlflow: str


@flow(name="gan")
@user_error_as_state
def gan(parameters: GanParameters) -> GanReport:
    """Ingest pictures, clean them, train a GAN that draws such pictures, and track it all.

    Raises:
        UserError: the source cannot be read, or the cleaned batch is not fit to train on.
    """
    log = get_run_logger()
    raw = ingest_pictures(parameters)
    cleaned = clean_raw_pictures(raw, parameters)
    log.info("%s: %s files, %s", cleaned.name, cleaned.summary.rows, cleaned.summary.fates)

    interrupted = RunIds.load(checkpoints(cleaned, parameters)).parent
    config = redact_source(parameters.model_dump())
    with parent_run(data_folder(), "gan", cleaned.name, config, datasets=[cleaned.dataset], resume=interrupted) as run:
        checked = check_pictures(cleaned, parameters.most_quarantine)
        stop_if_unfit(run, [checked])
        score = score_pictures_cleaning(run, cleaned)
        measures = find_features(cleaned, parameters)
        trained = train_gan(run, cleaned, measures, parameters)
        shares = gan_eighty_twenty(cleaned, checked, measures, trained)
        folder = report_gan(run, cleaned, measures, trained, shares, parameters)
    for alarm in trained.checkpoint.alarms:
        log.warning(str(alarm))
    log.info(shares.sentence)
    return GanReport(
        name=cleaned.name,
        model=f"{parameters.registered_name}/{trained.version}",
        is_champion=trained.is_champion,
        measures=final_measures(trained),
        real={**measures.floor, **measures.accuracy},
        alarms=[str(alarm) for alarm in trained.checkpoint.alarms],
        attribution=raw.attribution,
        shares=shares,
        cleaning=[score] if score else [],
        folder=folder,
        docs=[checked.docs],
        mlflow=run.link,
    )
