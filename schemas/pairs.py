"""The table of pairs: two whole numbers and their sum. pairs.yaml declares it; `Pairs` says the same of its clean rows.

| column    | clean form         | meaning                                                    |
|-----------|--------------------|------------------------------------------------------------|
| record_id | text, unique       | identifies the record, to find re-sent ones (optional)     |
| a, b      | int64, 0 .. max/2  | the numbers to add                                         |
| sum       | int64, a + b       | the sum that a network learns                              |
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

from eightytwenty.schema import Column, Table
from eightytwenty.schema_file import read_table

LARGEST_SUMS = (16, 256, 65536)


@cache
def pairs_table(largest_sum: int = LARGEST_SUMS[-1]) -> Table:
    """The table of pairs whose sum is at most `largest_sum`, so that a and b lie in 0 .. largest_sum / 2."""
    table = read_table(Path(__file__).with_suffix(".yaml"))
    largest = {"a": largest_sum // 2, "b": largest_sum // 2, "sum": largest_sum}
    return replace(table, columns=tuple(_up_to(column, largest.get(column.name)) for column in table.columns))


def summands_table() -> Table:
    """The columns a and b of pairs whose sums are to be predicted, without any rule on their values."""
    columns = [column for column in pairs_table().columns if column.name in ("a", "b")]
    return Table("summands", tuple(replace(column, range=(None, None)) for column in columns))


def _up_to(column: Column, largest: int | None) -> Column:
    return column if largest is None else replace(column, range=("0", str(largest)))
