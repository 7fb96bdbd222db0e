"""Columns nearly all of whose cells have a value of their own, such as ids, and the values that come again in them.

Numbers come again by chance. How often they would, show their neighbours: where many numbers lie close together, two
of them fall on each other. A column that has far fewer repeats numbers its rows; in one that has far more, what comes
again was copied.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from eightytwenty.inference.groups import Floats
from eightytwenty.inference.values import Values
from eightytwenty.kinds import find_kind
from eightytwenty.mined_rules import Once

_FEWEST = 20  # cells; of fewer, most columns have hardly a value twice
_MOST = 0.15  # of the cells have a value that comes again
_MOST_OF_OTHERS = 0.25  # the same, of the columns by which two rows are seen to be one thing
_SAME_THING = 0.5  # of the other columns that hardly repeat, in which two rows of one thing agree
_KINDS = {"code", "uuid", "email"}  # that are not given twice; names, places and phones are
_HAVE_DIGITS, _HAVE_SPACES = 0.8, 0.05  # of the values of a text column that is one of codes
_BY_CHANCE = math.log(0.01)  # of so many or so few repeats
_NEIGHBOURS = 5  # numbers on either side by which it is counted how close they lie
_MOST_DECIMALS = 12  # of a number in 64 bits


@dataclass(frozen=True)
class Repeats:
    """The values of a column that come again in different rows.

    Args:
        values: these alone.
        alone: share of the cells with a value that have one of their own.
    """

    values: Values
    alone: float

    @classmethod
    def of(cls, distinct: pl.DataFrame, name: str) -> "Repeats":
        """The repeats of a column.

        Args:
            distinct: the different rows of the table; equal ones are copies.
            name: of the column.
        """
        values = Values.of(distinct[name])
        return cls(values.where(values.counts > 1), values.share(values.counts == 1))


def find_once(texts: pl.DataFrame, forms: Mapping[str, tuple[str, str]]) -> list[Once]:
    """The columns in which hardly a value comes again, though some do.

    Args:
        texts: (n, columns) String, all rows of the table.
        forms: column -> the kind and the format of its values.
    """
    counted = {name: Values.of(texts[name]) for name in texts.columns}
    others = [name for name, values in counted.items() if _hardly_repeats(values, _MOST_OF_OTHERS)]
    likely = [
        name
        for name in others
        if _hardly_repeats(counted[name], _MOST)
        and len(counted[name]) < counted[name].total
        and _given_once(counted[name], *forms[name])
    ]
    if not likely:
        return []
    distinct = texts.unique(maintain_order=True)
    found = []
    for name in likely:
        repeats = Repeats.of(distinct, name)
        if len(repeats.values) and not _come_again(distinct, name, [other for other in others if other != name]):
            found.append(Once(name, round(repeats.alone, 3)))
    return found


def repeated(repeats: Repeats, texts: pl.Series) -> pl.DataFrame:
    """The cells whose values come again.

    Args:
        repeats: of their column.
        texts: (n,) String, cells.

    Returns:
        One line for each: row, cell, and reason.
    """
    share = f"{repeats.alone:.1%}"
    lines = pl.DataFrame({"cell": repeats.values.cells, "count": repeats.values.counts}).select(
        "cell",
        reason=pl.format("{} rows have {}, and {} of all rows a value of their own", "count", "cell", pl.lit(share)),
    )
    rows = pl.DataFrame({"cell": texts}).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    return rows.join(lines, on="cell", maintain_order="left").select("row", "cell", "reason")


def _come_again(distinct: pl.DataFrame, name: str, others: list[str]) -> bool:
    """Whether most rows with the same value in a column tell of one thing, for they agree in others that hardly repeat.

    Args:
        distinct: (n, columns) String, the different rows of a table.
        name: of the column.
        others: columns that hardly repeat.
    """
    if not others:
        return False
    rows = distinct.select(pl.col(name).alias("value"), *others).filter(pl.col("value").is_not_null())
    first = rows.group_by("value", maintain_order=True).first()
    again = rows.filter(~pl.col("value").is_first_distinct())
    both = again.select("value").join(first, on="value", maintain_order="left").select(others)
    again = again.select(others)
    agree = pl.DataFrame({other: (again[other] == both[other]).fill_null(value=False) for other in others})
    told = pl.DataFrame({other: again[other].is_not_null() | both[other].is_not_null() for other in others})
    share = agree.sum_horizontal() / told.sum_horizontal().clip(lower_bound=1)
    return float((share >= _SAME_THING).mean()) > _SAME_THING  # type: ignore[arg-type]


def _hardly_repeats(values: Values, most: float) -> bool:
    return values.total >= _FEWEST and values.share(values.counts > 1) <= most


def _given_once(values: Values, kind: str, format_: str) -> bool:
    """Whether a value that comes again is a wonder, by what the values are."""
    if kind in _KINDS:
        return True
    if kind in {"text", "category"}:
        have_digits, have_spaces = (float(values.cells.str.contains(what).mean()) for what in (r"\d", r"\s"))  # type: ignore[arg-type]
        return have_digits >= _HAVE_DIGITS and have_spaces <= _HAVE_SPACES
    parsed = find_kind(kind, format_).parse(values.cells)
    return parsed.dtype.is_numeric() and _is_no_chance(parsed, values.counts)


def _is_no_chance(numbers: pl.Series, counts: pl.Series) -> bool:
    """Whether far more, or far fewer numbers come again than would by chance.

    Args:
        numbers: (d,) the different values of a column; null where there is no number.
        counts: (d,) how often each occurs.
    """
    repeats = int((counts > 1).filter(numbers.is_not_null()).sum())
    different = np.unique(numbers.drop_nulls().to_numpy().astype(float))
    if len(different) < _FEWEST:
        return False
    by_chance = float((1 - np.exp(-_expected_others(different))).sum()) / 2  # two cells make one repeat
    return _log_chance_of(repeats, by_chance) < _BY_CHANCE


def _expected_others(numbers: Floats) -> Floats:
    """(d,) how many of the other numbers would be the same as each if they fell anywhere between its neighbours.

    >>> _expected_others(np.arange(30.0))[:2], _expected_others(np.linspace(0, 2900, 30))[:2]
    (array([1., 1.]), array([0.01, 0.01]))
    """
    step = 10.0 ** -_decimals(numbers)
    places = np.arange(len(numbers))
    low, high = np.maximum(places - _NEIGHBOURS, 0), np.minimum(places + _NEIGHBOURS, len(numbers) - 1)
    steps = np.maximum((numbers[high] - numbers[low]) / step, 1)
    return np.minimum((high - low) / steps, 1)


def _decimals(numbers: Floats) -> int:
    """How many decimals numbers have, at most."""
    finite = numbers[np.isfinite(numbers)]
    for decimals in range(_MOST_DECIMALS):
        if np.array_equal(np.round(finite, decimals), finite):
            return decimals
    return _MOST_DECIMALS


def _log_chance_of(found: int, expected: float) -> float:
    """The most that the log of the probability of so many, or of more or fewer, can be (Chernoff's bound of Poisson's).

    >>> round(_log_chance_of(0, 5.0), 3), _log_chance_of(5, 5.0), _log_chance_of(1, 0.0)
    (-5.0, 0.0, -inf)
    """
    if not expected:
        return -math.inf if found else 0.0
    return found - expected - (found * math.log(found / expected) if found else 0.0)
