"""The 80/20 report of a run of the adders."""

from collections.abc import Sequence

from reports.accounts import rows_by_fate, rows_by_rule, timed_stage
from reports.eighty_twenty import EightyTwenty, StageTime
from tasks.adders.networks import TrainedAdders
from tasks.adders.results import ScoredAdder, gains
from tasks.adders.tables import CleanTable
from tasks.validate.gate import FinishedCheck


def eighty_twenty(
    tables: Sequence[CleanTable],
    checks: Sequence[FinishedCheck],
    trainings: Sequence[TrainedAdders],
    uncleaned_trainings: Sequence[TrainedAdders],
    networks: Sequence[ScoredAdder],
    uncleaned_networks: Sequence[ScoredAdder],
    other_stages: Sequence[StageTime],
) -> EightyTwenty:
    """Puts the numbers of a run together.

    Args:
        tables: the cleaned tables.
        checks: the checks of the clean tables.
        trainings: on the clean pairs.
        uncleaned_trainings: on the rows as they came.
        networks: from the trainings on the clean pairs.
        uncleaned_networks: from those on the rows as they came.
        other_stages: stages that the caller timed, in order.
    """
    summaries = [table.summary for table in tables]
    stages = [
        timed_stage("ingest", "cleaning", [table.raw for table in tables]),
        timed_stage("clean", "cleaning", [table.stage for table in tables]),
        timed_stage("check the batch", "cleaning", [check.stage for check in checks]),
        *(timed_stage(each.stage.name.replace("-", " "), "modelling", [each.stage]) for each in trainings),
        *other_stages,
        timed_stage("train uncleaned", "other", [each.stage for each in uncleaned_trainings]),
    ]
    subject = ", ".join(sorted({f"{network.adder.hidden_units} nodes" for network in uncleaned_networks}))
    return EightyTwenty(
        stages=tuple(stages),
        fates=rows_by_fate(summaries),
        rules=rows_by_rule(summaries, "re-sent record"),
        gains=gains(networks, uncleaned_networks),
        subject=f"accuracy with {subject}",
    )
