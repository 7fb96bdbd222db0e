"""The 80/20 report of a run of the adders."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tasks.adders.results import Scored, gains
from tasks.adders.tables import CleanTable
from tasks.report.code_lines import code_lines
from tasks.report.eighty_twenty import EightyTwenty, RuleCount, Stage

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
        Stage("ingest", "cleaning", sum(table.raw.seconds for table in tables)),
        Stage("clean", "cleaning", sum(table.stage.seconds for table in tables)),
        Stage("check the batch", "cleaning", sum(check.stage.seconds for check in checked)),
        *(Stage(one.stage.name.replace("-", " "), "modelling", one.stage.seconds) for one in trained),
        *more,
        Stage("train uncleaned", "other", sum(one.stage.seconds for one in compared)),
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
