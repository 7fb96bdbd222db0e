"""The report of a training: its folder, its part in the MLflow run, and its page in the Prefect UI."""

from collections.abc import Callable, Mapping
from pathlib import Path

from prefect import task

from reports.cleaning_figure import cleaning_figure
from reports.eighty_twenty import EightyTwenty, eighty_twenty_markdown
from reports.style import save
from tasks.experiment import Findings
from tasks.running.artifacts import picture
from tasks.running.reports import report_folder
from tasks.running.retries import RETRIES
from tasks.tracking.run import Run


def write_report(
    run: Run,
    shares: EightyTwenty,
    draw: Callable[[Path], tuple[str, str]],
    metrics: Mapping[str, float],
    pictures: Mapping[str, str],
) -> tuple[Path, tuple[str, ...]]:
    """Writes a report to disk and to the MLflow run.

    Args:
        run: of the flow.
        shares: the 80/20 numbers.
        draw: writes pictures and pages into a folder, and returns Markdown: the result, and the report behind it.
        metrics: for the run, besides the seconds and rows of `shares`.
        pictures: name of the file, without ".png" -> title of those that the Prefect UI shows between the two.

    Returns:
        the folder on disk, and the page for the Prefect UI in parts.
    """
    with report_folder(run.run_id) as (folder, partial):
        result, report = draw(partial)
        save(cleaning_figure(shares), partial / "eighty_twenty.png")
    run.log_artifact(folder, "report")
    seconds = {f"seconds/{stage.name.replace(' ', '_')}": stage.seconds for stage in shares.stages}
    rows = {f"rows/{fate}": float(count) for fate, count in shares.fates.items()}
    run.log_metrics({**metrics, **seconds, **rows})
    titles = {**pictures, "eighty_twenty": "where the time and the rows went"}
    shown = [picture(title, folder / f"{name}.png") for name, title in titles.items()]
    return folder, (result, *shown, report)


@task(task_run_name="report", **RETRIES)
def report_plainly(run: Run, shares: EightyTwenty, metrics: Mapping[str, float]) -> Findings:
    """The report of a model that has none of its own: where the time and the rows went."""

    def draw(folder: Path) -> tuple[str, str]:
        markdown = eighty_twenty_markdown(shares)
        (folder / "eighty_twenty.md").write_text(markdown, encoding="utf-8")
        return "", markdown

    folder, page = write_report(run, shares, draw, metrics, {})
    return Findings(folder, {"80/20 report": str(folder / "eighty_twenty.md")}, page)
