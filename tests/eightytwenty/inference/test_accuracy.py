"""What the sources are found to be, against what they were made to be."""

import numpy as np
import polars as pl
import pytest

from eightytwenty.inference.accuracy import Trust, learn, posterior, votes
from eightytwenty.inference.statements import Statements, gather, statements_on
from tests.eightytwenty.inference.told_table import NAMES, make_table


def statements_of(cells: pl.DataFrame) -> Statements:
    return statements_on("gate", gather(cells, "flight", "site", ["gate"]), ())


@pytest.mark.parametrize("false_values", [1, 3, 20])
def test_the_number_of_false_values_is_found(false_values: int) -> None:
    cells, _ = make_table([0.8, 0.7, 0.7, 0.6, 0.6, 0.5], things=800, false_values=false_values)
    assert learn(statements_of(cells), np.arange(6)).false_values == pytest.approx(false_values, rel=0.3)


def test_a_silent_source_is_found() -> None:
    cells, _ = make_table([0.9] * 5, things=200, silent=0.0)
    is_out = (pl.col("site") == NAMES[2]) & pl.col("flight").str.contains("[0-4]$")
    trust = learn(statements_of(cells.with_columns(pl.when(~is_out).then("gate").alias("gate"))), np.arange(5))
    assert trust.speaks[NAMES[2]] == pytest.approx(0.5, abs=0.05)
    assert trust.speaks[NAMES[0]] > 0.95
    assert trust.nothing < 0.02


def test_disagreement_alone_does_not_mean_that_there_is_nothing() -> None:
    cells, _ = make_table([0.9, 0.85, 0.8, 0.7, 0.9, 0.95, 0.6, 0.5], things=100, false_values=1)
    assert learn(statements_of(cells), np.arange(8)).nothing < 0.05


def test_a_source_with_few_statements_is_like_the_others() -> None:
    cells, _ = make_table([0.9, 0.9, 0.9, 0.9, 0.0], things=200)
    few = cells.filter((pl.col("site") != NAMES[4]) | (pl.col("flight") == "F7"))
    trust = learn(statements_of(few), np.arange(5))
    assert 0.6 < trust.accuracy[NAMES[4]] < trust.mean_accuracy


def test_a_group_has_one_vote_on_a_thing() -> None:
    cells, _ = make_table([0.9] * 5, things=20)
    statements = statements_of(cells)
    vote = votes(statements, np.array([0, 0, 0, 3, 4]))
    assert np.bincount(statements.thing, weights=vote) == pytest.approx(3)


def test_posteriors_are_by_the_formula() -> None:
    cells = pl.DataFrame({"flight": ["X"] * 2, "site": NAMES[:2], "gate": ["1", "2"]})
    accuracy, nothing = dict(zip(NAMES, [0.9, 0.6], strict=False)), 1e-12
    statements = statements_of(cells)
    trust = Trust(accuracy, {}, false_values=4, nothing=nothing)
    by_value = dict(zip(statements.claims["value"], posterior(statements, np.ones(2), trust)[0], strict=True))
    # P(said | truth) of the truths "1", "2" and three others, all as likely before
    one, two, other = 0.9 * 0.4 / 4, 0.1 / 4 * 0.6, 0.1 / 4 * 0.4 / 4
    assert by_value["1"] == pytest.approx(one / (one + two + 3 * other))
    assert by_value["2"] == pytest.approx(two / (one + two + 3 * other))
