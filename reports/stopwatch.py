"""Measures how long the stages of a run take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from reports.eighty_twenty import Kind, StageTime


class Stopwatch:
    """Collects the wall-clock seconds of stages, in the order in which they ended."""

    def __init__(self) -> None:
        self.stages: list[StageTime] = []

    @contextmanager
    def __call__(self, name: str, kind: Kind) -> Iterator[None]:
        """Measures the block as a stage."""
        started = time.perf_counter()
        yield
        self.stages.append(StageTime(name, kind, time.perf_counter() - started))
