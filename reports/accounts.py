"""Times the stages of a run and adds up what its cleanings did, for its 80/20 report."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from eightytwenty.engine.summary import Summary
from reports.eighty_twenty import Kind, RuleCount, StageTime


class Stopwatch:
    """Collects the wall-clock seconds of stages, in the order in which they ended."""

    def __init__(self) -> None:
        self.stages: list[StageTime] = []

    @contextmanager
    def __call__(self, name: str, kind: Kind) -> Iterator[None]:
        """Measures the block as a stage."""
        started = time.perf_counter()
        yield
        self.stages.append(StageTime(name, kind, time.perf_counter() - started))


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
    """A stage of one or more parts; it is reused if an earlier run did any of them."""
    return StageTime(name, kind, sum(part.seconds for part in parts), reused=not all(part.fresh for part in parts))


def rows_by_fate(summaries: Sequence[Summary]) -> dict[str, int]:
    """Raw rows of several cleanings, by fate."""
    fates: Counter[str] = Counter()
    for summary in summaries:
        fates.update(summary.fates)
    return dict(fates)


def rows_by_rule(summaries: Sequence[Summary], copies: str) -> tuple[RuleCount, ...]:
    """Rows to which each rule applied; `copies` is the name for the duplicates."""
    repaired: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for summary in summaries:
        repaired.update(summary.repaired)
        failed.update(summary.failed)
    duplicates = sum(summary.duplicates for summary in summaries)
    counts = [RuleCount(rule, "repair", rows) for rule, rows in repaired.items()]
    counts += [RuleCount(rule, "quarantine", rows) for rule, rows in failed.items()]
    return (*counts, RuleCount(copies, "deduplicate", duplicates)) if duplicates else tuple(counts)
