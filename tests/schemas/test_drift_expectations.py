"""Drift is distinguished from chance: rows of the same distribution pass at every size, drifted ones do not."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from schemas.drift_expectations import drift_expectations
from tasks.validate import check_batch

TOP = 32768
VALUES = np.array(["short", "bun", "bob", "long"])


def rows(count: int, seed: int, top: int = TOP, likely: float = 0.25) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    rest = (1 - likely) / 3
    return pl.DataFrame(
        {
            "a": rng.integers(0, top, count, endpoint=True),
            "brightness": rng.normal(120, 10, count).astype(np.float32),
            "hair": rng.choice(VALUES, count, p=[likely, rest, rest, rest]),
        }
    )


def check(folder: Path, old: pl.DataFrame, new: pl.DataFrame, most_drift: float = 0.1):
    new.write_parquet(folder / "new.parquet")
    expectations = drift_expectations("drift", old, new, most_drift)
    fates = {"rows": new.height, "clean": new.height, "quarantine": 0, "duplicates": 0}
    return check_batch(folder / "new.parquet", fates, expectations, folder / "docs")


@pytest.mark.parametrize("old", [60, 9000])
@pytest.mark.parametrize("new", [40, 100, 1000, 10_000])
def test_rows_of_the_same_distribution_pass_with_no_drift_allowed(tmp_path, old, new):
    assert check(tmp_path, rows(old, 1), rows(new, 2), most_drift=0.0).passed


@pytest.mark.parametrize("count", [40, 1000])
def test_tiny_numbers_are_detected_and_the_report_names_column_measure_value_and_limit(tmp_path, count):
    result = check(tmp_path, rows(9000, 1), rows(count, 2, top=99))
    (failure,) = result.failures
    assert "a must be distributed as in the champion's data: Kullback-Leibler divergence over" in failure
    value = float(next(finding.observed for finding in result.findings if not finding.met))
    assert value == pytest.approx(np.log(2 if count == 40 else 10), rel=0.05)
    assert "at most 0." in failure
    assert (result.docs / "index.html").is_file()


def test_a_category_that_takes_over_is_detected(tmp_path):
    assert check(tmp_path, rows(9000, 1), rows(1000, 2, likely=0.3)).passed
    (failure,) = check(tmp_path, rows(9000, 1), rows(1000, 2, likely=0.7)).failures
    assert "hair must be distributed" in failure


def test_a_new_value_is_drift_in_many_rows_but_not_in_one(tmp_path):
    new = rows(1000, 2)
    in_one_row = new.with_columns(hair=pl.when(pl.int_range(pl.len()) < 1).then(pl.lit("wig")).otherwise("hair"))
    assert check(tmp_path, rows(9000, 1), in_one_row).passed
    in_many_rows = new.with_columns(hair=pl.when(pl.int_range(pl.len()) < 300).then(pl.lit("wig")).otherwise("hair"))
    assert not check(tmp_path, rows(9000, 1), in_many_rows).passed


def test_values_outside_the_old_range_are_detected(tmp_path):
    old, new = rows(9000, 1), rows(1000, 2)
    shifted = new.with_columns(a=pl.when(pl.int_range(pl.len()) < 50).then(pl.lit(2 * TOP)).otherwise("a"))
    (failure,) = check(tmp_path, old, shifted).failures
    assert "a must be distributed" in failure


def test_few_rows_are_not_compared_and_constant_columns_are(tmp_path):
    assert drift_expectations("drift", rows(9000, 1), rows(39, 2), 0.1).clean == ()
    constant = pl.DataFrame({"a": [7] * 100})
    assert check(tmp_path, constant, constant).passed
    assert not check(tmp_path, constant, pl.DataFrame({"a": [9] * 100})).passed
