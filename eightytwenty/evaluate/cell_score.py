"""Scores what a cleaning did to the cells of a table against the table as it should be.

A change that only writes a value in another way is right or wrong in two senses. Strict: texts must be equal, but for
character references of HTML and white space. Typed: moreover, 12.0 is 12. Marks of missing values that became empty are
counted apart, because truths disagree whether that is a repair.
"""

import html
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import polars as pl

from eightytwenty.engine.reasons import MISSING_MARK
from eightytwenty.kinds.spelling import STRAY_SPACES

Rows = Sequence[Sequence[str]]
_SPACE = re.compile(r"\s+")
_PLAIN_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)[.][0-9]+")
_Z = 1.96  # of a 95 % interval


@dataclass
class CellScore:
    """Counts of cells; scores of several tables are added.

    Args:
        cells: of the table.
        errors: that differ from the truth.
        found: errors that were changed or flagged.
        marked: cells that were changed or flagged.
        changed: cells that were changed, without marks of missing values.
        right: changed cells that equal the truth.
        broken: changed cells that had been right.
        missing: marks of missing values that became empty.
        rows: that did not end as clean.
        repairs, right_repairs: by rule, of `changed` and `right`.
        proposals, right_proposals: by rule, flagged cells with a proposal, and those of them that it would put right.
    """

    cells: int = 0
    errors: int = 0
    found: int = 0
    marked: int = 0
    changed: int = 0
    right: int = 0
    broken: int = 0
    missing: int = 0
    rows: int = 0
    repairs: Counter[str] = field(default_factory=Counter)
    right_repairs: Counter[str] = field(default_factory=Counter)
    proposals: Counter[str] = field(default_factory=Counter)
    right_proposals: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "CellScore") -> "CellScore":
        return CellScore(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def detection(self) -> tuple[float, float, float]:
        """Precision, recall and F1 of changed or flagged cells."""
        return _f1(self.found, self.marked, self.errors)

    @property
    def repair(self) -> tuple[float, float, float]:
        """Precision, recall and F1 of changed cells, from end to end."""
        return _f1(self.right, self.changed, self.errors)

    @property
    def harm(self) -> float:
        """The share of cells that were right and were changed."""
        return self.broken / self.cells if self.cells else 0.0


def score_cells(dirty: Rows, truth: Rows, tables: Mapping[str, pl.DataFrame], *, typed: bool = False) -> CellScore:
    """Scores a cleaning.

    Args:
        dirty: the rows as they were, without the header; record n of the cleaning is row n - 1.
        truth: the same rows as they should be.
        tables: the ledger and the flags of the cleaning, with columns named by their position (String), and its clean
            rows.
        typed: whether 12.0 is 12.
    """
    score = CellScore(rows=len(dirty) - tables["clean"].height)
    same = plain_value if typed else plain
    wrong = np.array(
        [[same(a) != same(b) for a, b in zip(*pair, strict=True)] for pair in zip(dirty, truth, strict=True)]
    )
    score.cells, score.errors = wrong.size, int(wrong.sum())
    marked: set[tuple[int, int]] = set()
    for (record, column), steps in tables["ledger"].group_by("record", "column", maintain_order=True):
        at = int(str(record)) - 1, int(str(column))
        rules = [rule for rule in steps["rule"] if rule != STRAY_SPACES.name]
        after = steps["after"][-1] or ""
        if not rules or same(after) == same(dirty[at[0]][at[1]]):
            continue
        marked.add(at)
        if rules[-1] == MISSING_MARK:
            score.missing += 1
            marked.discard(at)
            continue
        score.changed += 1
        rule = _without_column(rules[-1])
        score.repairs[rule] += 1
        if same(after) == same(truth[at[0]][at[1]]):
            score.right += 1
            score.right_repairs[rule] += 1
        score.broken += not wrong[at]
    flags = tables["flags"].drop_nulls("column").select("record", "column", "rule", "proposal")
    for record, column, rule, proposal in flags.iter_rows():
        at = record - 1, int(column)
        marked.add(at)
        if proposal is not None:
            score.proposals[_without_column(rule)] += 1
            score.right_proposals[_without_column(rule)] += same(proposal) == same(truth[at[0]][at[1]])
    score.marked, score.found = len(marked), sum(bool(wrong[at]) for at in marked)
    return score


def _without_column(rule: str) -> str:
    """The name of a rule without the column for which it was made."""
    return rule.partition(" (")[0]


def plain(cell: str) -> str:
    """A cell without the differences that never count.

    >>> plain(" a&amp;b  c ")
    'a&b c'
    """
    return _SPACE.sub(" ", html.unescape(cell)).strip()


def plain_value(cell: str) -> str:
    """A cell without the differences that do not count if 12.0 is 12.

    >>> plain_value(" 12.50")
    '12.5'
    """
    text = plain(cell)
    if _PLAIN_NUMBER.fullmatch(text):
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def lower_bound(right: int, number: int) -> float:
    """The lower end of the 95 % interval of a share (Wilson, 1927).

    >>> round(lower_bound(100, 100), 3), round(lower_bound(95, 100), 3)
    (0.963, 0.888)
    """
    if not number:
        return 0.0
    share = right / number
    middle = share + _Z**2 / (2 * number)
    spread = _Z * ((share * (1 - share) + _Z**2 / (4 * number)) / number) ** 0.5
    return float((middle - spread) / (1 + _Z**2 / number))


def _f1(right: int, given: int, wanted: int) -> tuple[float, float, float]:
    precision, recall = (right / given if given else 0.0), (right / wanted if wanted else 0.0)
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0
