"""How far a piece of work is: a bar in the terminal, and in the Prefect UI an artifact and lines of the task's log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

from eightytwenty.progress import Progress, progress_bar
from reports.numbers import compact, seconds

_SECONDS = 5.0
"""Between two updates in the Prefect UI. Shorter work gets no artifact: it is over before anybody looks."""


@contextmanager
def task_progress(title: str, unit: str) -> Iterator[Progress]:
    """A bar that disappears when the work is done, and an artifact and a few lines of the log that stay."""
    log = _ProgressLog(title, unit) if _in_task() else None
    artifact = _ProgressArtifact(title, unit)
    with progress_bar(title, unit) as show:

        def show_both(done: int, total: int) -> None:
            show(done, total)
            artifact(done, total)
            if log:
                log(done, total)

        yield show_both
    artifact.finish()
    if log:
        log.finish()


class _ProgressLog:
    """Lines of the log of a task: one for each tenth of the work, if that takes a few seconds, and one at its end."""

    def __init__(self, title: str, unit: str) -> None:
        from prefect import get_run_logger

        self._title, self._unit, self._log = title, unit, get_run_logger()
        self._started = self._last = time.monotonic()
        self._done = self._total = self._tenth = 0

    def __call__(self, done: int, total: int) -> None:
        self._done, self._total, now = done, total, time.monotonic()
        tenth = 10 * done // total if total else 0
        if tenth > self._tenth and done < total and now - self._last >= _SECONDS:
            self._tenth, self._last = tenth, now
            rate = done / (now - self._started)
            self._say(
                f"{done:,} of {total:,} {self._unit}, {compact(rate)} a second, {seconds((total - done) / rate)} left"
            )

    def finish(self) -> None:
        passed = seconds(time.monotonic() - self._started)
        is_whole = self._done == self._total
        self._say(f"{self._done:,} {self._unit} in {passed}" if is_whole else f"ended early, after {passed}")

    def _say(self, sentence: str) -> None:
        self._log.info("%s: %s", self._title, sentence)


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
