"""Progress callbacks, and how far and how long a piece of work is, on the last line of the terminal."""

import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TextIO, TypeVar

QUIET = "EIGHTYTWENTY_QUIET"  # in the environment: draw nothing
Progress = Callable[[int, int], None]
"""Called with (units done, units in all)."""
_Result = TypeVar("_Result")

_SECOND = 1.0


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Progress]:
    """Shows a bar until the work is done; outside a terminal, such as in a log file, it is not drawn."""
    if os.environ.get(QUIET):
        yield lambda *_: None
        return
    from tqdm import tqdm

    with Line.hidden(), tqdm(desc=title, unit=f" {unit}", total=0, leave=False, disable=None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        with _each_second(bar.refresh):  # its clock goes on where the work says nothing for a while
            yield show


def stage_bar(name: str, results: Iterator[_Result], count: int | None) -> Iterator[_Result]:
    """Yields the results of a stage, and shows a bar until the last one: an `eightytwenty.engine.executor.Watch`."""
    with progress_bar(name, "pieces") as progress:
        yield from counted(results, count, progress)


def counted(results: Iterator[_Result], count: int | None, progress: Progress) -> Iterator[_Result]:
    """Yields results, and says after each how many there are.

    Args:
        results: any.
        count: of all; if it is not known, nothing is said.
        progress: called with (results yielded, count).
    """
    for done, result in enumerate(results, start=1):
        if count:
            progress(done, count)
        yield result


@contextmanager
def waiting(title: str) -> Iterator["Line"]:
    """Shows what is going on, and for how long, while no bar does; outside a terminal nothing is drawn."""
    if os.environ.get(QUIET) or not sys.stderr.isatty():
        yield Line(title)
        return
    # its own file, because standard error is closed while TensorFlow is loaded
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8", errors="replace") as stream:
        line = Line.shown = Line(title, stream)
        try:
            with _each_second(line.draw):
                yield line
        finally:
            Line.shown = None
            line.clear()


class Line:
    """The last line of the terminal; without a stream, nothing."""

    shown: "Line | None" = None
    _bars = 0

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._stream = stream
        self.say(title)

    def say(self, title: str) -> None:
        """Something else is going on from now on."""
        self._title, self._since = title, monotonic()

    def draw(self) -> None:
        """Writes it again with its clock; in the first second there is nothing to read."""
        seconds = monotonic() - self._since
        if not Line._bars and seconds >= _SECOND:
            text = f"{self._title}, {seconds:.0f} s"
            self._write(text[: shutil.get_terminal_size().columns - 1])

    def clear(self) -> None:
        """Makes room for other text; after a second the line is there again."""
        self._write("")

    def _write(self, text: str) -> None:
        if self._stream:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()

    @staticmethod
    @contextmanager
    def hidden() -> Iterator[None]:
        """Makes room for a bar."""
        Line._bars += 1
        if Line.shown:
            Line.shown.clear()
        try:
            yield
        finally:
            Line._bars -= 1


@contextmanager
def _each_second(call: Callable[[], object]) -> Iterator[None]:
    done = threading.Event()

    def run() -> None:
        while not done.wait(_SECOND):
            call()

    thread = threading.Thread(target=run, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
