"""From a dirty table of pairs to trained adders: ingest -> clean -> check -> train -> track -> report.

Run it by hand with `eightytwenty adders --help`; `make run` runs it with its defaults. Finished stages are reused
from disk, so a killed run continues where it stopped.
"""

from dataclasses import dataclass
from pathlib import Path

from prefect import flow, get_run_logger

from eightytwenty.evaluate.score import CleaningScore
from eightytwenty.read.download import redact_source
from reports.accounts import Stopwatch
from reports.eighty_twenty import EightyTwenty
from reports.results import CellResult
from schemas.parameters import GENERATED, AdderParameters
from tasks.adders.register import NAME
from tasks.adders.report import eighty_twenty
from tasks.adders.results import by_cell
from tasks.adders.tables import sizes_reached
from tasks.adders.tasks import (
    check_pairs,
    clean_pairs,
    ingest_pairs,
    log_adders,
    report_run,
    score_cleaning,
    score_networks,
    train_adders,
    train_uncleaned,
)
from tasks.running.failures import user_error_as_state
from tasks.running.stages import data_folder
from tasks.tracking.lifecycle import parent_run
from tasks.validate.gate import stop_if_unfit


@dataclass(frozen=True)
class AdderReport:
    """The result of a run of the adders: results by cell, the 80/20 numbers, and where to look next."""

    cells: list[CellResult]
    model: str
    is_champion: bool
    shares: EightyTwenty
    cleaning: list[CleaningScore]
    folder: Path
    docs: list[Path]
    mlflow: str


@flow(name="adders")
@user_error_as_state
def adders(parameters: AdderParameters) -> AdderReport:
    """Ingest pairs of numbers, clean them, train networks that add them, and track it all.

    Raises:
        UserError: the source cannot be read, or the cleaned batch is not fit to train on.
    """
    log = get_run_logger()
    raw = ingest_pairs(parameters)
    tables = [clean_pairs(table) for table in raw]
    for table in tables:
        log.info("sums to %s: %s rows, %s", table.largest_sum, table.summary.rows, table.summary.fates)

    if parameters.source != GENERATED:
        sizes = sizes_reached(tables[0], parameters.largest_sums)
        if omitted := sorted(set(parameters.largest_sums) - set(sizes)):
            log.warning("sums to %s are left out: the source has too few pairs for them", omitted)
        parameters = parameters.model_copy(update={"largest_sums": sizes})

    datasets = [table.dataset for table in tables]
    with parent_run(
        data_folder(), "adders", "adders", redact_source(parameters.model_dump()), datasets=datasets
    ) as run:
        checks = [check_pairs(table, parameters.most_quarantine) for table in tables]
        stop_if_unfit(run, checks)
        cleaning = score_cleaning(run, tables)

        trainings = [train_adders(tables, parameters, protocol) for protocol in parameters.protocols]
        uncleaned_trainings = [train_uncleaned(raw, parameters, protocol) for protocol in parameters.protocols]
        stopwatch = Stopwatch()
        with stopwatch("score", "modelling"):
            networks, uncleaned_networks = score_networks(trainings), score_networks(uncleaned_trainings)
        with stopwatch("track in MLflow", "other"):
            version, is_champion = log_adders(run, networks, tables, parameters)
        shares = eighty_twenty(
            tables, checks, trainings, uncleaned_trainings, networks, uncleaned_networks, stopwatch.stages
        )
        folder = report_run(run, networks, shares)
    log.info(shares.sentence)
    return AdderReport(
        cells=by_cell(networks),
        model=f"{NAME}/{version}",
        is_champion=is_champion,
        shares=shares,
        cleaning=cleaning,
        folder=folder,
        docs=[check.docs for check in checks],
        mlflow=run.link,
    )
