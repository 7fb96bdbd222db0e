"""How far a piece of work is: a bar in the terminal, and an artifact in the Prefect UI where a task does the work."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from eightytwenty.progress import Progress, progress_bar

_SECONDS = 5.0
"""Between two updates in the Prefect UI. Shorter work gets no artifact: it is over before anybody looks."""


@contextmanager
def task_progress(title: str, unit: str) -> Iterator[Progress]:
    """A bar that disappears when the work is done, and an artifact that stays."""
    artifact = _ProgressArtifact(title, unit)
    with progress_bar(title, unit) as show:

        def show_both(done: int, total: int) -> None:
            show(done, total)
            artifact(done, total)

        yield show_both
    artifact.finish()


class _ProgressArtifact:
    """Progress in the Prefect UI, at most one call each few seconds; where that fails, the work goes on without."""

    def __init__(self, title: str, unit: str) -> None:
        self._text = f"{title}, {unit}"
        self._next = time.monotonic() + _SECONDS
        self._id: UUID | None = None
        self._works = _in_task()

    def __call__(self, done: int, total: int) -> None:
        if self._works and total and time.monotonic() >= self._next:
            self._publish(100 * done / total)
            self._next = time.monotonic() + _SECONDS

    def finish(self) -> None:
        if self._works and self._id:
            self._publish(100)

    def _publish(self, percent: float) -> None:
        from prefect.artifacts import create_progress_artifact, update_progress_artifact

        try:
            if self._id is None:
                self._id = cast("UUID", create_progress_artifact(percent, description=self._text))
            else:
                update_progress_artifact(self._id, percent)
        except Exception:  # noqa: BLE001 - whatever ails the server, the work is worth more than its bar
            self._works = False


def _in_task() -> bool:
    if "prefect" not in sys.modules:  # a command that needs no server
        return False
    from prefect.context import TaskRunContext

    return TaskRunContext.get() is not None
