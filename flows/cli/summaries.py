"""The summary in the terminal at the end of a run: results, where the time and the rows went, where to look next."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from eightytwenty.evaluate.score import CleaningScore, fault_counts
from eightytwenty.printable import for_terminal
from flows.cli.results import retraining_places, training_places
from reports.eighty_twenty import EightyTwenty
from reports.measures import exact, title
from reports.numbers import percent, seconds

if TYPE_CHECKING:
    from prefect import State

    from flows.retraining import Retraining
    from flows.training import Training


def show_training(training: "Training") -> None:
    """Prints what the model reports, the 80/20 summary and where to look next."""
    console, findings = Console(), training.findings
    for result in findings.results:
        console.print(result, soft_wrap=isinstance(result, str))
    _shares(console, training.shares, training.cleaning)
    _where(console, training_places(training))
    if findings.notes:
        notes = "\n".join(map(for_terminal, findings.notes.strip().splitlines()))
        console.print(f"\n{notes}", soft_wrap=True, highlight=False)


def show_retraining(state: "State[Retraining | None]", report: "Retraining | None") -> None:
    """Prints the decision with its numbers; without a result, that there was nothing to do."""
    console = Console()
    if report is None:
        console.print(f"[bold]{state.name}.[/] {for_terminal(state.message or '')}", soft_wrap=True, highlight=False)
        return
    judgement = report.judgement
    console.print(
        f"\n[bold]{for_terminal(judgement.verdict(report.model))}.[/] {for_terminal(judgement.decision.sentence)}",
        soft_wrap=True,
        highlight=False,
    )
    table = Table(f"on the held-out rows of {report.version.name}", box=box.HORIZONTALS, pad_edge=False)
    for who in judgement.scores:
        table.add_column(who, justify="right")
    for measure in judgement.scores["challenger"]:
        table.add_row(title(measure), *(exact(scores[measure]) for scores in judgement.scores.values()))
    console.print(table)
    for sentence in [*report.refusals, *(one for drift in report.drifts for one in (drift.sentence, *drift.drifted))]:
        console.print(for_terminal(sentence), soft_wrap=True, highlight=False)
    _where(console, retraining_places(report))


def _shares(console: Console, shares: EightyTwenty, cleaning: list[CleaningScore]) -> None:
    console.print(f"\n[bold]80/20.[/] {for_terminal(shares.sentence)}.")
    for stage in shares.stages:
        console.print(f"  {stage.title:<28}{seconds(stage.seconds):>8}  {stage.kind}")
    fates = ", ".join(f"{count:,} {fate} ({percent(count / shares.rows)})" for fate, count in shares.fates.items())
    console.print(f"  {shares.rows:,} raw rows: {fates}", soft_wrap=True)
    if cleaning:
        faults = fault_counts(cleaning)
        console.print(
            f"  Of {faults['injected']:,} injected faults, {faults['caught']:,} were caught and {faults['wrong']:,} "
            f"repaired wrongly; {faults['touched'] + faults['lost']:,} sound rows were touched",
            soft_wrap=True,
        )
    if shares.gains:
        what = f"  What cleaning bought: {shares.subject}, trained on uncleaned rows → on clean ones; {shares.seeds}"
        console.print(what, soft_wrap=True, highlight=False)
    for gain in shares.gains:
        console.print(
            f"    {gain.measure:<34}{gain.text(gain.uncleaned):>18} → {gain.text(gain.cleaned)}", highlight=False
        )


def _where(console: Console, places: Mapping[str, str]) -> None:
    console.print("\n[bold]Where to look next[/]")
    for label, place in places.items():
        lines = ("\n" + " " * 28).join(map(for_terminal, place.splitlines()))
        console.print(f"  {label:<26}{lines}", soft_wrap=True, highlight=False)
