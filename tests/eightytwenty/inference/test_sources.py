"""Many sources tell of the same things; the truth is known here, and must come out."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.inference.sources import Sources, find_sources, tell, tell_gathered
from eightytwenty.inference.statements import gather, merge
from tests.eightytwenty.inference.told_table import COLUMNS, NAMES, make_table

_MIXED = [0.95, 0.9, 0.9, 0.6, 0.5, 0.4]


def found(cells: pl.DataFrame) -> Sources:
    sources = find_sources(cells)
    assert sources is not None
    return sources


def share_right(told: pl.DataFrame, truth: pl.DataFrame) -> float:
    both = told.join(truth, on=["key", "column"])
    return (both["value"] == both["truth"]).sum() / both.height


def majority(cells: pl.DataFrame) -> pl.DataFrame:
    long = cells.unpivot(COLUMNS, index="flight", variable_name="column").drop_nulls()
    counts = long.group_by(pl.col("flight").alias("key"), "column", "value").len()
    return counts.sort("len", "value", descending=True).unique(["key", "column"], keep="first", maintain_order=True)


def test_sources_are_found() -> None:
    sources = found(make_table(_MIXED)[0])
    assert (sources.key, sources.source, sources.told, sources.copiers) == ("flight", "site", COLUMNS, ())


def test_accuracies_are_found() -> None:
    sources = found(make_table(_MIXED, things=300)[0])
    for column in COLUMNS:
        for name, accuracy in zip(NAMES, _MIXED, strict=False):
            assert sources.accuracy[column][name] == pytest.approx(accuracy, abs=0.08)


def test_truth_is_found_better_than_by_majority() -> None:
    cells, truth = make_table([0.95, 0.95, 0.5, 0.4, 0.4, 0.3, 0.3], false_values=2, things=200)
    assert share_right(majority(cells), truth) < 0.9
    assert share_right(tell(found(cells), cells), truth) > 0.94


def test_copiers_count_as_one() -> None:
    cells, truth = make_table([0.4, 0.4, 0.4, 0.4, 0.9, 0.9, 0.85], copiers={1: 0, 2: 0, 3: 0}, things=150)
    sources = found(cells)
    assert sources.copiers == (tuple(sorted(NAMES[:4])),)
    assert share_right(majority(cells), truth) < 0.7
    assert share_right(tell(sources, cells), truth) > 0.93


@pytest.mark.parametrize("copiers", [{}, {1: 0, 4: 0}])
def test_log_odds_are_calibrated(copiers: dict[int, int]) -> None:
    accuracies = [0.6, 0.6, 0.5, 0.85, 0.6, 0.8, 0.4]
    cells, truth = make_table(accuracies, things=1500, copiers=copiers, false_values=3)
    told = tell(found(cells), cells).join(truth, on=["key", "column"])
    told = told.with_columns(p=1 / (1 + (-pl.col("log_odds")).exp()), right=pl.col("value") == pl.col("truth"))
    for low, high in [(0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.95), (0.95, 0.99), (0.99, 1.0)]:
        some = told.filter(pl.col("p").is_between(low, high))
        share, number = some["right"].sum() / some.height, some.height
        assert number > 100
        assert share == pytest.approx(some["p"].sum() / number, abs=3.5 * (share * (1 - share) / number) ** 0.5 + 0.005)


def test_where_the_majority_may_be_wrong_nothing_is_sure() -> None:
    # two camps, of which the larger one is wrong in one column, as what it tells of the others suggests
    camps, wrong = [0.95] * 4 + [0.6] * 5, [0.95] * 4 + [0.05] * 5
    cells, truth = make_table(
        {"departure": camps, "arrival": camps, "gate": wrong}, false_values=1, things=150, silent=0.02, seed=2
    )
    sources = found(cells)
    assert [len(sources.trust[column]) for column in COLUMNS] == [1, 1, 2]
    told = tell(sources, cells).filter(pl.col("column") == "gate")
    assert (told["log_odds"].abs() > 1.4).sum() < 0.1 * told.height
    assert share_right(majority(cells).filter(pl.col("column") == "gate"), truth) < 0.3
    assert share_right(told, truth) > 0.9


def test_what_most_sources_leave_out_is_doubtful() -> None:
    cells, _ = make_table([0.95, 0.9, 0.9, 0.9, 0.9, 0.6, 0.5, 0.4], silent=0.02)
    left_out = ["F1", "F2", "F3", "F4"]
    is_left_out = pl.col("flight").is_in(left_out) & ~pl.col("site").is_in(NAMES[:2])
    cells = cells.with_columns(pl.when(~is_left_out).then("gate").alias("gate"))
    told = tell(found(cells), cells).filter(pl.col("column") == "gate")
    doubtful = pl.col("key").is_in(left_out)
    assert told.filter(doubtful & (pl.col("log_odds") > 0)).is_empty()
    assert told.filter(~doubtful & (pl.col("log_odds") < 0)).height < 3


def told_of_one(values: list[str | None]) -> pl.DataFrame:
    """What six sources of a usual table tell of one more thing, in all columns alike."""
    cells = pl.DataFrame({"flight": ["X"] * 6, "site": NAMES[:6], **dict.fromkeys(COLUMNS, values)})
    told = tell(found(make_table(_MIXED, silent=0.0)[0]), cells)
    assert told["column"].to_list() == list(COLUMNS)
    return told


def test_a_reason_says_who_says_what() -> None:
    told = told_of_one(["710", "710", "710", "715", "715", None])
    assert set(told["value"]) == {"710"}
    assert told["share"].to_list() == [0.6] * 3
    assert set(told["reason"]) == {"3 of 6 sources say 710 of this flight, 2 say 715, 1 leaves it out"}


def test_a_remark_does_not_make_another_value() -> None:
    told = told_of_one(["710", "710 (estimated)", "710*", "715", "715", "1710 (runway)"])
    assert set(told["reason"]) == {"3 of 6 sources say 710 of this flight, 2 say 715"}


def test_copies_of_rows_change_nothing() -> None:
    cells, _ = make_table(_MIXED)
    sources = found(cells)
    again = pl.concat([cells, cells.filter(pl.col("flight") == "F1")])
    assert tell(sources, again).equals(tell(sources, cells))


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 199))
def test_neither_order_nor_pieces_matter(seed: int, cut: int) -> None:
    cells, _ = make_table([0.95, 0.9, 0.6, 0.6, 0.4], things=40)
    mixed = cells.sample(fraction=1, shuffle=True, seed=seed)
    sources = found(cells)
    assert find_sources(mixed) == sources
    counts = merge(gather(piece, "flight", "site", COLUMNS) for piece in (mixed[:cut], mixed[cut:]))
    assert tell_gathered(sources, counts).equals(tell(sources, cells))


def test_things_can_be_told_one_by_one() -> None:
    cells, _ = make_table([0.95, 0.9, 0.6, 0.6, 0.4], things=40)
    sources = found(cells)
    whole = tell(sources, cells)
    for key in ("F0", "F7"):
        part = tell(sources, cells.filter(pl.col("flight") == key))
        assert part.equals(whole.filter(pl.col("key") == key))


def test_nothing_is_told_of_no_rows() -> None:
    cells, _ = make_table(_MIXED)
    told = tell(found(cells), cells.clear())
    assert told.schema == tell(found(cells), cells).schema
    assert told.is_empty()
