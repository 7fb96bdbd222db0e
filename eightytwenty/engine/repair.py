"""Repairs the cells of a column, and only those that are not in plain form."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from eightytwenty.kinds import Repair, find_kind
from eightytwenty.kinds.integer import UNIT, only_unit
from eightytwenty.kinds.spelling import STRAY_SPACES, typed_text
from eightytwenty.schema import Column

REPLACEMENT, MISSING_MARK, LETTER_CASE = "replacement", "missing mark", "letter case"
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
        values: (n,) of the kind's type, null where the cell is missing or not in plain form.
        ledger: one line per change.
    """

    cells: pl.Series
    values: pl.Series
    ledger: pl.DataFrame


def parse_plain(cells: pl.Series, column: Column) -> pl.Series:
    """Reads the cells that are in plain form, with the kind's type; all others become null."""
    return find_kind(column.kind).parse(cells)


def canonical(cells: pl.Series, values: pl.Series) -> pl.Series:
    """(n,) String, equal for equal values, however many zeros end them; the cell where there is no value."""
    if values.dtype in (pl.String, pl.Int64):  # which have one plain form each
        return cells
    return typed_text(values).zip_with(values.is_not_null(), cells)


@lru_cache(maxsize=10_000)
def repairs(column: Column) -> tuple[Repair, ...]:
    """The repairs of a column, in the order in which they are tried: its own, then those of its kind."""
    kind, special = find_kind(column.kind), column.special
    own = [STRAY_SPACES]
    if column.replace:
        own.append(Repair(REPLACEMENT, "the table says what the cell stands for", lambda cell: special.get(cell, cell)))
    marks = column.missing
    if marks is not None:
        own.append(_missing_mark(lambda cell: cell in marks))
    elif kind.missing_marks:
        own.append(_missing_mark(lambda cell: cell.lower() in kind.missing_marks))
    if column.values:
        by_case: dict[str, set[str]] = {}
        for value in (*column.values, *column.keep):
            by_case.setdefault(value.casefold(), set()).add(value)
        one = {folded: values.pop() for folded, values in by_case.items() if len(values) == 1}
        own.append(
            Repair(LETTER_CASE, "one known value differs in case only", lambda cell: one.get(cell.casefold(), cell))
        )
    return (*own, *(only_unit(column.unit) if column.unit and repair is UNIT else repair for repair in kind.repairs))


def repair_column(cells: pl.Series, column: Column) -> RepairedColumn:
    """Applies a column's repairs in their order until each cell is in plain form.

    Each distinct cell is repaired once, however often it occurs. A cell that does not reach plain form keeps the text
    that the last repair gave it.

    Args:
        cells: (n,) String.
        column: its kind, and what it says of values.
    """
    values = parse_plain(cells, column)
    is_irregular = cells.is_not_null() & values.is_null()
    if special := column.special:
        is_irregular |= cells.is_in(list(special)).fill_null(value=False)
    if column.values:
        is_irregular |= cells.is_not_null() & ~cells.is_in([*column.values, *column.keep])
    irregular = pl.DataFrame({"row": is_irregular.arg_true().cast(pl.Int64)})
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


def _missing_mark(is_mark: Callable[[str], bool]) -> Repair:
    reason = "a word for a missing value is a missing cell"
    return Repair(MISSING_MARK, reason, lambda cell: None if is_mark(cell) else cell)


def _steps(raw: str, column: Column) -> list[tuple[int, str, str, str | None]]:
    """Lists what each repair changes in a cell: (step, rule, before, after)."""
    is_plain, special = find_kind(column.kind).is_plain, column.special
    known = {*column.values, *column.keep}
    steps: list[tuple[int, str, str, str | None]] = []
    cell: str | None = raw
    for rule in repairs(column):
        if cell is None or (is_plain(cell) and cell not in special and (not known or cell in known)):
            break
        after = rule.function(cell)
        if after != cell:
            steps.append((len(steps), rule.name, cell, after))
        cell = after
    return steps
