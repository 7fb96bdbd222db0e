"""Training: ingest -> clean -> check -> train -> track -> report, for every model of `tasks.registry`.

Run it by hand with `eightytwenty adders --help` or `eightytwenty gan --help`; `make run` runs both. Finished stages are
reused from disk, so a killed run continues where it stopped.
"""

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prefect import Flow, State, get_run_logger
from prefect.states import Completed

from eightytwenty.evaluate.score import CleaningScore
from eightytwenty.read.download import redact_source
from flows.forms import flow_of
from reports.accounts import rows_by_fate, rows_by_rule, timed_stage
from reports.eighty_twenty import EightyTwenty
from reports.numbers import counts
from schemas.parameters import Parameters
from tasks.decision import Scores
from tasks.experiment import Findings
from tasks.pipeline import check, clean, ingest, score_cleaning
from tasks.registry import MODELS, Model, identifier
from tasks.report import report_plainly
from tasks.running.artifacts import publish_page
from tasks.running.stages import data_folder
from tasks.tracking.champion import promote_first
from tasks.tracking.lifecycle import parent_run, summary_of
from tasks.tracking.run_ids import RunIds
from tasks.validate.gate import stop_if_unfit


@dataclass(frozen=True)
class Training:
    """The result of a training: what the model reports, the 80/20 numbers, and where to look next.

    Attributes:
        model: the registered model.
        version: of it.
        is_champion: whether that version is the champion.
        scores: of that version.
        findings: what the model reports.
        shares: what the time and the rows went into.
        cleaning: scores of the cleaning, if the data was generated.
        docs: folders of the Data Docs.
        mlflow: where to see the runs.
    """

    model: str
    version: int
    is_champion: bool
    scores: Scores
    findings: Findings
    shares: EightyTwenty
    cleaning: list[CleaningScore]
    docs: list[Path]
    mlflow: str

    @property
    def sentence(self) -> str:
        """What came of it, for the state of the run."""
        became = "is champion" if self.is_champion else "is registered"
        rows = f"Of {self.shares.rows:,} rows: {counts(self.shares.fates)}."
        return f"{self.model}/{self.version} {became}. {rows} {self.shares.sentence}."


def train(model: Model, form: Parameters) -> State[Training]:
    """Ingests data, cleans it, trains a model on it, and tracks it all.

    Args:
        model: one of the registry.
        form: its parameters.

    Raises:
        UserError: a source cannot be read, or a cleaned batch is not fit to train on.
    """
    log, experiment = get_run_logger(), model.experiment(form)
    raws = [ingest(data.ingest, data.clean.title) for data in experiment.data if data.ingest]
    stages = [data.clean for data in experiment.data]
    cleaned = [clean(stage, raw) for stage, raw in zip(stages, raws, strict=True)]
    for table in cleaned:
        rows, fates = table.summary.rows, counts(table.summary.fates)
        log.info("%s: %s %s: %s", table.raw.name, f"{rows:,}", stages[0].unit, fates)

    config = form.model_dump()
    if "source" in config:
        config = redact_source(config)
    datasets = [table.dataset for table in cleaned]
    checkpoints = experiment.checkpoints(cleaned) if experiment.checkpoints else None
    interrupted = RunIds.load(checkpoints).parent if checkpoints else None
    with parent_run(
        data_folder(),
        model.name,
        experiment.title,
        config,
        datasets=datasets,
        resume=interrupted,
        about=summary_of(model.form),
    ) as run:
        checks = [check(data.check, data.clean, table) for data, table in zip(experiment.data, cleaned, strict=True)]
        stop_if_unfit(run, checks)
        scores = score_cleaning(run, stages, cleaned)
        trained = experiment.train(run, cleaned, experiment.model)
        decision = experiment.decide(trained.scores, None)
        is_champion = decision.promoted and promote_first(
            run.client, experiment.model, trained.version, "It was the first."
        )
        shares = EightyTwenty(
            stages=(
                timed_stage("ingest", "other", raws),
                timed_stage("clean", "cleaning", cleaned),
                timed_stage("check the batch", "cleaning", [each.stage for each in checks]),
                *trained.stages,
            ),
            fates=rows_by_fate([table.summary for table in cleaned]),
            rules=rows_by_rule([table.summary for table in cleaned], stages[0].copies),
            gains=trained.gains,
            subject=trained.subject,
        )
        if trained.report:
            findings = trained.report(run, shares, is_champion)
        else:
            findings = report_plainly(run, shares, trained.scores)
        links = {
            "The run in MLflow": run.link,
            **{f"The Data Docs of {each.name}": run.link_to(f"{each.folder}/index.html") for each in checks},
        }
        publish_page(f"{model.name}-result", "results, where time went, and links", findings.page, links)
        if checkpoints:  # only now: until then a process that is killed continues in the same run
            shutil.rmtree(checkpoints, ignore_errors=True)
    log.info(shares.sentence)
    docs = [each.docs for each in checks]
    training = Training(
        *(experiment.model, trained.version, is_champion, trained.scores, findings, shares, scores, docs),
        mlflow=run.runs_link,
    )
    return Completed(data=training, message=training.sentence)


def __getattr__(name: str) -> Flow[..., Training]:
    for model in MODELS:
        if identifier(model.name) == name:
            return flow_of(model.name, model.form)(partial(train, model))
    raise AttributeError(name)
