"""What a judge says is made or proposed, and said again until nothing changes."""

from dataclasses import dataclass

import polars as pl
import pytest

from eightytwenty import Column, Respell, Table
from eightytwenty.engine.verdicts import decide_cells
from eightytwenty.inference.judge import VERDICTS
from eightytwenty.mined_rules import Typos


@dataclass(frozen=True)
class Chain:
    """Takes each cell of a column for another one.

    Args:
        meant: cell -> what it is, and how likely.
    """

    meant: dict[str, tuple[str | None, float | None]]
    digest: str = ""

    def __call__(self, rules, texts, unreadable):  # noqa: ARG002 - as judges are called
        lines = [
            (row, name, cell, self.meant[cell][0], "typo", f"not {cell}", self.meant[cell][1])
            for name in texts.columns
            for row, cell in enumerate(texts[name])
            if cell in self.meant
        ]
        return pl.DataFrame(lines, VERDICTS, orient="row").sort("row", "column")


def decided(meant, cells, columns=("city",), **options):
    rules = (Typos(("city",), action=options.pop("action", "repair")), *options.pop("rules", ()))
    table = Table("t", (Column("city", "text"),), rules, min_confidence=0.8, judge=Chain(meant))
    texts = pl.DataFrame({"city": cells}, {"city": pl.String})
    made, doubts = decide_cells(table, texts, {"city": pl.repeat(value=False, n=len(cells), eager=True)}, columns)
    return made.select("row", "proposal").rows(), doubts.select("row", "cell", "proposal").rows()


def test_what_is_sure_is_made_and_the_rest_is_proposed():
    meant = {"a": ("A", 0.8), "b": ("B", 0.79), "c": (None, None)}
    assert decided(meant, ["x", "c", "b", "a"]) == ([(3, "A")], [(1, "c", None), (2, "b", "B")])
    assert decided(meant, ["a"], action="flag") == ([], [(0, "a", "A")])


def test_a_changed_row_is_judged_again_and_a_cell_is_changed_once():
    assert decided({"a": ("b", 0.9), "b": ("c", 0.9)}, ["x", "a"]) == ([(1, "b")], [])
    # what is still doubtful then is flagged as it is now, not as it was
    assert decided({"a": ("b", 0.9), "b": ("c", 0.6)}, ["x", "a", "b"]) == ([(1, "b")], [(1, "b", "c"), (2, "b", "c")])


def test_what_another_rule_flags_and_what_the_file_lacks_are_left_out():
    respell = Respell((("a", "A"),), "city", action="flag")
    assert decided({"a": ("A", 0.7)}, ["a"], rules=(respell,)) == ([], [])
    assert decided({"a": ("A", 0.9), "b": ("B", 0.5)}, ["a", "b"], columns=()) == ([], [])


def test_no_rows_and_no_judge():
    assert decided({}, []) == ([], [])
    with pytest.raises(ValueError, match="t has no judge"):
        decide_cells(Table("t", (Column("city", "text"),)), pl.DataFrame(), {}, ())
