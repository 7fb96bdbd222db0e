import numpy as np
import pandera.errors
import polars as pl
import pytest

from eightytwenty.engine.rules import apply_rules
from eightytwenty.engine.validate import clean_schema
from eightytwenty.read.batch import Batch
from schemas.clean_pairs import CleanPairs
from schemas.pairs import LARGEST_SUMS, pairs_table

TABLE = pairs_table(16)
COLUMNS = ("record_id", "a", "b", "sum")


def results(*rows):
    """What the rules make of rows of three cells."""
    cells = pl.DataFrame([("id", *row) for row in rows], dict.fromkeys(COLUMNS, pl.String), orient="row")
    problems = pl.repeat(None, len(rows), dtype=pl.String, eager=True)
    return apply_rules(
        TABLE, Batch("pairs.csv", np.arange(1, cells.height + 1), cells, problems, None, lambda _: []), COLUMNS
    )


def filled(*rows):
    """The cells of the rows after the rules."""
    return results(*rows).cells.drop("record_id").rows()


def test_one_missing_cell_follows_from_the_other_two():
    rows = [(None, "3", "5"), ("2", None, "5"), ("2", "3", None), ("9", None, "5")]
    assert filled(*rows) == [("2", "3", "5"), ("2", "3", "5"), ("2", "3", "5"), ("9", "-4", "5")]


def test_two_missing_cells_or_an_unreadable_cell_are_not_filled():
    rows = [(None, None, "5"), ("abc", "3", "5"), ("abc", None, "5"), (None, "7,000", "9"), (None, None, None)]
    assert filled(*rows) == rows


def test_the_sum_decides_between_two_readings_where_only_one_adds_up():
    rows = [
        ("7,000", "1", "8"),
        ("7.000", "1", "7001"),
        ("7,000", "1,000", "8,000"),  # 7 + 1 = 8 and 7000 + 1000 = 8000
        ("7,000", "0", "7,000"),
        ("1,000", "3,000", "4"),
    ]
    assert filled(*rows) == [("7", "1", "8"), ("7000", "1", "7001"), rows[2], rows[3], ("1", "3", "4")]


def test_the_sum_decides_nothing_where_a_cell_is_missing_or_nothing_adds_up():
    rows = [("7,000", None, "8"), ("7,000", "x", "8"), ("7,000", "1", "9"), ("x", "1", "2")]
    assert filled(*rows) == rows


def test_checks_find_what_is_out_of_range_and_what_does_not_add_up():
    rows = [("8", "8", "16"), ("0", "0", "0"), ("9", "0", "9"), ("-1", "2", "1"), ("1", "2", "4"), ("1", "x", "4")]
    failures = results(*rows).failures
    assert failures["out of range"].tolist() == [False, False, True, True, False, False]
    assert failures["wrong sum"].tolist() == [False, False, False, False, True, False]


SOUND = pl.DataFrame({"record_id": ["1", None], "a": [1, 8], "b": [2, 8], "sum": [3, 16]})
UNSOUND = [
    (SOUND.with_columns(a=pl.col("a") + 8, sum=pl.col("sum") + 8), "in_range(0, 8)"),
    (SOUND.with_columns(b=-pl.col("b"), sum=pl.col("a") - pl.col("b")), "in_range(0, 8)"),
    (SOUND.with_columns(sum=17 + pl.col("sum")), "in_range(0, 16)"),
    (SOUND.with_columns(sum=pl.col("sum") - 1), "a + b is not the sum"),
    (SOUND.cast({"a": pl.Float64}), "dtype('Int64')"),
    (SOUND.cast({"b": pl.Int32}), "dtype('Int64')"),
    (SOUND.cast({"sum": pl.String}), "dtype('Int64')"),
    (SOUND.with_columns(record_id=pl.col("a")), "dtype('String')"),
    (SOUND.cast({"record_id": pl.Categorical}), "dtype('String')"),
    (SOUND.with_columns(a=pl.lit(None, pl.Int64)), "not_nullable"),
    (SOUND.with_columns(b=pl.lit(None, pl.Int64)), "not_nullable"),
    (SOUND.with_columns(sum=pl.lit(None, pl.Int64)), "not_nullable"),
    (SOUND.with_columns(more=pl.lit("x")), "column_in_schema"),
    (SOUND.select("record_id", "b", "a", "sum"), "column_ordered"),
    (SOUND.drop("a"), "column_in_dataframe"),
    (SOUND.drop("sum"), "column_in_dataframe"),
]


@pytest.mark.parametrize("rows", [SOUND, SOUND.drop("record_id"), SOUND.clear()])
def test_both_clean_schemas_let_clean_rows_pass(rows):
    clean_schema(TABLE).validate(rows, lazy=True)
    CleanPairs.validate(rows, lazy=True)


@pytest.mark.parametrize(("rows", "check"), UNSOUND)
def test_the_clean_schema_refuses_what_is_not_clean(rows, check):
    with pytest.raises(pandera.errors.SchemaErrors) as error:
        clean_schema(TABLE).validate(rows, lazy=True)
    assert check in " ".join(map(str, error.value.failure_cases["check"]))


@pytest.mark.parametrize("rows", [rows for rows, _ in UNSOUND])
def test_the_model_to_read_says_the_same(rows):
    table, numbers = pairs_table(LARGEST_SUMS[-1]), [name for name in ("a", "b", "sum") if name in rows.columns]
    scaled = rows.with_columns(pl.col(name) * 4096 for name in numbers if rows[name].dtype.is_numeric())
    for schema in (clean_schema(table), CleanPairs):
        with pytest.raises(pandera.errors.SchemaErrors):
            schema.validate(scaled, lazy=True)


def test_one_row_of_many_is_enough_for_the_clean_schema_to_refuse():
    many = pl.DataFrame({"a": [1] * 10_000, "b": [2] * 10_000, "sum": [3] * 9_999 + [4]})
    with pytest.raises(pandera.errors.SchemaErrors) as error:
        clean_schema(TABLE).validate(many, lazy=True)
    assert error.value.failure_cases["index"].to_list() == [9_999]
