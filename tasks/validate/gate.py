"""What becomes of a run whose batch was checked."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eightytwenty.errors import UserError
from tasks.running.artifacts import publish_link
from tasks.running.stages import Stage
from tasks.tracking.run import Run
from tasks.validate.check import BatchCheck

_FAILURES = "failures.json"


@dataclass(frozen=True)
class Checked:
    """A finished check of a batch.

    Args:
        name: of the batch, for its folder among the run's artifacts.
        stage: holds `docs` and the failures.
    """

    name: str
    stage: Stage

    @property
    def docs(self) -> Path:
        """The folder of the Data Docs."""
        return self.stage.folder / "docs"

    @property
    def failures(self) -> tuple[str, ...]:
        """What Great Expectations found wrong, a sentence each."""
        return tuple(json.loads((self.stage.folder / _FAILURES).read_text()))


def keep_failures(folder: Path, check: BatchCheck) -> None:
    """Writes the failures of a check into the output of its stage."""
    (folder / _FAILURES).write_text(json.dumps(check.failures))


def stop_if_unfit(run: Run, checked: Sequence[Checked]) -> None:
    """Keeps the Data Docs with the run, and goes no further where a batch failed.

    Raises:
        UserError: a batch is not fit to train on.
    """
    for check in checked:
        folder = f"data_docs/{check.name}"
        run.log_artifact(check.docs, folder)
        publish_link(f"data-docs-{check.name}", f"the Data Docs of {check.name}", run.link_to(f"{folder}/index.html"))
    failed = [check for check in checked if check.failures]
    if failed:
        reasons = " ".join(failure for check in failed for failure in check.failures)
        raise UserError(f"The cleaned batch is not fit to train on. {reasons} See {failed[0].docs / 'index.html'}.")
