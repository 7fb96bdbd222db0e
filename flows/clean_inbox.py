"""Cleans what is new in an inbox by a schema: inbox -> clean -> compare with the evidence -> dataset version.

A deployment does it every night, once its schedule is switched on. The inbox, the process of its own in which each file
is read, and the versions are those of retraining.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prefect import State, get_run_logger
from prefect.states import Completed

from eightytwenty.errors import UserError
from eightytwenty.printable import visible
from flows.forms import flow_of
from reports.numbers import counts
from schemas.parameters import CleanInboxParameters
from tasks.clean.inbox import TableDrift, check_table, compare_file, inbox_markdown, record_files
from tasks.clean.record import CleanedFolder, evidence_beside, publish_cleaning, record_cleaning
from tasks.clean.stage import CleanTable, dataset_stage
from tasks.clean.tables import is_schema_file
from tasks.experiment import Cleaned, Data
from tasks.retrain import NOTHING_TO_DO, SOME_REFUSED, RefusedError
from tasks.retrain.cards import Version
from tasks.retrain.report import publish_refusals, refusals_sentence
from tasks.retrain.tasks import add_deliveries, clean_deliveries, look_for_new, refuse
from tasks.retrain.versions import DatasetVersions, only_one_retraining
from tasks.running.allowed_paths import require_allowed_to_copy, require_in_data_folder
from tasks.running.sqlite import back_up_daily
from tasks.running.stages import data_folder
from tasks.tracking.lifecycle import parent_run, summary_of
from tasks.tracking.store import connect

_NAME = "clean-inbox"


@dataclass(frozen=True)
class CleanedInbox:
    """What became of the new files of an inbox.

    Attributes:
        version: of the dataset, with the clean rows of all files so far.
        drifts: how each file that was added differs from the evidence.
        refusals: a sentence for each file that was refused.
        deliveries_file: file with the fate of every file.
        mlflow: where to see the run.
    """

    version: Version
    drifts: Sequence[TableDrift]
    refusals: Sequence[str]
    deliveries_file: Path
    mlflow: str

    @property
    def sentence(self) -> str:
        """What was added, for the state of the run."""
        drifted = sum(bool(drift.drifted) for drift in self.drifts)
        files = f"{len(self.version.added)} new files added" + (f", of which {drifted} drifted" if drifted else "")
        return f"{self.version.name} has {self.version.rows['clean']:,} clean rows: {files}."


@flow_of(_NAME, CleanInboxParameters)
def clean_inbox(parameters: CleanInboxParameters) -> State[CleanedInbox | None]:
    """Cleans the new files of an inbox, and adds their rows to a dataset.

    Returns:
        the state in which the run ends: with the result, or that there was nothing to do.

    Raises:
        UserError: the schema or the inbox cannot be read or is not allowed, or everything new was refused.
    """
    log, started, name = get_run_logger(), time.perf_counter(), parameters.name
    if not is_schema_file(parameters.table):
        raise UserError(f"{parameters.table} is no schema: give a YAML file in the data folder.")
    schema = require_in_data_folder(parameters.table)
    inbox_path = require_allowed_to_copy(parameters.inbox) if parameters.inbox else data_folder() / "inbox" / name
    folder, stage = dataset_stage(data_folder() / "datasets", name, schema)
    table = stage.table  # what is wrong with it is said before any file is read
    limits = parameters.model_dump(include={"most_quarantine", "most_drift", "on_drift"})
    versions = DatasetVersions(folder, stage.rows, {**stage.kind, **limits})
    check = partial(check_table, schema=stage.schema, most_quarantine=parameters.most_quarantine)
    with only_one_retraining(folder):
        connect(data_folder())
        back_up_daily(data_folder())
        newest = versions.newest()
        inbox = look_for_new(inbox_path, versions, newest)
        files, unfit, changed = clean_deliveries(Data(None, stage, check), versions, inbox.new)
        fit, drifts, drifted = _compare(stage, versions, files, evidence_beside(schema.parent), parameters)
        version, contradictions = add_deliveries(stage, versions, newest, fit)
        refusals = [*inbox.unfit, *unfit, *drifted, *contradictions]
        refused = refusals_sentence(inbox, changed, version, refusals)
        for sentence in refusals:
            log.warning(sentence)
        waiting = [*inbox.waiting, *changed]
        left = f" Left for the next time, because it was changed a moment ago: {', '.join(waiting)}." if waiting else ""
        if version is None or versions.is_judged(version.sha256):
            if refusals:
                publish_refusals(_NAME, refusals)
                raise RefusedError(refused)
            return Completed(name=NOTHING_TO_DO, message=visible(f"There is nothing new in {inbox_path}.{left}"))

        dataset, config = version.dataset(name), parameters.model_dump(by_alias=True)
        resume = versions.pending_run(version.sha256)
        title, about = f"{version.name} of {name}", summary_of(CleanInboxParameters)
        with parent_run(data_folder(), _NAME, title, config, datasets=[dataset], resume=resume, about=about) as run:
            versions.write_pending_run(version.sha256, run.run_id)
            added = [drift for drift in drifts if drift.name in version.added]
            markdown = inbox_markdown(name, version, added, refusals)
            cleaned = CleanedFolder(version.rows_folder, table, schema.parent)
            seconds = time.perf_counter() - started
            record_cleaning(run, cleaned, seconds, mask=parameters.mask, most_drift=parameters.most_drift)
            record_files(run, markdown, added, refusals)
            publish_cleaning(_NAME, run, cleaned, mask=parameters.mask, result=markdown)
        versions.write_judgement(version.sha256, version, {"run": run.run_id})
        log.info("%s %s: %s.%s See %s", name, version.name, counts(version.rows), left, version.folder)
        cleaned_inbox = CleanedInbox(version, added, refusals, versions.deliveries_file, run.link)
        message = visible(f"{cleaned_inbox.sentence} {refused}".rstrip())
        return Completed(data=cleaned_inbox, name=SOME_REFUSED if refusals else "Completed", message=message)


def _compare(
    stage: CleanTable,
    versions: DatasetVersions,
    files: Sequence[Cleaned],
    evidence: Path | None,
    parameters: CleanInboxParameters,
) -> tuple[list[Cleaned], list[TableDrift], list[str]]:
    """Compares cleaned files with the evidence, each by itself.

    Returns:
        those that are to be added; how they differ; a sentence for each that is refused for it.
    """
    fit, drifts, refusals = [], [], []
    for cleaned in files:
        drift = compare_file(stage, cleaned, evidence, parameters.most_drift, mask=parameters.mask)
        words = "; ".join(drift.drifted)
        if words and parameters.on_drift == "refuse":
            page = f"See {drift.docs / 'index.html'}." if drift.docs else ""
            refusals.append(refuse(versions, [cleaned.raw], f"The rows drifted. {words}. {page}"))
            continue
        get_run_logger().info(drift.sentence)
        if words:
            get_run_logger().warning("%s drifted, and is added: %s", drift.name, words)
        fit.append(cleaned)
        drifts.append(drift)
    return fit, drifts, refusals
