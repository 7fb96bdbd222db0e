"""A progress bar in the terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress_bar(title: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """A bar that is called with (done, in all), and is gone when the work is done."""
    # disable=None: no bar where nobody looks, such as in a log file
    with tqdm(desc=title, unit=f" {unit}", total=0, leave=False, disable=None) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield show
