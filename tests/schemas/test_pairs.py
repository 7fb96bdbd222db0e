import pandas as pd
import pandera.errors
import pytest

from eightytwenty.schema import Check, Impute
from schemas.pairs import pairs_table

TABLE = pairs_table(16)
RULES = {rule.name: rule for rule in TABLE.rules}


def infer(name, *rows):
    """What a rule fills in, for rows of three cells; plain digits are values, all else is text not understood."""
    cells = pd.DataFrame(rows, columns=["a", "b", "sum"], dtype="str")
    values = cells.where(cells.apply(lambda column: column.str.fullmatch("[0-9]+"))).astype("Int64")
    rule = RULES[name]
    assert isinstance(rule, Impute)
    return [
        tuple(None if pd.isna(cell) else cell for cell in row)
        for row in rule.function(cells, values).itertuples(index=False)
    ]


def check(name, *rows):
    rule = RULES[name]
    assert isinstance(rule, Check)
    return rule.function(pd.DataFrame(rows, columns=["a", "b", "sum"], dtype="Int64")).fillna(True).tolist()


def test_one_missing_cell_follows_from_the_other_two():
    found = infer("from the other two", (None, "3", "5"), ("2", None, "5"), ("2", "3", None), ("9", None, "5"))
    assert found == [("2", None, None), (None, "3", None), (None, None, "5"), (None, "-4", None)]


def test_two_missing_cells_or_a_cell_not_understood_are_not_filled():
    nothing = (None, None, None)
    rows = [(None, None, "5"), ("abc", "3", "5"), ("abc", None, "5"), (None, "7,000", "9"), (None, None, None)]
    assert infer("from the other two", *rows) == [nothing] * len(rows)


def test_the_sum_decides_between_two_readings_where_only_one_adds_up():
    rows = [
        ("7,000", "1", "8"),
        ("7.000", "1", "7001"),
        ("7,000", "1,000", "8,000"),
        ("7,000", "0", "7,000"),
        ("1,000", "3,000", "4"),
    ]
    assert infer("the sum decides", *rows) == [
        ("7", None, None),
        ("7000", None, None),
        (None, None, None),  # 7 + 1 = 8 and 7000 + 1000 = 8000
        (None, None, None),
        ("1", "3", None),
    ]


def test_the_sum_decides_nothing_where_a_cell_is_missing_or_nothing_adds_up():
    nothing = (None, None, None)
    rows = [("7,000", None, "8"), ("7,000", "x", "8"), ("7,000", "1", "9"), ("x", "1", "2")]
    assert infer("the sum decides", *rows) == [nothing] * len(rows)


def test_checks_find_what_is_out_of_range_and_what_does_not_add_up():
    rows = [(8, 8, 16), (0, 0, 0), (9, 0, 9), (-1, 2, 1), (1, 2, 4), (1, None, 4)]
    assert check("out of range", *rows) == [True, True, False, False, True, True]
    assert check("wrong sum", *rows) == [True, True, True, True, False, True]


@pytest.mark.parametrize(
    "change",
    [{"a": [9]}, {"sum": [4]}, {"b": [-1]}, {"a": [1.0]}, {"a": [None]}, {"more": [1]}],
    ids=["out of range", "wrong sum", "negative", "float", "missing", "another column"],
)
def test_the_clean_schema_refuses_what_is_not_clean(change):
    sound = pd.DataFrame({"record_id": pd.Series(["1"], dtype="str"), "a": [1], "b": [2], "sum": [3]})
    TABLE.clean().validate(sound, lazy=True)
    with pytest.raises(pandera.errors.SchemaErrors):
        TABLE.clean().validate(sound.assign(**change), lazy=True)
