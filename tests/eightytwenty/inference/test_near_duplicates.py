"""What is a row's own: rare values in columns that do not say the same."""

import polars as pl
import pytest

from eightytwenty.inference.evidence import Cells, Evidence
from eightytwenty.inference.near_duplicates import are_own, find_near_duplicate_rule, telling_columns
from eightytwenty.mined_rules import Depends, NearDuplicates, Template, Typos
from eightytwenty.schema import Check

ROWS = 200
TEXTS = pl.DataFrame(
    {
        "id": map(str, range(ROWS)),
        "name": [f"N{n // 2 if n < 6 else n}" for n in range(ROWS)],
        "phone": [f"P{n // 2 if n < 4 else n}" for n in range(ROWS)],
        "city": [f"C{n % 9}" for n in range(ROWS)],
        "colour": [("red", "blue")[n % 2] for n in range(ROWS)],
    }
)


@pytest.fixture(scope="module")
def evidence():
    return Evidence.of([Typos(tuple(TEXTS.columns))], Cells(TEXTS, {}))


def own(evidence, rows, rules=(), size=2):
    cells = pl.DataFrame(rows, dict.fromkeys(("name", "phone", "city"), pl.String), orient="row")
    return are_own(rules, evidence, cells, pl.repeat(size, cells.height, dtype=pl.Int64, eager=True)).to_list()


def test_two_rare_values_are_enough_and_one_is_not(evidence):
    rows = [("N0", "P0", "C1"), ("N0", None, "C1"), (None, None, "C1"), ("new", "new", None)]
    assert own(evidence, rows) == [True, False, False, True]
    # what more rows have than are alike, they may have by chance
    assert own(evidence, [("N0", "P0", "C1")], size=1) == [False]
    many = TEXTS.with_columns(name=pl.lit("N"), phone=pl.lit("P"))
    counted = Evidence.of([Typos(tuple(TEXTS.columns))], Cells(many, {}))
    assert own(counted, [("N", "P", "C1")]) == [False]


@pytest.mark.parametrize(
    "rule",
    [
        Depends(("name",), "phone"),
        Depends(("phone",), "name", action="off"),
        Template("{name}-x", "phone"),
        Check("phone = name", "they are equal", action="flag"),
    ],
)
def test_a_column_that_others_determine_tells_nothing(evidence, rule):
    assert own(evidence, [("N0", "P0", "C1")], [rule]) == [False]


def test_what_others_determine_in_a_part_of_the_table_tells_something_in_the_rest(evidence):
    columns = ["name", "phone", "city", "colour"]
    rule = Depends(("phone",), "city", {"colour": "C1"})
    assert telling_columns(columns, [rule], evidence) == columns


def test_columns_are_told_step_by_step(evidence):
    columns = ["name", "phone", "city", "colour"]
    assert telling_columns(columns, [], evidence) == columns
    rules = [
        Depends(("phone",), "city"),
        Depends(("city", "phone"), "name"),
        Check("colour <> city", "they are two things", action="flag"),
    ]
    assert telling_columns(columns, rules, evidence) == ["phone", "colour"]


def test_a_table_of_categories_has_no_such_rule(evidence):
    assert find_near_duplicate_rule(TEXTS.columns, ["id"], [], evidence) == NearDuplicates(tuple(TEXTS.columns[1:]))
    assert find_near_duplicate_rule(["id", "city", "colour"], ["id"], [], evidence) is None
    assert find_near_duplicate_rule(["id", "name"], ["id"], [], evidence) is None
    assert find_near_duplicate_rule(["id"], ["id"], [], evidence) is None


def test_more_rows_need_more_of_their_own():
    def first_row_is_own(rows):
        cells = pl.DataFrame({name: [f"{name}{n // 3}" for n in range(rows)] for name in ("a", "b", "c")})
        evidence = Evidence.of([Typos(("a", "b", "c"))], Cells(cells, {}))
        return are_own([], evidence, cells[:1], pl.Series([2])).item()

    assert [first_row_is_own(rows) for rows in (9, 900)] == [False, True]
