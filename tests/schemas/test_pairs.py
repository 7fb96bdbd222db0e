import pandera.errors
import polars as pl
import pytest

from eightytwenty.schema import Check, Impute
from schemas.pairs import pairs_table

TABLE = pairs_table(16)
RULES = {rule.name: rule for rule in TABLE.rules}
COLUMNS = ("a", "b", "sum")


def impute(name, *rows):
    """The cells that a rule fills in, for rows of three cells. Plain digits are values; other text cannot be read."""
    cells = pl.DataFrame(rows, dict.fromkeys(COLUMNS, pl.String), orient="row")
    values = cells.cast(pl.Int64, strict=False)
    rule = RULES[name]
    assert isinstance(rule, Impute)
    new = rule.function(cells, values)
    assert new.schema == cells.schema
    return new.rows()


def check(name, *rows):
    rule = RULES[name]
    assert isinstance(rule, Check)
    frame = pl.DataFrame(rows, dict.fromkeys(COLUMNS, pl.Int64), orient="row")
    return frame.select(rule.expression.fill_null(value=True)).to_series().to_list()


def test_one_missing_cell_follows_from_the_other_two():
    filled_cells = impute("from the other two", (None, "3", "5"), ("2", None, "5"), ("2", "3", None), ("9", None, "5"))
    assert filled_cells == [("2", None, None), (None, "3", None), (None, None, "5"), (None, "-4", None)]


def test_two_missing_cells_or_a_unreadable_cell_are_not_filled():
    no_change = (None, None, None)
    rows = [(None, None, "5"), ("abc", "3", "5"), ("abc", None, "5"), (None, "7,000", "9"), (None, None, None)]
    assert impute("from the other two", *rows) == [no_change] * len(rows)


def test_the_sum_decides_between_two_readings_where_only_one_adds_up():
    rows = [
        ("7,000", "1", "8"),
        ("7.000", "1", "7001"),
        ("7,000", "1,000", "8,000"),
        ("7,000", "0", "7,000"),
        ("1,000", "3,000", "4"),
    ]
    assert impute("the sum decides", *rows) == [
        ("7", None, None),
        ("7000", None, None),
        (None, None, None),  # 7 + 1 = 8 and 7000 + 1000 = 8000
        (None, None, None),
        ("1", "3", None),
    ]


def test_the_sum_decides_nothing_where_a_cell_is_missing_or_nothing_adds_up():
    no_change = (None, None, None)
    rows = [("7,000", None, "8"), ("7,000", "x", "8"), ("7,000", "1", "9"), ("x", "1", "2")]
    assert impute("the sum decides", *rows) == [no_change] * len(rows)


def test_checks_find_what_is_out_of_range_and_what_does_not_add_up():
    rows = [(8, 8, 16), (0, 0, 0), (9, 0, 9), (-1, 2, 1), (1, 2, 4), (1, None, 4)]
    assert check("out of range", *rows) == [True, True, False, False, True, True]
    assert check("wrong sum", *rows) == [True, True, True, True, False, True]


SOUND = pl.DataFrame({"record_id": ["1", None], "a": [1, 8], "b": [2, 8], "sum": [3, 16]})


def test_the_clean_schema_lets_clean_rows_pass():
    for rows in (SOUND, SOUND.drop("record_id"), SOUND.clear()):
        TABLE.clean().validate(rows, lazy=True)


@pytest.mark.parametrize(
    ("rows", "check"),
    [
        (SOUND.with_columns(a=pl.col("a") + 8, sum=pl.col("sum") + 8), "in_range(0, 8)"),
        (SOUND.with_columns(b=-pl.col("b"), sum=pl.col("a") - pl.col("b")), "in_range(0, 8)"),
        (SOUND.with_columns(sum=17 + pl.col("sum")), "in_range(0, 16)"),
        (SOUND.with_columns(sum=pl.col("sum") - 1), "a + b = sum"),
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
    ],
)
def test_the_clean_schema_refuses_what_is_not_clean(rows, check):
    with pytest.raises(pandera.errors.SchemaErrors) as error:
        TABLE.clean().validate(rows, lazy=True)
    assert check in error.value.failure_cases["check"].to_list()


def test_one_row_of_many_is_enough_for_the_clean_schema_to_refuse():
    many = pl.DataFrame({"a": [1] * 10_000, "b": [2] * 10_000, "sum": [3] * 9_999 + [4]})
    with pytest.raises(pandera.errors.SchemaErrors) as error:
        TABLE.clean().validate(many, lazy=True)
    assert error.value.failure_cases.select("check", "index").rows() == [("a + b = sum", 9_999)]
