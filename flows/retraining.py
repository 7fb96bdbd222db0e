"""Retraining: inbox -> clean -> compare -> dataset version -> challenger -> gate -> champion.

The flows `retrain-adders` and `retrain-avatars` both work like this. A deployment runs each of them every night; run
them by hand with `eightytwenty retrain-adders` and `eightytwenty retrain-avatars`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from prefect import State, flow, get_run_logger
from prefect.states import Completed

from eightytwenty.errors import UserError
from eightytwenty.printable import visible
from schemas.parameters import RetrainAddersParameters, RetrainAvatarsParameters
from schemas.parameters.retrain import RetrainParameters
from tasks.retrain.drift import (
    Baseline,
    Drift,
    RecentDeliveries,
    compare,
    find_baseline,
    find_recent,
    group_for_comparison,
    is_small,
)
from tasks.retrain.experiment import CleanedDelivery, Experiment, RefusedError
from tasks.retrain.pairs import PairsExperiment
from tasks.retrain.pictures import PictureExperiment
from tasks.retrain.report import publish_decision, publish_refusals
from tasks.retrain.tasks import (
    Judgement,
    add_version,
    clean_deliveries,
    find_champion,
    inbox_folder,
    judge,
    judgement_key,
    look_for_new,
    refuse,
    train_challenger,
)
from tasks.retrain.versions import DatasetVersions, Version, only_one_retraining
from tasks.running.failures import user_error_as_state
from tasks.running.sqlite import back_up_daily
from tasks.running.stages import data_folder
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.run import Dataset
from tasks.tracking.store import connect

P = TypeVar("P", bound=RetrainParameters)

NOTHING_TO_DO = "Nothing to do"
_TERMS = {"largest_sum", "size", "most_quarantine", "most_drift", "on_drift"}  # they decide what is refused


@dataclass(frozen=True)
class Retraining:
    """The result of a retraining.

    Attributes:
        model: the registered model.
        version: of the dataset.
        judgement: of the challenger.
        drifts: the comparisons of the new rows that were added.
        refusals: a sentence for each delivery that was refused.
        deliveries_file: file with the fate of every delivery.
        mlflow: where to see the run.
    """

    model: str
    version: Version
    judgement: Judgement
    drifts: Sequence[Drift]
    refusals: list[str]
    deliveries_file: Path
    mlflow: str


@flow(name="retrain-adders")
@user_error_as_state
def retrain_adders(parameters: RetrainAddersParameters) -> Retraining | State[None]:
    """Add new pairs of numbers to the dataset, train a challenger on it, and make the better network champion.

    Raises:
        UserError: everything new was refused, or there is too little to learn from.
    """
    return retrain(PairsExperiment, parameters)


@flow(name="retrain-avatars")
@user_error_as_state
def retrain_avatars(parameters: RetrainAvatarsParameters) -> Retraining | State[None]:
    """Add new pictures to the dataset, train a challenger on it, and make the better network champion.

    Raises:
        UserError: everything new was refused, or there is too little to learn from.
    """
    return retrain(PictureExperiment, parameters)


def retrain(make_experiment: Callable[[P], Experiment], requested: P) -> Retraining | State[None]:
    """Adds new deliveries to the dataset, trains a challenger on it, and makes the better network champion.

    Args:
        make_experiment: for pairs or for pictures.
        requested: the parameters; those that are left to the champion are filled in here.

    Returns:
        the result, or a state that says that there was nothing to do.

    Raises:
        UserError: everything new was refused, or there is too little to learn from.
    """
    log, model = get_run_logger(), requested.model
    folder = data_folder() / "datasets" / model
    inbox_path = inbox_folder(requested.inbox, model)
    with only_one_retraining(folder):
        client = connect(data_folder())
        back_up_daily(data_folder())
        champion = find_champion(client, model)
        parameters = requested.with_champion_defaults(champion.tags if champion else {})
        experiment = make_experiment(parameters)
        versions = DatasetVersions(folder, experiment.rows_folder, parameters.model_dump(include=_TERMS))
        if champion:
            experiment.check_champion(champion)
        if versions.newest() is None and (first := experiment.first_delivery()):
            cleaned, refusals, _ = clean_deliveries(experiment, versions, [first])
            if not cleaned:
                raise UserError(
                    refusals[0] if refusals else f"{first.path} was changed while it was read: start again."
                )
            rows = add_version(experiment, versions, None, cleaned).rows
            log.info("the dataset begins with %s: %s", first.name, rows)

        inbox = look_for_new(inbox_path, versions)
        cleaned, unfit, changed = clean_deliveries(experiment, versions, inbox.new)
        waiting = [*inbox.waiting, *changed]
        left = f"Left for the next time, because it was changed a moment ago: {', '.join(waiting)}."
        if waiting:
            log.info(left)
        baseline = find_baseline(client, champion, versions.newest()) if cleaned else None
        drifts, drifted = _add_undrifted(experiment, versions, parameters, baseline, cleaned)
        refusals = [*inbox.unfit, *unfit, *drifted]
        if refusals:
            publish_refusals(experiment.flow, refusals)
        for sentence in refusals:
            log.warning(sentence)

        version = versions.newest()
        if version is None or versions.is_judged(key := judgement_key(experiment, version)):
            if refusals:
                raise UserError(" ".join(refusals))
            message = f"There is nothing new in {inbox_path}."
            return Completed(name=NOTHING_TO_DO, message=visible(f"{message} {left}" if waiting else message))

        dataset = Dataset(f"{model}-{version.name}", version.rows_folder, version.sha256, version.rows["clean"])
        config = parameters.model_dump()
        resume = versions.pending_run(key)
        with parent_run(data_folder(), experiment.flow, dataset.name, config, datasets=[dataset], resume=resume) as run:
            versions.write_pending_run(key, run.run_id)
            number = train_challenger(run, experiment, model, version)
            judgement = judge(run, experiment, model, version, number)
            publish_decision(experiment.flow, run, model, version, judgement, drifts)
        versions.write_judgement(key, version, {"challenger": number, "promoted": judgement.decision.promoted})
        experiment.delete_checkpoints(version)
        return Retraining(model, version, judgement, drifts, refusals, versions.deliveries_file, run.link)


def _add_undrifted(
    experiment: Experiment,
    versions: DatasetVersions,
    parameters: RetrainParameters,
    baseline: Baseline | None,
    deliveries: Sequence[CleanedDelivery],
) -> tuple[list[Drift], list[str]]:
    """Compares cleaned deliveries with the baseline, and adds those that did not drift to the dataset.

    Small ones are also compared together with the other small ones of the last days, or drift could come in portions.

    Returns:
        the comparisons of those, and a sentence for each refusal.
    """
    log = get_run_logger()
    drifts: list[Drift] = []
    accepted: list[CleanedDelivery] = []
    refusals = []
    recent = find_recent(versions) if deliveries else RecentDeliveries(None)
    for batch in group_for_comparison(experiment, deliveries):
        try:
            comparisons = []
            for earlier in (None, recent) if recent and is_small(batch) else (None,):
                drift = compare(experiment, batch, baseline, parameters.most_drift, earlier)
                log.info(drift.sentence)
                if drift.drifted and parameters.on_drift == "refuse":
                    page = f"See {drift.docs / 'index.html'}." if drift.docs else ""
                    raise RefusedError(" ".join(["The rows drifted.", drift.sentence, *drift.drifted, page]))
                comparisons.append(drift)
        except RefusedError as error:
            refusals.append(refuse(versions, batch, str(error)))
            continue
        for sentence in [sentence for drift in comparisons for sentence in drift.drifted]:
            log.warning("drift, accepted: %s", sentence)
        drifts += comparisons
        accepted += batch
        recent = recent.with_accepted(batch)
    return drifts, refusals + _add(experiment, versions, accepted)


def _add(experiment: Experiment, versions: DatasetVersions, batch: Sequence[CleanedDelivery]) -> list[str]:
    """Adds deliveries to the dataset as one version; if that fails, one by one, to find those that cannot be added.

    Returns:
        a sentence for each refusal.
    """
    if not batch:
        return []
    try:
        rows = add_version(experiment, versions, versions.newest(), batch).rows
        get_run_logger().info("the dataset grows: %s", rows)
    except RefusedError as error:
        if len(batch) == 1:
            return [refuse(versions, batch, str(error))]
        return [sentence for delivery in batch for sentence in _add(experiment, versions, [delivery])]
    return []
