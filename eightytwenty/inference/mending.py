"""Which cell of a row that breaks an equation is to blame, and what it would have to be.

A broken sum can be mended in each of its cells, so that it takes more to tell: the cell cannot be read at all, two
equations of the row ask for the same value of it, or the value differs from the cell by a slip only.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from eightytwenty.engine.equation import Equation
from eightytwenty.engine.expression import compile_check
from eightytwenty.inference.equations import Relation, condition
from eightytwenty.inference.slips import is_slip
from eightytwenty.schema import Column

MENDED = {
    "row": pl.Int64,
    "column": pl.String,
    "proposal": pl.String,
    "log_odds": pl.Float64,
    "reason": pl.String,
}


@dataclass(frozen=True)
class _Wanted:
    """What a cell would have to be for an equation to hold."""

    row: int
    column: str
    proposal: str
    relation: Relation
    is_read: bool
    is_near: bool


def mend(
    relations: Sequence[Relation], columns: Mapping[str, Column], cells: pl.DataFrame, values: pl.DataFrame
) -> pl.DataFrame:
    """Proposals for cells of rows that break equations; each row is judged by itself.

    Args:
        relations: the equations; those that are rounded tell nothing.
        columns: what each column is.
        cells: n rows of String, null where missing.
        values: the same rows with the types of their kinds, null where a cell is missing or cannot be read.

    Returns:
        row, column, proposal, log_odds that it is right, and reason; several lines for a row in which one of several
        cells is to blame.
    """
    wanted: dict[int, list[_Wanted]] = {}
    for relation in relations:
        if _is_usable(relation, columns):
            for one in _wanted(relation, columns, cells, values):
                wanted.setdefault(one.row, []).append(one)
    lines = [line for row in sorted(wanted) for line in _blamed(wanted[row])]
    return pl.DataFrame(lines, MENDED, orient="row")


def _is_usable(relation: Relation, columns: Mapping[str, Column]) -> bool:
    """Whether an equation gives the text of a cell: of numbers, or of two cells that are written in the same way."""
    kinds = [columns[name] for name in relation.columns]
    if not relation.equation:
        return False
    is_of_numbers = all(column.form.from_number for column in kinds)
    return is_of_numbers or (len(kinds) == 2 and len({(column.kind, column.format) for column in kinds}) == 1)


def _wanted(
    relation: Relation, columns: Mapping[str, Column], cells: pl.DataFrame, values: pl.DataFrame
) -> Iterator[_Wanted]:
    """What the cells of the rows that break an equation would have to be."""
    names = [relation.result, *relation.terms]
    holds = values.select(compile_check(condition(relation, values.schema), values.schema).alias("holds"))["holds"]
    unread = pl.sum_horizontal(values[name].is_null() for name in names)
    missing = pl.any_horizontal(cells[name].is_null() for name in names)
    state = pl.select(holds=holds, unread=unread, missing=missing)
    is_open = (~state["holds"] & (state["unread"] == 0)) | ((state["unread"] == 1) & ~state["missing"])
    for row in is_open.arg_true().to_list():
        texts = {name: cells[name][row] for name in names}
        known = {name: values[name][row] for name in names}
        unknown = [name for name in names if known[name] is None]
        for name in unknown or names:
            proposal = _solved(relation, columns[name], texts, known)
            if proposal is not None and proposal != texts[name]:
                yield _Wanted(row, name, proposal, relation, not unknown, is_slip(texts[name], proposal))


def _solved(relation: Relation, column: Column, texts: Mapping[str, str], known: Mapping[str, object]) -> str | None:
    """What a cell would have to be, as its column writes it."""
    write = column.form.from_number
    if write is None:
        return next(text for name, text in texts.items() if name != column.name)
    numbers = {name: Fraction(str(value)) for name, value in known.items() if name != column.name}
    answer = Equation.parse(relation.equation).solve(column.name, numbers)
    return None if answer is None else write(answer)


def _blamed(wanted: list[_Wanted]) -> Iterator[tuple[int, str, str, float, str]]:
    """The lines for a row: what two equations agree in, else the cells that a slip would explain."""
    asked: dict[tuple[str, str], list[_Wanted]] = {}
    for one in wanted:
        asked.setdefault((one.column, one.proposal), []).append(one)
    agreed = {key: ones for key, ones in asked.items() if len(ones) > 1}
    told = agreed or {key: ones for key, ones in asked.items() if not ones[0].is_read or ones[0].is_near}
    for (column, proposal), ones in told.items():
        rivals = sum(any(one.relation is ones[0].relation for one in others) for others in told.values())
        odds = sum(_log_odds(one.relation) for one in ones) if rivals == 1 else _log_odds_of_one_in(rivals)
        reasons = " and ".join(one.relation.reason for one in ones)
        yield ones[0].row, column, proposal, odds, f"{reasons}; here it would if {column} were {proposal}"


def _log_odds(relation: Relation) -> float:
    """That an equation holds in a row of which nothing else is known."""
    return math.log((relation.held + 1) / (relation.rows - relation.held + 1))


def _log_odds_of_one_in(number: int) -> float:
    """That one of several cells is to blame."""
    return math.log(1 / (number - 1))
