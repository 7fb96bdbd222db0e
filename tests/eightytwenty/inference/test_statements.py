"""Statements are counted, added up and read."""

import polars as pl
import pytest

from eightytwenty.inference.statements import Statements, gather, merge, statements_on, usual_shapes


def said(values: list[str | None], sources: str = "abcdefgh") -> pl.DataFrame:
    """Counts of what sources, one letter each, say of one thing."""
    columns = {"thing": ["X"] * len(values), "by": list(sources)[: len(values)], "value": values}
    cells = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return gather(cells, "thing", "by", ["value"])


def read(values: list[str | None], sources: str = "abcdefgh", shapes: tuple[str, ...] = ()) -> Statements:
    return statements_on("value", said(values, sources), shapes)


def test_counts_add_up() -> None:
    first, second = said(["1", "2", None], "aab"), said(["1", "1", None], "acb")
    counts = merge([first, second]).sort("source", "value").select("source", "value", "count").rows()
    assert counts == [("a", "1", 2), ("a", "2", 1), ("b", None, 2), ("c", "1", 1)]


def test_rows_without_thing_or_source_say_nothing() -> None:
    cells = pl.DataFrame({"thing": ["X", None, "Y"], "by": ["a", "b", None], "value": ["1", "2", "3"]})
    assert gather(cells, "thing", "by", ["value"])["value"].to_list() == ["1"]


def test_statements_are_in_order() -> None:
    statements = read(["2", "1", None, "2"], "dbca")
    assert statements.claims.rows() == [("X", "1"), ("X", "2")]
    assert [statements.sources[row] for row in statements.source.tolist()] == ["c", "b", "a", "d"]
    assert statements.claim.tolist() == [-1, 0, 1, 1]
    assert (statements.things, statements.claim_thing.tolist()) == (1, [0, 0])


def test_who_says_two_things_has_half_a_vote_for_each() -> None:
    assert read(["1", "2", "2"], "aab").weight.tolist() == [0.5, 0.5, 1.0]


def test_who_says_something_does_not_leave_it_out() -> None:
    statements = read(["1", None], "aa")
    assert (statements.claim.tolist(), statements.weight.tolist()) == ([0], [1.0])


def test_shapes_are_the_usual_ones() -> None:
    counts = said(["7:10 am", "12:15 pm", "9:00 am", "1:30 pm", "7:10 am", "8:00 am", "noon", "7:10"])
    assert usual_shapes("value", counts) == ("9:9 A", "9:9")
    assert usual_shapes("value", said([None])) == ()


@pytest.mark.parametrize(
    ("remark", "is_one"),
    [
        ("7:10 am (estimated)", True),
        ("Dec 2 7:10 am", True),
        ("7:10 am*", True),
        ("Ω 7:10 am é", True),
        ("17:10 am +1", False),
        ("7:10 ammo + 1", False),
        ("7:15 am (estimated)", False),
    ],
)
def test_a_remark_is_told_from_another_value(remark: str, is_one: bool) -> None:
    assert (remark not in read(["7:10 am", remark], shapes=("9:9 A",)).claims["value"].to_list()) == is_one


def test_names_that_contain_each_other_are_two() -> None:
    assert read(["New York", "New York City"], shapes=("A A", "A A A")).claims.height == 2


def test_the_longest_statement_is_meant() -> None:
    claims = read(["10 am", "7:10 am", "(7:10 am)"], shapes=("9 A", "9:9 A")).claims
    assert claims["value"].to_list() == ["10 am", "7:10 am"]
    assert read(["10 am", "7:10 am", "(7:10 am)"], shapes=("9 A", "9:9 A")).claim.tolist() == [0, 1, 1]
