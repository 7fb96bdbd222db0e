"""Runs jobs in parallel and yields their results in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
# Threads are enough: polars and Arrow release Python's lock while they work. More than four only cost memory.
_WORKERS = min(4, os.cpu_count() or 1)


def in_order(work: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
    """Yields the result of each job, in the order of the jobs. Only a few jobs run, and are in memory, at a time.

    Raises:
        Exception: whatever a job raises, when its result is due.
    """
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
