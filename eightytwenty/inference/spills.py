"""Cells that hold their own value and that of an empty neighbour: `Portland OR` beside nothing."""

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import polars as pl

_POSITIONS: tuple[Literal["end", "start"], ...] = ("end", "start")
_FEWEST = 3  # such cells: two may be names that happen to end so
_OFTEN = 0.2  # of the rows without the neighbour's value
_TIMES = 10  # as often as in rows with it
_MOST_WORDS = 3  # of the neighbour's value, such as `New South Wales`
_KNOWN = math.log(10)  # for what is left being a value of other rows, and against it
_BETWEEN = r"(?:\s+|\s*[,;/|]\s*)"


@dataclass(frozen=True)
class Spill:
    """A column some cells of which hold the value of a neighbour, too.

    Args:
        column: the name of the column.
        neighbour: that of the one beside it, in which the value is missing then.
        position: where the value stands in the cell.
        values: of the neighbour, sorted.
        known: values of the column in rows that have both, sorted.
        spilled: rows without the neighbour's value in which a cell has one.
        empty: rows without the neighbour's value.
        share: of the rows with it, those in which a cell looks the same.
    """

    column: str
    neighbour: str
    position: Literal["start", "end"]
    values: tuple[str, ...]
    known: tuple[str, ...]
    spilled: int
    empty: int
    share: float


def find_spills(cells: pl.DataFrame) -> list[Spill]:
    """Finds the columns the cells of which hold values of the columns beside them.

    Args:
        cells: n rows of String, null where missing.
    """
    adjacent = list(itertools.pairwise(cells.columns))
    found = [
        _spill(cells[column], cells[neighbour], position)
        for column, neighbour in (*adjacent, *((right, left) for left, right in adjacent))
        for position in _POSITIONS
    ]
    return [spill for spill in found if spill]


def _spill(column: pl.Series, neighbour: pl.Series, position: Literal["start", "end"]) -> Spill | None:
    filled = column.is_not_null()
    is_full, is_empty = filled & neighbour.is_not_null(), filled & neighbour.is_null()
    domain = neighbour.drop_nulls().unique()
    full, empty = column.filter(is_full), column.filter(is_empty)
    if not len(full) or len(empty) < _FEWEST:
        return None
    own = int(_split(empty, domain, position)["value"].is_not_null().sum())
    if own < max(_FEWEST, _OFTEN * len(empty)):
        return None
    by_chance = (int(_split(full, domain, position)["value"].is_not_null().sum()) + 1) / (len(full) + 1)
    if own / len(empty) < _TIMES * by_chance:
        return None
    known = full.unique().sort()
    return Spill(column.name, neighbour.name, position, tuple(domain.sort()), tuple(known), own, len(empty), by_chance)


def spilled(spill: Spill, cells: pl.DataFrame) -> pl.DataFrame:
    """What the cells of both columns would be: two lines for each row with a spilled cell.

    Args:
        spill: the columns.
        cells: n rows of String, null where missing.

    Returns:
        row, column, proposal, log_odds that it is right, and reason.
    """
    rows = pl.DataFrame({"row": pl.int_range(cells.height, eager=True), "cell": cells[spill.column]})
    rows = rows.filter(cells[spill.column].is_not_null() & cells[spill.neighbour].is_null())
    parts = _split(rows["cell"], pl.Series(spill.values, dtype=pl.String), spill.position)
    rows = pl.concat([rows, parts], how="horizontal").drop_nulls("value")
    odds = math.log(spill.spilled / spill.empty / spill.share)
    is_known = rows["rest"].is_in(list(spill.known))
    where = "begins" if spill.position == "start" else "ends"
    reason = (
        f"{spill.column} {where} with a value of {spill.neighbour} in {spill.spilled:,} of {spill.empty:,} rows "
        f"in which that is missing, and hardly ever in others"
    )
    rows = rows.with_columns(log_odds=odds + pl.when(is_known).then(_KNOWN).otherwise(-_KNOWN), reason=pl.lit(reason))
    lines = [
        rows.select("row", pl.lit(name).alias("column"), pl.col(part).alias("proposal"), "log_odds", "reason")
        for name, part in ((spill.column, "rest"), (spill.neighbour, "value"))
    ]
    return pl.concat(lines).cast({"row": pl.Int64}).sort("row", maintain_order=True)


def _split(cells: pl.Series, domain: pl.Series, position: Literal["start", "end"]) -> pl.DataFrame:
    """(n,) rest and value of the cells that have a value of another column at one end; null for others."""
    found = pl.DataFrame(
        {
            "rest": pl.repeat(None, len(cells), dtype=pl.String, eager=True),
            "value": pl.repeat(None, len(cells), dtype=pl.String, eager=True),
        }
    )
    for words in range(_MOST_WORDS, 0, -1):  # the longest value first
        value = r"(?P<value>[^\s,;/|]+(?:\s+[^\s,;/|]+){" + str(words - 1) + "})"
        parts = (r"^(?P<rest>.*\S)", value + "$") if position == "end" else ("^" + value, r"(?P<rest>\S.*)$")
        split = pl.DataFrame({"cell": cells}).select(
            pl.col("cell").str.extract_groups(_BETWEEN.join(parts)).alias("parts")
        )
        split = split.unnest("parts").with_columns(pl.col("rest").str.strip_chars(" ,;/|"))
        is_value = split["value"].is_in(domain.implode()) & found["value"].is_null() & (split["rest"] != "")
        is_value = is_value.fill_null(value=False)
        found = found.with_columns(
            found[name].zip_with(~is_value, split[name]).alias(name) for name in ("rest", "value")
        )
    return found
