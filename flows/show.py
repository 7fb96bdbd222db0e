"""What the terminal says at the end of a run: results, where the time and the rows went, where to look next."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from tasks.clean.score import Score
from tasks.report.eighty_twenty import EightyTwenty
from tasks.report.numbers import percent, seconds
from tasks.report.results import results_rich

if TYPE_CHECKING:
    from flows.adders import AdderReport
    from flows.gan import GanReport


def show_adders(report: "AdderReport") -> None:
    """Prints the result table of the adders, the 80/20 summary and where to look next."""
    console = Console()
    console.print(results_rich(report.cells))
    _shares(console, report.shares, report.cleaning)
    _where(
        console,
        {
            "pictures and tables": str(report.folder),
            "80/20 report": str(report.folder / "eighty_twenty.md"),
            "what the data was like": str(report.docs[0] / "index.html"),
            "best network": _registered(report.model, report.is_champion),
            "ask it": shlex.join(
                ["eightytwenty", "predict", "2", "2", *([] if report.is_champion else ["--model", report.model])]
            ),
            "runs in MLflow": report.mlflow,
        },
    )


def show_gan(report: "GanReport") -> None:
    """Prints the measures of the GAN, the 80/20 summary and where to look next."""
    from tasks.gans.report import measures_rich

    console = Console()
    console.print(f"[bold]{escape(report.name)}[/]")
    console.print(measures_rich(report.measures, report.real))
    for alarm in report.alarms:
        console.print(f"[bold red]Collapse.[/] {escape(alarm)}", soft_wrap=True)
    _shares(console, report.shares, report.cleaning)
    _where(
        console,
        {
            "grid beside real pictures": str(report.folder / "samples.png"),
            "film of the training": str(report.folder / "training.gif"),
            "curves of the training": str(report.folder / "training.png"),
            "what cleaning did": str(report.folder / "cleaning.png"),
            "all pictures and tables": str(report.folder),
            "what the data was like": str(report.docs[0] / "index.html"),
            "trained network": _registered(report.model, report.is_champion),
            "draw some yourself": shlex.join(["eightytwenty", "draw", "--model", report.model]),
            "runs in MLflow": report.mlflow,
        },
    )
    if report.attribution:
        console.print(f"\n{escape(report.attribution.strip())}", soft_wrap=True, highlight=False)


def _registered(model: str, is_champion: bool) -> str:
    name, _, version = model.rpartition("/")
    if is_champion:
        return f"{model}, champion of {name}"
    return f"{model}; {shlex.join(['eightytwenty', 'rollback', name, '--to', version])} makes it champion"


def _shares(console: Console, shares: EightyTwenty, cleaning: list[Score]) -> None:
    console.print(f"\n[bold]80/20.[/] {escape(shares.sentence)}.")
    for stage in shares.stages:
        console.print(f"  {stage.title:<28}{seconds(stage.seconds):>8}  {stage.kind}")
    fates = ", ".join(f"{count:,} {fate} ({percent(count / shares.rows)})" for fate, count in shares.fates.items())
    console.print(f"  {shares.rows:,} raw rows: {fates}", soft_wrap=True)
    if cleaning:
        faults, caught, wrong = (sum(one.kinds[n].sum() for one in cleaning) for n in ("injected", "caught", "wrong"))
        touched = sum(one.touched + one.lost for one in cleaning)
        console.print(
            f"  Of {faults:,} injected faults {caught:,} were caught and {wrong:,} repaired wrong; "
            f"{touched:,} innocent ones were touched",
            soft_wrap=True,
        )
    if shares.gains:
        console.print(f"  What cleaning bought: {shares.subject}, trained on uncleaned rows → on clean ones")
    for gain in shares.gains:
        console.print(
            f"    {gain.measure:<26}{gain.text(gain.uncleaned):>8} → {gain.text(gain.cleaned)}", highlight=False
        )


def _where(console: Console, places: Mapping[str, str]) -> None:
    console.print("\n[bold]Where to look next[/]")
    for what, place in places.items():
        lines = escape(place).replace("\n", "\n" + " " * 28)
        console.print(f"  {what:<26}{lines}", soft_wrap=True, highlight=False)
