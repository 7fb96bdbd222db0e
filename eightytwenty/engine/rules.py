"""Applies a table's rules to one batch of raw records."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from eightytwenty.engine.repair import LEDGER, RepairedColumn, parse_plain, repair_column
from eightytwenty.read.batch import Batch
from eightytwenty.schema import Check, Impute, Table

MISSING, CONFLICT = "missing cell", "conflicting record"
UNREADABLE = {"integer": "not a whole number", "text": "not plain text"}
# Reasons that every table shares: why a record is not a row, or why a cell has no value.
REASONS = {
    "row cut off": "the record has fewer cells than the header",
    "too many cells": "the record has more cells than the header",
    "broken quotes": "the quotes of the record do not match",
    "undecodable bytes": "the record holds bytes that are not text in the file's encoding",
    "repeated header": "the record is the header again",
    MISSING: "a cell is missing and nothing says what it was",
    UNREADABLE["integer"]: "a cell is not a whole number in any form with a single meaning",
    UNREADABLE["text"]: "a cell of text is empty or has space around it, which no repair removes",
    CONFLICT: "the same id came with other values",
}
# the step of an imputed cell in the ledger, after those of any chain of repairs
_AFTER_REPAIRS = 1_000
Mask = npt.NDArray[np.bool_]


def rule_reasons(table: Table) -> dict[str, str]:
    """Maps every rule and repair that a report on the table can name to its reason."""
    repairs = {repair.name: repair.reason for column in table.columns for repair in column.repairs}
    return REASONS | repairs | {rule.name: rule.reason for rule in table.rules}


@dataclass(frozen=True)
class RuleResults:
    """What the rules found in a batch of n records.

    Args:
        cells: n rows of String, the cells after all repairs.
        values: the same columns with types: Int64 or String, null where no value could be read.
        ledger: the changed cells (see `eightytwenty.engine.repair.LEDGER`), sorted by row, column and step.
        failures: rule name -> (n,) bool, the rows that failed it, in the order of the rules.
    """

    cells: pl.DataFrame
    values: pl.DataFrame
    ledger: pl.DataFrame
    failures: dict[str, Mask]

    @property
    def sound(self) -> Mask:
        """(n,) bool, the rows that failed no rule."""
        return ~np.asarray(np.logical_or.reduce(list(self.failures.values())), dtype=bool)


def apply_rules(table: Table, batch: Batch, file_columns: Collection[str]) -> RuleResults:
    """Repairs, imputes and checks, in the order of the table's rules. Duplicates are found across batches, elsewhere.

    Args:
        table: the rules.
        batch: n raw records.
        file_columns: the columns that the batch's file has. A column it lacks does not count as missing from its rows.
    """
    is_broken = batch.problems.is_not_null().to_numpy()
    columns = {column.name: repair_column(batch.cells[column.name], column) for column in table.columns}
    columns = _impute([rule for rule in table.rules if isinstance(rule, Impute)], table, columns, ~is_broken)
    cells = pl.DataFrame({name: column.cells for name, column in columns.items()})
    values = pl.DataFrame({name: column.values for name, column in columns.items()})

    failures: dict[str, Mask] = {
        problem: (batch.problems == problem).fill_null(value=False).to_numpy()
        for problem in sorted(batch.problems.drop_nulls().unique())
    }
    expected = [name for name in table.names if name in file_columns]
    failures[MISSING] = cells.select(pl.any_horizontal(pl.col(expected).is_null()))[:, 0].to_numpy() & ~is_broken
    for kind, rule in UNREADABLE.items():
        names = [column.name for column in table.columns if column.kind == kind]
        unreadable = [pl.col(name).is_not_null() & values[name].is_null() for name in names]
        failures[rule] = cells.select(pl.any_horizontal(pl.lit(value=False), *unreadable))[:, 0].to_numpy() & ~is_broken
    checks = [rule for rule in table.rules if isinstance(rule, Check)]
    for rule, failed in check_failures(checks, values).items():
        failures[rule] = failed & ~is_broken

    # within a row, columns are in the table's order and changes to one cell in the order in which they were made
    position = pl.col("column").replace_strict(
        {name: index for index, name in enumerate(table.names)}, return_dtype=pl.Int64
    )
    ledger = pl.concat([column.ledger for column in columns.values()])
    ledger = ledger.sort("row", position, "step") if len(ledger) else ledger
    return RuleResults(cells, values, ledger, failures)


def check_failures(checks: Sequence[Check], rows: pl.DataFrame) -> dict[str, Mask]:
    """Maps each rule to (n,) bool: the rows of typed columns for which it is false. A row passes where it is null."""
    passed = rows.with_columns(
        check.expression.cast(pl.Boolean).fill_null(value=True).alias(check.name) for check in checks
    )
    return {check.name: ~passed[check.name].to_numpy() for check in checks}


def _impute(
    rules: Sequence[Impute], table: Table, columns: dict[str, RepairedColumn], usable: Mask
) -> dict[str, RepairedColumn]:
    """Lets the rules fill in cells; each rule sees what the rules before it filled in."""
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
        inputs = {column.name: result[column.name] for column in integers}
        new = rule.function(
            pl.DataFrame({name: column.cells[rows] for name, column in inputs.items()}),
            pl.DataFrame({name: column.values[rows] for name, column in inputs.items()}),
        )
        for column in integers:
            filled = new[column.name].is_not_null()
            if not filled.any():
                continue
            old, row, after = result[column.name], rows.filter(filled), new[column.name].filter(filled)
            change = pl.DataFrame([row, old.cells[row].alias("before"), after.alias("after")]).with_columns(
                step=pl.lit(_AFTER_REPAIRS, pl.Int64), column=pl.lit(column.name), rule=pl.lit(rule.name)
            )
            result[column.name] = RepairedColumn(
                old.cells.scatter(row, after),
                old.values.scatter(row, parse_plain(after, column)),
                pl.concat([old.ledger, change.select(list(LEDGER))]),
            )
    return result
