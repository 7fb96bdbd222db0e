"""Which cell of a row that breaks an equation is to blame, and what it would have to be.

A broken sum can be mended in each of its cells, so that it takes more to tell: the cell cannot be read at all, two
equations of the row ask for the same value of it, or one cell alone differs by a slip from what it would have to be.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.equation import Equation
from eightytwenty.engine.expression import compile_check
from eightytwenty.engine.slips import is_slip
from eightytwenty.schema import Check, Column, Impute, Table

# Confidence in what one equation asks for, or copies of one column: the row may be an exception. A bold cleaning
# changes it.
_OF_ONE = 0.95
_MOST_CERTAIN = 0.9999  # that an equation holds in a row, of which more is not known
MENDED = pl.Schema(
    {
        "row": pl.Int64(),
        "column": pl.String(),
        "proposal": pl.String(),
        "checks": pl.List(pl.String()),
        "impute": pl.String(),
        "reason": pl.String(),
        "confidence": pl.Float64(),
    }
)


@dataclass(frozen=True)
class Stated:
    """An equation that the rows of a table should keep.

    Args:
        check: flags the rows that break it.
        equation: the same as an equation.
        impute: the rule that fills in cells by it; None if there is none.
    """

    check: Check
    equation: Equation
    impute: Impute | None

    @property
    def is_of_copies(self) -> bool:
        """Whether it says that two columns are equal."""
        factors = sorted(factor for factor, _ in self.equation.terms)
        return factors == [Fraction(-1), Fraction(1)] and all(len(names) == 1 for _, names in self.equation.terms)

    @property
    def confidence(self) -> float:
        """That it holds in a row of which nothing else is known."""
        return min(self.impute.confidence, _MOST_CERTAIN) if self.impute else _OF_ONE


@dataclass(frozen=True)
class _Wanted:
    """What a cell would have to be for an equation to hold."""

    column: str
    proposal: str
    stated: Stated
    is_read: bool
    is_near: bool


def stated_equations(table: Table, file_columns: Collection[str]) -> list[Stated]:
    """The equations among the checks of a table that flag rows, as far as they can be solved for the text of a cell.

    Args:
        table: the rules.
        file_columns: the columns that the file of the rows has.
    """
    imputes = {frozenset(Equation.parse(rule.impute).columns): rule for rule in table.rules if isinstance(rule, Impute)}
    columns = {column.name: column for column in table.columns}
    found = [_stated(check, imputes, table.dtypes) for check in table.checks("flag")]
    return [
        stated
        for stated in found
        if stated and set(stated.equation.columns) <= set(file_columns) and _is_solvable(stated, columns)
    ]


def _stated(check: Check, imputes: Mapping[frozenset[str], Impute], dtypes: Mapping[str, pl.DataType]) -> Stated | None:
    """A check as an equation; one that is not exact is that by which cells of the same columns are filled in."""
    impute = imputes.get(frozenset(compile_check(check.check, dict(dtypes)).meta.root_names()))
    try:
        return Stated(check, Equation.parse(check.check), impute)
    except ValueError:
        return Stated(check, Equation.parse(impute.impute), impute) if impute else None


def _is_solvable(stated: Stated, columns: Mapping[str, Column]) -> bool:
    """Whether an equation gives the text of a cell: of numbers, or of two cells that are written in the same way."""
    kinds = [columns[name] for name in stated.equation.columns]
    if len(kinds) > 1 and all(column.form.from_number for column in kinds):
        return True
    return stated.is_of_copies and len(kinds) == 2 and len({(column.kind, column.format) for column in kinds}) == 1


def mend(
    stated: Sequence[Stated],
    broken: Mapping[str, npt.NDArray[np.bool_]],
    columns: Mapping[str, Column],
    cells: pl.DataFrame,
    values: pl.DataFrame,
) -> pl.DataFrame:
    """Proposals for cells of rows that break equations, where one cell is to blame; each row is judged by itself.

    Args:
        stated: the equations.
        broken: name of a check -> (n,) the rows that break it.
        columns: what each column is.
        cells: n rows of String, null where missing.
        values: the same rows with the types of their kinds, null where a cell is missing or cannot be read.

    Returns:
        `MENDED`, sorted by row: the checks that the proposal would mend, and the rule by which the cell may be changed,
        null if there is none; the confidence that the proposal is right.
    """
    wanted: dict[int, list[_Wanted]] = {}
    for one in stated:
        for row, cell in _wanted(one, broken[one.check.name], columns, cells, values):
            wanted.setdefault(row, []).append(cell)
    lines = [(row, *line) for row in sorted(wanted) for line in _blamed(wanted[row])]
    return pl.DataFrame(lines, MENDED, orient="row")


def _wanted(
    stated: Stated,
    broken: npt.NDArray[np.bool_],
    columns: Mapping[str, Column],
    cells: pl.DataFrame,
    values: pl.DataFrame,
) -> Iterator[tuple[int, _Wanted]]:
    """What the cells of the rows that break an equation would have to be."""
    names = stated.equation.columns
    unread = np.sum([values[name].is_null().to_numpy() for name in names], axis=0)
    missing = np.any([cells[name].is_null().to_numpy() for name in names], axis=0)
    rows = np.flatnonzero((broken & (unread == 0)) | ((unread == 1) & ~missing))
    named = zip(
        cells.select(names)[rows].iter_rows(named=True), values.select(names)[rows].iter_rows(named=True), strict=True
    )
    for row, (texts, known) in zip(rows.tolist(), named, strict=True):
        unknown = [name for name in names if known[name] is None]
        for name in unknown or names:
            if texts[name] in {*columns[name].values, *columns[name].keep}:  # a person says so
                continue
            proposal = _solved(stated, columns[name], texts, known)
            if proposal is not None and proposal != texts[name]:
                yield row, _Wanted(name, proposal, stated, not unknown, is_slip(texts[name], proposal))


def _solved(stated: Stated, column: Column, texts: Mapping[str, str], known: Mapping[str, object]) -> str | None:
    """What a cell would have to be, as its column writes it."""
    write = column.form.from_number
    if write is None:
        return next(text for name, text in texts.items() if name != column.name)
    numbers = {name: Fraction(str(value)) for name, value in known.items() if name != column.name}
    answer = stated.equation.solve(column.name, numbers)
    return None if answer is None else write(answer)


def _blamed(wanted: list[_Wanted]) -> Iterator[tuple[str, str, list[str], str | None, str, float]]:
    """The cell of a row that two equations agree in, else the one that cannot be read or that a slip explains."""
    asked: dict[tuple[str, str], list[_Wanted]] = {}
    for one in wanted:
        asked.setdefault((one.column, one.proposal), []).append(one)
    agreed = {key: ones for key, ones in asked.items() if len(ones) > 1}
    told = agreed or {key: ones for key, ones in asked.items() if not ones[0].is_read or ones[0].is_near}
    for (column, proposal), ones in told.items():
        equations = [one.stated for one in ones]
        if any(_meets(equations, others) for key, others in told.items() if key != (column, proposal)):
            continue
        reasons = " and ".join(one.check.reason for one in equations)
        imputes = [one.impute.name for one in equations if one.impute and one.impute.action == "repair"]
        impute = imputes[0] if len(imputes) == len(equations) else None
        reason = f"{reasons}; here it would be if {column} were {proposal}"
        yield column, proposal, [one.check.name for one in equations], impute, reason, _confidence(equations)


def _meets(equations: Sequence[Stated], others: Sequence[_Wanted]) -> bool:
    """Whether what others ask for would mend one of the equations, too."""
    return any(one.stated is equation for one in others for equation in equations)


def _confidence(equations: Sequence[Stated]) -> float:
    """That what some equations ask for is right."""
    together = sum(math.log(one.confidence / (1 - one.confidence)) for one in equations)
    confidence = 1 / (1 + math.exp(-together))
    is_sure = len(equations) > 1 and not all(one.is_of_copies for one in equations)
    return confidence if is_sure else min(confidence, _OF_ONE)
