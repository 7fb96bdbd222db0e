"""Runs the pieces of a stage, in order: here in threads, elsewhere on other machines."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol, TypeVar

_Item = TypeVar("_Item")
_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
# Threads are enough: polars and Arrow release Python's lock while they work. More than four only cost memory.
_WORKERS = min(4, os.cpu_count() or 1)


class Executor(Protocol):
    """Runs jobs and yields their results, in the order of the jobs.

    The engine gives it functions, jobs and results that survive cloudpickle, and shares nothing else with the workers
    than folders. Only a few jobs may be in memory at a time. Whatever a job raises is raised when its result is due.
    """

    def __call__(self, work: Callable[[_Job], _Result], jobs: Iterable[_Job], /) -> Iterator[_Result]:
        """Runs `work` on each job."""


class Watch(Protocol):
    """Shows the stages of a cleaning while they run."""

    def __call__(self, name: str, results: Iterator[_Result], count: int | None) -> Iterator[_Result]:
        """Yields the results of a stage as they are due.

        Args:
            name: of the stage.
            results: of its jobs.
            count: the number of its jobs, if it is known.
        """


def in_threads(work: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
    """The executor of one machine."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        futures: deque[Future[_Result]] = deque()
        try:
            for job in jobs:
                futures.append(pool.submit(work, job))
                if len(futures) > _WORKERS:
                    yield futures.popleft().result()
            while futures:
                yield futures.popleft().result()
        finally:
            for future in futures:
                future.cancel()


def batched(items: Iterable[_Item], size: Callable[[_Item], int], most: int, most_bytes: int) -> Iterator[list[_Item]]:
    """Batches of so many items, or fewer if they are large.

    Args:
        items: one after the other.
        size: of an item in bytes.
        most: items of a batch.
        most_bytes: of a batch, after which the next begins.
    """
    batch: list[_Item] = []
    total = 0
    for item in items:
        batch.append(item)
        total += size(item)
        if len(batch) == most or total >= most_bytes:
            yield batch
            batch, total = [], 0
    if batch:
        yield batch
