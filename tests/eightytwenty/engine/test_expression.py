import polars as pl
import pytest

from eightytwenty.engine.expression import compile_check

COLUMNS = {
    "a": pl.Int64(),
    "b": pl.Int64(),
    "day": pl.Date(),
    "word": pl.String(),
    "clock": pl.Time(),
    "the sum": pl.Decimal(38, 18),
}


def test_a_check_is_true_where_it_is_null():
    rows = pl.DataFrame({"a": [1, 2, None], "b": [1, 1, 1]}, {name: COLUMNS[name] for name in ("a", "b")})
    check = compile_check("a <= b", rows.schema)
    assert rows.select(check.alias("sound"))["sound"].to_list() == [True, False, True]


@pytest.mark.parametrize(
    "check",
    [
        "a + b = a",
        "day < date '2024-01-01'",
        "day < timestamp '2024-01-05 10:00:00' - interval '1d'",
        "clock > time '10:00:00'",
        "word like 'x%' or word is null",
        '"the sum" = 0.3',
        "a in (1, 2) and not b = 3",
    ],
)
def test_conditions_on_one_row_are_accepted(check):
    compile_check(check, COLUMNS)


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("a +", "is not an SQL expression"),
        ("drop table x", "is not an SQL expression|names"),
        ("aa > 1", "names aa, which is not a column; did you mean a"),
        ("max(a) > 1", "must look at the cells of one row"),
        ("sum(a) over (partition by b) > 1", "must look at the cells of one row"),
        ("row_number() over (order by a) = 1", "must look at the cells of one row"),
        ("1 = 1", "must look at the cells of one row"),
        ("a > (select max(a) from t)", "is not an SQL expression"),
        ("a + 1", "must be true or false; it is of the type Int64"),
        ("word > 1", "cannot be computed .*; write numbers without quotes, and texts in single quotes"),
        ("a in ('1')", "write numbers without quotes"),
        ("day > '2024-01-05'", "write days as date '2024-01-05'"),
        ("day in ('2024-01-05')", "write days as date '2024-01-05'"),
        ("day > day + 1", "add an interval to a day or a moment, such as interval '1d'"),
    ],
)
def test_anything_else_is_refused_and_says_why(check, why):
    with pytest.raises(ValueError, match=why):
        compile_check(check, COLUMNS)
