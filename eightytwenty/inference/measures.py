"""Columns of numbers, dates and times as plain numbers, so that those of a row can be compared and computed with."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.schema import Column

Floats = npt.NDArray[np.float64]

MOST_ROWS = 2_000  # in which relations are looked for; those that are found are counted in all
DAY, MOMENT, TIME, DURATION, NUMBER = "day", "moment", "time", "duration", "number"
_PLAIN_NAME = re.compile(r'"([^\W\d]\w*)"')
_FAMILIES = {pl.Date: DAY, pl.Datetime: MOMENT, pl.Time: TIME, pl.Duration: DURATION}
_EXACT = 1e-9  # what a binary fraction may lie beside the decimal one that was written
_MOST_DECIMALS = 9  # so many digits after the point are no rounding that anyone sees
_AS_WRITTEN = 0.99  # of the values; a slip may add digits to one


@dataclass(frozen=True)
class Measure:
    """A column of n numbers, dates or times.

    Args:
        name: of the column.
        family: what it can be compared with.
        unit: of its numbers.
        numbers: (n,) NaN where there is none; dates and times in microseconds.
        decimals: digits after the point that its numbers are rounded to.
        is_exact: whether these are all its digits.
    """

    name: str
    family: str
    unit: str
    numbers: Floats
    decimals: int = 0
    is_exact: bool = True

    @property
    def distinct(self) -> int:
        """How many different values there are."""
        return int(np.unique(self.numbers[~np.isnan(self.numbers)]).size)


@np.errstate(over="ignore", invalid="ignore")  # large numbers times a power of ten may be beyond all
def find_measures(values: pl.DataFrame, columns: Mapping[str, Column]) -> list[Measure]:
    """The columns that can be computed with.

    Args:
        values: n rows with the types of their kinds.
        columns: what each column is.
    """
    return [
        measure
        for name in values.columns
        if (measure := _measure(values[name], columns[name])) and measure.distinct > 1
    ]


def in_order_of_content(values: pl.DataFrame) -> pl.DataFrame:
    """The rows in an order that depends on what is in them, and not on where they stand.

    The first ones are then a fair sample, and rows that lie apart are as good as shuffled.
    """
    return values[values.hash_rows(seed=1).arg_sort()]


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def readable(condition: str) -> str:
    """The same condition in SQL with fewer quotes, if it still is the same."""
    plain = _PLAIN_NAME.sub(r"\1", condition)
    try:
        is_same = pl.sql_expr(plain).meta == pl.sql_expr(condition).meta
    except pl.exceptions.PolarsError:
        return condition
    return plain if is_same else condition


def _measure(values: pl.Series, column: Column) -> Measure | None:
    dtype = values.dtype
    if dtype.is_numeric():
        numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        numbers = np.where(np.isfinite(numbers), numbers, np.nan)
        unit = column.unit or ("%" if column.kind == "percentage" else "")
        decimals = _decimals(numbers)
        is_exact = dtype != pl.Float64 and decimals < _MOST_DECIMALS
        return Measure(values.name, NUMBER, unit, numbers, decimals, is_exact)
    family = _FAMILIES.get(dtype.base_type())
    if family is None:
        return None
    times = values.cast(pl.Datetime("us")) if dtype == pl.Date else values
    steps = times.cast(pl.Int64) // (1_000 if dtype == pl.Time else 1)  # polars counts times of day in nanoseconds
    return Measure(values.name, family, "", steps.cast(pl.Float64).fill_null(float("nan")).to_numpy())


def _decimals(numbers: Floats) -> int:
    different = np.unique(numbers[~np.isnan(numbers) & (numbers != 0)])
    if not different.size:
        return 0
    for decimals in range(_MOST_DECIMALS):
        scaled = different * 10.0**decimals
        if np.mean(np.abs(scaled - np.rint(scaled)) <= _EXACT * np.maximum(1, np.abs(scaled))) >= _AS_WRITTEN:
            return decimals
    return _MOST_DECIMALS
