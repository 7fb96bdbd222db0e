"""Retraining: inbox -> clean -> compare -> dataset version -> challenger -> gate -> champion, for every model.

A deployment runs the flow of each model every night; run them by hand with `eightytwenty retrain-adders` and
`eightytwenty retrain-avatars`.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prefect import Flow, State, get_run_logger
from prefect.states import Completed

from eightytwenty.errors import UserError
from eightytwenty.printable import visible
from flows.forms import flow_of
from reports.numbers import counts
from schemas.parameters import RetrainParameters
from tasks.cleaning import Clean
from tasks.experiment import Cleaned
from tasks.pipeline import ingest
from tasks.registry import MODELS, Model, identifier
from tasks.retrain import CHALLENGER_LOST, NOTHING_TO_DO, SOME_REFUSED, SOME_REFUSED_AND_LOST, RefusedError
from tasks.retrain.cards import Version
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
from tasks.retrain.report import publish_decision, publish_refusals, refusals_sentence
from tasks.retrain.tasks import (
    Judgement,
    add_deliveries,
    add_version,
    clean_deliveries,
    find_champion,
    judge,
    judgement_key,
    look_for_new,
    refuse,
    require_comparable,
    split,
    train_challenger,
)
from tasks.retrain.versions import CONDITIONS, DatasetVersions, only_one_retraining
from tasks.running.allowed_paths import require_allowed_to_copy
from tasks.running.sqlite import back_up_daily
from tasks.running.stages import data_folder
from tasks.tracking.lifecycle import parent_run, summary_of
from tasks.tracking.store import connect


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
        mlflow: where to see the runs.
    """

    model: str
    version: Version
    judgement: Judgement
    drifts: Sequence[Drift]
    refusals: list[str]
    deliveries_file: Path
    mlflow: str


def retrain(model: Model, requested: RetrainParameters) -> State[Retraining | None]:
    """Adds new deliveries to the dataset, trains a challenger on it, and makes the better network champion.

    Args:
        model: one of the registry.
        requested: the parameters; those that are left to the champion are filled in here.

    Returns:
        the state in which the run ends: with the result, or that there was nothing to do.

    Raises:
        UserError: everything new was refused, or there is too little to learn from.
    """
    log, name, flow_name = get_run_logger(), requested.model, model.retraining
    folder = data_folder() / "datasets" / name
    inbox_path = require_allowed_to_copy(requested.inbox) if requested.inbox else data_folder() / "inbox" / name
    with only_one_retraining(folder):
        tracking_uri = connect(data_folder()).tracking_uri
        back_up_daily(data_folder())
        champion = find_champion(tracking_uri, name)
        form = requested.with_champion_defaults(champion.tags if champion else {})
        experiment = model.experiment(form)
        (data,) = experiment.data
        terms = {**data.clean.kind, **form.model_dump(include=CONDITIONS)}
        versions = DatasetVersions(folder, data.clean.rows, terms)
        if champion:
            require_comparable(data.clean, champion)
        newest = versions.newest()
        if newest is None and data.ingest:
            first = ingest(data.ingest, data.clean.title)
            cleaned, refusals, _ = clean_deliveries(data, versions, [first])
            if not cleaned:
                raise UserError(
                    refusals[0] if refusals else f"{first.path} was changed while it was read: start again."
                )
            newest = add_version(data.clean, versions, None, cleaned)
            log.info("the dataset begins with %s: %s", first.name, counts(newest.rows))

        inbox = look_for_new(inbox_path, versions, newest)
        cleaned, unfit, changed = clean_deliveries(data, versions, inbox.new)
        waiting = [*inbox.waiting, *changed]
        left = f"Left for the next time, because it was changed a moment ago: {', '.join(waiting)}."
        if waiting:
            log.info(left)
        baseline = find_baseline(tracking_uri, champion, newest) if cleaned else None
        version, drifts, drifted = _add_undrifted(data.clean, versions, newest, form, baseline, cleaned)
        refusals = [*inbox.unfit, *unfit, *drifted]
        refused = refusals_sentence(inbox, changed, version, refusals)
        for sentence in refusals:
            log.warning(sentence)

        if version is None or versions.is_judged(key := judgement_key(experiment, version)):
            if refusals:
                publish_refusals(flow_name, refusals)
                raise RefusedError(refused)
            message = f"There is nothing new in {inbox_path}."
            return Completed(name=NOTHING_TO_DO, message=visible(f"{message} {left}" if waiting else message))

        dataset = version.dataset(name)
        resume = versions.pending_run(key)
        with parent_run(
            data_folder(),
            flow_name,
            f"{version.name} of {name}",
            form.model_dump(),
            datasets=[dataset],
            resume=resume,
            about=summary_of(type(form)),
        ) as run:
            versions.write_pending_run(key, run.run_id)
            training, held_out = split(data.clean, dataset, version)
            number = train_challenger(run, experiment, version, training)
            judgement = judge(run, experiment, version, number, training, held_out)
            publish_decision(flow_name, run, name, version, judgement, drifts, refusals)
        versions.write_judgement(key, version, {"challenger": number, "promoted": judgement.decision.promoted})
        if experiment.checkpoints:
            shutil.rmtree(experiment.checkpoints([training]), ignore_errors=True)
        retraining = Retraining(name, version, judgement, drifts, refusals, versions.deliveries_file, run.runs_link)
        message = f"{judgement.verdict(name)}: {judgement.decision.sentence}"
        return Completed(data=retraining, name=_ending(retraining), message=visible(f"{message} {refused}".rstrip()))


