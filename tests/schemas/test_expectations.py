import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from schemas.expectations import FALSE_ALARM, FEWEST_ROWS, MOST_ROWS, pairs_expectations, sample_step, triangular_bins


@pytest.mark.parametrize("largest", [0, 1, 2, 5, 8, 13])
@pytest.mark.parametrize("most", [1, 2, 7, 64])
def test_bins_weigh_what_counting_every_pair_gives(largest: int, most: int) -> None:
    pairs = Counter(a + b for a in range(largest + 1) for b in range(largest + 1))

    edges, weights = triangular_bins(largest, most)

    assert (edges[0], edges[-1]) == (-0.5, 2 * largest + 0.5)
    counted = [
        sum(count for total, count in pairs.items() if start < total < end) / (largest + 1) ** 2
        for start, end in itertools.pairwise(edges)
    ]
    assert weights == pytest.approx(counted)
    assert len(weights) <= most
    assert min(weights) >= 1 / most


def test_bins_of_a_domain_too_large_to_list() -> None:
    edges, weights = triangular_bins(10**12, 64)
    assert len(weights) == 63
    assert max(weights) < 2.1 / 64
    assert math.isclose(sum(weights), 1)
    assert edges == sorted(edges)


def divergence_threshold(largest_sum: int, rows: int) -> tuple[float, list[float]]:
    distribution = pairs_expectations(largest_sum=largest_sum, rows=rows, generated=True).clean[-1]
    return distribution.threshold, distribution.partition_object["weights"]


@pytest.mark.parametrize(
    ("largest_sum", "rows"), [(16, 10_000), (65536, 10_000), (65536, 64 * FEWEST_ROWS), (256, 100)]
)
def test_honest_rows_diverge_as_seldom_as_promised(largest_sum: int, rows: int) -> None:
    threshold, weights = divergence_threshold(largest_sum, rows)
    bound = stats.chi2.isf(1e-3, len(weights) - 1) / (2 * rows)  # the same rule at a rate that a test can count

    shares = np.random.default_rng(0).multinomial(rows, weights, size=50_000) / rows
    divergences = stats.entropy(shares, np.asarray(weights)[None, :], axis=1)

    assert (divergences > threshold).sum() == 0
    assert 0.3e-3 < (divergences > bound).mean() < 2e-3


def test_more_rows_leave_less_room_until_the_sample_is_full() -> None:
    thresholds = [divergence_threshold(65536, rows)[0] for rows in (2_000, 20_000, MOST_ROWS, 5 * MOST_ROWS)]
    assert thresholds[0] > thresholds[1] > thresholds[2] == thresholds[3]


@pytest.mark.parametrize("rows", [1, MOST_ROWS, MOST_ROWS + 1, 10_000_000])
def test_a_sample_is_never_too_large(rows: int) -> None:
    assert math.ceil(rows / sample_step(rows)) <= MOST_ROWS


def test_a_users_file_follows_no_law() -> None:
    def kinds(rows: int, *, generated: bool) -> set[str]:
        return {
            type(each).__name__ for each in pairs_expectations(largest_sum=256, rows=rows, generated=generated).clean
        }

    variety = {"ExpectColumnUniqueValueCountToBeBetween"}
    assert kinds(10_000, generated=False) == variety
    assert kinds(10_000, generated=True) == variety | {
        "ExpectColumnMeanToBeBetween",
        "ExpectColumnKLDivergenceToBeLessThan",
    }
    assert kinds(FEWEST_ROWS - 1, generated=True) == set()  # too few rows to say anything


def test_mean_room_is_that_of_uniform_integers() -> None:
    low, high = (
        pairs_expectations(largest_sum=16, rows=10_000, generated=True).clean[1].min_value,
        pairs_expectations(largest_sum=16, rows=10_000, generated=True).clean[1].max_value,
    )
    error = np.std(np.arange(9)) / math.sqrt(10_000)
    assert 2 * stats.norm.sf((high - 4) / error) == pytest.approx(FALSE_ALARM)
    assert high - 4 == pytest.approx(4 - low)
