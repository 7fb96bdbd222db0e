"""Child processes that never outlive this one, even if it is killed.

Each child leads a session of its own, so that Ctrl-C in the terminal reaches only their owner, and so that all that a
child starts can be stopped with it. A small guard process, which runs this file, knows their groups and holds the read
end of a pipe whose write end only the owner has: when the owner is gone, the pipe ends and the guard stops them.
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
"""From SIGTERM to SIGKILL: a flow that is stopped still ends its MLflow run."""
_GONE = (ProcessLookupError, PermissionError)  # macOS says the latter of a group of zombies


class Children:
    """Starts and stops processes; at the end of the block all are stopped, the last first."""

    def __enter__(self) -> Self:
        """Starts the guard."""
        self._started: list[subprocess.Popen[bytes]] = []
        self._guard = subprocess.Popen(
            [sys.executable, "-P", "-m", "tasks.servers.children"], stdin=subprocess.PIPE, start_new_session=True
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stops what still runs."""
        while self._started:
            self.stop(self._started[-1])
        if self._guard.stdin:
            self._guard.stdin.close()
        self._guard.wait()

    def start(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
        """Start a process.

        Args:
            command: The program and its arguments.
            environment: Variables beside, or in place of, those of this process.
            log: File that all it says is added to.
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
        self._tell(child.pid)
        return child

    def stop(self, child: subprocess.Popen[bytes]) -> None:
        """Stop a process and all that it started: SIGTERM, and SIGKILL after 15 s."""
        if child in self._started:
            self._started.remove(child)
            _end_group(child.pid, child.poll)
            self._tell(-child.pid)

    def _tell(self, group: int) -> None:
        if self._guard.stdin:
            with suppress(BrokenPipeError):
                self._guard.stdin.write(f"{group}\n".encode())
                self._guard.stdin.flush()


def _end_group(group: int, reap: Callable[[], object] = lambda: None) -> None:
    for number, patience in ((signal.SIGTERM, _STOP_SECONDS), (signal.SIGKILL, 5)):
        deadline = time.monotonic() + patience
        try:
            os.killpg(group, number)
            while time.monotonic() < deadline:
                reap()
                os.killpg(group, 0)
                time.sleep(0.05)
        except _GONE:
            return


def _guard() -> None:
    groups: list[int] = []
    for line in sys.stdin:  # ends when the owner closes the pipe or is gone
        group = int(line)
        if group > 0:
            groups.append(group)
        else:
            groups.remove(-group)
    for group in reversed(groups):
        _end_group(group)


if __name__ == "__main__":
    _guard()
