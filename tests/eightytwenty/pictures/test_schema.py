import pandera.errors
import polars as pl
import pytest

from eightytwenty.kinds.category import Attribute
from eightytwenty.pictures.schema import pictures_table

TABLE = pictures_table(32)
HAIR = (Attribute("hair", ("bun", "bob")),)
SOUND = pl.DataFrame({"source": ["a.png", "b.png"], "record": [1, 1], "hair": ["bun", "bob"]})


def test_the_clean_schema_lets_clean_rows_pass():
    TABLE.clean(HAIR).validate(SOUND, lazy=True)
    TABLE.clean(HAIR).validate(SOUND.clear(), lazy=True)
    TABLE.clean(()).validate(SOUND.drop("hair"), lazy=True)
    TABLE.clean(HAIR).validate(SOUND.with_columns(source=pl.lit("a.png"), record=pl.Series([1, 2])), lazy=True)


@pytest.mark.parametrize(
    ("rows", "check"),
    [
        (SOUND.with_columns(source=pl.lit("a.png")), "multiple_fields_uniqueness"),
        (SOUND.with_columns(record=pl.col("record") - 1), "greater_than_or_equal_to(1)"),
        (SOUND.with_columns(hair=pl.Series(["bun", "Bob"])), "isin(('bun', 'bob'))"),
        (SOUND.with_columns(source=pl.Series([None, "b.png"])), "not_nullable"),
        (SOUND.with_columns(record=pl.Series([None, 1])), "not_nullable"),
        (SOUND.with_columns(hair=pl.Series(["bun", None])), "not_nullable"),
        (SOUND.cast({"source": pl.Categorical}), "dtype('String')"),
        (SOUND.cast({"record": pl.Int32}), "dtype('Int64')"),
        (SOUND.cast({"hair": pl.Categorical}), "dtype('String')"),
        (SOUND.with_columns(more=pl.lit("x")), "column_in_schema"),
        (SOUND.select("record", "source", "hair"), "column_ordered"),
        (SOUND.drop("record"), "column_in_dataframe"),
        (SOUND.drop("hair"), "column_in_dataframe"),
    ],
)
def test_the_clean_schema_refuses_what_is_not_clean(rows, check):
    with pytest.raises(pandera.errors.SchemaErrors) as error:
        TABLE.clean(HAIR).validate(rows, lazy=True)
    assert check in error.value.failure_cases["check"].to_list()
