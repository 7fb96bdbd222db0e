"""Runs a flow from the command line, with a Prefect server of its own where none is configured."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from flows.adders import AdderReport, adders
from schemas.errors import UserError
from schemas.parameters import AdderParameters
from tasks.prefect_server import prefect_api
from tasks.report.numbers import percent, seconds
from tasks.report.results import results_rich
from tasks.stages import data_folder

_NO_ROOM = 1 << 20  # bytes; databases give up before the last one


def run_locally(parameters: AdderParameters) -> None:
    """Runs the adders flow and prints the result table, the 80/20 summary and where to look next."""
    for name in ("prefect.flow_runs", "prefect.task_runs"):
        logging.getLogger(name).addFilter(_is_worth_a_line)
    data = data_folder()
    with _full_disk_is_said(data):
        with prefect_api(data):
            report = adders(parameters)
        _show(report)


@contextmanager
def _full_disk_is_said(data: Path) -> Iterator[None]:
    """Says so where a disk without room is behind an error; databases and servers have many names for that."""
    try:
        yield
    except Exception as error:
        place = next(folder for folder in (data, *data.parents) if folder.is_dir())
        if shutil.disk_usage(place).free >= _NO_ROOM:
            raise
        raise UserError(
            f"The disk of {data} is full; free some space and run again: finished stages are kept."
        ) from error


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Drops what the flow's own lines, the progress bars and the last sentence of a failed run say better."""
    if record.exc_info and isinstance(record.exc_info[1], UserError):
        return False
    return not record.getMessage().startswith(("Finished in state", "Beginning flow run", "View at"))


def _show(report: AdderReport) -> None:
    console = Console()
    console.print(results_rich(report.cells))
    shares = report.shares
    console.print(f"\n[bold]80/20.[/] {escape(shares.sentence)}.")
    for stage in shares.stages:
        console.print(f"  {stage.title:<28}{seconds(stage.seconds):>8}  {stage.kind}")
    fates = ", ".join(f"{count:,} {fate} ({percent(count / shares.rows)})" for fate, count in shares.fates.items())
    console.print(f"  {shares.rows:,} raw rows: {fates}", soft_wrap=True)
    if report.cleaning:
        faults, caught, wrong = (
            sum(one.kinds[n].sum() for one in report.cleaning) for n in ("injected", "caught", "wrong")
        )
        touched = sum(one.touched + one.lost for one in report.cleaning)
        console.print(
            f"  Of {faults:,} injected faults {caught:,} were caught and {wrong:,} repaired wrong; "
            f"{touched:,} clean cells or rows were touched",
            soft_wrap=True,
        )
    if shares.gains:
        console.print(f"  What cleaning bought: {shares.subject}, trained on uncleaned rows → on clean ones")
    for gain in shares.gains:
        console.print(
            f"    {gain.measure:<26}{gain.text(gain.uncleaned):>8} → {gain.text(gain.cleaned)}", highlight=False
        )
    console.print("\n[bold]Where to look next[/]")
    where = {
        "pictures and tables": str(report.folder),
        "80/20 report": str(report.folder / "eighty_twenty.md"),
        "what the data was like": str(report.docs[0] / "index.html"),
        "runs in MLflow": report.mlflow,
    }
    for what, place in where.items():
        lines = escape(place).replace("\n", "\n" + " " * 26)
        console.print(f"  {what:<24}{lines}", soft_wrap=True, highlight=False)
