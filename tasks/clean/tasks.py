"""What the clean flow does, one Prefect task each."""

from pathlib import Path

from prefect import task

from tasks.clean.source import clean_source
from tasks.running.artifacts import publish
from tasks.running.retries import RETRIES

clean_own = task(name="clean_own", **RETRIES)(clean_source)


@task(**RETRIES)
def report_cleaning(folder: Path) -> None:
    """Puts the report of a cleaning, and what it looks like where there are pictures, into the Prefect UI."""
    gallery = folder / "gallery.png"
    pictures = {"gallery": gallery} if gallery.exists() else {}
    publish("clean", markdown=(folder / "report.md").read_text(), pictures=pictures)
