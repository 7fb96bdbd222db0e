"""What a retraining reports: a table of both networks' scores, the reasons, and the drift of the new rows."""

from collections.abc import Collection, Sequence

from prefect import task
from prefect.artifacts import create_markdown_artifact

from eightytwenty.pages.markdown import code, markdown_table, plain
from reports.numbers import counts
from tasks.retrain.cards import Version
from tasks.retrain.drift import Drift
from tasks.retrain.inbox import Inbox
from tasks.retrain.tasks import Judgement
from tasks.running.retries import RETRIES
from tasks.tracking.run import Run

_MOST_SENTENCES = 3  # in the message of a state; the artifact has all


def refusals_sentence(inbox: Inbox, changed: Collection[str], version: Version | None, refusals: Sequence[str]) -> str:
    """How many of the new files were refused, and why; empty if none was.

    Args:
        inbox: what lay in it.
        changed: names of those that were changed while they were read.
        version: of the dataset, with what was added.
        refusals: a sentence for each refusal.
    """
    if not refusals:
        return ""
    new = len(inbox.new) + len(inbox.unfit) - len(changed)
    added = sum(delivery.sha256 in version.deliveries for delivery in inbox.new) if version else 0
    more = f" And {len(refusals) - _MOST_SENTENCES:,} more." if len(refusals) > _MOST_SENTENCES else ""
    return f"{new - added} of {new} new files refused. {' '.join(refusals[:_MOST_SENTENCES])}{more}"


def decision_markdown(model: str, version: Version, judgement: Judgement, drifts: Sequence[Drift]) -> str:
    """The decision and all its numbers."""
    promoted = judgement.decision.promoted
    champion = f"{model}/{judgement.champion}" if judgement.champion else "none"
    verdict = f"**{model}/{judgement.challenger} is champion.**" if promoted else f"**The champion stays: {champion}.**"
    scores, champion_scores = judgement.scores["challenger"], judgement.scores.get("champion", {})
    lines = [
        f"# Retraining of {model}",
        verdict,
        *(f"- {plain(reason)}" for reason in judgement.decision.reasons),
        "",
        markdown_table(
            (
                f"on the held-out rows of {version.name}",
                f"challenger {model}/{judgement.challenger}",
                f"champion {champion}",
            ),
            [(measure, _number(value), _number(champion_scores.get(measure))) for measure, value in scores.items()],
        ),
        "",
        f"Dataset {version.name}: {counts(version.rows)}. "
        f"Added: {', '.join(map(code, version.added))}. SHA-256 {version.sha256}.",
    ]
    if drifts:
        lines += ["", "## Drift"]
    for drift in drifts:
        lines += ["", plain(drift.sentence)]
        if drift.table:
            rows = [(plain(expected), plain(observed), "✓" if met else "✗") for expected, observed, met in drift.table]
            lines += ["", markdown_table(("expected", "observed", ""), rows)]
    return "\n".join(lines)


@task(task_run_name="publish the decision on {model}", **RETRIES)
def publish_decision(
    flow: str, run: Run, model: str, version: Version, judgement: Judgement, drifts: Sequence[Drift]
) -> None:
    """Publishes the decision and the comparison of the new rows in the Prefect UI and in MLflow."""
    for number, drift in enumerate(drifts, 1):
        if drift.docs:
            run.log_artifact(drift.docs, f"data_docs/drift-{number}")
    markdown = decision_markdown(model, version, judgement, drifts)
    run.log_text(markdown, "decision.md")
    create_markdown_artifact(
        f"{markdown}\n\n{run.link}", key=f"{flow}-decision", description="whether the challenger became champion"
    )


@task(task_run_name="publish the refusals", **RETRIES)
def publish_refusals(flow: str, refusals: Sequence[str]) -> None:
    """Publishes what was refused, a sentence each, in the Prefect UI."""
    lines = "\n".join(f"- {plain(sentence)}" for sentence in refusals)
    create_markdown_artifact(f"# Refused\n\n{lines}", key=f"{flow}-refused", description="new files that were refused")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
