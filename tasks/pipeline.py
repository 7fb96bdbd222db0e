"""The tasks that are the same for every model: each takes one stage of an experiment, and references to data."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from prefect import task

from eightytwenty.engine.summary import Summary
from eightytwenty.evaluate.score import CleaningScore
from tasks.cleaning import Clean, clean_by_name
from tasks.experiment import Check, Cleaned, Ingest, Raw
from tasks.running.confined import run_confined
from tasks.running.progress import task_progress
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.tracking.run import Dataset, Run
from tasks.validate import check_batch
from tasks.validate.gate import FinishedCheck, write_failures
from tasks.validate.reasons import quarantine_reasons


@task(task_run_name="ingest {title}", **RETRIES)
def ingest(stage: Ingest, title: str) -> Raw:  # noqa: ARG001 - the title is for the name of the task's run
    """Generates raw data, or uses what the user named.

    Args:
        stage: how.
        title: what it is about, such as "pairs to 256".

    Raises:
        UserError: the source cannot be read.
    """
    return stage()


@task(task_run_name="clean {raw.words}", **RETRIES)
def clean(stage: Clean, raw: Raw, *, confined: bool = False) -> Cleaned:
    """Cleans raw data.

    Args:
        stage: how.
        raw: the data.
        confined: whether it is done in a process of its own, because somebody sent it.

    Raises:
        UserError: it cannot be read, or not within the bounds of such a process.
    """

    def make(folder: Path) -> None:
        out = folder / stage.rows
        if confined:
            files = [raw.path, *(Path(parent, name) for parent, _, names in os.walk(raw.path) for name in names)]
            name, fields = f"{type(stage).__module__}:{type(stage).__qualname__}", json.dumps(vars(stage))
            size = sum(file.stat().st_size for file in files)
            run_confined(clean_by_name, name, fields, str(raw.path), str(out), size=size)
        else:
            with task_progress(f"clean {raw.name}", stage.unit) as progress:
                stage(raw.path, out, progress)

    done = run_stage(data_folder(), f"clean-{stage.rows}", {"raw": raw.sha256}, stage.kind, make)
    rows = done.folder / stage.rows
    summary = Summary.load(rows)
    dataset = Dataset(raw.name, rows, done.sha256, summary.clean)
    return Cleaned(raw, rows, done.sha256, summary, dataset, done.seconds, done.fresh)


@task(task_run_name="check {cleaned.raw.words}", **RETRIES)
def check(stage: Check, clean: Clean, cleaned: Cleaned) -> FinishedCheck:
    """Asks Great Expectations whether the cleaned batch as a whole is what it should be."""

    def make(folder: Path) -> None:
        expectations, counts = stage(cleaned)
        fates = {"rows": cleaned.summary.rows, **cleaned.summary.fates}
        reasons = quarantine_reasons(cleaned.rows, clean.unit, clean.show)
        file = cleaned.rows / "clean.parquet"
        write_failures(folder, check_batch(file, fates, expectations, folder / "docs", counts, reasons))

    config = {"name": cleaned.raw.name, **stage.keywords}
    return FinishedCheck(
        cleaned.raw.name, run_stage(data_folder(), f"check-{clean.rows}", {"clean": cleaned.sha256}, config, make)
    )


@task(task_run_name="score the cleaning", **RETRIES)
def score_cleaning(run: Run, stages: Sequence[Clean], cleaned: Sequence[Cleaned]) -> list[CleaningScore]:
    """Scores the cleaning of generated data against the truth, and logs the scores to MLflow."""
    scores = [
        stage.score(each.rows, each.raw.truth)
        for stage, each in zip(stages, cleaned, strict=True)
        if each.raw.truth is not None
    ]
    run.log_cleaning_scores(scores)
    return scores
