from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from eightytwenty.kinds.category import Attribute
from schemas.attribute_expectations import LARGEST_SHARE, pictures_expectations
from schemas.attributes import AVATARS, CARTOONSET
from schemas.expectations import FALSE_ALARM, FEWEST_ROWS
from tasks.validate import BatchCheck, check_batch

ROWS = 4_000


def uniform(rows: int = ROWS, seed: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    return pl.DataFrame({each.name: rng.choice(each.values, rows) for each in AVATARS})


def check(
    folder: Path,
    table: pl.DataFrame,
    *,
    attributes: tuple[Attribute, ...] = AVATARS,
    generated: bool = True,
    pictures: int | None = None,
    **fates: int,
) -> BatchCheck:
    rows = table.with_columns(source=pl.lit("x.png"), record=1)
    rows.write_parquet(folder / "clean.parquet")
    counted = {"rows": len(table), "clean": len(table), "quarantine": 0, "duplicates": 0} | fates
    expected = pictures_expectations("avatars", attributes, rows=len(table), generated=generated)
    counts = {"pictures_in_file": len(table) if pictures is None else pictures}
    return check_batch(folder / "clean.parquet", counted, expected, folder / "docs", counts)


def test_an_honest_batch_passes_and_shows_each_value(tmp_path: Path) -> None:
    found = check(tmp_path, uniform())
    assert found == BatchCheck(passed=True, failures=(), docs=tmp_path / "docs")
    page = (tmp_path / "docs" / "index.html").read_text()
    for attribute in AVATARS:
        for value in attribute.values:
            assert f"<span>{value}</span>" in page
            assert f"<title>{value}: {1 / len(attribute.values):.2%} expected" in page


def skewed(table: pl.DataFrame, share: float) -> pl.DataFrame:
    """This share of the rows has long hair."""
    return table.with_columns(
        hair=pl.when(pl.int_range(len(table)) < share * len(table)).then(pl.lit("long-wavy")).otherwise("hair")
    )


def test_values_that_are_not_equally_frequent_fail_where_they_were_drawn_so(tmp_path: Path) -> None:
    (failure,) = check(tmp_path, skewed(uniform(), 0.1)).failures
    assert failure.startswith(f"clean: The {len(AVATARS[0].values)} values of hair must be equally frequent")
    assert check(tmp_path, skewed(uniform(), 0.1), generated=False).passed


def test_one_value_that_is_nearly_all_fails_everywhere(tmp_path: Path) -> None:
    (failure,) = check(tmp_path, skewed(uniform(), 0.998), generated=False).failures
    assert failure.startswith("shares: No value of hair may make up more than 99.5% of the pictures; observed 0.99")
    assert check(tmp_path, skewed(uniform(), LARGEST_SHARE - 0.01), generated=False).passed
    first, second = check(tmp_path, skewed(uniform(), 1), generated=False).failures
    assert first == "clean: There must be at least 2 different values of hair; observed 1."
    assert second.endswith("observed 1.")


def test_pictures_and_rows_must_be_as_many(tmp_path: Path) -> None:
    (failure,) = check(tmp_path, uniform(), pictures=ROWS - 1).failures
    assert failure.startswith("fates: There must be as many pictures as rows in the clean table")
    (failure,) = check(tmp_path, uniform(), rows=3 * ROWS, quarantine=2 * ROWS).failures
    assert failure == "fates: The share of pictures in quarantine must be at most 0.5; observed 0.666667."


def test_of_pictures_without_attributes_only_the_fates_are_checked(tmp_path: Path) -> None:
    table = pl.DataFrame({"size": [0] * 30})
    found = check(tmp_path, table, attributes=())
    assert found.passed
    assert 'href="#fates"' in (page := (tmp_path / "docs" / "index.html").read_text())
    assert 'href="#clean"' not in page


def test_too_few_pictures_say_nothing_of_how_values_are_spread() -> None:
    def columns(rows: int) -> list[str]:
        wanted = pictures_expectations("cartoonset", CARTOONSET, rows=rows, generated=True).clean
        return [each.column for each in wanted if "equally" in each.description]

    hair = next(each for each in CARTOONSET if each.name == "hair")
    assert "hair" not in columns(FEWEST_ROWS * len(hair.values) - 1)
    assert "hair" in columns(FEWEST_ROWS * len(hair.values))
    assert not pictures_expectations("x", CARTOONSET, rows=FEWEST_ROWS - 1, generated=True).clean


@pytest.mark.parametrize("count", [2, 7])
def test_honest_values_diverge_as_seldom_as_promised(count: int) -> None:
    rows = FEWEST_ROWS * count
    attribute = Attribute("hair", tuple(map(str, range(count))))
    uniformity = pictures_expectations("x", (attribute,), rows=rows, generated=True).clean[-1]
    weights = uniformity.partition_object["weights"]
    shares = np.random.default_rng(0).multinomial(rows, weights, size=50_000) / rows
    divergences = stats.entropy(shares, np.asarray(weights)[None, :], axis=1)
    assert (divergences > uniformity.threshold).sum() <= 1
    # the same rule at a rate that a test can count
    bound = uniformity.threshold * stats.chi2.isf(1e-3, count - 1) / stats.chi2.isf(FALSE_ALARM, count - 1)
    assert 0.2e-3 < (divergences > bound).mean() < 3e-3
