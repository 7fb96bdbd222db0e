"""The 80/20 report of a run of the adders."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasks.adders.results import Scored, gains
from tasks.adders.tables import CleanTable, RawTable
from tasks.report.code_lines import code_lines
from tasks.report.eighty_twenty import EightyTwenty, Kind, RuleCount, Stage
from tasks.stages import Stage as FinishedStage

if TYPE_CHECKING:
    from tasks.adders.verbs import Checked, Trained


def eighty_twenty(
    checked: "Sequence[Checked]",
    trained: "Sequence[Trained]",
    compared: "Sequence[Trained]",
    scored: Sequence[Scored],
    uncleaned: Sequence[Scored],
    more: Sequence[Stage],
) -> EightyTwenty:
    """Puts the numbers of a run together.

    Args:
        checked: the cleaned and checked tables.
        trained: the trainings on clean pairs.
        compared: the trainings on the rows as they came.
        scored: the networks they gave.
        uncleaned: networks of the same kind trained on the rows as they came.
        more: stages that are measured by the caller, in their order.
    """
    tables = [check.table for check in checked]
    stages = [
        _stage("ingest", "cleaning", [table.raw for table in tables]),
        _stage("clean", "cleaning", [table.stage for table in tables]),
        _stage("check the batch", "cleaning", [check.stage for check in checked]),
        *(_stage(one.stage.name.replace("-", " "), "modelling", [one.stage]) for one in trained),
        *more,
        _stage("train uncleaned", "other", [one.stage for one in compared]),
    ]
    fates: Counter[str] = Counter()
    for table in tables:
        fates.update(table.summary.fates)
    subject = ", ".join(sorted({f"{one.adder.hidden_units} nodes" for one in uncleaned}))
    return EightyTwenty(
        stages=tuple(stages),
        fates=dict(fates),
        rules=tuple(_rules(tables)),
        code_lines=code_lines(),
        gains=gains(scored, uncleaned),
        subject=f"accuracy with {subject}",
    )


def _stage(name: str, kind: Kind, parts: Sequence[RawTable | FinishedStage]) -> Stage:
    """A stage of one or more parts; it is kept where an earlier run did any of them."""
    return Stage(name, kind, sum(part.seconds for part in parts), kept=not all(part.fresh for part in parts))


def _rules(tables: Sequence[CleanTable]) -> list[RuleCount]:
    repaired: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for table in tables:
        repaired.update(table.summary.repaired)
        failed.update(table.summary.failed)
    copies = sum(table.summary.duplicates for table in tables)
    counts = [RuleCount(rule, "repair", rows) for rule, rows in repaired.items()]
    counts += [RuleCount(rule, "quarantine", rows) for rule, rows in failed.items()]
    return [*counts, RuleCount("re-sent record", "deduplicate", copies)] if copies else counts
