"""Many sources tell of the same things; the truth is known here, and must come out."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.inference.sources import Sources, find_sources, tell

_COLUMNS = ("departure", "arrival", "gate")
_NAMES = [f"{first}{second}" for first in ("north", "east", "south", "west") for second in ("post", "line", "news")]


def make_table(
    accuracies: list[float],
    things: int = 80,
    copiers: dict[int, int] | None = None,
    false_values: int = 5,
    silent: float = 0.1,
    seed: int = 0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A table that such sources tell (copier -> whom it copies), and what is true: key, column, truth."""
    rng, sources = np.random.default_rng(seed), len(accuracies)
    accuracy = np.array(accuracies)[None, :]
    cells = {
        "flight": np.repeat([f"F{number}" for number in range(things)], sources),
        "site": np.tile(_NAMES[:sources], things),
    }
    truths = []
    for column in _COLUMNS:
        truth = rng.integers(0, 1000, size=things)
        false = truth[:, None] + 1 + rng.integers(0, false_values, size=(things, sources))
        said = np.where(rng.random((things, sources)) < accuracy, truth[:, None], false)
        left_out = rng.random((things, sources)) < silent
        for copier, model in (copiers or {}).items():
            said[:, copier], left_out[:, copier] = said[:, model], left_out[:, model]
        cells[column] = [None if out else str(value) for out, value in zip(left_out.flat, said.flat, strict=True)]
        truths.append(
            pl.DataFrame({"key": [f"F{number}" for number in range(things)], "truth": truth.astype(str)}).with_columns(
                column=pl.lit(column)
            )
        )
    return pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String)), pl.concat(truths)


def found(cells: pl.DataFrame) -> Sources:
    sources = find_sources(cells)
    assert sources is not None
    return sources


def share_right(told: pl.DataFrame, truth: pl.DataFrame) -> float:
    return float((told.join(truth, on=["key", "column"]).select(pl.col("value") == pl.col("truth")))["value"].mean())


def majority(cells: pl.DataFrame) -> pl.DataFrame:
    long = cells.unpivot(_COLUMNS, index="flight", variable_name="column").drop_nulls()
    counts = long.group_by(pl.col("flight").alias("key"), "column", "value").len()
    return counts.sort("len", "value", descending=True).unique(["key", "column"], keep="first", maintain_order=True)


def test_sources_are_found() -> None:
    sources = found(make_table([0.95, 0.9, 0.9, 0.6, 0.5, 0.4])[0])
    assert (sources.key, sources.source, sources.told, sources.copiers) == ("flight", "site", _COLUMNS, ())


def test_accuracies_are_found() -> None:
    accuracies = [0.95, 0.9, 0.85, 0.6, 0.5, 0.4]
    sources = found(make_table(accuracies, things=300)[0])
    for column in _COLUMNS:
        for name, accuracy in zip(_NAMES, accuracies, strict=False):
            assert sources.accuracy[column][name] == pytest.approx(accuracy, abs=0.08)


def test_truth_is_found_better_than_by_majority() -> None:
    cells, truth = make_table([0.95, 0.95, 0.5, 0.4, 0.4, 0.3, 0.3], false_values=2, things=200)
    assert share_right(majority(cells), truth) < 0.9
    assert share_right(tell(found(cells), cells), truth) > 0.94


def test_copiers_count_as_one() -> None:
    accuracies = [0.4, 0.4, 0.4, 0.4, 0.9, 0.9, 0.85]
    cells, truth = make_table(accuracies, copiers={1: 0, 2: 0, 3: 0}, things=150)
    sources = found(cells)
    assert sources.copiers == (tuple(sorted(_NAMES[:4])),)
    assert share_right(majority(cells), truth) < 0.7
    assert share_right(tell(sources, cells), truth) > 0.93


def test_accurate_sources_are_no_copiers() -> None:
    assert found(make_table([0.99, 0.99, 0.98, 0.98, 0.7, 0.5], things=200)[0]).copiers == ()


@pytest.mark.parametrize("copiers", [{}, {1: 0, 4: 0}])
def test_log_odds_are_calibrated(copiers: dict[int, int]) -> None:
    cells, truth = make_table([0.6, 0.6, 0.5, 0.85, 0.6, 0.8, 0.4], things=1500, copiers=copiers, false_values=3)
    told = tell(found(cells), cells).join(truth, on=["key", "column"])
    told = told.with_columns(p=1 / (1 + (-pl.col("log_odds")).exp()), right=pl.col("value") == pl.col("truth"))
    for low, high in [(0.5, 0.7), (0.7, 0.9), (0.9, 0.98), (0.98, 1.0)]:
        some = told.filter(pl.col("p").is_between(low, high))
        assert some.height > 50
        assert some["right"].mean() == pytest.approx(some["p"].mean(), abs=0.07)


def test_three_sources_suffice() -> None:
    cells, truth = make_table([0.95, 0.9, 0.5], things=200)
    assert share_right(tell(found(cells), cells), truth) > 0.92


