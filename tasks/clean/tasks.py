"""What the clean flow does, one Prefect task each."""

from pathlib import Path

from prefect import task

from eightytwenty import clean
from eightytwenty.engine.summary import Summary
from eightytwenty.read.download import is_address
from eightytwenty.tables import load_table
from schemas.parameters import CleanParameters
from tasks.running.allowed_paths import require_allowed
from tasks.running.artifacts import publish
from tasks.running.progress import task_progress
from tasks.running.retries import RETRIES


@task(**RETRIES)
def clean_own(parameters: CleanParameters) -> tuple[Summary, Path]:
    """Cleans a source of the user's.

    Returns:
        what became of its rows, and the folder that holds them.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, or a path is not
            allowed.
    """
    source, out = parameters.source, require_allowed(parameters.out)
    table = load_table(parameters)
    with task_progress("clean", table.unit) as progress:
        path = source if is_address(source) else require_allowed(source)
        return clean(path, table, out, progress), out


@task(**RETRIES)
def report_cleaning(folder: Path) -> None:
    """Puts the report of a cleaning, and what it looks like where there are pictures, into the Prefect UI."""
    gallery = folder / "gallery.png"
    pictures = {"gallery": gallery} if gallery.exists() else {}
    publish("clean", markdown=(folder / "report.md").read_text(encoding="utf-8"), pictures=pictures)
