"""The recipe of both retrainings: inbox -> clean -> compare -> dataset version -> challenger -> gate -> champion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from prefect import State, get_run_logger
from prefect.states import Completed

from eightytwenty.errors import UserError
from schemas.parameters.retrain import RetrainParameters
from tasks.retrain.drift import Drift, Old, champions_data, compare, compared_together
from tasks.retrain.experiment import Experiment, RefusedError, Taken
from tasks.retrain.report import publish_decision, publish_refusals
from tasks.retrain.tasks import (
    Judgement,
    find_champion,
    grow,
    inbox_folder,
    judge,
    judgement_key,
    look,
    refuse,
    take_in,
    train_challenger,
)
from tasks.retrain.versions import DatasetVersions, Version, only_one_retraining
from tasks.running.stages import data_folder
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.run import Dataset
from tasks.tracking.store import connect

P = TypeVar("P", bound=RetrainParameters)

NOTHING_TO_DO = "Nothing to do"
_TERMS = {"largest_sum", "size", "most_quarantine", "most_drift", "on_drift"}  # of being taken in


@dataclass(frozen=True)
class Retraining:
    """What a retraining ends with.

    Attributes:
        model: the registered model.
        version: of the dataset.
        judgement: of the challenger.
        drifts: what was found of the new rows that were taken in.
        refused: a sentence for each delivery that was refused.
        book: file with the fate of every delivery.
        mlflow: where to look at the run.
    """

    model: str
    version: Version
    judgement: Judgement
    drifts: Sequence[Drift]
    refused: list[str]
    book: Path
    mlflow: str


def retrain(kind: Callable[[P], Experiment], asked: P) -> Retraining | State[None]:
    """Takes in what is new, trains a challenger on all, and lets the better one be champion.

    Args:
        kind: pairs or pictures.
        asked: the parameters; what they leave to the champion is found out here.

    Returns:
        the result, or a state that says that there was nothing to do.

    Raises:
        UserError: all that is new was refused, or nothing can be learned from what there is.
    """
    log, model = get_run_logger(), asked.model
    folder = data_folder() / "datasets" / model
    inbox_place = inbox_folder(asked.inbox, model)
    with only_one_retraining(folder):
        client = connect(data_folder())
        now = find_champion(client, model)
        parameters = asked.with_champion_defaults(now.tags if now else {})
        subject = kind(parameters)
        shelf = DatasetVersions(folder, subject.cleaned, parameters.model_dump(include=_TERMS))
        if now:
            subject.fits(now)
        if shelf.newest() is None and (start := subject.start()):
            taken, unfit = take_in(subject, shelf, [start])
            if unfit:
                raise UserError(unfit[0])
            log.info("the dataset begins with %s: %s", start.name, grow(subject, shelf, None, taken).rows)

        inbox = look(inbox_place, shelf)
        waiting = f"Left for the next time, because it was changed a moment ago: {', '.join(inbox.waiting)}."
        if inbox.waiting:
            log.info(waiting)
        taken, refused = take_in(subject, shelf, inbox.new)
        old = champions_data(client, now, shelf.newest()) if taken else None
        drifts, more = _add(subject, shelf, parameters, old, taken)
        refused = [*inbox.unfit, *refused, *more]
        if refused:
            publish_refusals(subject.flow, refused)
        for sentence in refused:
            log.warning(sentence)

        version = shelf.newest()
        if version is None or shelf.judged(key := judgement_key(subject, version)):
            if refused:
                raise UserError(" ".join(refused))
            nothing = f"There is nothing new in {inbox_place}."
            return Completed(name=NOTHING_TO_DO, message=f"{nothing} {waiting}" if inbox.waiting else nothing)

        dataset = Dataset(f"{model}-{version.name}", version.rows_folder, version.sha256, version.rows["clean"])
        told = parameters.model_dump()
        resume = shelf.pending_run(key)
        with parent_run(data_folder(), subject.flow, dataset.name, told, datasets=[dataset], resume=resume) as run:
            shelf.keep_pending(key, run.run_id)
            number = train_challenger(run, subject, model, version)
            judgement = judge(run, subject, model, version, number)
            publish_decision(subject.flow, run, model, version, judgement, drifts)
        shelf.write_judgement(key, version, {"challenger": number, "promoted": judgement.decision.promoted})
        subject.finish(version)
        return Retraining(model, version, judgement, drifts, refused, shelf.book, run.link)


def _add(
    subject: Experiment, shelf: DatasetVersions, parameters: RetrainParameters, old: Old | None, taken: Sequence[Taken]
) -> tuple[list[Drift], list[str]]:
    """Compares what was taken in with old rows, and adds to the dataset what did not drift.

    Returns:
        what was found of that, and a sentence for each refusal.
    """
    log = get_run_logger()
    drifts: list[Drift] = []
    alike: list[Taken] = []
    refused = []
    for batch in compared_together(subject, taken):
        try:
            drift = compare(subject, batch, old, parameters.most_drift)
            log.info(drift.sentence)
            if drift.drifted and parameters.on_drift == "refuse":
                page = f"See {drift.docs / 'index.html'}." if drift.docs else ""
                raise RefusedError(" ".join(["The rows drifted.", drift.sentence, *drift.drifted, page]))
        except RefusedError as error:
            refused.append(refuse(shelf, batch, str(error)))
            continue
        for sentence in drift.drifted:
            log.warning("drift, accepted: %s", sentence)
        drifts.append(drift)
        alike += batch
    return drifts, refused + _grow(subject, shelf, alike)


def _grow(subject: Experiment, shelf: DatasetVersions, batch: Sequence[Taken]) -> list[str]:
    """Adds deliveries to the dataset as one version, or one by one where that shows which of them cannot be added.

    Returns:
        a sentence for each refusal.
    """
    if not batch:
        return []
    try:
        get_run_logger().info("the dataset grows: %s", grow(subject, shelf, shelf.newest(), batch).rows)
    except RefusedError as error:
        if len(batch) == 1:
            return [refuse(shelf, batch, str(error))]
        return [sentence for one in batch for sentence in _grow(subject, shelf, [one])]
    return []
