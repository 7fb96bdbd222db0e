"""Cells that hold their own value and that of an empty neighbour: `Portland OR` beside nothing."""

import itertools
import math
from typing import Literal

import polars as pl

from eightytwenty.engine.confidence import DEFAULT
from eightytwenty.inference.values import Values
from eightytwenty.mined_rules import Spill

Position = Literal["end", "start"]
_POSITIONS: tuple[Position, ...] = ("end", "start")
_FEWEST = 3  # such cells: two may be names that happen to end so
_OFTEN = 0.2  # of the rows without the neighbour's value
_TIMES = 10  # as often as in rows with it
_MOST_WORDS = 3  # of the neighbour's value, such as `New South Wales`
# Cells that are looked at first: where fewer than half as many as needed are spilled in so many, chance does not make
# as many as needed in all.
_FIRST = 1_000
_KNOWN = math.log(10)  # for what is left being a value of other rows, and against it
_MOST_CERTAIN = 0.9999  # share of the cells of a rule that hold two values: more is not known of any
_BETWEEN = r"(?:\s+|\s*[,;/|]\s*)"
SPILLED = pl.Schema(
    {
        "row": pl.Int64,
        **dict.fromkeys(("column", "cell", "proposal", "rule", "reason"), pl.String),
        "log_odds": pl.Float64,
    }
)


def find_spills(cells: pl.DataFrame) -> list[Spill]:
    """Finds the columns the cells of which hold values of the columns beside them.

    Args:
        cells: n rows of String, null where missing, in an order that says nothing of them.
    """
    adjacent = list(itertools.pairwise(cells.columns))
    found = [
        _spill(cells[column], cells[neighbour], position)
        for column, neighbour in (*adjacent, *((right, left) for left, right in adjacent))
        if cells[neighbour].null_count() >= _FEWEST
        for position in _POSITIONS
    ]
    return [spill for spill in found if spill]


def _spill(column: pl.Series, neighbour: pl.Series, position: Position) -> Spill | None:
    filled = column.is_not_null()
    is_full, is_empty = filled & neighbour.is_not_null(), filled & neighbour.is_null()
    domain = neighbour.drop_nulls().unique()
    full, empty = Values.of(column.filter(is_full)), column.filter(is_empty)
    if not full.total or len(empty) < _FEWEST:
        return None
    if _looking_so(Values.of(empty[:_FIRST]), domain, position) < _OFTEN / 2 * len(empty[:_FIRST]):
        return None
    own = _looking_so(Values.of(empty), domain, position)
    if own < max(_FEWEST, _OFTEN * len(empty)):
        return None
    odds = own / len(empty) * (full.total + 1) / (_looking_so(full, domain, position) + 1)
    if odds < _TIMES:
        return None
    where = "begins" if position == "start" else "ends"
    holds = round(odds / (1 + odds), 4)
    return Spill(
        column.name,
        neighbour.name,
        position,
        holds,
        f"{column.name} {where} with a value of {neighbour.name} in {own:,} of {len(empty):,} rows in which that is "
        f"missing, and hardly ever in others",
        action="repair" if holds >= DEFAULT else "flag",
    )


def _looking_so(values: Values, domain: pl.Series, position: Position) -> int:
    """How many rows have a cell with a value of the domain at one end."""
    return int(values.counts.filter(_split(values.cells, domain, position)["value"].is_not_null()).sum())


def spilled(rule: Spill, texts: pl.DataFrame, known: pl.Series, domain: pl.Series) -> pl.DataFrame:
    """What the cells of both columns would be: two lines for each row with a spilled cell.

    Args:
        rule: says which columns.
        texts: n rows of String, null where missing.
        known: String, the values of the column.
        domain: String, those of the column into which they belong.

    Returns:
        `SPILLED`, with the log odds that both proposals are right.
    """
    rows = texts.select(row=pl.int_range(pl.len()), cell=pl.col(rule.spill))
    rows = rows.filter(texts[rule.spill].is_not_null() & texts[rule.into].is_null())
    parts = _split(rows["cell"].unique(), domain, rule.position).drop_nulls("value")
    rows = rows.join(parts, on="cell", maintain_order="left")
    certain = min(rule.holds, _MOST_CERTAIN)
    is_known = pl.col("rest").is_in(known.implode())
    rows = rows.with_columns(
        log_odds=math.log(certain / (1 - certain)) + pl.when(is_known).then(_KNOWN).otherwise(-_KNOWN),
        rule=pl.lit(rule.name),
        reason=pl.lit(rule.reason),
    )
    lines = [
        rows.with_columns(column=pl.lit(rule.spill), proposal="rest"),
        rows.with_columns(column=pl.lit(rule.into), proposal="value", cell=pl.lit(None, pl.String)),
    ]
    return pl.concat([line.select(list(SPILLED)).cast(SPILLED) for line in lines]).sort("row", maintain_order=True)


def with_spills(verdicts: pl.DataFrame, spills: pl.DataFrame) -> pl.DataFrame:
    """Verdicts, with those on spilled cells in the places of others, unless something speaks more strongly for another.

    Args:
        verdicts: at most one for each row and column.
        spills: with the same columns, two for each row and rule.

    Returns:
        at most one for each row and column; of each row and rule of `spills`, both or none.
    """
    spills = spills.sort("confidence", "rule", descending=[True, False])
    cell, pair = ["row", "column"], ["row", "rule"]
    others = verdicts.select(*cell, other="proposal", most="confidence")
    is_other = pl.col("other").is_not_null() & (pl.col("other") != pl.col("proposal"))
    is_beaten = (is_other & (pl.col("most") > pl.col("confidence"))).fill_null(value=False)
    is_second = ~pl.struct(cell).is_first_distinct()  # of two spills on one cell
    joined = spills.join(others, on=cell, how="left", maintain_order="left").with_columns(is_out=is_beaten | is_second)
    kept = joined.filter(~pl.col("is_out").any().over(pair)).select(verdicts.columns)
    return pl.concat([verdicts.join(kept, on=cell, how="anti"), kept]).sort(cell)


def _split(cells: pl.Series, domain: pl.Series, position: Position) -> pl.DataFrame:
    """(n,) the cells, and the rest and the value of those with a value of the domain at one end; null for others."""
    nothing = pl.repeat(None, len(cells), dtype=pl.String, eager=True)
    found = pl.DataFrame({"cell": cells, "rest": nothing, "value": nothing})
    words_of_values = domain.str.count_matches(r"\S+").max()
    most_words = min(_MOST_WORDS, int(words_of_values)) if isinstance(words_of_values, int) else 0
    for words in range(most_words, 0, -1):  # the longest value first
        value = r"(?P<value>[^\s,;/|]+(?:\s+[^\s,;/|]+){" + str(words - 1) + "})"
        parts = (r"^(?P<rest>.*\S)", value + "$") if position == "end" else ("^" + value, r"(?P<rest>\S.*)$")
        split = found.select(pl.col("cell").str.extract_groups(_BETWEEN.join(parts)).alias("parts")).unnest("parts")
        split = split.with_columns(pl.col("rest").str.strip_chars(" ,;/|"))
        is_value = split["value"].is_in(domain.implode()) & found["value"].is_null() & (split["rest"] != "")
        is_value = is_value.fill_null(value=False)
        found = found.with_columns(
            found[name].zip_with(~is_value, split[name]).alias(name) for name in ("rest", "value")
        )
    return found
