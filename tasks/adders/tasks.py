"""The Prefect tasks of the adders flow. They pass references; the tables and networks stay on disk."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
from prefect import task

from eightytwenty.engine.run import clean_table
from eightytwenty.engine.summary import Summary
from eightytwenty.evaluate.score import CleaningScore, score
from eightytwenty.files import sha256
from eightytwenty.read.source import open_source
from models.adders.network import Adder, IntArray
from reports.cleaning_figure import cleaning_figure
from reports.eighty_twenty import EightyTwenty, eighty_twenty_markdown
from reports.results import results_markdown, results_table
from reports.style import save
from schemas.expectations import pairs_expectations
from schemas.pairs import pairs_table
from schemas.parameters import GENERATED, AdderParameters
from tasks.adders.networks import TrainedAdders, save_adders
from tasks.adders.record import draw_results, record_networks, results_frame, summary_metrics
from tasks.adders.register import NAME, best, register_adder
from tasks.adders.results import ScoredAdder, score_all
from tasks.adders.tables import FEWEST_PAIRS, CleanTable, RawTable, reaching, training_pairs, uncleaned_pairs
from tasks.ingest.pairs import TRUTH, generate_pairs
from tasks.running.allowed_paths import fetch
from tasks.running.artifacts import publish, publish_link
from tasks.running.progress import task_progress
from tasks.running.reports import report_folder
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.running.tensorflow import import_quietly
from tasks.tracking.champion import promote_first
from tasks.tracking.run import Run
from tasks.validate import check_batch
from tasks.validate.gate import FinishedCheck, write_failures
from tasks.validate.reasons import quarantine_reasons, show_pair


@task(**RETRIES)
def ingest_pairs(parameters: AdderParameters) -> list[RawTable]:
    """Generates a raw table for each largest sum, or uses the one that the source names.

    Raises:
        UserError: the source cannot be read.
    """
    data = data_folder()
    if parameters.source != GENERATED:
        started = time.perf_counter()
        path = fetch(parameters.source, data)
        largest_sum = max(parameters.largest_sums)
        open_source(path, pairs_table(largest_sum))
        return [RawTable(path.resolve(), sha256(path), largest_sum, time.perf_counter() - started)]
    tables = []
    for largest_sum in sorted(parameters.largest_sums):
        config: dict[str, Any] = {
            "rows": parameters.rows,
            "largest_sum": largest_sum,
            "dirt": parameters.dirt,
            "seed": parameters.seed,
        }

        def make(folder: Path, config: Mapping[str, Any] = config) -> None:
            generate_pairs(folder / "pairs", **config)

        stage = run_stage(data, "ingest", {}, config, make)
        pairs = stage.folder / "pairs"
        digest = sha256(pairs / "raw")
        tables.append(RawTable(pairs / "raw", digest, largest_sum, stage.seconds, stage.fresh, pairs / TRUTH))
    return tables


def _clean_rows(raw: RawTable, folder: Path) -> None:
    table = pairs_table(raw.largest_sum)
    with task_progress(f"clean pairs to {raw.largest_sum}", "rows") as progress:
        clean_table(open_source(raw.path, table), table, folder, progress)


@task(**RETRIES)
def clean_pairs(raw: RawTable, clean: Callable[[RawTable, Path], None] = _clean_rows) -> CleanTable:
    """Cleans a raw table.

    Args:
        raw: the table.
        clean: cleans it into a folder.

    Raises:
        UserError: one of its files is damaged.
    """

    def make(folder: Path) -> None:
        clean(raw, folder / "rows")

    stage = run_stage(data_folder(), "clean", {"raw": raw.sha256}, {"largest_sum": raw.largest_sum}, make)
    return CleanTable(raw, stage, Summary.load(stage.folder / "rows"))


@task(**RETRIES)
def check_pairs(table: CleanTable, most_quarantine: float) -> FinishedCheck:
    """Asks Great Expectations whether the cleaned batch as a whole is what it should be."""
    config: dict[str, Any] = {
        "largest_sum": table.largest_sum,
        "rows": table.summary.clean,
        "generated": table.raw.truth is not None,
        "most_quarantine": most_quarantine,
    }

    def make(folder: Path) -> None:
        fates = {"rows": table.summary.rows, **table.summary.fates}
        reasons = quarantine_reasons(table.rows.parent, "rows", show_pair)
        check = check_batch(table.rows, fates, pairs_expectations(**config), folder / "docs", reasons=reasons)
        write_failures(folder, check)

    stage = run_stage(data_folder(), "check", {"clean": table.stage.sha256}, config, make)
    return FinishedCheck(f"pairs-{table.largest_sum}", stage)


@task(**RETRIES)
def train_adders(tables: Sequence[CleanTable], parameters: AdderParameters, protocol: str) -> TrainedAdders:
    """Trains the whole grid by one protocol on the clean pairs.

    Raises:
        UserError: there are too few clean pairs.
    """
    return _train(
        f"train-{protocol}",
        {str(table.largest_sum): table.stage.sha256 for table in tables},
        lambda size: training_pairs(tables, size, parameters.rows, parameters.seed),
        parameters,
        protocol,
    )


@task(**RETRIES)
def train_uncleaned(tables: Sequence[RawTable], parameters: AdderParameters, protocol: str) -> TrainedAdders:
    """Trains the widest network of each size by one protocol on the rows as they came, to show what cleaning buys."""
    by_size = {size: reaching(tables, size) for size in sorted(parameters.largest_sums)}
    return _train(
        f"train-{protocol}-uncleaned",
        {str(size): table.sha256 for size, table in by_size.items()},
        lambda size: uncleaned_pairs(by_size[size], parameters.rows, parameters.seed),
        parameters.model_copy(update={"hidden_units": [max(parameters.hidden_units)], "seeds": 1}),
        protocol,
    )


@task(**RETRIES)
def score_cleaning(run: Run, tables: Sequence[CleanTable]) -> list[CleaningScore]:
    """Scores the cleaning of generated tables against the truth, and logs the scores to MLflow."""
    scores = [
        score(table.rows.parent, pl.read_parquet(table.raw.truth)) for table in tables if table.raw.truth is not None
    ]
    run.log_cleaning_scores(scores)
    return scores


@task(**RETRIES)
def score_networks(trainings: Sequence[TrainedAdders]) -> list[ScoredAdder]:
    """Scores the networks of several trainings on the pairs of their domain and beyond."""
    return score_all([adder for training in trainings for adder in training.load()])


@task  # without retries, which would log the networks again
def log_adders(
    run: Run, networks: Sequence[ScoredAdder], tables: Sequence[CleanTable], parameters: AdderParameters
) -> tuple[int, bool]:
    """Logs a nested MLflow run for each network, and registers the best of them.

    Returns:
        the version of the best network, and whether it is the champion.
    """
    import_quietly()
    sizes = {network.adder.largest_sum for network in networks}
    shared = parameters.model_dump(include={"rows", "dirt", "epochs", "patience"})
    datasets = {size: reaching(tables, size).dataset for size in sizes}
    run_ids = record_networks(run, networks, datasets, shared)
    index = best(networks)
    adder = networks[index].adder
    version = register_adder(replace(run, run_id=run_ids[index]), adder, datasets[adder.largest_sum])
    return version, promote_first(run.client, NAME, version, f"It was the first: {adder.name}.")


@task(**RETRIES)
def report_run(run: Run, networks: Sequence[ScoredAdder], shares: EightyTwenty) -> Path:
    """Writes tables, pictures and the 80/20 report to disk, to the MLflow run and to the Prefect UI.

    Returns:
        the folder on disk.
    """
    markdown = eighty_twenty_markdown(shares)
    with report_folder(run.run_id) as (folder, partial):
        cells = draw_results(partial, networks)
        (partial / "eighty_twenty.md").write_text(markdown, encoding="utf-8")
        save(cleaning_figure(shares), partial / "eighty_twenty.png")
    run.log_artifact(folder, "report")
    run.log_table(results_frame(cells), "results.json")
    seconds = {f"seconds_{stage.name.replace(' ', '_')}": stage.seconds for stage in shares.stages}
    rows = {f"rows_{fate}": float(count) for fate, count in shares.fates.items()}
    shared = {"share_cleaning": shares.time_share("cleaning"), "share_modelling": shares.time_share("modelling")}
    run.log_metrics({**summary_metrics(cells), **seconds, **rows, **shared})
    pictures = {"results": folder / "results.png", "eighty-twenty": folder / "eighty_twenty.png"}
    publish(
        "adders", markdown=f"{markdown}\n\n{results_markdown(cells)}", pictures=pictures, table=results_table(cells)
    )
    publish_link("adders-mlflow", "the run in MLflow", run.link)
    return folder


def _train(
    name: str,
    inputs: Mapping[str, str],
    read: Callable[[int], IntArray],
    parameters: AdderParameters,
    protocol: str,
) -> TrainedAdders:
    grid: dict[str, Any] = {
        "hidden_units": sorted(parameters.hidden_units),
        "seeds": parameters.seeds,
        "seed": parameters.seed,
    }
    epochs: dict[str, Any] = (
        {"epochs": parameters.epochs, "patience": parameters.patience} if protocol == "article" else {}
    )
    sizes = sorted(parameters.largest_sums)

    def make(folder: Path) -> None:
        import_quietly()
        # too few uncleaned rows may parse; clean ones were counted before
        pairs = {size: rows for size in sizes if len(rows := read(size)) >= FEWEST_PAIRS}
        with task_progress(name.replace("-", " "), "epochs" if epochs else "networks") as progress:
            adders = _trainer(protocol)(pairs, **grid, **epochs, progress=progress) if pairs else []
        save_adders(adders, folder)

    config = {"sizes": sizes, "rows": parameters.rows, **grid, **epochs}
    return TrainedAdders(run_stage(data_folder(), name, inputs, config, make))


def _trainer(protocol: str) -> Callable[..., list[Adder]]:
    if protocol == "article":
        from models.adders.ensemble import train_article

        return train_article
    from models.adders.solve import train_solved

    return train_solved
