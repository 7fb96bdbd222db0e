"""What both retraining flows do, one Prefect task each."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import polars as pl
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from prefect import get_run_logger, task
from pydantic import TypeAdapter, ValidationError

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import UnwritableError, sha256
from eightytwenty.pages.markdown import plain
from reports.numbers import counts
from tasks.cleaning import Clean
from tasks.decision import Decision, Scores
from tasks.experiment import Cleaned, Data, Experiment, Raw
from tasks.pipeline import check, clean
from tasks.retrain import RefusedError
from tasks.retrain.cards import INDEX, RAW, Version
from tasks.retrain.held_out import require_enough
from tasks.retrain.inbox import Inbox, fetch, look_into
from tasks.retrain.versions import DatasetVersions
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.tracking.champion import champion, history, promote
from tasks.tracking.provenance import origin
from tasks.tracking.registry import find, version_with_tags
from tasks.tracking.run import Dataset, Run

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

    def verdict(self, model: str) -> str:
        """Who is champion now, in a few words."""
        if self.decision.promoted:
            return f"{model}/{self.challenger} is champion"
        return f"{model}/{self.champion} stays champion" if self.champion else "There is no champion"

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


@task(task_run_name="find the champion {model}", **RETRIES)
def find_champion(tracking_uri: str, model: str) -> ModelVersion | None:
    """The champion of a registered model; None if there is none."""
    return champion(MlflowClient(tracking_uri), model)


def require_comparable(stage: Clean, champion: ModelVersion) -> None:
    """Checks that a challenger that learns from this kind of data can be compared with the champion.

    Raises:
        UserError: the champion is for another kind.
    """
    for name, value in stage.kind.items():
        old = champion.tags.get(name, "?")
        if old != str(value):
            raise UserError(
                f"the champion {champion.name}/{champion.version} {stage.mismatch.format(old, value)} cannot be "
                f"compared with it: give its {name.replace('_', ' ')}, or another model."
            )


@task(task_run_name="look into the inbox {folder.name}", **RETRIES)
def look_for_new(folder: Path, versions: DatasetVersions, newest: Version | None) -> Inbox:
    """Looks into the inbox for deliveries that are new.

    Raises:
        UserError: it cannot be read.
    """
    return look_into(folder, versions.known_digests(newest))


def clean_deliveries(
    data: Data, versions: DatasetVersions, deliveries: Sequence[Raw]
) -> tuple[list[Cleaned], list[str], list[str]]:
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
            cleaned = clean(data.clean, copy, confined=True)
            checked = check(data.check, data.clean, cleaned)
        except UnwritableError:
            raise
        except UserError as error:
            refusals.append(refuse(versions, [delivery], error.redacted))
            continue
        except OSError as error:  # of the disk or the network, so the next time it may go well
            refusals.append(f"{delivery.name}: not read this time ({error.strerror or type(error).__name__}).")
            continue
        if checked.failures:
            reasons = f"{' '.join(checked.failures)} See {checked.docs / 'index.html'}."
            refusals.append(refuse(versions, [delivery], reasons))
        else:
            fit.append(cleaned)
    return fit, refusals, changed


def refuse(versions: DatasetVersions, deliveries: Sequence[Raw], why: str) -> str:
    """Refuses deliveries as a whole, and records that."""
    for delivery in deliveries:
        versions.refuse(delivery, why)
    return f"{', '.join(delivery.name for delivery in deliveries)}: refused. {why}"


@task(task_run_name="add to the dataset", **RETRIES)
def add_version(stage: Clean, versions: DatasetVersions, parent: Version | None, batch: Sequence[Cleaned]) -> Version:
    """Adds a batch to the dataset, as its next version.

    Raises:
        RefusedError: the batch adds nothing, or takes something away.
    """
    number = parent.number + 1 if parent else 1
    by_digest = {cleaned.raw.sha256: cleaned for cleaned in batch}

    def copy_files(delivery: Raw, place: Path) -> None:
        stage.copy_files(delivery.name, delivery.path, by_digest[delivery.sha256].rows, place)

    def clean_all(folder: Path) -> Summary:
        rows = folder / stage.rows
        summary = stage.clean_version(folder / RAW, rows, folder / INDEX)
        sources = pl.read_parquet(rows / "clean.parquet", columns=["source"])["source"]
        added = int(sources.cast(pl.String).str.starts_with(f"{number:04}-").sum())
        lost = (parent.rows["clean"] if parent else 0) - (summary.clean - added)
        if lost:
            raise RefusedError(
                f"{lost:,} rows of {parent.name if parent else ''} would be lost: the new files hold rows with the "
                "same ids or pictures and other values. Give them ids of their own."
            )
        before = parent.rows["quarantine"] if parent else 0
        contradictions = summary.quarantine - before - sum(cleaned.summary.quarantine for cleaned in batch)
        if contradictions > 0 and len(batch) > 1:
            raise RefusedError(
                f"{contradictions:,} rows would go into quarantine: the new files contradict each other. "
                "Put one of them into the inbox at a time."
            )
        if not added:
            raise RefusedError("The dataset already has all of their rows: remove them from the inbox.")
        return summary

    return versions.add(parent, [cleaned.raw for cleaned in batch], copy_files, clean_all)


def add_deliveries(
    stage: Clean, versions: DatasetVersions, newest: Version | None, batch: Sequence[Cleaned]
) -> tuple[Version | None, list[str]]:
    """Adds deliveries to the dataset as one version; if that fails, one by one, to find those that cannot be added.

    Returns:
        the newest version now, and a sentence for each refusal.
    """
    if not batch:
        return newest, []
    try:
        version = add_version(stage, versions, newest, batch)
    except RefusedError as error:
        if len(batch) == 1:
            return newest, [refuse(versions, [cleaned.raw for cleaned in batch], str(error))]
        refusals = []
        for delivery in batch:
            newest, more = add_deliveries(stage, versions, newest, [delivery])
            refusals += more
        return newest, refusals
    get_run_logger().info("the dataset grows: %s", counts(version.rows))
    return version, []


@task(task_run_name="hold out rows of {version.name}", **RETRIES)
def split(stage: Clean, dataset: Dataset, version: Version) -> tuple[Cleaned, Cleaned]:
    """The rows of a version to learn from, and those that are held out to compare networks by.

    Raises:
        UserError: too few are held out.
    """
    parts = ("training", "held_out")

    def make(folder: Path) -> None:
        training, held_out = stage.split(version.rows_folder)
        require_enough(held_out, version.name, stage.noun)
        get_run_logger().info(
            "%s: %d %s to learn from, %d held out, %d left out, because they have twins among both",
            *(version.name, training.sum(), stage.noun, held_out.sum(), (~training & ~held_out).sum()),
        )
        for name, mask in zip(parts, (training, held_out), strict=True):
            place = folder / name / stage.rows
            place.mkdir(parents=True)
            stage.write_part(version.rows_folder, mask, place)

    done = run_stage(data_folder(), f"split-{stage.rows}", {"dataset": version.sha256}, {}, make)
    raw = Raw(dataset.name, version.raw, version.raw_sha256, attribution=version.attribution)
    summary = Summary.load(version.rows_folder)
    training, held_out = (
        Cleaned(raw, place / stage.rows, sha256(place), summary, dataset, done.seconds, done.fresh)
        for place in (done.folder / name for name in parts)
    )
    return training, held_out


def challenger_key(experiment: Experiment, version: Version) -> str:
    """Identifies a challenger: what it learns from, and how."""
    return _digest(version.sha256, experiment.train.keywords)


def judgement_key(experiment: Experiment, version: Version) -> str:
    """Identifies a judgement: the challenger, and what it must reach."""
    return _digest(challenger_key(experiment, version), experiment.decide.keywords)


def train_challenger(run: Run, experiment: Experiment, version: Version, training: Cleaned) -> int:
    """Trains and registers the challenger, unless it is registered already.

    Returns:
        its version in the registry.

    Raises:
        UserError: there are too few rows.
    """
    key, model = challenger_key(experiment, version), experiment.model
    number = version_with_tags(run.client, model, {_CHALLENGER: key})
    if number is None:
        number = experiment.train(run, [training], model).version
        # the key comes last: a version that has it is complete
        tags = {"dataset": training.dataset.name, "dataset_sha256": version.sha256, _CHALLENGER: key}
        tag_version(run, model, number, tags)
    return number


def judge(
    run: Run, experiment: Experiment, version: Version, number: int, training: Cleaned, held_out: Cleaned
) -> Judgement:
    """Scores challenger and champion on the same held-out rows, decides, and makes the better one champion.

    A decision that was made before a process was killed is not made again. It counts only while the champion is still
    the one that the challenger was judged against.
    """
    model, tag = experiment.model, f"{_JUDGED}.{judgement_key(experiment, version)[:16]}"
    judgement = Judgement.load(find(run.client, f"{model}/{number}").tags.get(tag, ""))
    if judgement is None:
        current = find_champion(run.tracking_uri, model)
        before = int(current.version) if current else 0
        scores = {"challenger": experiment.score(run, f"{model}/{number}", training, held_out)}
        if before == number:
            decision = Decision(False, ("The challenger is the champion already.",))
        else:
            if before:
                scores["champion"] = experiment.score(run, f"{model}/{before}", training, held_out)
            decision = experiment.decide(scores["challenger"], scores.get("champion"))
        judgement = Judgement(number, before, scores, decision)
        tag_version(run, model, number, {**_tags(judgement), tag: judgement.dump()})
    return carry_out(run, model, judgement)


@task(task_run_name="tag {model}/{number}", **RETRIES)
def tag_version(run: Run, model: str, number: int, tags: Mapping[str, str]) -> None:
    """Sets tags of a version of a registered model, in their order."""
    for name, value in tags.items():
        run.client.set_model_version_tag(model, str(number), name, value)


@task(task_run_name="carry out the decision on {model}", **RETRIES)
def carry_out(run: Run, model: str, judgement: Judgement) -> Judgement:
    """Makes a challenger that was judged better champion, unless something speaks against it, and logs the judgement.

    Returns:
        the judgement, and the objection in place of its decision if there is one.
    """
    if judgement.decision.promoted:
        if objection := _objection(run.client, model, judgement):
            judgement = replace(judgement, decision=Decision(False, (objection,)))
        else:
            promote(run.client, model, judgement.challenger, judgement.decision.sentence)
    run.log_metrics(
        {f"{who}/{measure}": value for who, scores in judgement.scores.items() for measure, value in scores.items()}
    )
    version = find(run.client, f"{model}/{judgement.challenger}")
    if version.run_id:  # the numbers of a network are on its own run, too
        own = replace(run, run_id=version.run_id)
        own.log_missing_metrics({f"held_out/{name}": value for name, value in judgement.scores["challenger"].items()})
    run.describe(f"{plain(judgement.decision.sentence)}\n\n{origin()}")
    tags = _tags(judgement)
    for name in ("decision", "decision.why", "decision.champion_before"):  # its numbers are metrics
        run.client.set_tag(run.run_id, name, tags[name])
    return judgement


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


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
