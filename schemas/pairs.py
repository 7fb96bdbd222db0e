"""The table of pairs: two whole numbers and their sum.

| column    | clean form         | meaning                                                    |
|-----------|--------------------|------------------------------------------------------------|
| record_id | text, unique       | identifies the record, to find re-sent ones (optional)     |
| a, b      | int64, 0 .. max/2  | the numbers to add                                         |
| sum       | int64, a + b       | the sum that a network learns                              |
"""

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from eightytwenty.kinds.integer import INTEGER_REPAIRS, readings, stray_spaces
from eightytwenty.schema import Check, Column, Deduplicate, Impute, Repair, Table

if TYPE_CHECKING:
    import pandera.polars as pa

LARGEST_SUMS = (16, 256, 65536)
_ADDS_UP = pl.col("a") + pl.col("b") == pl.col("sum")


def _sum_decides(cells: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Chooses the reading of "7,000" with which the row adds up, if there is exactly one."""
    # few cells end like this, and each row takes time
    is_candidate = cells.select(pl.any_horizontal(pl.all().str.ends_with("000")))[:, 0]
    rows = (is_candidate & values.select(pl.any_horizontal(pl.all().is_null()))[:, 0]).arg_true()
    readings_by_row: dict[int, list[str | None]] = {}
    for row, texts, numbers in zip(rows, cells[rows].iter_rows(), values[rows].iter_rows(), strict=True):
        options = [
            (number,) if number is not None else () if text is None else readings(text)
            for text, number in zip(texts, numbers, strict=True)
        ]
        fits = [fit for fit in itertools.product(*options) if fit[0] + fit[1] == fit[2]]
        if len(fits) == 1:
            readings_by_row[row] = [
                str(fit) if number is None else None for fit, number in zip(fits[0], numbers, strict=True)
            ]
    filled = pl.DataFrame(list(readings_by_row.values()), cells.schema, orient="row")
    return pl.DataFrame(
        [column.scatter(list(readings_by_row), filled[column.name]) for column in cells.clear(cells.height)]
    )


def _from_the_other_two(cells: pl.DataFrame, values: pl.DataFrame) -> pl.DataFrame:
    """Fills in the one missing cell of a, b and sum. A cell that cannot be read is not missing."""
    answers = {
        "a": pl.col("sum") - pl.col("b"),
        "b": pl.col("sum") - pl.col("a"),
        "sum": pl.col("a") + pl.col("b"),
    }
    return values.select(
        pl.when(cells[column].is_null()).then(answer).cast(pl.String).alias(column)
        for column, answer in answers.items()
    )


def pairs_table(largest_sum: int = LARGEST_SUMS[-1]) -> Table:
    """The table of pairs whose sum is at most `largest_sum`, so that a and b lie in 0 .. largest_sum / 2."""
    half = largest_sum // 2
    in_range = pl.all_horizontal(pl.col("a", "b").is_between(0, half), pl.col("sum").is_between(0, largest_sum))

    def clean() -> "pa.DataFrameSchema":
        import pandera.polars as pa

        return pa.DataFrameSchema(
            {
                "record_id": pa.Column(pl.String, nullable=True, required=False),
                "a": pa.Column(pl.Int64, checks=pa.Check.in_range(0, half)),
                "b": pa.Column(pl.Int64, checks=pa.Check.in_range(0, half)),
                "sum": pa.Column(pl.Int64, checks=pa.Check.in_range(0, largest_sum)),
            },
            checks=pa.Check(lambda rows: rows.lazyframe.select(_ADDS_UP), name="a + b = sum"),
            strict=True,
            ordered=True,
        )

    spaces = Repair("stray spaces", "spaces around an id have no meaning", stray_spaces)
    return Table(
        name="pairs",
        columns=(
            Column("record_id", "text", (spaces,), required=False, aliases=("id", "record", "record id", "recordid")),
            Column("a", "integer", INTEGER_REPAIRS),
            Column("b", "integer", INTEGER_REPAIRS),
            Column("sum", "integer", INTEGER_REPAIRS, aliases=("a+b", "a + b", "total")),
        ),
        rules=(
            Impute("the sum decides", "of the two readings of 7,000 only one adds up", _sum_decides),
            Impute(
                "from the other two", "one missing cell of a, b and sum follows from the others", _from_the_other_two
            ),
            Check("out of range", f"a and b must lie in 0 to {half}", in_range),
            Check("wrong sum", "a + b is not the sum, and nothing says which of the three is wrong", _ADDS_UP),
            Deduplicate("re-sent record", "the same record id was sent again", "record_id"),
        ),
        clean=clean,
    )


def summands_table() -> Table:
    """The columns a and b of pairs whose sums are to be predicted, without any rule on their values."""
    pairs = pairs_table(max(LARGEST_SUMS))
    return replace(pairs, columns=tuple(column for column in pairs.columns if column.name in ("a", "b")), rules=())
