"""What both retraining flows do, one Prefect task each."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from prefect import task
from pydantic import TypeAdapter, ValidationError

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import UnwritableError
from tasks.retrain.experiment import CleanedDelivery, Experiment, RefusedError
from tasks.retrain.gate import Decision, Scores
from tasks.retrain.inbox import Delivery, Inbox, fetch, look_into
from tasks.retrain.versions import DatasetVersions, Version
from tasks.running.allowed_paths import require_allowed_to_copy
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder
from tasks.tracking.champion import champion, history, promote
from tasks.tracking.registry import find, version_with_tags
from tasks.tracking.run import Run

_CHALLENGER, _JUDGED = "challenger", "judged"  # tags of a model version


@dataclass(frozen=True)
class Judgement:
    """How a challenger was judged.

    Attributes:
        challenger: its version in the registry.
        champion: the champion before; 0 if there was none.
        scores: "challenger" and, if there is one, "champion" -> measure -> value, on the same held-out rows.
        decision: whether the challenger becomes champion.
    """

    challenger: int
    champion: int
    scores: Mapping[str, Scores]
    decision: Decision

    def dump(self) -> str:
        """As JSON, for a tag."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> "Judgement | None":
        """Reads what `dump` wrote; None if it is empty or damaged."""
        try:
            return TypeAdapter(cls).validate_json(text, strict=True)
        except ValidationError:
            return None


def inbox_folder(inbox: str, model: str) -> Path:
    """The folder that new files are put into.

    Raises:
        UserError: this run may not use it, or the program keeps its own files there.
    """
    return require_allowed_to_copy(inbox) if inbox else data_folder() / "inbox" / model


@task(**RETRIES)
def find_champion(client: MlflowClient, model: str) -> ModelVersion | None:
    """The champion of a registered model; None if there is none."""
    return champion(client, model)


@task(**RETRIES)
def look_for_new(folder: Path, versions: DatasetVersions) -> Inbox:
    """Looks into the inbox for deliveries that are new.

    Raises:
        UserError: it cannot be read.
    """
    return look_into(folder, versions.known_digests())


def clean_deliveries(
    experiment: Experiment, versions: DatasetVersions, deliveries: Sequence[Delivery]
) -> tuple[list[CleanedDelivery], list[str], list[str]]:
    """Cleans and checks deliveries, each by itself; unfit ones are refused, and that is recorded.

    Returns:
        the fit ones; a sentence for each that is refused; the names of those that were changed in the meantime.

    Raises:
        UnwritableError: the data folder cannot be written, which is no fault of a delivery.
    """
    fit, refusals, changed = [], [], []
    for delivery in deliveries:
        try:
            if (copy := fetch(delivery, versions.arriving)) is None:
                changed.append(delivery.name)
                continue
            cleaned = experiment.clean_delivery(copy)
        except UnwritableError:
            raise
        except UserError as error:
            refusals.append(_refuse(versions, [delivery], error.redacted))
            continue
        except OSError as error:  # of the disk or the network, so the next time it may go well
            refusals.append(f"{delivery.name}: not read this time ({error.strerror or type(error).__name__}).")
            continue
        if cleaned.checked.failures:
            reasons = f"{' '.join(cleaned.checked.failures)} See {cleaned.checked.docs / 'index.html'}."
            refusals.append(_refuse(versions, [delivery], reasons))
        else:
            fit.append(cleaned)
    return fit, refusals, changed


def refuse(versions: DatasetVersions, batch: Sequence[CleanedDelivery], why: str) -> str:
    """Refuses a batch as a whole, and records that."""
    return _refuse(versions, [cleaned.delivery for cleaned in batch], why)


@task(**RETRIES)
def add_version(
    experiment: Experiment, versions: DatasetVersions, parent: Version | None, batch: Sequence[CleanedDelivery]
) -> Version:
    """Adds a batch to the dataset, as its next version.

    Raises:
        RefusedError: the batch adds nothing, or takes something away.
    """
    number = parent.number + 1 if parent else 1
    by_digest = {cleaned.delivery.sha256: cleaned for cleaned in batch}

    def clean(folder: Path) -> Summary:
        summary = experiment.clean_version(folder)
        sources = pl.read_parquet(folder / experiment.rows_folder / "clean.parquet", columns=["source"])["source"]
        added = int(sources.cast(pl.String).str.starts_with(f"{number:04}-").sum())
        lost = (parent.rows["clean"] if parent else 0) - (summary.clean - added)
        if lost:
            raise RefusedError(
                f"{lost:,} rows of {parent.name if parent else ''} would be lost: the new files hold rows with the "
                "same ids or pictures and other values."
            )
        before = parent.rows["quarantine"] if parent else 0
        contradictions = summary.quarantine - before - sum(cleaned.summary.quarantine for cleaned in batch)
        if contradictions > 0 and len(batch) > 1:
            raise RefusedError(
                f"{contradictions:,} rows would go into quarantine: the new files contradict each other."
            )
        if not added:
            raise RefusedError("The dataset already has all of their rows.")
        return summary

    return versions.add(
        parent,
        [cleaned.delivery for cleaned in batch],
        lambda delivery, place: experiment.copy_files(by_digest[delivery.sha256], place),
        clean,
    )


