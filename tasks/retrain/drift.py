"""Compares new rows with those that the champion learned from, by Great Expectations."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from prefect import task

from eightytwenty.files import sha256
from schemas.drift_expectations import FEWEST_TO_COMPARE, drift_expectations
from tasks.retrain.experiment import Experiment, RefusedError, Taken
from tasks.retrain.versions import Version
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.validate import check_batch

_FINDINGS = "findings.json"


@dataclass(frozen=True)
class Old:
    """What new rows are compared with: where it lies, its digest, and what it is, for people."""

    rows: Path
    sha256: str
    what: str


@dataclass(frozen=True)
class Drift:
    """What the comparison found.

    Attributes:
        sentence: what was compared with what, or why nothing was.
        table: for each column what must be, what is, and whether that is met.
        docs: folder of the Data Docs; None where nothing was compared.
    """

    sentence: str
    table: tuple[tuple[str, str, bool], ...] = ()
    docs: Path | None = None

    @property
    def drifted(self) -> tuple[str, ...]:
        """A sentence for each column that drifted."""
        return tuple(f"{wanted} It is {observed}." for wanted, observed, met in self.table if not met)


@task(**RETRIES)
def champions_data(client: MlflowClient, champion: ModelVersion | None, newest: Version | None) -> Old | None:
    """The rows that the champion learned from, as its MLflow run names them and if they are still what they were.

    Where they are gone the newest dataset version takes their place; None where there is none either.
    """
    if champion and champion.run_id:
        run = client.get_run(champion.run_id)
        for entry in run.inputs.dataset_inputs if run.inputs else ():
            rows = Path(json.loads(entry.dataset.source)["uri"])
            digest = run.data.tags.get(f"dataset.{entry.dataset.name}.sha256", "")
            if _is(rows, digest):
                return Old(rows, digest, f"what {champion.name}/{champion.version} learned from")
    if newest is None:
        return None
    gone = "since there is no champion"
    if champion:
        gone = f"since what {champion.name}/{champion.version} learned from is gone or was changed"
    return Old(newest.rows_folder, newest.sha256, f"{newest.name}, {gone}")


@task(**RETRIES)
def compared_together(subject: Experiment, taken: Sequence[Taken]) -> list[list[Taken]]:
    """The deliveries, each by itself, so that none hides behind another; those too small for that as one.

    Of these only such as have the same columns, since others are refused.
    """
    large: list[list[Taken]] = []
    small: dict[tuple[str, ...], list[Taken]] = {}
    for one in taken:
        if one.summary.clean >= FEWEST_TO_COMPARE:
            large.append([one])
        else:
            small.setdefault(tuple(subject.profile(one.rows).columns), []).append(one)
    return [*large, *small.values()]


@task(**RETRIES)
def compare(subject: Experiment, batch: Sequence[Taken], old: Old | None, most_drift: float) -> Drift:
    """Compares the clean rows of a batch with old rows, column by column.

    Raises:
        RefusedError: they have other columns.
    """
    names = ", ".join(taken.delivery.name for taken in batch)
    if old is None:
        return Drift(f"There is neither a champion nor a dataset yet, so drift was not looked for in {names}.")

    def make(folder: Path) -> None:
        before = subject.profile(old.rows)
        profiles = [subject.profile(taken.rows) for taken in batch]
        for profile in profiles:
            if profile.columns != before.columns:
                had, has = (", ".join(sorted(one.columns)) for one in (before, profile))
                raise RefusedError(f"The new rows have the columns {has}, and the champion's data {had}.")
        new = pl.concat(profiles)
        new.write_parquet(folder / "new.parquet")
        expected = drift_expectations(f"drift from {old.what}", before, new, most_drift)
        fates = {"rows": new.height, "clean": new.height, "quarantine": 0, "duplicates": 0}
        check = check_batch(folder / "new.parquet", fates, expected, folder / "docs")
        table = [(finding.expected, finding.observed, finding.met) for finding in check.findings]
        (folder / _FINDINGS).write_text(json.dumps([new.height, min(before.height, new.height), table]))

    inputs = {"old": old.sha256} | {f"new {number}": taken.sha256 for number, taken in enumerate(batch)}
    asked = {"most_drift": most_drift, "what": old.what, "subject": subject.flow}
    stage = run_stage(data_folder(), "compare", inputs, asked, make)
    rows, fewest, table = json.loads((stage.folder / _FINDINGS).read_text())
    if fewest < FEWEST_TO_COMPARE:
        few = f"{fewest} rows are too few to see drift by: {FEWEST_TO_COMPARE} are needed in both tables"
        return Drift(
            f"The {rows:,} clean rows of {names} were not compared with {old.what}; {few}.", (), stage.folder / "docs"
        )
    sentence = f"The {rows:,} clean rows of {names} were compared with {old.what}."
    return Drift(sentence, tuple((wanted, observed, met) for wanted, observed, met in table), stage.folder / "docs")


def _is(rows: Path, digest: str) -> bool:
    """Whether rows are still there and unchanged; the digest is theirs or that of the stage that they lie in."""
    try:
        around = (rows, rows.parent) if rows.is_dir() else (rows, rows.parent, rows.parent.parent)
        return rows.exists() and any(sha256(place) == digest for place in around)
    except OSError:
        return False
