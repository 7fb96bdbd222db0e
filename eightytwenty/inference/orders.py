"""Orders between two columns that hold in nearly all rows, such as `opened <= closed`.

Many columns are ordered only because their values lie apart, as populations and years do, or because both grow with the
size of what a row describes. An order counts if rows that are shuffled would often break it, and if moreover something
speaks of a limit: many values lie close to it while hardly any lies beyond, or the two keep a narrow distance.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from eightytwenty.inference.measures import (
    DAY,
    MOMENT,
    MOST_ROWS,
    NUMBER,
    Floats,
    Measure,
    find_measures,
    in_order_of_content,
    quoted,
    readable,
)
from eightytwenty.schema import Check, Column

_MOST = 10  # orders of a table: more are not read
_BROKEN = 0.01  # of the rows; an order with more exceptions is a habit
_OFTEN = 0.1  # of the times that shuffled rows break an order, actual rows may
_BY_CHANCE = 0.1  # the least share of shuffled rows that break an order of numbers
_BY_CHANCE_OF_TIMES = 0.04  # less for times, which are more seldom on one axis without a reason
_FEWEST = 8  # rows that shuffled rows would break, or that lie close to the limit: a run of heads in coins
_DISTINCT = 10  # numbers; of fewer, many are equal by chance
_MICROSECONDS_OF_DAY = 86_400 * 10**6
_CLOSE = 0.1  # of the larger number, between two that are close to each other
_NARROW = 0.35  # of the deviation of the numbers, that of the distance between them


@dataclass(frozen=True)
class _Order:
    """Two columns of which the first is at most the second, and how many rows less than by chance break that."""

    low: Measure
    high: Measure
    surprise: float

    @property
    def columns(self) -> frozenset[str]:
        return frozenset((self.low.name, self.high.name))


def find_orders(
    values: pl.DataFrame, columns: Mapping[str, Column], related: Collection[frozenset[str]] = ()
) -> list[Check]:
    """Checks that flag rows in which a column exceeds another that it does not exceed elsewhere.

    Args:
        values: n rows with the types of their kinds.
        columns: what each column is.
        related: columns of one equation, between which an order says nothing new.
    """
    tried = find_measures(in_order_of_content(values)[:MOST_ROWS], columns)
    found = [order for low in tried for high in tried if low is not high and (order := _order(low, high))]
    # by its name where two are as surprising
    found = sorted(_not_implied(found), key=lambda order: (-order.surprise, order.low.name, order.high.name))
    found = [order for order in found if not any(order.columns <= names for names in related)][:_MOST]
    return [check for order in found if (check := _check(order, values))]


def _order(low: Measure, high: Measure) -> _Order | None:
    """The order of two columns, if there is one that is no coincidence."""
    is_by_day = {low.family, high.family} == {DAY, MOMENT}
    if (low.family != high.family and not is_by_day) or low.unit != high.unit:
        return None
    both = ~(np.isnan(low.numbers) | np.isnan(high.numbers))
    if low.family == NUMBER:
        both &= (low.numbers != 0) | (high.numbers != 0)  # where there is nothing, nothing is in order
    smaller, larger = low.numbers[both], high.numbers[both]
    if is_by_day:
        smaller, larger = smaller // _MICROSECONDS_OF_DAY, larger // _MICROSECONDS_OF_DAY
    broken, rows = int(np.sum(smaller > larger)), len(smaller)
    if not rows or broken > _BROKEN * rows or np.mean(smaller == larger) > 1 - _BROKEN:
        return None
    by_chance = float(np.searchsorted(np.sort(larger), smaller, side="left").sum()) / rows  # rows that would break it
    least = _BY_CHANCE if low.family == NUMBER else _BY_CHANCE_OF_TIMES
    if by_chance < max(_FEWEST, least * rows) or broken > _OFTEN * by_chance:
        return None
    if low.family == NUMBER:
        # two columns that number the rows keep one distance
        if min(np.unique(numbers).size for numbers in (smaller, larger, larger - smaller)) < _DISTINCT:
            return None
        if not (_has_limit(smaller, larger, broken) or _is_narrow(smaller, larger, broken)):
            return None
    return _Order(low, high, by_chance - broken)


def _has_limit(smaller: Floats, larger: Floats, broken: int) -> bool:
    """Whether many numbers come close to the others, and hardly any exceeds them."""
    distance = larger - smaller
    close = np.sum((distance >= 0) & (distance <= _CLOSE * np.maximum(np.abs(smaller), np.abs(larger))))
    return bool(close >= _FEWEST + broken / _OFTEN)


def _is_narrow(smaller: Floats, larger: Floats, broken: int) -> bool:
    """Whether the distance varies far less than the numbers, as that between the limits of an estimate does."""
    deviation = float(np.std(larger - smaller))
    return not broken and deviation <= _NARROW * min(float(np.std(smaller)), float(np.std(larger)))


def _not_implied(orders: list[_Order]) -> list[_Order]:
    """The orders that do not follow from two others."""
    pairs = {(order.low.name, order.high.name) for order in orders}
    above: dict[str, set[str]] = {}
    for low, high in pairs:
        above.setdefault(low, set()).add(high)
    return [
        order
        for order in orders
        if not any((middle, order.high.name) in pairs for middle in above[order.low.name] - {order.high.name})
    ]


def _check(order: _Order, values: pl.DataFrame) -> Check | None:
    low, high = (values[measure.name] for measure in (order.low, order.high))
    names = [quoted(low.name), quoted(high.name)]
    if order.low.family != order.high.family:
        low, high = low.cast(pl.Date), high.cast(pl.Date)
        names = [f"CAST({name} AS DATE)" for name in names]
    rows, held = int((low.is_not_null() & high.is_not_null()).sum()), int((low <= high).sum())
    if rows - held > _BROKEN * rows:
        return None
    relation = "above" if order.low.family == NUMBER else "longer than" if low.dtype == pl.Duration else "after"
    reason = f"{low.name} is not {relation} {high.name} in {held:,} of {rows:,} rows"
    return Check(readable(f"{names[0]} <= {names[1]}"), reason, action="flag")