def _ending(retraining: Retraining) -> str:
    """The name of the state in which it ends."""
    if retraining.judgement.decision.promoted:
        return SOME_REFUSED if retraining.refusals else "Completed"
    return SOME_REFUSED_AND_LOST if retraining.refusals else CHALLENGER_LOST


def _add_undrifted(
    clean: Clean,
    versions: DatasetVersions,
    newest: Version | None,
    form: RetrainParameters,
    baseline: Baseline | None,
    deliveries: Sequence[Cleaned],
) -> tuple[Version | None, list[Drift], list[str]]:
    """Compares cleaned deliveries with the baseline, and adds those that did not drift to the dataset.

    Small ones are also compared together with the other small ones of the last days, or drift could come in portions.

    Returns:
        the newest version now, the comparisons of those that were added, and a sentence for each refusal.
    """
    log = get_run_logger()
    drifts: list[Drift] = []
    accepted: list[Cleaned] = []
    refusals = []
    recent = find_recent(versions, newest) if deliveries else RecentDeliveries(None)
    for batch in group_for_comparison(clean, deliveries):
        try:
            comparisons = []
            for earlier in (None, recent) if recent and is_small(batch) else (None,):
                drift = compare(clean, batch, baseline, form.most_drift, earlier)
                log.info(drift.sentence)
                if drift.drifted and form.on_drift == "refuse":
                    page = f"See {drift.docs / 'index.html'}." if drift.docs else ""
                    raise RefusedError(" ".join(["The rows drifted.", drift.sentence, *drift.drifted, page]))
                comparisons.append(drift)
        except RefusedError as error:
            refusals.append(refuse(versions, [cleaned.raw for cleaned in batch], str(error)))
            continue
        for sentence in [sentence for drift in comparisons for sentence in drift.drifted]:
            log.warning("drift, accepted: %s", sentence)
        drifts += comparisons
        accepted += batch
        recent = recent.with_accepted(batch)
    version, contradictions = add_deliveries(clean, versions, newest, accepted)
    return version, drifts, refusals + contradictions


def __getattr__(name: str) -> Flow[..., Retraining | None]:
    for model in MODELS:
        if identifier(model.retraining) == name:
            return flow_of(model.retraining, model.retraining_form)(partial(retrain, model))
    raise AttributeError(name)
