"""How one column may be computed from others: in numbers, in words and in SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eightytwenty.inference.measures import DAY, DURATION, MOMENT, NUMBER, TIME, Floats

Mask = npt.NDArray[np.bool_]
_MICROSECONDS = {"seconds": 10**6, "minutes": 60 * 10**6, "hours": 3_600 * 10**6, "days": 86_400 * 10**6}
_TICKS = {DAY: 1, MOMENT: 1, TIME: 1_000}  # that make a microsecond, in SQL


@dataclass(frozen=True)
class Formula:
    """A way to compute a column from its terms.

    Args:
        compute: the numbers of the terms, of one shape -> those of the result.
        tells: the same -> where the formula is no truism, as a sum with zero is.
        words: the names of the terms -> the formula for people.
        sql: the quoted names of the terms -> the formula in SQL.
        mark: of an equation of numbers that can be solved for any of them; empty if there is none.
    """

    compute: Callable[[Sequence[Floats]], Floats]
    tells: Callable[[Sequence[Floats]], Mask]
    words: Callable[[Sequence[str]], str]
    sql: Callable[[Sequence[str]], str]
    mark: str = ""


def ratio(factor: int) -> Formula:
    """The first term by the second; times 100 for percent, times 1,000 for per mille, and so on."""
    times = f"{factor:,} * " if factor > 1 else ""
    return Formula(
        lambda terms: factor * terms[0] / np.where(terms[1] == 0, np.nan, terms[1]),
        lambda terms: (terms[0] != 0) & (terms[1] != 0) & (terms[1] != factor) & (terms[0] != terms[1]),
        lambda names: f"{times}{names[0]} / {names[1]}",
        lambda names: f"{times.replace(',', '')}CAST({names[0]} AS DOUBLE) / NULLIF(CAST({names[1]} AS DOUBLE), 0)",
    )


def span(family: str, unit: str = "") -> Formula:
    """The time from the first term to the second.

    Args:
        family: of the terms, days, moments or times of day.
        unit: in which the result counts, such as days; empty if it is a duration.
    """
    size = _MICROSECONDS[unit] if unit else 1
    return Formula(
        lambda terms: (terms[1] - terms[0]) / size,
        lambda terms: terms[0] != terms[1],
        lambda names: f"the {unit or 'time'} from {names[0]} to {names[1]}",
        lambda names: (
            f"CAST({names[1]} - {names[0]} AS BIGINT) / {size * _TICKS[family]}.0"
            if unit
            else f"{names[1]} - {names[0]}"
        ),
    )


def _product(terms: Sequence[Floats]) -> Floats:
    return terms[0] * terms[1]


def _sum(terms: Sequence[Floats]) -> Floats:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _several(terms: Sequence[Floats]) -> Mask:
    counts = np.zeros(np.broadcast(*terms).shape, dtype=np.int64)
    for term in terms:
        counts += term != 0
    return counts > 1


SUM = Formula(_sum, _several, " + ".join, " + ".join, "+")
PRODUCT = Formula(
    _product,
    lambda terms: ~np.isin(terms[0], (0, 1)) & ~np.isin(terms[1], (0, 1)),
    " * ".join,
    " * ".join,
    "*",
)
COPY = Formula(lambda terms: terms[0], lambda terms: ~np.isnan(terms[0]), "".join, "".join, "=")
RATIOS = [ratio(factor) for factor in (1, 100, 1_000, 10_000, 100_000)]
SPANS = {
    (family, result): [span(family, unit) for unit in (_MICROSECONDS if result == NUMBER else ("",))]
    for family in (DAY, MOMENT, TIME)
    for result in (NUMBER, DURATION)
}
