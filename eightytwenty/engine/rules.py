"""Applies a table's rules to one batch of raw records."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
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
    unread = pl.any_horizontal((pl.col(name).is_not_null() & values[name].is_null()) for name in integers)
    failures[NOT_WHOLE] = cells.select(unread)[:, 0].to_numpy()
    checks = [rule for rule in table.rules if isinstance(rule, Check)]
    for rule, satisfied in zip(checks, _satisfied(checks, values.select(integers)), strict=True):
        failures[rule.name] = ~satisfied & ~no_row

    # within a row the columns stand as in the table, and the changes to one cell as they were made
    place = pl.col("column").replace_strict({name: at for at, name in enumerate(table.names)}, return_dtype=pl.Int64)
    ledger = pl.concat([column.ledger for column in columns.values()])
    ledger = ledger.sort("row", place, "step") if len(ledger) else ledger
    return Applied(cells, values, ledger, failures)


def _impute(rules: Sequence[Impute], table: Table, columns: dict[str, Repaired], usable: Mask) -> dict[str, Repaired]:
    """The columns with what the rules filled in, each rule seeing what those before it did."""
    integers = [column for column in table.columns if column.kind == "integer"]
    values = pl.DataFrame({column.name: columns[column.name].values for column in integers})
    rows = np.flatnonzero(_incomplete(values) & usable)
    if not len(rows):
        return columns
    text = pl.DataFrame({column.name: columns[column.name].cells[rows] for column in integers}).to_pandas()
    numbers = _nullable(values, rows)
    result = dict(columns)
    for rule in rules:
        new = rule.function(text, numbers)
        for column in integers:
            filled = new[column.name].dropna()
            if not len(filled):
                continue
            old = result[column.name]
            at, row = filled.index, pl.Series("row", rows[filled.index])
            after = pl.Series("after", filled.tolist(), dtype=pl.String)
            found = typed(after, column)
            change = pl.DataFrame([row, old.cells[row].alias("before"), after]).with_columns(
                step=pl.lit(_AFTER_REPAIRS, pl.Int64), column=pl.lit(column.name), rule=pl.lit(rule.name)
            )
            result[column.name] = Repaired(
                old.cells.scatter(row, after),
                old.values.scatter(row, found),
                pl.concat([old.ledger, change.select(list(LEDGER))]),
            )
            text.loc[at, column.name] = filled
            numbers.loc[at, column.name] = pd.array(found.to_list(), dtype="Int64")
    return result


def _nullable(values: pl.DataFrame, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    """Some rows of integer columns as pandas Int64, which has a place for missing values."""
    chosen = values[rows]
    columns = {
        name: pd.arrays.IntegerArray(
            chosen[name].fill_null(0).to_numpy().copy(), chosen[name].is_null().to_numpy().copy()
        )
        for name in chosen.columns
    }
    return pd.DataFrame(columns)


def _incomplete(values: pl.DataFrame) -> Mask:
    """(n,) bool, the rows in which a value is missing."""
    mask = np.zeros(values.height, dtype=bool)
    for column in values.get_columns():
        if column.null_count():
            mask |= column.is_null().to_numpy()
    return mask


def _satisfied(rules: Sequence[Check], values: pl.DataFrame) -> list[Mask]:
    """(n,) bool for each rule; complete rows are checked as plain int64, several times faster than with a mask."""
    incomplete = _incomplete(values)
    some = np.flatnonzero(incomplete)
    complete = values.filter(~incomplete) if len(some) else values
    whole = pd.DataFrame({name: complete[name].to_numpy() for name in complete.columns}, copy=False)
    rest = _nullable(values, some)
    results = []
    for rule in rules:
        result = np.empty(values.height, dtype=bool)
        result[~incomplete] = rule.function(whole).to_numpy(dtype=bool)
        result[some] = rule.function(rest).fillna(True).to_numpy(dtype=bool)
        results.append(result)
    return results
