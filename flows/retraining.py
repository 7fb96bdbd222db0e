"""The recipe of both retrainings: inbox -> clean -> compare -> dataset version -> challenger -> gate -> champion."""

from dataclasses import dataclass
from pathlib import Path

from prefect import State, get_run_logger
from prefect.states import Completed

from schemas.errors import UserError
from schemas.parameters.retrain import RetrainParameters
from tasks.retrain.drift import Drift, champions_data, compare
from tasks.retrain.report import publish_decision, publish_refusals
from tasks.retrain.shelf import Shelf, Version
from tasks.retrain.subject import RefusedError, Subject
from tasks.retrain.verbs import (
    Judgement,
    grow,
    inbox_folder,
    judge,
    judgement_key,
    look,
    refuse,
    take_in,
    train_challenger,
)
from tasks.stages import data_folder
from tasks.tracking.champion import champion
from tasks.tracking.run import Dataset, parent_run
from tasks.tracking.store import connect

NOTHING_TO_DO = "Nothing to do"
_TERMS = {"largest_sum", "size", "most_quarantine", "most_drift", "on_drift"}  # of being taken in


@dataclass(frozen=True)
class Retraining:
    """What a retraining ends with.

    Attributes:
        model: the registered model.
        version: of the dataset.
        judgement: of the challenger.
        drift: what was found of the new rows; None where there were none.
        refused: a sentence for each delivery that was refused.
        book: file with the fate of every delivery.
        mlflow: where to look at the run.
    """

    model: str
    version: Version
    judgement: Judgement
    drift: Drift | None
    refused: list[str]
    book: Path
    mlflow: str


def retrain(subject: Subject, parameters: RetrainParameters) -> Retraining | State[None]:
    """Takes in what is new, trains a challenger on all, and lets the better one be champion.

    Returns:
        the result, or a state that says that there was nothing to do.

    Raises:
        UserError: all that is new was refused, or nothing can be learned from what there is.
    """
    log, model = get_run_logger(), parameters.model
    shelf = Shelf(data_folder() / "datasets" / model, subject.cleaned, parameters.model_dump(include=_TERMS))
    with shelf.only_one():
        client = connect(data_folder())
        now = champion(client, model)
        if now:
            subject.fits(now)
        if shelf.newest() is None and (start := subject.start()):
            taken, unfit = take_in(subject, shelf, [start])
            if unfit:
                raise UserError(unfit[0])
            log.info("the dataset begins with %s: %s", start.name, grow(subject, shelf, None, taken).rows)

        inbox = look(folder := inbox_folder(parameters.inbox, model), shelf)
        if inbox.waiting:
            log.info("left for the next time, because it was changed a moment ago: %s", ", ".join(inbox.waiting))
        drift, batch, refused = None, *take_in(subject, shelf, inbox.new)
        if batch:
            try:
                newest = shelf.newest()
                drift = compare(subject, batch, champions_data(client, now, newest), parameters.most_drift)
                log.info(drift.sentence)
                if drift.drifted and parameters.on_drift == "refuse":
                    page = f"See {drift.docs / 'index.html'}." if drift.docs else ""
                    raise RefusedError(" ".join(["The rows drifted.", drift.sentence, *drift.drifted, page]))
                for sentence in drift.drifted:
                    log.warning("drift, accepted: %s", sentence)
                log.info("the dataset grows: %s", grow(subject, shelf, newest, batch).rows)
            except RefusedError as error:
                refused.append(refuse(shelf, batch, str(error)))
        if refused:
            publish_refusals(subject.flow, refused)
        for sentence in refused:
            log.warning(sentence)

        version = shelf.newest()
        if version is None or shelf.judged(key := judgement_key(subject, version)):
            if refused:
                raise UserError(" ".join(refused))
            return Completed(name=NOTHING_TO_DO, message=f"There is nothing new in {folder}.")

        dataset = Dataset(f"{model}-{version.name}", version.rows_folder, version.sha256, version.rows["clean"])
        told = parameters.model_dump()
        resume = shelf.pending_run(key)
        with parent_run(data_folder(), subject.flow, dataset.name, told, datasets=[dataset], resume=resume) as run:
            shelf.keep_pending(key, run.run_id)
            if drift and drift.docs:
                run.log_artifact(drift.docs, "data_docs/drift")
            number = train_challenger(run, subject, model, version)
            judgement = judge(run, subject, model, version, number)
            result = Retraining(model, version, judgement, drift, refused, shelf.book, run.link)
            publish_decision(subject.flow, run, result.model, version, judgement, drift)
        shelf.write_judgement(key, version, {"challenger": number, "promoted": judgement.decision.promoted})
        subject.finish(version)
        return result
