"""What a batch of any table must be, for Great Expectations.

That is what its schema says of all rows together, and what the evidence for the schema says of each column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.expectations import BatchExpectations, fate_expectations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from great_expectations.expectations.expectation import Expectation

    from eightytwenty.schema import Table
    from schemas.evidence import Statement


def table_expectations(
    name: str,
    table: Table | None,
    columns: Sequence[str],
    statements: Sequence[Statement] = (),
    most_quarantine: float = 0.5,
) -> BatchExpectations:
    """What a batch of clean rows must be.

    Args:
        name: of the batch, shown in titles.
        table: what the rows are; None for pictures.
        columns: the names of those that the clean rows have; the files may lack some that the table has.
        statements: on the columns, from `schemas.evidence.compare_with_evidence`.
        most_quarantine: see `schemas.expectations.pairs_expectations`.
    """
    key = table.unique.unique if table and table.unique else ()
    key = key if set(key) <= set(columns) else ()
    measures = {f"{number} {each.column}": each.value for number, each in enumerate(statements)}
    return BatchExpectations(
        name,
        key,
        (_unique(key),) if key else (),
        fate_expectations("row" if table else "picture", most_quarantine),
        measures=measures,
        on_measures=tuple(map(_within, measures, statements)),
    )


def _unique(key: tuple[str, ...]) -> Expectation:
    import great_expectations.expectations.core as gxe

    description = f"No two rows may have the same {' and '.join(key)}."
    notes = {"notes": "It is the key of the table. A row in which a part of the key is missing is not compared."}
    if len(key) == 1:
        return gxe.ExpectColumnValuesToBeUnique(column=key[0], description=description, meta=notes)
    return gxe.ExpectCompoundColumnsToBeUnique(
        column_list=list(key), ignore_row_if="any_value_is_missing", description=description, meta=notes
    )


def _within(measure: str, statement: Statement) -> Expectation:
    """A table of one row has the number as the largest of its column."""
    import great_expectations.expectations.core as gxe

    return gxe.ExpectColumnMaxToBeBetween(
        column=measure,
        min_value=statement.low,
        max_value=statement.high,
        description=f"{statement.sentence}; it must be {statement.limits}.",
        meta={"notes": "The limits are the evidence for the table, what is tolerated, and room for chance."},
    )
