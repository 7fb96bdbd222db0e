"""What a batch of a table is like, column by column, compared with what the schema of the table was inferred from.

`infer` writes evidence/columns.json beside schema.yaml. Four numbers of a column are compared: the share of its cells
without a value, the share of its values that are of its kind, the number of different ones, and the share of those that
lie outside the smallest and the largest one before. Each may differ by what is tolerated, and by what chance explains.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import polars as pl
from pydantic import BaseModel, ConfigDict, Field

from eightytwenty.printable import masked
from eightytwenty.schema import Column, Table
from schemas.expectations import FALSE_ALARM, FEWEST_ROWS, sample_step

# Cells that were spelled in two ways are two values in the evidence, and one in a clean table.
_SPELLINGS = 2
_ENDS_BEYOND = 2  # of n + 1 values, the smallest and the largest are expected beyond the ends of n others (Wilks 1941)


class ColumnSeen(BaseModel):
    """What a column was seen to be; `eightytwenty.inference.column.ColumnEvidence` explains the numbers."""

    model_config = ConfigDict(frozen=True)

    rows: int = Field(ge=0)
    missing: int = Field(ge=0)
    share: float = Field(ge=0, le=1)
    distinct: int = Field(ge=0)
    low: str | None = None
    high: str | None = None

    @property
    def filled(self) -> int:
        """The number of cells with a value."""
        return max(0, self.rows - self.missing)


class Evidence(BaseModel):
    """The evidence beside a schema: column -> what it was seen to be."""

    model_config = ConfigDict(frozen=True)

    columns: dict[str, ColumnSeen]


@dataclass(frozen=True)
class Statement:
    """One number of a column, and between which limits the evidence expects it.

    Attributes:
        column: its name.
        now: the number in words, such as "12 % missing".
        before: the same of the evidence, such as "1 %".
        value: the number.
        low, high: the limits.
        is_share: whether it lies between 0 and 1; it is a count otherwise.
    """

    column: str
    now: str
    before: str
    value: float
    low: float
    high: float
    is_share: bool = True

    @property
    def limits(self) -> str:
        """The limits in words."""
        low, high = (percent(end) if self.is_share else f"{end:,.0f}" for end in (self.low, self.high))
        return f"{low} to {high}"

    @property
    def is_met(self) -> bool:
        """Whether the number lies between the limits."""
        return self.low <= self.value <= self.high

    @property
    def sentence(self) -> str:
        """Both in words, such as "city: 12 % missing, 1 % before"."""
        return f"{self.column}: {self.now}, {self.before} before"


def compare_with_evidence(
    table: Table,
    evidence: Evidence,
    clean: pl.LazyFrame,
    flags: pl.LazyFrame,
    *,
    most_drift: float,
    mask: bool = False,
) -> list[Statement]:
    """Compares clean rows with the evidence for their table.

    Args:
        table: what the rows are.
        evidence: for the table.
        clean: the rows.
        flags: what is doubtful in them; a cell that is none of its column's kind is missing in `clean`.
        most_drift: by how much a share may differ, from 0 to 1, beyond what chance explains.
        mask: whether the digits of values in the words are hidden.

    Returns:
        The statements on the columns of which there is evidence; none if there are fewer than `FEWEST_ROWS` rows now,
        or were then.
    """
    rows, names = int(clean.select(pl.len()).collect().item()), clean.collect_schema().names()
    doubts = flags.group_by("column", "rule").len().collect().rows()
    faults = {(column, rule): count for column, rule, count in doubts}
    step, statements = sample_step(rows), list[Statement]()
    for column in table.columns:
        seen = evidence.columns.get(column.name)
        if seen is None or column.name not in names or min(rows, seen.rows) < FEWEST_ROWS:
            continue
        values = clean.select(pl.col(column.name).drop_nulls())
        of_kind = int(values.select(pl.len()).collect(engine="streaming").item())
        filled = of_kind + faults.get((column.name, column.form.fault), 0)
        limits = _Limits(seen, filled, most_drift)
        statements.append(_share(column, "missing", 1 - filled / rows, seen.missing / seen.rows, *limits.of_rows(rows)))
        if not filled or not seen.filled:
            continue
        low = limits.of_values(seen.share)[0]
        statements.append(_share(column, f"of the kind {column.kind}", of_kind / filled, seen.share, low, 1.0))
        if of_kind:
            statements.append(_different(column, seen, values.gather_every(step)))
            statements += _outside(column, seen, values, limits, mask=mask)
    return statements


@dataclass(frozen=True)
class _Limits:
    """By how much a share may differ from the evidence for a column.

    Attributes:
        seen: the evidence.
        filled: cells with a value now.
        most_drift: as in `compare_with_evidence`.
    """

    seen: ColumnSeen
    filled: int
    most_drift: float

    def of_rows(self, rows: int) -> tuple[float, float]:
        """The limits of the share of cells without a value."""
        return self._around(self.seen.missing / self.seen.rows, self.seen.rows, rows)

    def of_values(self, share: float) -> tuple[float, float]:
        """The limits of a share of the values."""
        return self._around(share, self.seen.filled, self.filled)

    def _around(self, share: float, old: int, new: int) -> tuple[float, float]:
        # a case and its opposite are added, so that what never happened is not taken for impossible (Laplace)
        likely = (share * old + 1) / (old + 2)
        room = self.most_drift + _deviations() * math.sqrt(likely * (1 - likely) * (1 / old + 1 / new))
        return max(0.0, share - room), min(1.0, share + room)


@cache
def _deviations() -> float:
    """The standard deviations that honest rows exceed in one case of 1 / `FALSE_ALARM`."""
    from scipy import stats

    return float(stats.norm.isf(FALSE_ALARM / 2))


def _share(column: Column, what: str, now: float, before: float, low: float, high: float) -> Statement:
    return Statement(column.name, f"{percent(now)} {what}", percent(before), now, low, high)


def _different(column: Column, seen: ColumnSeen, values: pl.LazyFrame) -> Statement:
    """The number of different values.

    It grows with the number of rows, but never faster: a part of the rows has at least this part of the values. The
    variance of such a number is at most its mean.
    """
    count, distinct = values.select(pl.len(), pl.all().n_unique().alias("distinct")).collect(engine="streaming").row(0)
    ratio = count / seen.filled
    least, most = min(1.0, ratio) * seen.distinct / _SPELLINGS, max(1.0, ratio) * seen.distinct
    rooms = [_deviations() * math.sqrt(bound + seen.distinct) for bound in (least, most)]
    low, high = max(1.0, least - rooms[0]), most + rooms[1]
    return Statement(
        column.name,
        f"{distinct:,} different value{'s' if distinct > 1 else ''}",
        f"{seen.distinct:,}",
        distinct,
        low,
        high,
        is_share=False,
    )


def _outside(
    column: Column, seen: ColumnSeen, values: pl.LazyFrame, limits: _Limits, *, mask: bool
) -> Iterator[Statement]:
    """The share of the values beyond the ends of the range, where there is an order and the ends are known."""
    dtype = column.form.dtype
    if seen.low is None or seen.high is None or not (dtype.is_numeric() or dtype.is_temporal()):
        return
    if masked(seen.low) == seen.low and masked(seen.high) == seen.high:  # they were hidden when they were written
        return
    low, high = column.form.parse(pl.Series([seen.low, seen.high], dtype=pl.String))
    if low is None or high is None:  # a person has changed the kind or the format
        return
    value = pl.col(column.name)
    goes_on = dtype in (pl.Date, pl.Datetime) or (dtype.is_integer() and seen.distinct == seen.filled)
    beyond = (value < low) if goes_on else (value < low) | (value > high)  # days and numbers of records go on
    numbers = values.select(beyond.mean(), value.min().alias("min"), value.max().alias("max"))
    share, least, most = numbers.collect(engine="streaming").row(0)
    ends = [seen.low, seen.high, _plain(least), _plain(most)]
    old_low, old_high, new_low, new_high = map(masked, ends) if mask else ends
    words = f"{percent(share)} outside of {old_low} to {old_high} (now {new_low} to {new_high})"
    limit = limits.of_values(_ENDS_BEYOND / (seen.filled + 1))[1]
    yield Statement(column.name, words, "none", share, 0.0, limit)


def _plain(value: object) -> str:
    return f"{float(value):.10g}" if hasattr(value, "__float__") else str(value)


def percent(share: float) -> str:
    """A share for people.

    >>> percent(0.1234), percent(0), percent(0.0004)
    ('12 %', '0 %', '0.04 %')
    """
    points = 100 * share
    return f"{points:.0f} %" if points >= 10 or not points else f"{points:.2g} %"
