"""What a whole batch must be, for Great Expectations.

pandera (the schemas beside this file) says what a row must be. This file covers only what no single row can show: how
many rows there are, how they are distributed, how many were lost on the way. Great Expectations takes seconds to
import, so it is imported inside the functions.
"""

from __future__ import annotations

import bisect
import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from great_expectations.expectations.expectation import Expectation

FALSE_ALARM = 1e-6  # how often honest rows may fail a statistical expectation
FEWEST_ROWS = 20  # fewer say nothing about a distribution; also the fewest rows expected in a bin
MOST_BINS = 64
MOST_ROWS = 2_000_000  # a larger batch is judged by a sample: more rows would cost time and show nothing new


@dataclass(frozen=True)
class BatchExpectations:
    """What the clean table and the fates of its rows must be.

    Attributes:
        name: what the batch is, for titles.
        columns: the columns of the clean table that the expectations read.
        clean: expectations on the clean table, or on every `sample_step`-th row of it.
        shares: expectations on a table of one row: for each column, the share (0 to 1) of its most frequent value.
        fates: expectations on a table of one row: `rows`, `clean`, `quarantine` and `duplicates` as cleaning counted
            them, `rows_in_file` as the file says, and `quarantine_share` = quarantine / rows.
        measures: numbers of the columns that are known already, a table of one row.
        on_measures: expectations on it.
    """

    name: str
    columns: tuple[str, ...]
    clean: tuple[Expectation, ...]
    fates: tuple[Expectation, ...]
    shares: tuple[Expectation, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    on_measures: tuple[Expectation, ...] = ()


def sample_step(rows: int) -> int:
    """The step between rows that are checked, so that at most `MOST_ROWS` are.

    >>> sample_step(10_000), sample_step(2_000_001)
    (1, 2)
    """
    return max(1, math.ceil(rows / MOST_ROWS))


def pairs_expectations(
    *, largest_sum: int, rows: int, generated: bool, most_quarantine: float = 0.5
) -> BatchExpectations:
    """What a batch of clean pairs must be.

    Args:
        largest_sum: the largest sum in the source's domain.
        rows: clean rows in the batch. The room for chance follows from it.
        generated: whether the rows were generated here, a and b as uniform integers in [0, largest_sum // 2]. The
            distribution of a user's file is unknown, so nothing is expected of it.
        most_quarantine: the largest share of the raw rows, from 0 to 1, that may be in quarantine.
    """
    import great_expectations.expectations.core as gxe

    clean: list[Expectation] = []
    checked = math.ceil(rows / sample_step(rows))
    if checked >= FEWEST_ROWS:
        clean.append(
            gxe.ExpectColumnUniqueValueCountToBeBetween(
                column="sum",
                min_value=2,
                description="There must be at least 2 different sums.",
                meta={"notes": "A network cannot learn to add from a single sum."},
            )
        )
    if checked >= FEWEST_ROWS and generated:
        clean.extend(_law_expectations(largest_sum // 2, checked))
    fates = fate_expectations("row", most_quarantine)
    return BatchExpectations(f"pairs to {largest_sum:,}", ("a", "b", "sum"), tuple(clean), fates)


def fate_expectations(row: str, most_quarantine: float) -> tuple[Expectation, ...]:
    """What is expected of the fates of the rows of any source.

    Args:
        row: the word for a row, such as "picture".
        most_quarantine: see `pairs_expectations`.
    """
    import great_expectations.expectations.core as gxe

    return (
        gxe.ExpectColumnMinToBeBetween(
            column="clean",
            min_value=1,
            description=f"At least 1 {row} must be clean.",
            meta={"notes": f"Without a clean {row} there is nothing to train on."},
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="clean",
            column_B="rows_in_file",
            description=f"The clean file must hold as many {row}s as cleaning counted.",
            meta={"notes": "The count comes first, the file second. A difference means that the file is incomplete."},
        ),
        gxe.ExpectColumnMaxToBeBetween(
            column="quarantine_share",
            max_value=most_quarantine,
            description=f"The share of {row}s in quarantine must be at most {most_quarantine:g}.",
            meta={"notes": f"If more is lost, the source or the rules are wrong, not the {row}s."},
        ),
    )


def divergence_threshold(bins: int, rows: float) -> float:
    """The Kullback-Leibler divergence from their law that `rows` honest rows exceed in one batch of 1 / `FALSE_ALARM`.

    2 n KL is the likelihood-ratio statistic G (Wilks 1938): about chi-squared with bins - 1 degrees of freedom as long
    as every bin expects some twenty rows.
    """
    from scipy import stats

    return float(stats.chi2.isf(FALSE_ALARM, bins - 1)) / (2 * rows)


def alarm_note(rows: int) -> str:
    """How rarely an honest batch fails a statistical expectation."""
    return f"Honest rows fail this once in {1 / FALSE_ALARM:,.0f} batches of {rows:,}."


def _law_expectations(largest: int, rows: int) -> list[Expectation]:
    """The means of a and b and the distribution of their sum, when both are uniform integers in [0, largest].

    The mean of n rows lies within z standard errors of largest / 2; one value's variance is largest (largest + 2) / 12.
    """
    import great_expectations.expectations.core as gxe
    from scipy import stats

    room = float(stats.norm.isf(FALSE_ALARM / 2)) * math.sqrt(largest * (largest + 2) / 12 / rows)
    low, high = largest / 2 - room, largest / 2 + room
    alarm = alarm_note(rows)
    expectations: list[Expectation] = [
        gxe.ExpectColumnMeanToBeBetween(
            column=column,
            min_value=low,
            max_value=high,
            description=f"The mean of {column} must lie between {low:,.6g} and {high:,.6g}.",
            meta={"notes": f"{column} is uniform from 0 to {largest:,}. {alarm}"},
        )
        for column in ("a", "b")
    ]
    bins, weights = triangular_bins(largest, min(MOST_BINS, rows // FEWEST_ROWS))
    if len(weights) < 2:
        return expectations
    threshold = divergence_threshold(len(weights), rows)
    expectations.append(
        gxe.ExpectColumnKLDivergenceToBeLessThan(
            column="sum",
            partition_object={"bins": bins, "weights": weights},
            threshold=threshold,
            description=f"The sums must follow the triangular law of their source: Kullback-Leibler divergence over "
            f"{len(weights)} bins at most {threshold:.4g}.",
            meta={"notes": f"a and b are independent and uniform from 0 to {largest:,}. {alarm}"},
        )
    )
    return expectations


def triangular_bins(largest: int, most: int) -> tuple[list[float], list[float]]:
    """Cut the law of a + b, for a and b uniform integers in [0, largest], into at most `most` >= 1 bins.

    Returns:
        The n + 1 edges, half-way between integers, and the n weights, which sum to 1. The weights are about equal and
        none is below 1 / most, so there are fewer bins than `most` if single sums are likely.
    """
    pairs = (largest + 1) ** 2

    def pairs_to(total: int) -> int:
        """How many of the equally likely pairs have a sum of at most `total`."""
        if total <= largest:
            return (total + 1) * (total + 2) // 2
        return pairs - (2 * largest - total) * (2 * largest - total + 1) // 2

    ends: list[int] = []
    covered = 0
    while most * (pairs - covered) >= pairs:  # the rest is enough for one more bin
        target = covered + -(-pairs // most)  # rounded up
        ends.append(bisect.bisect_left(range(2 * largest + 1), target, key=pairs_to))
        covered = pairs_to(ends[-1])
    ends[-1] = 2 * largest  # the rest is too light for a bin of its own
    counts = [0, *map(pairs_to, ends)]
    edges = [-0.5, *(end + 0.5 for end in ends)]
    return edges, [(after - before) / pairs for before, after in itertools.pairwise(counts)]
