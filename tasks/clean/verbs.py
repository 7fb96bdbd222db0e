"""What the clean flow does, one Prefect task each."""

from pathlib import Path

from prefect import task

from schemas.parameters import CleanParameters
from tasks.clean.source import clean_source
from tasks.clean.summary import Summary
from tasks.report.artifacts import publish
from tasks.retries import RETRIES


@task(**RETRIES)
def clean_own(parameters: CleanParameters) -> tuple[Summary, Path]:
    """Cleans a source of the user's.

    Returns:
        what became of its rows, and the folder that holds them.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, or a path is not
            allowed.
    """
    return clean_source(parameters)


@task(**RETRIES)
def report_cleaning(folder: Path) -> None:
    """Puts the report of a cleaning, and what it looks like where there are pictures, into the Prefect UI."""
    gallery = folder / "gallery.png"
    pictures = {"gallery": gallery} if gallery.exists() else {}
    publish("clean", markdown=(folder / "report.md").read_text(), pictures=pictures)
