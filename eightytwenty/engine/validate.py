"""The strict pandera schema of a table's clean rows: a second judgement, which shares no expression with the first."""

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from eightytwenty.engine.rules import for_arithmetic
from eightytwenty.schema import Check, Column, Table, anchored

if TYPE_CHECKING:
    import pandera.polars as pa


@lru_cache(maxsize=100)
def clean_schema(table: Table) -> "pa.DataFrameSchema":
    """The pandera schema of the clean rows of a table.

    It has the types, ranges and values of the columns and the checks that send rows to quarantine, each evaluated as an
    SQL query. That keys occur once is not in it, because a table is validated piece by piece.
    """
    import pandera.polars as pa

    columns = {
        column.name: pa.Column(
            column.form.dtype,
            checks=_column_checks(column),
            # the rows of a file that lacks an optional column have nulls there
            nullable=column.nullable or not column.required,
            required=column.required,
        )
        for column in table.columns
    }
    checks = [pa.Check(_query(check), name=check.name, error=check.reason) for check in table.checks("quarantine")]
    return pa.DataFrameSchema(columns, checks=checks, strict=True, ordered=True, name=table.name)


def _column_checks(column: Column) -> "list[pa.Check]":
    import pandera.polars as pa

    checks = []
    if column.action == "quarantine":
        low, high = column.limits
        if low is not None and high is not None:
            checks.append(pa.Check.in_range(low, high))
        elif low is not None:
            checks.append(pa.Check.ge(low))
        elif high is not None:
            checks.append(pa.Check.le(high))
        if column.pattern:
            checks.append(pa.Check.str_matches(anchored(column.pattern)))
        if column.values:
            checks.append(pa.Check.isin([*column.values, *column.keep]))
    return checks


def _query(check: Check) -> "Callable[[pa.PolarsData], pl.LazyFrame]":
    def run(rows: "pa.PolarsData") -> pl.LazyFrame:
        # the line break ends a comment in the check
        query = f"SELECT COALESCE({check.check}\n, TRUE) AS sound FROM self"  # noqa: S608 - it was compiled before
        return for_arithmetic(rows.lazyframe.collect(), [check]).lazy().sql(query)

    return run
