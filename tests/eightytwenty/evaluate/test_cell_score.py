"""A cleaning is scored cell by cell, and marks of missing values apart."""

import polars as pl
import pytest

from eightytwenty.evaluate.cell_score import lower_bound, score_cells

DIRTY = [["a", "7.0"], ["B ", "x"], ["c&amp;d", "n/a"], ["e", "9"], ["f", "5"]]
TRUTH = [["a", "7"], ["b", "8"], ["c&d", ""], ["e", "9"], ["f", "6"]]
LEDGER = [
    (1, "1", "decimal form", "7"),  # another way of writing only
    (2, "0", "stray spaces", "B"),
    (2, "0", "letter case (name)", "b"),
    (3, "1", "missing mark", None),
    (4, "1", "unit", "10"),
]
FLAGS = [(2, "1", "not a number", None), (5, "1", "typo", "6"), (4, "0", "other pattern", None), (3, None, "row", None)]


def tables():
    ledger = pl.DataFrame(LEDGER, ["record", "column", "rule", "after"], orient="row")
    flags = pl.DataFrame(FLAGS, ["record", "column", "rule", "proposal"], orient="row")
    return {"ledger": ledger, "flags": flags, "clean": ledger.head(5)}


def test_typed():
    score = score_cells(DIRTY, TRUTH, tables(), typed=True)
    assert (score.cells, score.errors, score.missing, score.rows) == (10, 4, 1, 0)
    assert (score.changed, score.right, score.broken) == (2, 1, 1)
    assert score.repairs == {"letter case": 1, "unit": 1}
    assert score.right_repairs == {"letter case": 1}
    assert (score.marked, score.found) == (5, 3)
    assert (score.proposals, score.right_proposals) == ({"typo": 1}, {"typo": 1})
    assert score.repair == pytest.approx((1 / 2, 1 / 4, 1 / 3))
    assert score.harm == 0.1


def test_strict_counts_what_is_written_in_another_way():
    score = score_cells(DIRTY, TRUTH, tables())
    assert (score.errors, score.changed, score.right) == (5, 3, 2)


def test_scores_are_added():
    score = score_cells(DIRTY, TRUTH, tables())
    assert (score + score).repairs == {"decimal form": 2, "letter case": 2, "unit": 2}
    assert (score + score).detection == score.detection


def test_the_lower_bound_of_a_share():
    assert lower_bound(0, 0) == 0
    assert lower_bound(90, 100) < lower_bound(900, 1000) < 0.9
