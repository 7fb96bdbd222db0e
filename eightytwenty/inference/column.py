"""What a column is, as a table declares it, and the evidence for that."""

from collections import Counter
from dataclasses import dataclass, replace

import polars as pl

from eightytwenty.engine.confidence import confidence
from eightytwenty.engine.repair import ALWAYS, repair_cell
from eightytwenty.inference.kind import Choice, choose_kind
from eightytwenty.inference.missing import usual_mark
from eightytwenty.inference.pattern import find_pattern
from eightytwenty.inference.ranges import find_range
from eightytwenty.inference.values import Values
from eightytwenty.inference.variants import find_variants
from eightytwenty.kinds import find_kind
from eightytwenty.kinds.integer import THOUSANDS
from eightytwenty.kinds.number_format import has_two_readings
from eightytwenty.kinds.number_notation import ACCOUNTING_SIGN, UNIT
from eightytwenty.kinds.number_parts import number_parts
from eightytwenty.schema import Column, Respell

PLAIN = Column("column", "text", nullable=True, action="flag")  # of which nothing more is known
KEPT = ("name", "required", "nullable", "missing", "blank")  # of a column whose kind is stated
EXAMPLES = 3
_LONGEST_EXAMPLE = 40  # characters
# Cells, and the share of the cells, that make a notation: slips of the pen are fewer, and each is another one.
_FEWEST, _SLIPS, _SLIPS_OF_DIGITS = 3, 0.01, 0.1
# Right only if whoever wrote the cell had another order in mind, or if the other times of the column are in UTC.
_GUESSES = {"day and month swapped", "offset from UTC"}


@dataclass(frozen=True)
class ColumnEvidence:
    """What a column was seen to be, in a sample of n rows.

    Args:
        kind: of the column.
        share: of the rows with a value that belong to the kind.
        others: kinds that some of the values belong to -> the share of the rows with a value.
        doubt: why its values may mean something else, empty if they cannot.
        rows: n.
        missing: how many of them have no value, or a mark of a missing one.
        marks: marks of missing values -> how often each occurs.
        distinct: how many different values there are.
        low, high: the smallest and the largest value of numbers, dates and times, in plain form.
        examples: the most frequent values.
    """

    kind: str
    share: float
    others: dict[str, float]
    doubt: str
    rows: int
    missing: int
    marks: dict[str, int]
    distinct: int
    low: str | None
    high: str | None
    examples: tuple[str, ...]

    @property
    def is_unique(self) -> bool:
        """Whether no value occurs twice."""
        return self.distinct == self.rows - self.missing


def infer_column(
    name: str, values: Values, *, required: bool = True, decimal_mark: str = ""
) -> tuple[Column, tuple[Respell, ...], ColumnEvidence]:
    """Finds out what a column is, which of its values are other ones, and why.

    Args:
        name: of the column, which may say what its digits are.
        values: of its cells, without space around them.
        required: whether all files have it.
        decimal_mark: before fractions in the other columns of the table, empty if they do not tell.
    """
    choice = choose_kind(values, name, decimal_mark=decimal_mark)
    blank = usual_mark(values, choice.marks, is_text=choice.kind.is_text)
    marks = tuple(mark for mark in choice.marks if mark != blank)
    form = find_kind(choice.kind.name, choice.form.format)
    column = replace(
        PLAIN,
        name=name,
        kind=choice.kind.name,
        required=required,
        missing=marks if marks or (choice.kind.is_text and choice.weak) else None,
        format=choice.form.format,
        blank=blank,
        unit=choice.form.unit if choice.kind.name == "quantity" else "",
        pattern=find_pattern(choice.values) if choice.kind.name == "code" else "",
        range=find_range(choice.values, form),
    )
    if not form.is_text or form.repairs:
        column = replace(column, repair=_usual_repairs(column, choice.values))
    return column, _respells(column, choice.values), _evidence(values, choice, column, values.rows)


def _respells(column: Column, values: Values) -> tuple[Respell, ...]:
    """The rules for values that are other ones."""
    return tuple(
        Respell(
            tuple(sorted(meant.items())),
            column.name,
            way.reason,
            f"{way.name} ({column.name})",
            confidence=confidence(way.name),
        )
        for way, meant in (find_variants(values) if column.form.is_text else {}).items()
    )


def _usual_repairs(column: Column, values: Values) -> tuple[str, ...]:
    """The repairs that so many cells need that these are no slips; the others only propose.

    `2022/10/1` is a notation if many cells have it; alone among dates with zeros, it may as well be `2022/10/11`. A
    slip that leaves all digits in place is rarer than one that drops a digit, or doubles it.
    """
    counts, digits = Counter[str](), Counter[str]()
    is_irregular = column.form.parse(values.cells).is_null()
    irregular = values.where(is_irregular)
    is_number = number_parts(values.cells)["number"].is_not_null().filter(is_irregular)
    guesses = set(_GUESSES) if column.unit else {*_GUESSES, UNIT.name}
    for cell, count, readable in zip(irregular.cells, irregular.counts, is_number, strict=True):
        rules, after = repair_cell(cell, column)
        for rule in rules:
            if (rule == THOUSANDS and has_two_readings(cell)) or (rule == ACCOUNTING_SIGN.name and not readable):
                guesses.add(rule)
            counts[rule] += count
            digits[rule] += count * (_digits(cell) != _digits(after or ""))
    return tuple(
        rule
        for rule, count in sorted(counts.items())
        if rule not in ALWAYS
        and rule not in guesses
        and count >= max(_FEWEST, (_SLIPS_OF_DIGITS if 2 * digits[rule] > count else _SLIPS) * values.total)
    )


def _digits(cell: str) -> str:
    return "".join(filter(str.isdecimal, cell))


def _evidence(values: Values, choice: Choice, column: Column, rows: int) -> ColumnEvidence:
    counts = dict(zip(values.cells, values.counts, strict=True)) if choice.marks else {}
    low, high = _ends(choice, column)
    return ColumnEvidence(
        kind=choice.kind.name,
        share=choice.share,
        others=choice.others,
        doubt=choice.form.doubt,
        rows=rows,
        missing=rows - choice.values.total,
        marks={mark: counts[mark] for mark in choice.marks},
        distinct=len(choice.values),
        low=low,
        high=high,
        examples=tuple(cell[:_LONGEST_EXAMPLE] for cell in choice.values.cells.head(EXAMPLES)),
    )


def _ends(choice: Choice, column: Column) -> tuple[str | None, str | None]:
    """The smallest and the largest value, as the column writes it."""
    form = column.form
    if form.is_text or form.dtype == pl.Boolean:
        return None, None
    read = pl.DataFrame({"cell": choice.values.cells, "value": form.parse(choice.values.cells)}).drop_nulls()
    if read.is_empty():
        return None, None
    read = read.sort("value", "cell")
    return read["cell"][0], read["cell"][-1]
