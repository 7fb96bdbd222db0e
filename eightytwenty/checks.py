"""Conditions on the numbers of a cleaning, such as `quarantine > 1%`, on which a check of data fails.

A condition is a name, a comparison and a number. The name is one of `NUMBERS`, or that of a rule, which counts the rows
that the rule sent to quarantine, repaired or flagged. A number with % is a share of the rows.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from eightytwenty.cleaned import Cleaned
from eightytwenty.engine.summary import FATES, Summary
from eightytwenty.errors import UserError
from eightytwenty.pages.nearest import nearest_names

NUMBERS = ("rows", *FATES, "flagged", "repaired", "not_read")
_WITHOUT_SHARE = {"rows", "not_read"}
_COMPARISONS: dict[str, Callable[[Fraction, Fraction], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
}
# the name may hold a comparison itself, as a check without another name does: start <= end > 0
_CONDITION = re.compile(
    r"""
    \s* (?P<quote>['"]?) (?P<name>.+?) (?P=quote)
    \s* (?P<comparison>[<>]=?|[=!]?=)
    \s* (?P<number>[0-9]+(?:[.][0-9]+)?)
    \s* (?P<percent>%?) \s*
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Condition:
    """A condition on which a check fails.

    Args:
        text: as it was written.
        name: of a number of the cleaning, or of a rule.
        is_quoted: whether the name is first of all that of a rule.
        comparison: of the number of rows with `limit`.
        limit: a number, or if `is_share`, percent of all rows.
        is_share: whether it is a share.
    """

    text: str
    name: str
    is_quoted: bool
    comparison: str
    limit: Fraction
    is_share: bool

    @classmethod
    def parse(cls, text: str) -> "Condition":
        """Reads a condition.

        Raises:
            UserError: it is none.

        >>> Condition.parse("'start <= end' > 2.5%")
        Condition(text="'start <= end' > 2.5%", name='start <= end', is_quoted=True, comparison='>', \
limit=Fraction(5, 2), is_share=True)
        """
        match = _CONDITION.fullmatch(text)
        if not match:
            raise UserError(f"{text!r} is no condition; give one such as 'quarantine > 1%' or 'rows < 1000'.")
        name, is_share = match["name"].strip(), bool(match["percent"])
        if is_share and name in _WITHOUT_SHARE:
            raise UserError(f"{text}: {name} is no share of the rows; give a number without %.")
        limit = Fraction(match["number"])
        return cls(text.strip(), name, bool(match["quote"]), match["comparison"], limit, is_share)

    def is_met(self, count: int, rows: int) -> bool:
        """Whether this number of rows, or its share of all, meets the condition; a share of no rows never does."""
        if self.is_share and not rows:
            return False
        number = Fraction(100 * count, rows) if self.is_share else Fraction(count)
        return _COMPARISONS[self.comparison](number, self.limit)

    def count(self, numbers: Mapping[str, int], rules: Mapping[str, Mapping[str, int]], known: Sequence[str]) -> int:
        """The number that it is about.

        Args:
            numbers: those of the cleaning.
            rules: rule -> what it did -> to how many rows.
            known: all rules of the table.

        Raises:
            UserError: there is no such number or rule.
        """
        is_rule = self.name in known or self.name in rules
        if self.name in numbers and not (self.is_quoted and is_rule):
            return numbers[self.name]
        if not is_rule:
            raise UserError(
                f"{self.text}: there is no rule {self.name}; {nearest_names(self.name, [*numbers, *known])}"
            )
        return sum(rules.get(self.name, {}).values())


@dataclass(frozen=True)
class Checked:
    """What a check found.

    Args:
        summary: where the rows ended.
        flagged: how many clean rows have a flag.
        repaired: how many clean rows have a changed cell.
        failed: the conditions on which it failed, each as a sentence.
    """

    summary: Summary
    flagged: int
    repaired: int
    failed: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether no condition is met."""
        return not self.failed

    @property
    def numbers(self) -> dict[str, int]:
        """The numbers that conditions can name."""
        return _numbers(self.summary, self.flagged, self.repaired)

    def as_json(self) -> dict[str, object]:
        """All of it, as data that JSON can hold."""
        numbers, rows = self.numbers, self.summary.rows
        return {
            "table": self.summary.table,
            "ok": self.ok,
            **{name: count for name, count in numbers.items() if name != "not_read"},
            "shares": {
                name: count / rows if rows else None for name, count in numbers.items() if name not in _WITHOUT_SHARE
            },
            "rules": _by_rule(self.summary),
            "not_read": self.summary.not_read,
            "failed": list(self.failed),
        }


def check_cleaned(cleaned: Cleaned, conditions: Sequence[Condition]) -> Checked:
    """Compares the numbers of a cleaning with conditions.

    Raises:
        UserError: a condition names neither a number nor a rule of the table.
    """
    summary, rules = cleaned.summary, _by_rule(cleaned.summary)
    flagged, repaired = _height(cleaned.flags), _height(cleaned.ledger)
    numbers = _numbers(summary, flagged, repaired)
    failed = []
    for condition in conditions:
        count = condition.count(numbers, rules, list(summary.reasons))
        if condition.is_met(count, summary.rows):
            failed.append(
                f"The check fails because {condition.text}: {_described(condition.name, count, summary.rows)}."
            )
    return Checked(summary, flagged, repaired, tuple(failed))


def _described(name: str, count: int, rows: int) -> str:
    """A number, in words."""
    if name in _WITHOUT_SHARE:
        return f"{count:,} {'row' if name == 'rows' else 'file'}{'' if count == 1 else 's'}"
    return f"{count:,} of {rows:,} rows" + (f" ({100 * count / rows:.4g}%)" if rows else "")


def _numbers(summary: Summary, flagged: int, repaired: int) -> dict[str, int]:
    counts = (summary.rows, *summary.fates.values(), flagged, repaired, len(summary.not_read))
    return dict(zip(NUMBERS, counts, strict=True))


def _by_rule(summary: Summary) -> dict[str, dict[str, int]]:
    """Rule -> what it did -> to how many rows."""
    done: dict[str, dict[str, int]] = {}
    for what, counts in (("quarantine", summary.failed), ("repaired", summary.repaired), ("flagged", summary.flagged)):
        for rule, count in counts.items():
            done.setdefault(rule, {})[what] = count
    return done


def _height(lines: pl.LazyFrame) -> int:
    """How many rows these lines are about."""
    counted = lines.select("source", "record").unique().select(pl.len()).collect(engine="streaming")
    return int(counted.item())
