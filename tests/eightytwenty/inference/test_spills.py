"""A value that stands in the cell of its neighbour is found and put right; names that only end in such a word stay."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty import clean, read_table
from eightytwenty.inference.judge import VERDICTS
from eightytwenty.inference.spills import find_spills, spilled, with_spills

CITIES = ("Portland", "Salem", "Boise", "Twin Falls", "Reno", "Provo")
STATES = ("OR", "ID", "NV", "UT", "New South Wales")
CELL = ["record", "column", "before", "after"]


def places(spills=(), missing=(), rows=120):
    """Cities and states, some of which spill into the city and some of which are missing."""
    lines = [(CITIES[n % 6], STATES[n % 5]) for n in range(rows)]
    for row in spills:
        lines[row] = (f"{lines[row][0]} {lines[row][1]}", None)
    for row in missing:
        lines[row] = (lines[row][0], None)
    return pl.DataFrame(lines, {"city": pl.String, "state": pl.String}, orient="row")


def found_in(cells, rule):
    return spilled(rule, cells, cells[rule.spill].drop_nulls().unique(), cells[rule.into].drop_nulls().unique())


def test_a_state_behind_its_city():
    cells = places(spills=(3, 14, 50), missing=(70, 71))
    (rule,) = find_spills(cells)
    assert (rule.spill, rule.into, rule.position, rule.action) == ("city", "state", "end", "flag")
    assert rule.reason == (
        "city ends with a value of state in 3 of 5 rows in which that is missing, and hardly ever in others"
    )
    lines = found_in(cells, rule)
    assert lines.select("row", "column", "cell", "proposal").rows() == [
        (3, "city", "Twin Falls UT", "Twin Falls"),
        (3, "state", None, "UT"),
        (14, "city", "Boise New South Wales", "Boise"),
        (14, "state", None, "New South Wales"),
        (50, "city", "Boise OR", "Boise"),
        (50, "state", None, "OR"),
    ]
    assert lines["log_odds"].min() > 3
    assert set(lines["reason"]) == {rule.reason}


def test_what_many_rows_say_repairs():
    (rule,) = find_spills(places(spills=(3, 14, 50), rows=600))
    assert rule.action == "repair"
    assert rule.holds >= 0.99


def test_pieces_of_the_rows_give_the_same_lines():
    cells = places(spills=(3, 14, 50))
    (rule,) = find_spills(cells)
    known, domain = (cells[name].drop_nulls().unique() for name in ("city", "state"))
    pieces = [
        spilled(rule, cells[start : start + 40], known, domain).with_columns(pl.col("row") + start)
        for start in (0, 40, 80)
    ]
    assert pl.concat(pieces).equals(spilled(rule, cells, known, domain))


def test_what_is_left_counts_more_if_it_is_known():
    cells = places(spills=(3, 14, 50))
    cells = pl.concat([cells, pl.DataFrame({"city": ["Nowhere OR"], "state": [None]}, schema=cells.schema)])
    lines = found_in(cells, find_spills(cells)[0])
    assert lines["log_odds"][-1] < lines["log_odds"][0]


@pytest.mark.parametrize("mark", [", ", " / ", ";"])
def test_a_neighbour_on_the_left_and_marks_between(mark):
    cells = places(spills=(3, 15, 50)).select("state", city=pl.col("city").str.replace(r" (\S+)$", mark + "$1"))
    cells = cells.with_columns(pl.col("city").str.replace(rf"^Twin{mark}Falls$", "Twin Falls"))
    (rule,) = find_spills(cells)
    assert (rule.spill, rule.into, rule.position) == ("city", "state", "end")
    assert found_in(cells, rule)["proposal"].to_list()[:2] == ["Twin Falls", "UT"]


def test_a_value_before_the_other():
    cells = places().with_columns(
        state=pl.when(pl.int_range(pl.len()) % 20 == 1).then(None).otherwise("state"),
        city=pl.when(pl.int_range(pl.len()) % 20 == 1).then("state" + pl.lit(" ") + pl.col("city")).otherwise("city"),
    )
    cells = cells.with_columns(pl.col("city").str.replace("^state", "OR"), pl.col("state").replace("state", "OR"))
    assert [rule.position for rule in find_spills(cells)] == ["start"]


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


def verdicts(*lines):
    return pl.DataFrame(lines, VERDICTS, orient="row")


def test_a_stronger_verdict_on_one_cell_keeps_both_as_they_are():
    spill = [(0, "city", "a b", "a", "spill", "", 0.9), (0, "state", None, "b", "spill", "", 0.9)]
    weaker, same, stronger = (
        verdicts((0, "state", None, proposal, "other", "", confidence))
        for proposal, confidence in (("c", 0.8), ("b", 0.95), ("c", 0.95))
    )
    for other in (weaker, same):
        assert with_spills(other, verdicts(*spill)).rows() == spill
    assert with_spills(stronger, verdicts(*spill)).rows() == stronger.rows()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1), st.permutations("abc").map(lambda names: names[:2]), st.sampled_from([0.6, 0.8, 0.9])
        ),
        max_size=4,
    )
)
def test_of_spills_that_meet_in_a_cell_each_is_whole_or_left_out(drawn):
    lines = [
        (row, name, None, f"{number}", f"{number}", "", confidence)
        for number, (row, names, confidence) in enumerate(drawn)
        for name in names
    ]
    found = with_spills(verdicts(), verdicts(*lines))
    assert not found.select("row", "column").is_duplicated().any()
    assert set(found.group_by("row", "rule").len()["len"]) <= {2}
    assert found.is_empty() == (not drawn)


def cleaned(folder, cells, name, **options):
    cells.write_csv(folder / f"{name}.csv")
    return clean(folder / f"{name}.csv", None, folder / name, **options)


def test_both_cells_change_from_end_to_end_and_once(tmp_path):
    cells = places(spills=(3, 14, 50), missing=(70,), rows=600)
    cells = cells.with_columns(number=pl.int_range(pl.len()) * 37 % 1000)
    result = cleaned(tmp_path, cells, "raw")
    assert "spill: city, into: state" in (result.folder / "schema.yaml").read_text()
    ledger = result.ledger.collect()
    assert ledger.select(CELL).rows() == [
        (4, "city", "Twin Falls UT", "Twin Falls"),
        (4, "state", None, "UT"),
        (15, "city", "Boise New South Wales", "Boise"),
        (15, "state", None, "New South Wales"),
        (51, "city", "Boise OR", "Boise"),
        (51, "state", None, "OR"),
    ]
    assert set(ledger["rule"]) == {"spill (city -> state)"}
    again = clean(result.folder / "clean.csv", None, tmp_path / "again")
    assert again.ledger.collect().is_empty()


def test_a_value_that_a_person_keeps_keeps_its_neighbour_empty(tmp_path):
    cells = places(spills=(3, 14, 50), rows=600)
    result = cleaned(tmp_path, cells, "raw")
    table = read_table(result.folder / "schema.yaml")
    columns = tuple(replace(one, keep=("Boise OR",)) if one.name == "city" else one for one in table.columns)
    kept = clean(tmp_path / "raw.csv", replace(table, columns=columns), tmp_path / "kept")
    assert set(kept.ledger.collect()["record"]) == {4, 15}
    assert 51 not in set(kept.flags.collect().filter(pl.col("rule").str.starts_with("spill"))["record"])
