"""A value that stands in the cell of its neighbour is found; names that only end in such a word are left."""

import polars as pl
import pytest

from eightytwenty.inference.spills import find_spills, spilled

CITIES = ("Portland", "Salem", "Boise", "Twin Falls", "Reno", "Provo")
STATES = ("OR", "ID", "NV", "UT", "New South Wales")


def places(spills=(), missing=()):
    """Cities and states, some of which spill into the city and some of which are missing."""
    rows = [(CITIES[n % 6], STATES[n % 5]) for n in range(120)]
    for row in spills:
        rows[row] = (f"{rows[row][0]} {rows[row][1]}", None)
    for row in missing:
        rows[row] = (rows[row][0], None)
    return pl.DataFrame(rows, {"city": pl.String, "state": pl.String}, orient="row")


def test_a_state_behind_its_city():
    cells = places(spills=(3, 14, 50), missing=(70, 71))
    (spill,) = find_spills(cells)
    assert (spill.column, spill.neighbour, spill.position) == ("city", "state", "end")
    assert (spill.spilled, spill.empty) == (3, 5)
    lines = spilled(spill, cells)
    assert lines.select("row", "column", "proposal").rows() == [
        (3, "city", "Twin Falls"),
        (3, "state", "UT"),
        (14, "city", "Boise"),
        (14, "state", "New South Wales"),
        (50, "city", "Boise"),
        (50, "state", "OR"),
    ]
    assert lines["log_odds"].min() > 3
    assert set(lines["reason"]) == {
        "city ends with a value of state in 3 of 5 rows in which that is missing, and hardly ever in others"
    }


def test_pieces_of_the_rows_give_the_same_lines():
    cells = places(spills=(3, 14, 50))
    (spill,) = find_spills(cells)
    pieces = [spilled(spill, cells[start : start + 40]).with_columns(pl.col("row") + start) for start in (0, 40, 80)]
    assert pl.concat(pieces).equals(spilled(spill, cells))


def test_what_is_left_counts_more_if_it_is_known():
    cells = places(spills=(3, 14, 50))
    cells = pl.concat([cells, pl.DataFrame({"city": ["Nowhere OR"], "state": [None]}, schema=cells.schema)])
    lines = spilled(find_spills(cells)[0], cells)
    assert lines["log_odds"][-1] < lines["log_odds"][0]


@pytest.mark.parametrize("mark", [", ", " / ", ";"])
def test_a_neighbour_on_the_left_and_marks_between(mark):
    cells = places(spills=(3, 15, 50)).select("state", city=pl.col("city").str.replace(r" (\S+)$", mark + "$1"))
    cells = cells.with_columns(pl.col("city").str.replace(rf"^Twin{mark}Falls$", "Twin Falls"))
    (spill,) = find_spills(cells)
    assert (spill.column, spill.neighbour, spill.position) == ("city", "state", "end")
    assert spilled(spill, cells)["proposal"].to_list()[:2] == ["Twin Falls", "UT"]


def test_a_value_before_the_other():
    cells = places().with_columns(
        state=pl.when(pl.int_range(pl.len()) % 20 == 1).then(None).otherwise("state"),
        city=pl.when(pl.int_range(pl.len()) % 20 == 1).then("state" + pl.lit(" ") + pl.col("city")).otherwise("city"),
    )
    cells = cells.with_columns(pl.col("city").str.replace("^state", "OR"), pl.col("state").replace("state", "OR"))
    assert [spill.position for spill in find_spills(cells)] == ["start"]


@pytest.mark.parametrize(
    "cells",
    [
        places(missing=(3, 14, 50, 60)),
        places(spills=(3, 14)),  # two names may end so
        pl.DataFrame({"street": ["Oak St", "Elm St", "Ash St"] * 20, "kind": (["St", None, None] * 20)}),
        pl.DataFrame({"a": ["x"] * 9, "b": [None] * 9}, schema={"a": pl.String, "b": pl.String}),
        pl.DataFrame({"a": ["x"] * 9}),
    ],
)
def test_nothing_spills(cells):
    assert find_spills(cells) == []
