"""Child processes that never outlive this one, even if it is killed.

Each child leads its own session, so that Ctrl-C in the terminal reaches only this process, and so that everything that
the child starts can be stopped with it. A small guard process, which runs this file, knows the process groups and reads
from a pipe that only this process can write to: when this process ends, the pipe closes and the guard stops them all.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_STOP_SECONDS = 15
"""From SIGTERM to SIGKILL: time for a stopped flow to end its MLflow run."""
_GROUP_ENDED = (ProcessLookupError, PermissionError)  # macOS raises the latter for a group of zombies


class Children:
    """Starts and stops processes; at the end of the block all are stopped, the newest first."""

    def __enter__(self) -> Self:
        """Starts the guard."""
        self._started: list[subprocess.Popen[bytes]] = []
        self._guard = subprocess.Popen(
            [sys.executable, "-P", "-m", "tasks.servers.children"], stdin=subprocess.PIPE, start_new_session=True
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stops the processes that still run."""
        while self._started:
            self.stop(self._started[-1])
        if self._guard.stdin:
            self._guard.stdin.close()
        self._guard.wait()

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start a process.

        Args:
            command: The program and its arguments.
            environment: Variables that are added to those of this process, or replace them.
            log: The file to which all its output is appended.
        """
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as stream:
            child = subprocess.Popen(  # noqa: S603 - our own interpreter
                list(command),
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started.append(child)
        self._notify_guard(child.pid)
        return child

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        """Stop a process and everything that it started: SIGTERM, and SIGKILL after 15 s."""
        if child in self._started:
            self._started.remove(child)
            _end_group(child.pid, child.poll)
            self._notify_guard(-child.pid)

    def _notify_guard(self, group: int) -> None:
        if self._guard.stdin:
            with suppress(BrokenPipeError):
                self._guard.stdin.write(f"{group}\n".encode())
                self._guard.stdin.flush()


def _end_group(group: int, reap: Callable[[], object] = lambda: None) -> None:
    for number, timeout in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + timeout
        try:
            os.killpg(group, number)
            while time.monotonic() < deadline:
                reap()
                os.killpg(group, 0)
                time.sleep(0.05)
        except _GROUP_ENDED:
            return


def _guard() -> None:
    groups: list[int] = []
    for line in sys.stdin:  # ends when the owner closes the pipe or ends itself
        group = int(line)
        if group > 0:
            groups.append(group)
        else:
            groups.remove(-group)
    for group in reversed(groups):
        _end_group(group)


if __name__ == "__main__":
    _guard()
