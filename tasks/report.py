"""The report of a training: its folder, its part in the MLflow run, and its artifacts in the Prefect UI."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from prefect import task

from reports.cleaning_figure import cleaning_figure
from reports.eighty_twenty import EightyTwenty, eighty_twenty_markdown
from reports.style import save
from tasks.experiment import Findings
from tasks.running.artifacts import publish, publish_link
from tasks.running.reports import report_folder
from tasks.running.retries import RETRIES
from tasks.tracking.run import Run


def write_report(
    run: Run,
    name: str,
    shares: EightyTwenty,
    draw: Callable[[Path], str],
    metrics: Mapping[str, float],
    pictures: Sequence[str] = (),
    table: Sequence[Mapping[str, str]] = (),
) -> Path:
    """Writes a report to disk, to the MLflow run and to the Prefect UI.

    Args:
        run: of the flow.
        name: first part of the artifacts' keys.
        shares: the 80/20 numbers.
        draw: writes pictures and pages into a folder, and returns Markdown for the Prefect UI.
        metrics: for the run, besides the seconds and rows of `shares`.
        pictures: those of the pictures that are shown in the Prefect UI, without ".png".
        table: the results as rows: column -> text.

    Returns:
        the folder on disk.
    """
    with report_folder(run.run_id) as (folder, partial):
        markdown = draw(partial)
        save(cleaning_figure(shares), partial / "eighty_twenty.png")
    run.log_artifact(folder, "report")
    seconds = {f"seconds/{stage.name.replace(' ', '_')}": stage.seconds for stage in shares.stages}
    rows = {f"rows/{fate}": float(count) for fate, count in shares.fates.items()}
    run.log_metrics({**metrics, **seconds, **rows})
    shown = {picture: folder / f"{picture.replace('-', '_')}.png" for picture in (*pictures, "eighty-twenty")}
    publish(name, markdown=markdown, pictures=shown, table=table)
    publish_link(f"{name}-mlflow", "the run in MLflow", run.link)
    return folder


@task(task_run_name="report", **RETRIES)
def report_plainly(run: Run, name: str, shares: EightyTwenty, metrics: Mapping[str, float]) -> Findings:
    """The report of a model that has none of its own: where the time and the rows went."""

    def draw(folder: Path) -> str:
        markdown = eighty_twenty_markdown(shares)
        (folder / "eighty_twenty.md").write_text(markdown, encoding="utf-8")
        return markdown

    folder = write_report(run, name, shares, draw, metrics)
    return Findings(folder, {"80/20 report": str(folder / "eighty_twenty.md")})
