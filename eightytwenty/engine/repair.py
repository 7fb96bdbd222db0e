"""Repairs the cells of a column, and only those that are not in plain form."""

import re
from dataclasses import dataclass

import polars as pl

from eightytwenty.schema import PLAIN, Column

_PLAIN = {kind: re.compile(pattern) for kind, pattern in PLAIN.items()}

# One line per changed cell. `row` is its position in the batch; `step` orders several changes to one cell.
LEDGER = {
    "row": pl.Int64,
    "step": pl.Int64,
    "column": pl.String,
    "rule": pl.String,
    "before": pl.String,
    "after": pl.String,
}


@dataclass(frozen=True)
class RepairedColumn:
    """A column after its repairs.

    Args:
        cells: (n,) String.
        values: (n,) Int64 or String by the column's kind, null where the cell is missing or not in plain form.
        ledger: one line per change.
    """

    cells: pl.Series
    values: pl.Series
    ledger: pl.DataFrame


def parse_plain(cells: pl.Series, column: Column) -> pl.Series:
    """Reads the cells that are in plain form, as Int64 or String; all others become null."""
    if column.kind == "text":
        values, not_plain = cells, (cells.str.strip_chars() != cells) | (cells == "")
    else:
        # the same as PLAIN["integer"], in little more than half the time: what a cast reads, without the forms it adds
        values = cells.cast(pl.Int64, strict=False)
        zeros = cells.str.starts_with("0") & (cells.str.len_bytes() > 1)
        not_plain = zeros | cells.str.starts_with("-0") | cells.str.starts_with("+")
        not_plain |= ~values.is_between(-(10**18) + 1, 10**18 - 1)
    return values.set(not_plain, None) if not_plain.any() else values


def repair_column(cells: pl.Series, column: Column) -> RepairedColumn:
    """Applies a column's repairs in their order until each cell is in plain form.

    Each distinct cell is repaired once, however often it occurs. A cell that does not reach plain form keeps the text
    that the last repair gave it.

    Args:
        cells: (n,) String.
        column: its kind and repairs.
    """
    values = parse_plain(cells, column)
    irregular = pl.DataFrame({"row": (cells.is_not_null() & values.is_null()).arg_true().cast(pl.Int64)})
    if irregular.is_empty():
        return RepairedColumn(cells, values, pl.DataFrame(schema=LEDGER))
    irregular = irregular.with_columns(cells[irregular["row"]].alias("raw"))
    distinct = irregular["raw"].unique(maintain_order=True)
    steps = [(raw, *change) for raw in distinct for change in _steps(raw, column)]
    changes = pl.DataFrame(
        steps,
        schema={"raw": pl.String} | {name: LEDGER[name] for name in ("step", "rule", "before", "after")},
        orient="row",
    )
    ledger = irregular.join(changes, on="raw").with_columns(pl.lit(column.name).alias("column")).select(list(LEDGER))
    last = ledger.group_by("row").agg(pl.col("after").sort_by("step").last()).sort("row")
    return RepairedColumn(
        cells.scatter(last["row"], last["after"]),
        values.scatter(last["row"], parse_plain(last["after"], column)),
        ledger,
    )


def _steps(raw: str, column: Column) -> list[tuple[int, str, str, str | None]]:
    """Lists what each repair changes in a cell: (step, rule, before, after)."""
    steps: list[tuple[int, str, str, str | None]] = []
    cell: str | None = raw
    for rule in column.repairs:
        if cell is None or _PLAIN[column.kind].fullmatch(cell):
            break
        after = rule.function(cell)
        if after != cell:
            steps.append((len(steps), rule.name, cell, after))
        cell = after
    return steps
