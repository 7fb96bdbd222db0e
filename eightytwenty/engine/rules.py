"""Applies a table's rules to one batch of raw records."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.repair import LEDGER, Repaired, repair, typed
from eightytwenty.read.batch import Batch
from eightytwenty.schema import Check, Impute, Table

MISSING, NOT_WHOLE, CONFLICT = "missing cell", "not a whole number", "conflicting record"
# Why a record is no row at all, or a cell no value: reasons that every table shares.
REASONS = {
    "row cut off": "the record has fewer cells than the header",
    "too many cells": "the record has more cells than the header",
    "broken quotes": "the quotes of the record do not match",
    "undecodable bytes": "the record holds bytes that are no text in the file's encoding",
    "repeated header": "the record is the header again",
    MISSING: "a cell is missing and nothing says what it was",
    NOT_WHOLE: "a cell is not a whole number in any form that has one meaning",
    CONFLICT: "other values came under the same id",
}
# the step of an inferred cell in the ledger, behind those of any chain of repairs
_AFTER_REPAIRS = 1_000
Mask = npt.NDArray[np.bool_]


def reasons(table: Table) -> dict[str, str]:
    """Every rule and repair that can stand in a report on the table -> why it is there."""
    repairs = {repair.name: repair.reason for column in table.columns for repair in column.repairs}
    return REASONS | repairs | {rule.name: rule.reason for rule in table.rules}


@dataclass(frozen=True)
class Applied:
    """What the rules made of a batch of n records.

    Args:
        cells: (n) rows of String, the cells after all repairs.
        values: the same columns typed: Int64 or String, null where no value could be read.
        ledger: the changed cells (see `eightytwenty.engine.repair.LEDGER`), sorted by row, column and step.
        failures: rule name -> (n,) bool, the rows that failed it, in the order of the rules.
    """

    cells: pl.DataFrame
    values: pl.DataFrame
    ledger: pl.DataFrame
    failures: dict[str, Mask]

    @property
    def sound(self) -> Mask:
        """(n,) bool, the rows that failed nothing."""
        return ~np.asarray(np.logical_or.reduce(list(self.failures.values())), dtype=bool)


def apply_rules(table: Table, batch: Batch, present: Collection[str]) -> Applied:
    """Repairs, infers and checks, in the order of the table's rules; duplicates are found across batches elsewhere.

    Args:
        table: the rules.
        batch: n raw records.
        present: the columns that the batch's file has; a column it lacks is not missing from its rows.
    """
    no_row = batch.problems.is_not_null().to_numpy()
    integers = [column.name for column in table.columns if column.kind == "integer"]
    columns = {column.name: repair(batch.cells[column.name], column) for column in table.columns}
    columns = _impute([rule for rule in table.rules if isinstance(rule, Impute)], table, columns, ~no_row)
    cells = pl.DataFrame({name: column.cells for name, column in columns.items()})
    values = pl.DataFrame({name: column.values for name, column in columns.items()})

    failures: dict[str, Mask] = {
        problem: (batch.problems == problem).fill_null(value=False).to_numpy()
        for problem in sorted(batch.problems.drop_nulls().unique())
    }
    expected = [name for name in table.names if name in present]
    failures[MISSING] = cells.select(pl.any_horizontal(pl.col(expected).is_null()))[:, 0].to_numpy() & ~no_row
    unread = [pl.col(name).is_not_null() & values[name].is_null() for name in integers]
    failures[NOT_WHOLE] = cells.select(pl.any_horizontal(pl.lit(value=False), *unread))[:, 0].to_numpy() & ~no_row
    checks = [rule for rule in table.rules if isinstance(rule, Check)]
    for rule, failed in failures_of(checks, values).items():
        failures[rule] = failed & ~no_row

    # within a row the columns stand as in the table, and the changes to one cell as they were made
    place = pl.col("column").replace_strict({name: at for at, name in enumerate(table.names)}, return_dtype=pl.Int64)
    ledger = pl.concat([column.ledger for column in columns.values()])
    ledger = ledger.sort("row", place, "step") if len(ledger) else ledger
    return Applied(cells, values, ledger, failures)


def failures_of(checks: Sequence[Check], rows: pl.DataFrame) -> dict[str, Mask]:
    """Rule name -> (n,) bool, the rows of typed columns of which the rule is false; where it is null, they pass."""
    passed = rows.with_columns(
        check.expression.cast(pl.Boolean).fill_null(value=True).alias(check.name) for check in checks
    )
    return {check.name: ~passed[check.name].to_numpy() for check in checks}


def _impute(rules: Sequence[Impute], table: Table, columns: dict[str, Repaired], usable: Mask) -> dict[str, Repaired]:
    """The columns with what the rules filled in, each rule seeing what those before it did."""
    if not rules:
        return columns
    integers = [column for column in table.columns if column.kind == "integer"]
    values = pl.DataFrame({column.name: columns[column.name].values for column in integers})
    incomplete = values.select(pl.any_horizontal(pl.all().is_null()))[:, 0].to_numpy()
    rows = pl.Series("row", np.flatnonzero(incomplete & usable))
    if rows.is_empty():
        return columns
    result = dict(columns)
    for rule in rules:
        some = {column.name: result[column.name] for column in integers}
        new = rule.function(
            pl.DataFrame({name: column.cells[rows] for name, column in some.items()}),
            pl.DataFrame({name: column.values[rows] for name, column in some.items()}),
        )
        for column in integers:
            filled = new[column.name].is_not_null()
            if not filled.any():
                continue
            old, row, after = result[column.name], rows.filter(filled), new[column.name].filter(filled)
            change = pl.DataFrame([row, old.cells[row].alias("before"), after.alias("after")]).with_columns(
                step=pl.lit(_AFTER_REPAIRS, pl.Int64), column=pl.lit(column.name), rule=pl.lit(rule.name)
            )
            result[column.name] = Repaired(
                old.cells.scatter(row, after),
                old.values.scatter(row, typed(after, column)),
                pl.concat([old.ledger, change.select(list(LEDGER))]),
            )
    return result
