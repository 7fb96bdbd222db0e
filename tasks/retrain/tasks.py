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

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import UnwritableError
from tasks.retrain.experiment import Experiment, RefusedError, Taken
from tasks.retrain.gate import Decision, Scores
from tasks.retrain.inbox import Delivery, Inbox, look_into
from tasks.retrain.taken import fetch
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
        decision: what follows.
    """

    challenger: int
    champion: int
    scores: Mapping[str, Scores]
    decision: Decision

    def dump(self) -> str:
        """As a tag holds it."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str) -> "Judgement":
        """Reads what `dump` wrote."""
        told = json.loads(text)
        decision = Decision(told["decision"]["promoted"], tuple(told["decision"]["reasons"]))
        return cls(**{**told, "decision": decision})


def inbox_folder(inbox: str, model: str) -> Path:
    """The folder that new files are put into.

    Raises:
        UserError: this run may not use it, or the program keeps its own files there.
    """
    return require_allowed_to_copy(inbox) if inbox else data_folder() / "inbox" / model


@task(**RETRIES)
def find_champion(client: MlflowClient, model: str) -> ModelVersion | None:
    """The champion of a registered model, None where there is none."""
    return champion(client, model)


@task(**RETRIES)
def look(folder: Path, shelf: DatasetVersions) -> Inbox:
    """Looks into the inbox for deliveries that were not seen before.

    Raises:
        UserError: it cannot be read.
    """
    return look_into(folder, shelf.seen())


def take_in(
    subject: Experiment, shelf: DatasetVersions, deliveries: Sequence[Delivery]
) -> tuple[list[Taken], list[str]]:
    """Cleans and checks deliveries, each by itself; those that are not fit are refused and remembered.

    Returns:
        those that are fit, and a sentence for each other.

    Raises:
        UnwritableError: that is no fault of a delivery.
    """
    taken, refused = [], []
    for delivery in deliveries:
        try:
            if (copy := fetch(delivery, shelf.arriving)) is None:
                refused.append(f"{delivery.name}: was changed while it was read; it is left for the next time.")
                continue
            one = subject.take(copy)
        except UnwritableError:
            raise
        except UserError as error:
            refused.append(_refuse(shelf, [delivery], error.kept))
            continue
        if one.checked.failures:
            reasons = f"{' '.join(one.checked.failures)} See {one.checked.docs / 'index.html'}."
            refused.append(_refuse(shelf, [delivery], reasons))
        else:
            taken.append(one)
    return taken, refused


def refuse(shelf: DatasetVersions, batch: Sequence[Taken], why: str) -> str:
    """Refuses a batch as a whole, and remembers it."""
    return _refuse(shelf, [taken.delivery for taken in batch], why)


@task(**RETRIES)
def grow(subject: Experiment, shelf: DatasetVersions, parent: Version | None, batch: Sequence[Taken]) -> Version:
    """Adds a batch to the dataset, as its next version.

    Raises:
        RefusedError: the batch adds nothing, or takes something away.
    """
    number = parent.number + 1 if parent else 1
    by_digest = {taken.delivery.sha256: taken for taken in batch}

    def clean(folder: Path) -> Summary:
        summary = subject.clean(folder)
        sources = pl.read_parquet(folder / subject.cleaned / "clean.parquet", columns=["source"])["source"]
        added = int(sources.cast(pl.String).str.starts_with(f"{number:04}-").sum())
        lost = (parent.rows["clean"] if parent else 0) - (summary.clean - added)
        if lost:
            raise RefusedError(
                f"{lost:,} rows of {parent.name if parent else ''} would be lost: the new files hold them once more, "
                "with the same id or picture, and say something else of them."
            )
        before = parent.rows["quarantine"] if parent else 0
        quarrel = summary.quarantine - before - sum(taken.summary.quarantine for taken in batch)
        if quarrel > 0 and len(batch) > 1:
            raise RefusedError(f"{quarrel:,} rows would go into quarantine: the new files contradict each other.")
        if not added:
            raise RefusedError("The dataset has all of their rows already.")
        return summary

    return shelf.add(
        parent,
        [taken.delivery for taken in batch],
        lambda delivery, place: subject.put(by_digest[delivery.sha256], place),
        clean,
    )


