"""Works on several batches at once and hands the results over in their order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
# Threads are enough: polars and Arrow let go of Python's lock while they work. More than four only cost memory.
_WORKERS = min(4, os.cpu_count() or 1)


def in_order(work: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
    """The result of each job, in the order of the jobs; a few are worked on at once, and no more are held in memory.

    Raises:
        Exception: whatever a job raises, when its turn comes.
    """
    with ThreadPoolExecutor(_WORKERS) as pool:
        waiting: deque[Future[_Result]] = deque()
        try:
            for job in jobs:
                waiting.append(pool.submit(work, job))
                if len(waiting) > _WORKERS:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
