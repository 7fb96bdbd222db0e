"""Sources that copy from each other are told from those that are merely right."""

import numpy as np
import polars as pl

from eightytwenty.inference.accuracy import learn
from eightytwenty.inference.copiers import find_copiers, group_numbers
from eightytwenty.inference.statements import gather, statements_on
from tests.eightytwenty.inference.told_table import COLUMNS, NAMES, make_table


def copiers_in(cells: pl.DataFrame) -> tuple[tuple[str, ...], ...]:
    counts = gather(cells, "flight", "site", COLUMNS)
    told = [statements_on(column, counts, ()) for column in COLUMNS]
    alone = np.arange(len(told[0].sources))
    return find_copiers([(statements, learn(statements, alone)) for statements in told])


def test_groups_of_copiers_are_found() -> None:
    cells, _ = make_table([0.8, 0.8, 0.7, 0.7, 0.7, 0.9, 0.6], copiers={1: 0, 3: 2, 4: 3}, things=150)
    assert copiers_in(cells) == (tuple(sorted(NAMES[2:5])), tuple(sorted(NAMES[:2])))


def test_accurate_sources_are_no_copiers() -> None:
    # although they hardly ever differ, and tell of all things
    cells, _ = make_table([0.99, 0.99, 0.98, 0.98, 0.7, 0.5], things=200, silent=0.0)
    assert copiers_in(cells) == ()


def test_who_tells_of_other_things_too_is_no_copier() -> None:
    cells, _ = make_table([0.8, 0.8, 0.7, 0.7, 0.9], copiers={1: 0}, things=150, silent=0.0)
    seldom = (pl.col("site") == NAMES[1]) & pl.col("flight").str.ends_with("1")
    assert copiers_in(cells.filter(~seldom)) == ()


def test_who_copies_half_of_the_time_is_no_copier() -> None:
    cells, _ = make_table([0.985, 0.985, 0.8, 0.7, 0.7], things=1500, silent=0.0)
    copies = (pl.col("site") == NAMES[1]) & pl.col("flight").str.contains("[0-4]$")
    model = cells.filter(pl.col("site") == NAMES[0]).drop("site")
    both = cells.join(model, on="flight", suffix="_model", maintain_order="left")
    half = both.select(
        "flight",
        "site",
        *(pl.when(copies).then(f"{column}_model").otherwise(column).alias(column) for column in COLUMNS),
    )
    assert copiers_in(half) == ()


def test_accurate_sources_that_tell_little_are_no_copiers() -> None:
    cells, _ = make_table([1.0, 1.0, 0.9, 0.8, 0.7], things=20, silent=0.0)
    assert copiers_in(cells) == ()


def test_few_common_values_are_no_evidence() -> None:
    cells, _ = make_table([0.8, 0.8, 0.7, 0.7, 0.9], copiers={1: 0}, things=6)
    assert copiers_in(cells) == ()


def test_unknown_sources_are_groups_of_their_own() -> None:
    sources = pl.Series(["a", "b", "c", "d"])
    assert group_numbers(sources, (("b", "d", "gone"), ("e", "f"))).tolist() == [0, 1, 2, 1]
