"""Adds up what the stages and the cleanings of a run did, for its 80/20 report."""

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from eightytwenty.engine.summary import Summary
from reports.eighty_twenty import Kind, RuleCount, StageTime


class Timed(Protocol):
    """Something that took seconds, now or in an earlier run."""

    @property
    def seconds(self) -> float:
        """Wall-clock seconds that it took."""
        ...

    @property
    def fresh(self) -> bool:
        """Whether it was done just now."""
        ...


def timed_stage(name: str, kind: Kind, parts: Sequence[Timed]) -> StageTime:
    """A stage of one or more parts; it is kept where an earlier run did any of them."""
    return StageTime(name, kind, sum(part.seconds for part in parts), kept=not all(part.fresh for part in parts))


def rows_by_fate(summaries: Sequence[Summary]) -> dict[str, int]:
    """Raw rows of several cleanings by where they ended."""
    fates: Counter[str] = Counter()
    for summary in summaries:
        fates.update(summary.fates)
    return dict(fates)


def rows_by_rule(summaries: Sequence[Summary], copies: str) -> tuple[RuleCount, ...]:
    """Rows that each rule met; `copies` is what the duplicates are called."""
    repaired: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for summary in summaries:
        repaired.update(summary.repaired)
        failed.update(summary.failed)
    found = sum(summary.duplicates for summary in summaries)
    counts = [RuleCount(rule, "repair", rows) for rule, rows in repaired.items()]
    counts += [RuleCount(rule, "quarantine", rows) for rule, rows in failed.items()]
    return (*counts, RuleCount(copies, "deduplicate", found)) if found else tuple(counts)
