"""The folder of a run's pictures and tables, in <data>/reports."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eightytwenty.files import clear_leftovers, whole_folder
from tasks.running.ownership import exclusive_lock
from tasks.running.stages import data_folder


@contextmanager
def report_folder(run_id: str) -> Iterator[tuple[Path, Path]]:
    """Writes <data>/reports/<run_id> whole or not at all; one process at a time is in the block.

    What killed processes left half-written there is removed: each run has an id of its own, so no later one would write
    in the same place.

    Yields:
        the path of the finished folder, and the folder to write into.
    """
    reports = data_folder() / "reports"
    with exclusive_lock(data_folder() / "owners" / "reporting"):
        for leftover in reports.glob(".*.*.*"):
            clear_leftovers(reports / leftover.name[1:].partition(".")[0])
        with whole_folder(reports / run_id) as partial:
            yield reports / run_id, partial
