"""What pairs.yaml says of clean rows, as a pandera model to read; the tests hold both to the same verdicts."""

import pandera.polars as pa
import polars as pl


class CleanPairs(pa.DataFrameModel):
    """Two whole numbers from 0 to 32768, and their sum."""

    record_id: pl.String | None = pa.Field(nullable=True)
    a: pl.Int64 = pa.Field(in_range={"min_value": 0, "max_value": 32768})
    b: pl.Int64 = pa.Field(in_range={"min_value": 0, "max_value": 32768})
    sum: pl.Int64 = pa.Field(in_range={"min_value": 0, "max_value": 65536})

    class Config:
        """The columns, all of them and in this order."""

        strict = True
        ordered = True

    @pa.dataframe_check(error="wrong sum")
    @classmethod
    def adds_up(cls, rows: pa.PolarsData) -> pl.LazyFrame:
        """A + b = sum."""
        return rows.lazyframe.select(pl.col("a") + pl.col("b") == pl.col("sum"))
