"""Compares new rows with those that the champion learned from, by Great Expectations."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from prefect import task

from eightytwenty.files import sha256
from schemas.drift_expectations import FEWEST_TO_COMPARE, drift_expectations
from tasks.cleaning import Clean
from tasks.experiment import Cleaned
from tasks.retrain import RefusedError
from tasks.retrain.cards import Version
from tasks.retrain.versions import DatasetVersions
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.validate import check_batch

_FINDINGS = "findings.json"
RECENT_DAYS = 30
# A delivery with fewer clean rows is judged with other recent ones, too. The limit of larger ones leaves little to
# chance, and among so many rows the drift of small ones would not be seen.
_SMALL = 1000


@dataclass(frozen=True)
class Baseline:
    """The rows that new rows are compared with: where they lie, their digest, and a description for people."""

    rows: Path
    sha256: str
    description: str


@dataclass(frozen=True)
class Drift:
    """The result of the comparison.

    Attributes:
        sentence: what was compared with what, or why nothing was.
        table: for each column what is expected, what was observed, and whether the expectation is met.
        docs: folder of the Data Docs; None if nothing was compared.
    """

    sentence: str
    table: tuple[tuple[str, str, bool], ...] = ()
    docs: Path | None = None

    @property
    def drifted(self) -> tuple[str, ...]:
        """A sentence for each column that drifted."""
        return tuple(f"{expected} It is {observed}." for expected, observed, met in self.table if not met)


@dataclass(frozen=True)
class RecentDeliveries:
    """The small deliveries that were accepted in the last `RECENT_DAYS` days.

    Attributes:
        version: of the dataset that holds them; None if there is none.
        places: the folders of its raw files that are theirs.
        batch: those that were accepted in this run, and are in no version yet.
    """

    version: Version | None
    places: tuple[str, ...] = ()
    batch: tuple[Cleaned, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.places or self.batch)

    def with_accepted(self, batch: Sequence[Cleaned]) -> "RecentDeliveries":
        """With the small ones of a batch that was accepted just now."""
        return replace(self, batch=(*self.batch, *(cleaned for cleaned in batch if cleaned.summary.clean < _SMALL)))

    def profiles(self, clean: Clean) -> list[pl.DataFrame]:
        """Their clean rows, as they are compared."""
        profiles = [clean.profile(cleaned.rows) for cleaned in self.batch]
        if self.version and self.places:
            belongs = _places(self.version).is_in(self.places)
            profiles.append(clean.profile(self.version.rows_folder).filter(belongs))
        return profiles


@task(task_run_name="find recent small deliveries", **RETRIES)
def find_recent(versions: DatasetVersions, version: Version | None) -> RecentDeliveries:
    """The small deliveries of the last days, but for what the dataset began with: nothing was there to judge it by."""
    if version is None:
        return RecentDeliveries(None)
    digests = versions.accepted_within(RECENT_DAYS)
    places = [
        place
        for place, rows in _places(version).value_counts(name="rows").iter_rows()
        if rows < _SMALL and not place.startswith("0001-") and any(digest.startswith(place[5:]) for digest in digests)
    ]
    return RecentDeliveries(version, tuple(sorted(places)))


@task(task_run_name="find what the champion learned from", **RETRIES)
def find_baseline(tracking_uri: str, champion: ModelVersion | None, newest: Version | None) -> Baseline | None:
    """The rows that the champion learned from, if they are still at the place that its MLflow run names, and unchanged.

    If they are not, the newest dataset version takes their place; None if there is none either.
    """
    if champion and champion.run_id:
        run = MlflowClient(tracking_uri).get_run(champion.run_id)
        for entry in run.inputs.dataset_inputs if run.inputs else ():
            source = json.loads(entry.dataset.source)
            # runs of earlier releases have a tag for it
            digest = source.get("sha256") or run.data.tags.get(f"dataset.{entry.dataset.name}.sha256")
            if digest is None:  # not one of ours
                continue
            rows = Path(source["uri"])
            if _is_unchanged(rows, digest):
                return Baseline(rows, digest, f"what {champion.name}/{champion.version} learned from")
    if newest is None:
        return None
    reason = "since there is no champion"
    if champion:
        reason = f"since what {champion.name}/{champion.version} learned from is gone or was changed"
    return Baseline(newest.rows_folder, newest.sha256, f"{newest.name}, {reason}")


@task(task_run_name="group the deliveries", **RETRIES)
def group_for_comparison(clean: Clean, deliveries: Sequence[Cleaned]) -> list[list[Cleaned]]:
    """Each large delivery by itself, so that none hides behind another; those too small for that together.

    Small ones are together only if they have the same columns: otherwise one would get the others refused.
    """
    large: list[list[Cleaned]] = []
    small: dict[tuple[str, ...], list[Cleaned]] = {}
    for delivery in deliveries:
        if delivery.summary.clean >= FEWEST_TO_COMPARE:
            large.append([delivery])
        else:
            small.setdefault(tuple(clean.profile(delivery.rows).columns), []).append(delivery)
    return [*large, *small.values()]


@task(task_run_name="compare with what the champion learned from", **RETRIES)
def compare(
    clean: Clean,
    batch: Sequence[Cleaned],
    baseline: Baseline | None,
    most_drift: float,
    recent: RecentDeliveries | None = None,
) -> Drift:
    """Compares the clean rows of a batch, or of a batch and recent deliveries together, with the baseline.

    Raises:
        RefusedError: they have other columns.
    """
    names = ", ".join(cleaned.raw.name for cleaned in batch)
    if recent:
        names += f" and of the small deliveries of the last {RECENT_DAYS} days"
    if baseline is None:
        return Drift(f"There is neither a champion nor a dataset yet, so {names} was not checked for drift.")

    def make(folder: Path) -> None:
        old = clean.profile(baseline.rows)
        profiles = [clean.profile(cleaned.rows) for cleaned in batch]
        profiles += recent.profiles(clean) if recent else []
        for profile in profiles:
            if profile.columns != old.columns:
                old_columns, new_columns = (", ".join(sorted(table.columns)) for table in (old, profile))
                raise RefusedError(
                    f"The new rows have the columns {new_columns}, but the champion's data has {old_columns}: "
                    "rename or add columns."
                )
        new = pl.concat(profiles)
        new.write_parquet(folder / "new.parquet")
        expectations = drift_expectations(f"drift from {baseline.description}", old, new, most_drift)
        fates = {"rows": new.height, "clean": new.height, "quarantine": 0, "duplicates": 0}
        check = check_batch(folder / "new.parquet", fates, expectations, folder / "docs")
        table = [(finding.expected, finding.observed, finding.met) for finding in check.findings]
        (folder / _FINDINGS).write_text(json.dumps([new.height, min(old.height, new.height), table]))

    new = [*batch, *(recent.batch if recent else ())]
    inputs = {"old": baseline.sha256} | {f"new {number}": cleaned.sha256 for number, cleaned in enumerate(new)}
    config = {"most_drift": most_drift, "baseline": baseline.description, **clean.kind}
    if recent and recent.version:
        inputs["recent"], config["recent"] = recent.version.sha256, recent.places
    stage = run_stage(data_folder(), "compare", inputs, config, make)
    rows, fewest, table = json.loads((stage.folder / _FINDINGS).read_text())
    docs = stage.folder / "docs"
    if fewest < FEWEST_TO_COMPARE:
        reason = f"{fewest} rows are too few to detect drift: {FEWEST_TO_COMPARE} are needed in both tables"
        return Drift(
            f"The {rows:,} clean rows of {names} were not compared with {baseline.description}; {reason}.", (), docs
        )
    sentence = f"The {rows:,} clean rows of {names} were compared with {baseline.description}."
    return Drift(sentence, tuple((expected, observed, met) for expected, observed, met in table), docs)


def is_small(batch: Sequence[Cleaned]) -> bool:
    """Whether a batch is judged with other recent deliveries, too."""
    return sum(cleaned.summary.clean for cleaned in batch) < _SMALL


def _places(version: Version) -> pl.Series:
    """For each clean row of a version, the folder of the delivery that brought it."""
    sources = pl.read_parquet(version.rows_folder / "clean.parquet", columns=["source"])["source"]
    return sources.cast(pl.String).str.split("/").list.first()


def _is_unchanged(rows: Path, digest: str) -> bool:
    """Whether rows still exist with this digest: it is theirs, or that of the stage in which they lie."""
    try:
        places = (rows, rows.parent) if rows.is_dir() else (rows, rows.parent, rows.parent.parent)
        return rows.exists() and any(sha256(place) == digest for place in places)
    except OSError:
        return False
