"""Lets a run train only on batches that passed their check."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.pages.markdown import plain
from tasks.running.artifacts import publish_page
from tasks.running.stages import Stage
from tasks.tracking.run import Run
from tasks.validate.check import BatchCheck

_FAILURES = "failures.json"


@dataclass(frozen=True)
class FinishedCheck:
    """A finished check of a batch.

    Args:
        name: name of the batch, and of its folder among the run's artifacts.
        stage: the stage whose output holds the Data Docs and the failures.
    """

    name: str
    stage: Stage

    @property
    def docs(self) -> Path:
        """The folder of the Data Docs."""
        return self.stage.folder / "docs"

    @property
    def folder(self) -> str:
        """The folder of the Data Docs among the artifacts of the MLflow run."""
        return f"data_docs/{self.name}"

    @property
    def failures(self) -> tuple[str, ...]:
        """A sentence for each expectation that was not met."""
        return tuple(json.loads((self.stage.folder / _FAILURES).read_text()))


def write_failures(folder: Path, check: BatchCheck) -> None:
    """Writes the failures of a check into the output of its stage."""
    (folder / _FAILURES).write_text(json.dumps(check.failures))


def stop_if_unfit(run: Run, checked: Sequence[FinishedCheck]) -> None:
    """Logs the Data Docs to the run, and stops it if a batch failed its check.

    Raises:
        UserError: a batch failed its check.
    """
    for check in checked:
        run.log_artifact(check.docs, check.folder)
    failed = [check for check in checked if check.failures]
    if failed:
        reasons = "\n".join(f"- {plain(failure)}" for check in failed for failure in check.failures)
        links = {f"The Data Docs of {check.name}": run.link_to(f"{check.folder}/index.html") for check in failed}
        publish_page("unfit", "why the cleaned batch is not fit to train on", ["# Not fit to train on", reasons], links)
        reasons = " ".join(failure for check in failed for failure in check.failures)
        raise UserError(f"The cleaned batch is not fit to train on. {reasons} See {failed[0].docs / 'index.html'}.")
