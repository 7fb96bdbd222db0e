"""The table of pairs: two whole numbers and their sum.

| column    | clean form         | meaning                                                    |
|-----------|--------------------|------------------------------------------------------------|
| record_id | text, unique       | names the record, so that a re-sent one can be told (optional) |
| a, b      | int64, 0 .. max/2  | the numbers to add                                         |
| sum       | int64, a + b       | what a network is to learn                                 |
"""

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from eightytwenty.kinds.integer import INTEGER_REPAIRS, readings, stray_spaces
from eightytwenty.schema import Check, Column, Deduplicate, Impute, Repair, Table

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

LARGEST_SUMS = (16, 256, 65536)


def _sum_decides(cells: "pd.DataFrame", values: "pd.DataFrame") -> "pd.DataFrame":
    """Of the readings of "7,000" the one with which the row adds up, if there is exactly one."""
    import pandas as pd

    # few cells end like this, and each row costs time
    doubtful = cells.apply(lambda column: column.str.endswith("000")).fillna(False).any(axis=1) & values.isna().any(
        axis=1
    )
    found = {}
    rows = (frame[doubtful].itertuples(index=False) for frame in (cells, values))
    for index, texts, numbers in zip(cells.index[doubtful], *rows, strict=True):
        options = [
            (number,) if pd.notna(number) else () if pd.isna(text) else readings(text)
            for text, number in zip(texts, numbers, strict=True)
        ]
        fits = [fit for fit in itertools.product(*options) if fit[0] + fit[1] == fit[2]]
        if len(fits) == 1:
            found[index] = [str(fit) if pd.isna(number) else None for fit, number in zip(fits[0], numbers, strict=True)]
    new = pd.DataFrame.from_dict(found, orient="index", columns=cells.columns, dtype="str")
    return new.reindex(cells.index)


def _from_the_other_two(cells: "pd.DataFrame", values: "pd.DataFrame") -> "pd.DataFrame":
    """The one missing cell of a, b and sum; a cell that holds something not understood is not missing."""
    import pandas as pd

    new = pd.DataFrame(index=cells.index, columns=cells.columns, dtype="str")
    answers = {
        "a": values["sum"] - values["b"],
        "b": values["sum"] - values["a"],
        "sum": values["a"] + values["b"],
    }
    for column, answer in answers.items():
        follows = cells[column].isna() & answer.notna()
        new.loc[follows, column] = answer[follows].astype("str")
    return new


def pairs_table(largest_sum: int = LARGEST_SUMS[-1]) -> Table:
    """The table of pairs whose sum is at most `largest_sum`, so that a and b lie in 0 .. largest_sum / 2."""
    half = largest_sum // 2

    def in_range(rows: "pd.DataFrame") -> "pd.Series":
        return rows["a"].between(0, half) & rows["b"].between(0, half) & rows["sum"].between(0, largest_sum)

    def adds_up(rows: "pd.DataFrame") -> "pd.Series":
        return rows["a"] + rows["b"] == rows["sum"]

    def clean() -> "pa.DataFrameSchema":
        import pandera.pandas as pa

        return pa.DataFrameSchema(
            {
                "record_id": pa.Column("str", nullable=True, required=False),
                "a": pa.Column("int64", checks=pa.Check.in_range(0, half)),
                "b": pa.Column("int64", checks=pa.Check.in_range(0, half)),
                "sum": pa.Column("int64", checks=pa.Check.in_range(0, largest_sum)),
            },
            checks=pa.Check(adds_up, name="a + b = sum"),
            strict=True,
            ordered=True,
        )

    spaces = Repair("stray spaces", "spaces around an id say nothing", stray_spaces)
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
            Check("wrong sum", "a + b is not the sum, and nothing says which of the three is wrong", adds_up),
            Deduplicate("re-sent record", "the same record id was sent again", "record_id"),
        ),
        clean=clean,
    )


def summands_table() -> Table:
    """The columns a and b alone, of pairs whose sums are asked for; nothing is expected of their values."""
    pairs = pairs_table(max(LARGEST_SUMS))
    return replace(pairs, columns=tuple(column for column in pairs.columns if column.name in ("a", "b")), rules=())