def challenger_key(experiment: Experiment, version: Version) -> str:
    """Identifies a challenger: what it learns from, and how."""
    return _digest(version.sha256, dict(experiment.training_parameters))


def judgement_key(experiment: Experiment, version: Version) -> str:
    """Identifies a judgement: the challenger, and what it must reach."""
    return _digest(challenger_key(experiment, version), dict(experiment.gate_parameters))


@task  # without retries, which would log the same networks again
def train_challenger(run: Run, experiment: Experiment, model: str, version: Version) -> int:
    """Trains and registers the challenger, unless it is registered already.

    Returns:
        its version in the registry.

    Raises:
        UserError: there are too few rows.
    """
    key = challenger_key(experiment, version)
    registered = version_with_tags(run.client, model, {_CHALLENGER: key})
    if registered is not None:
        return registered
    number = experiment.train(run, version)
    tags = {"dataset": f"{model}-{version.name}", "dataset_sha256": version.sha256}
    # the key comes last: a version that has it is complete
    for name, value in {**tags, _CHALLENGER: key}.items():
        run.client.set_model_version_tag(model, str(number), name, value)
    return number


@task(**RETRIES)
def judge(run: Run, experiment: Experiment, model: str, version: Version, number: int) -> Judgement:
    """Scores challenger and champion on the same held-out rows, decides, and makes the better one champion.

    A decision that was made before a process was killed is not made again. It counts only while the champion is still
    the one that the challenger was judged against.
    """
    client, tag = run.client, f"{_JUDGED}.{judgement_key(experiment, version)[:16]}"
    challenger = find(client, f"{model}/{number}")
    judgement = Judgement.load(challenger.tags.get(tag, ""))
    if judgement is None:
        judgement = _judge(client, experiment, challenger, champion(client, model), version)
        for name, value in {**_tags(judgement), tag: judgement.dump()}.items():
            client.set_model_version_tag(model, str(number), name, value)
    if judgement.decision.promoted:
        if objection := _objection(client, model, judgement):
            judgement = replace(judgement, decision=Decision(False, (objection,)))
        else:
            promote(client, model, number, judgement.decision.sentence)
    run.log_metrics(
        {f"{who}_{measure}": value for who, scores in judgement.scores.items() for measure, value in scores.items()}
    )
    for name, value in _tags(judgement).items():
        client.set_tag(run.run_id, name, value)
    return judgement


def _judge(
    client: MlflowClient,
    experiment: Experiment,
    challenger: ModelVersion,
    current: ModelVersion | None,
    version: Version,
) -> Judgement:
    number = int(challenger.version)
    scores = {"challenger": experiment.score(client, challenger, version)}
    if current is not None and int(current.version) == number:
        return Judgement(number, number, scores, Decision(False, ("The challenger is the champion already.",)))
    if current is not None:
        scores["champion"] = experiment.score(client, current, version)
    decision = experiment.decide(scores["challenger"], scores.get("champion"))
    return Judgement(number, int(current.version) if current else 0, scores, decision)


def _objection(client: MlflowClient, model: str, judgement: Judgement) -> str:
    """Why a challenger that was judged better does not become champion; empty if nothing speaks against it."""
    version, number = champion(client, model), judgement.challenger
    current = int(version.version) if version else 0
    if current == number:
        return ""
    by_hand = f"`eightytwenty rollback {model} --to {number}` makes it champion."
    if any(change.version == number for change in history(client, model)):
        return f"It was champion before, and was replaced. {by_hand}"
    if current != judgement.champion:
        before, now = (f"{model}/{champion}" if champion else "none" for champion in (judgement.champion, current))
        return f"It was judged against the champion {before}, but the champion is {now} now. {by_hand}"
    return ""


def _tags(judgement: Judgement) -> dict[str, str]:
    """The judgement as tags that people can read."""
    numbers = {
        f"{who}.{measure}": f"{value:.6g}"
        for who, scores in judgement.scores.items()
        for measure, value in scores.items()
    }
    return {
        "decision": "promoted" if judgement.decision.promoted else "not promoted",
        "decision.why": judgement.decision.sentence,
        "decision.champion_before": str(judgement.champion or "none"),
        **numbers,
    }


def _refuse(versions: DatasetVersions, deliveries: Sequence[Delivery], why: str) -> str:
    for delivery in deliveries:
        versions.refuse(delivery, why)
    return f"{', '.join(delivery.name for delivery in deliveries)}: refused. {why}"


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
