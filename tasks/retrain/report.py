"""What a retraining reports: a table of both networks' scores, the reasons, and the drift of the new rows."""

from collections.abc import Collection, Sequence

from prefect import task

from eightytwenty.pages.markdown import code, markdown_table, plain
from reports.measures import exact, title
from reports.numbers import counts
from tasks.retrain.cards import Version
from tasks.retrain.drift import Drift
from tasks.retrain.inbox import Inbox
from tasks.retrain.tasks import Judgement
from tasks.running.artifacts import publish_page
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
            [(title(measure), exact(value), exact(champion_scores.get(measure))) for measure, value in scores.items()],
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
            lines += ["", *(_expectation(*row) for row in drift.table)]
    return "\n".join(lines)


@task(task_run_name="publish the decision on {model}", **RETRIES)
def publish_decision(
    flow: str,
    run: Run,
    model: str,
    version: Version,
    judgement: Judgement,
    drifts: Sequence[Drift],
    refusals: Sequence[str],
) -> None:
    """Publishes the decision, the comparison of the new rows and the refusals in the Prefect UI and in MLflow."""
    links = {"The run in MLflow": run.link}
    for number, drift in enumerate(drifts, 1):
        if drift.docs:
            folder = f"data_docs/drift-{number}"
            run.log_artifact(drift.docs, folder)
            links[f"The Data Docs of comparison {number}"] = run.link_to(f"{folder}/index.html")
    markdown = decision_markdown(model, version, judgement, drifts)
    run.log_text(markdown, "decision.md")
    parts = [markdown, _refused(refusals) if refusals else ""]
    publish_page(f"{flow}-result", "the decision, why, and links", parts, links)


@task(task_run_name="publish the refusals", **RETRIES)
def publish_refusals(flow: str, refusals: Sequence[str]) -> None:
    """Publishes what was refused, a sentence each, in the Prefect UI, where nothing else is to be told."""
    publish_page(f"{flow}-result", "why all new files were refused", [_refused(refusals)], {})


def _expectation(expected: str, observed: str, met: bool) -> str:
    return f"- {'✓' if met else '✗'} {plain(expected.rstrip('.'))}; observed {plain(observed)}."


def _refused(refusals: Sequence[str]) -> str:
    return "\n".join(["## Refused\n", *(f"- {plain(sentence)}" for sentence in refusals)])