def challenger_key(subject: Experiment, version: Version) -> str:
    """Names a challenger: what it learns from, and how."""
    return _digest(version.sha256, dict(subject.challenger))


def judgement_key(subject: Experiment, version: Version) -> str:
    """Names a judgement: the challenger, and what is asked of it."""
    return _digest(challenger_key(subject, version), dict(subject.gate))


@task  # without retries: networks that were logged would be logged once more
def train_challenger(run: Run, subject: Experiment, model: str, version: Version) -> int:
    """Trains the challenger and registers it, or finds it registered.

    Returns:
        its version in the registry.

    Raises:
        UserError: there are too few rows.
    """
    key = challenger_key(subject, version)
    known = version_with_tags(run.client, model, {_CHALLENGER: key})
    if known is not None:
        return known
    number = subject.train(run, version)
    told = {"dataset": f"{model}-{version.name}", "dataset_sha256": version.sha256}
    # the key comes last: what carries it is whole
    for name, value in {**told, _CHALLENGER: key}.items():
        run.client.set_model_version_tag(model, str(number), name, value)
    return number


@task(**RETRIES)
def judge(run: Run, subject: Experiment, model: str, version: Version, number: int) -> Judgement:
    """Scores challenger and champion on the same held-out rows, decides, and lets the better one be champion.

    What was decided before a process was killed is not decided again. It counts only as long as the champion is the one
    that the challenger was judged against.
    """
    client, tag = run.client, f"{_JUDGED}.{judgement_key(subject, version)[:16]}"
    challenger = find(client, f"{model}/{number}")
    if tag in challenger.tags:
        judgement = Judgement.load(challenger.tags[tag])
    else:
        judgement = _judge(client, subject, challenger, champion(client, model), version)
        for name, value in {**_tags(judgement), tag: judgement.dump()}.items():
            client.set_model_version_tag(model, str(number), name, value)
    if judgement.decision.promoted:
        if changed := _changed(client, model, judgement):
            judgement = replace(judgement, decision=Decision(False, (changed,)))
        else:
            promote(client, model, number, judgement.decision.sentence)
    run.log_metrics(
        {f"{who}_{measure}": value for who, scores in judgement.scores.items() for measure, value in scores.items()}
    )
    for name, value in _tags(judgement).items():
        client.set_tag(run.run_id, name, value)
    return judgement


def _judge(
    client: MlflowClient, subject: Experiment, challenger: ModelVersion, now: ModelVersion | None, version: Version
) -> Judgement:
    number = int(challenger.version)
    scores = {"challenger": subject.score(client, challenger, version)}
    if now is not None and int(now.version) == number:
        return Judgement(number, number, scores, Decision(False, ("The challenger is the champion already.",)))
    if now is not None:
        scores["champion"] = subject.score(client, now, version)
    decision = subject.decide(scores["challenger"], scores.get("champion"))
    return Judgement(number, int(now.version) if now else 0, scores, decision)


def _changed(client: MlflowClient, model: str, judgement: Judgement) -> str:
    """Why a challenger that was judged better does not become champion; empty where nothing speaks against it."""
    now, number = champion(client, model), judgement.challenger
    known = int(now.version) if now else 0
    if known == number:
        return ""
    by_hand = f"`eightytwenty rollback {model} --to {number}` makes it champion."
    if any(change.version == number for change in history(client, model)):
        return f"It was champion before, and was replaced. {by_hand}"
    if known != judgement.champion:
        against, by_now = (f"{model}/{one}" if one else "none" for one in (judgement.champion, known))
        return f"It was judged against the champion {against}, and that is {by_now} by now. {by_hand}"
    return ""


def _tags(judgement: Judgement) -> dict[str, str]:
    """The last judgement, for people."""
    numbers = {
        f"{who}.{measure}": f"{value:.6g}" for who, some in judgement.scores.items() for measure, value in some.items()
    }
    return {
        "decision": "promoted" if judgement.decision.promoted else "not promoted",
        "decision.why": judgement.decision.sentence,
        "decision.champion_before": str(judgement.champion or "none"),
        **numbers,
    }


def _refuse(shelf: DatasetVersions, deliveries: Sequence[Delivery], why: str) -> str:
    for delivery in deliveries:
        shelf.refuse(delivery, why)
    return f"{', '.join(delivery.name for delivery in deliveries)}: refused. {why}"


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
