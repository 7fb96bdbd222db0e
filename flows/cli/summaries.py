"""The summary in the terminal at the end of a run: results, where the time and the rows went, where to look next."""

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from rich.console import Console
from rich.table import Table

from eightytwenty.evaluate.score import CleaningScore
from eightytwenty.printable import for_terminal
from reports.eighty_twenty import EightyTwenty
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
    _where(
        console,
        {
            **findings.places,
            "what the data was like": str(training.docs[0] / "index.html"),
            findings.network: _registered(training.model, training.version, training.is_champion),
            "runs in MLflow": training.mlflow,
        },
    )
    if findings.notes:
        notes = "\n".join(map(for_terminal, findings.notes.strip().splitlines()))
        console.print(f"\n{notes}", soft_wrap=True, highlight=False)


def show_retraining(state: "State[Retraining | None]") -> None:
    """Prints the decision with its numbers, or that there was nothing to do.

    Raises:
        UserError: the flow failed with it.
    """
    from tasks.retrain import NOTHING_TO_DO

    console = Console()
    if state.name == NOTHING_TO_DO:
        console.print(f"[bold]{NOTHING_TO_DO}.[/] {for_terminal(state.message or '')}", soft_wrap=True, highlight=False)
        return
    report = cast("Retraining", state.result())
    judgement = report.judgement
    console.print(
        f"\n[bold]{for_terminal(judgement.verdict(report.model))}.[/] {for_terminal(judgement.decision.sentence)}",
        soft_wrap=True,
        highlight=False,
    )
    table = Table(f"on the held-out rows of {report.version.name}", *judgement.scores)
    for measure in judgement.scores["challenger"]:
        table.add_row(measure, *(f"{scores[measure]:.6g}" for scores in judgement.scores.values()))
    console.print(table)
    for sentence in [*report.refusals, *(one for drift in report.drifts for one in (drift.sentence, *drift.drifted))]:
        console.print(for_terminal(sentence), soft_wrap=True, highlight=False)
    pages = [str(drift.docs / "index.html") for drift in report.drifts if drift.docs]
    _where(
        console,
        {
            "the dataset": str(report.version.folder),
            "what became of each file": str(report.deliveries_file),
            **({"how the new rows differ": "\n".join(pages)} if pages else {}),
            "runs in MLflow": report.mlflow,
        },
    )


def _registered(model: str, version: int, is_champion: bool) -> str:
    if is_champion:
        return f"{model}/{version}, champion of {model}"
    return (
        f"{model}/{version}; {shlex.join(['eightytwenty', 'rollback', model, '--to', str(version)])} makes it champion"
    )


def _shares(console: Console, shares: EightyTwenty, cleaning: list[CleaningScore]) -> None:
    console.print(f"\n[bold]80/20.[/] {for_terminal(shares.sentence)}.")
    for stage in shares.stages:
        console.print(f"  {stage.title:<28}{seconds(stage.seconds):>8}  {stage.kind}")
    fates = ", ".join(f"{count:,} {fate} ({percent(count / shares.rows)})" for fate, count in shares.fates.items())
    console.print(f"  {shares.rows:,} raw rows: {fates}", soft_wrap=True)
    if cleaning:
        faults, caught, wrong = (
            sum(score.kinds[n].sum() for score in cleaning) for n in ("injected", "caught", "wrong")
        )
        touched = sum(score.false_repairs + score.lost_rows for score in cleaning)
        console.print(
            f"  Of {faults:,} injected faults, {caught:,} were caught and {wrong:,} repaired wrongly; "
            f"{touched:,} sound rows were touched",
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