def test_what_most_sources_leave_out_is_doubtful() -> None:
    cells, _ = make_table([0.95, 0.9, 0.9, 0.9, 0.9, 0.6, 0.5, 0.4], silent=0.02)
    few = pl.col("flight").is_in(["F1", "F2", "F3", "F4"]) & ~pl.col("site").is_in(_NAMES[:2])
    cells = cells.with_columns(pl.when(~few).then("gate").alias("gate"))
    told = tell(found(cells), cells).filter(pl.col("column") == "gate")
    left_out = pl.col("key").is_in(["F1", "F2", "F3", "F4"])
    assert told.filter(left_out)["log_odds"].max() < 0 < told.filter(~left_out)["log_odds"].median()


def test_a_reason_says_who_says_what() -> None:
    cells, _ = make_table([0.95, 0.9, 0.9, 0.6, 0.5, 0.4], silent=0.0)
    value = ["7:10", "7:10", "7:10", "7:15", "7:15", None]
    odd = pl.DataFrame({"flight": ["X"] * 6, "site": _NAMES[:6], **dict.fromkeys(_COLUMNS, value)})
    told = tell(found(cells), odd)
    assert told["value"].to_list() == ["7:10"] * 3
    assert told["share"].to_list() == [0.6] * 3
    assert set(told["reason"]) == {"3 of 6 sources say 7:10 of this flight, 2 say 7:15, 1 leaves it out"}


def test_a_remark_does_not_make_another_value() -> None:
    cells, _ = make_table([0.95, 0.9, 0.9, 0.6, 0.5, 0.4], silent=0.0)
    value = ["710", "710 (estimated)", "710*", "715", "715", "1710 (runway)"]
    odd = pl.DataFrame({"flight": ["X"] * 6, "site": _NAMES[:6], **dict.fromkeys(_COLUMNS, value)})
    assert set(tell(found(cells), odd)["reason"]) == {"3 of 6 sources say 710 of this flight, 2 say 715"}


def test_rows_that_occur_twice_count_once() -> None:
    cells, _ = make_table([0.95, 0.9, 0.9, 0.6, 0.5, 0.4])
    sources = found(cells)
    again = pl.concat([cells, cells.filter(pl.col("flight") == "F1")])
    assert (
        tell(sources, again)
        .select("key", "value", "log_odds")
        .equals(tell(sources, cells).select("key", "value", "log_odds"))
    )


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    cells, _ = make_table([0.95, 0.9, 0.6, 0.6, 0.4], things=40)
    mixed = cells.sample(fraction=1, shuffle=True, seed=seed)
    assert find_sources(mixed) == find_sources(cells)
    assert tell(found(cells), mixed).equals(tell(found(cells), cells))


def test_things_can_be_told_one_by_one() -> None:
    cells, _ = make_table([0.95, 0.9, 0.6, 0.6, 0.4], things=40)
    sources, whole = found(cells), tell(found(cells), cells)
    for key in ("F0", "F7"):
        part = tell(sources, cells.filter(pl.col("flight") == key))
        assert part.sort("column").equals(whole.filter(pl.col("key") == key).sort("column"))


def _ordinary(rows: int = 600, seed: int = 1) -> dict[str, pl.DataFrame]:
    """Tables that look like one told by sources, and are none."""
    rng = np.random.default_rng(seed)
    city, month = np.repeat(np.arange(rows // 12), 12), np.tile(np.arange(12), rows // 12)
    base = rng.integers(0, 500, size=rows // 12)[city]
    slips = rng.random((3, rows)) < 0.05
    names = np.array(_NAMES)[month]

    def slip(column: int) -> list[str]:
        return [f"{value}x{row}" if slips[column, row] else str(value) for row, value in enumerate(base)]

    def text(values: object) -> list[str]:
        return [str(value) for value in np.asarray(values)]

    measure = rng.integers(0, 10_000, size=(3, rows))
    region = (month % 4 == 3).astype(int)  # the values differ by the country of a hospital, not by who tells them
    return {
        "slips": pl.DataFrame({"code": text(city), "shop": text(names), "a": slip(0), "b": slip(1), "c": slip(2)}),
        "measures": pl.DataFrame(
            {"city": text(city), "sensor": text(names), **{f"m{i}": text(measure[i]) for i in range(3)}}
        ),
        "periods": pl.DataFrame(
            {
                "city": text(city),
                "period": [f"week {number}" for number in month],
                "major": text(base + 1000 * (month > 6)),
                "rank": text(base // 2 + 1000 * (month > 8)),
            }
        ),
        "places": pl.DataFrame(
            {
                "code": text(city),
                "hospital": text(names),
                "country": text(np.where(region, "B", "A")),
                "mean": text(base + 1000 * region),
                "most": text(2 * base + 1000 * region),
            }
        ),
        "lookup": pl.DataFrame({"code": text(city), "shop": text(names), "a": text(base), "b": text(base * 2)}),
        "rows": pl.DataFrame({"id": text(np.arange(rows)), "name": text(names), "value": text(measure[0])}),
        "none": pl.DataFrame({"id": [], "name": []}, schema={"id": pl.String, "name": pl.String}),
    }


@pytest.mark.parametrize("name", _ordinary())
def test_ordinary_tables_are_none(name: str) -> None:
    assert find_sources(_ordinary()[name]) is None
