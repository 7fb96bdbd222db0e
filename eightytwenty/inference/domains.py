"""The values of columns that have a few, each of them so often that no other is to be expected."""

from dataclasses import replace

from eightytwenty.inference.judge import Judge
from eightytwenty.schema import Column, Table

_MOST = 10  # values that can be read at a glance
# Rows of the rarest value, and of the column: then the next row has a new value once in hundreds of rows at most (Good
# 1953, "The population frequencies of species and the estimation of population parameters").
_FEWEST, _FEWEST_ROWS = 5, 100


def with_domains(table: Table, judge: Judge) -> Table:
    """A table whose columns of a few labels list them, unless one may be a slip of another.

    Args:
        table: that was inferred from all its rows.
        judge: of the table.
    """
    respelt = {rule.column for rule in (*table.respells("repair"), *table.respells("flag"))}

    def with_domain(column: Column) -> Column:
        if column.kind != "category" or column.name in respelt or column.name not in judge.evidence.vocabularies:
            return column
        values = judge.evidence.vocabularies[column.name].values
        is_known = 0 < len(values) <= _MOST and values.total >= _FEWEST_ROWS and (values.counts >= _FEWEST).all()
        if not is_known or len(judge.spelling(column.name).known):
            return column
        return replace(column, values=tuple(values.cells.sort()))

    return replace(table, columns=tuple(map(with_domain, table.columns)))
