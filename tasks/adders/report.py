"""The 80/20 report of a run of the adders."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reports.accounts import rows_by_fate, rows_by_rule, timed_stage
from reports.eighty_twenty import EightyTwenty, StageTime
from tasks.adders.results import Scored, gains
from tasks.adders.tables import CleanTable
from tasks.validate.gate import Checked

if TYPE_CHECKING:
    from tasks.adders.tasks import Trained


def eighty_twenty(
    tables: Sequence[CleanTable],
    checked: Sequence[Checked],
    trained: "Sequence[Trained]",
    compared: "Sequence[Trained]",
    scored: Sequence[Scored],
    uncleaned: Sequence[Scored],
    more: Sequence[StageTime],
) -> EightyTwenty:
    """Puts the numbers of a run together.

    Args:
        tables: the cleaned tables.
        checked: their checks.
        trained: the trainings on clean pairs.
        compared: the trainings on the rows as they came.
        scored: the networks they gave.
        uncleaned: networks of the same kind trained on the rows as they came.
        more: stages that are measured by the caller, in their order.
    """
    summaries = [table.summary for table in tables]
    stages = [
        timed_stage("ingest", "cleaning", [table.raw for table in tables]),
        timed_stage("clean", "cleaning", [table.stage for table in tables]),
        timed_stage("check the batch", "cleaning", [check.stage for check in checked]),
        *(timed_stage(one.stage.name.replace("-", " "), "modelling", [one.stage]) for one in trained),
        *more,
        timed_stage("train uncleaned", "other", [one.stage for one in compared]),
    ]
    subject = ", ".join(sorted({f"{one.adder.hidden_units} nodes" for one in uncleaned}))
    return EightyTwenty(
        stages=tuple(stages),
        fates=rows_by_fate(summaries),
        rules=rows_by_rule(summaries, "re-sent record"),
        gains=gains(scored, uncleaned),
        subject=f"accuracy with {subject}",
    )
