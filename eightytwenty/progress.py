"""Progress callbacks, and a progress bar in the terminal."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET = "EIGHTYTWENTY_QUIET"  # in the environment: draw no bars
Progress = Callable[[int, int], None]
"""Called with (units done, units in all)."""


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Progress]:
    """Shows a bar until the work is done; outside a terminal, such as in a log file, it is not drawn."""
    from tqdm import tqdm

    is_off = True if os.environ.get(QUIET) else None
    with tqdm(desc=title, unit=f" {unit}", total=0, leave=False, disable=is_off) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
