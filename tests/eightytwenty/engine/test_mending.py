"""Of a row that breaks an equation, the cell to blame is found where something tells it."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty import Check, Column, Impute, Table, clean
from eightytwenty.engine.mending import MENDED, mend, stated_equations
from eightytwenty.engine.repair import repair_column
from eightytwenty.engine.rules import check_failures
from eightytwenty.inference.equations import find_equations

CELL = ["record", "column", "before", "after"]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def table_of(kinds, rules, **options):
    columns = tuple(Column(name, kind, nullable=True, action="flag") for name, kind in kinds.items())
    return Table("t", columns, tuple(rules), **options)


def mended(kinds, cells, rules=None, table=None):
    """The proposals for a table of cells, with the equations that it shows."""
    table = table or table_of(kinds, rules or ())
    columns = {column.name: column for column in table.columns}
    repaired = [repair_column(cells[name], column) for name, column in columns.items()]
    cells = pl.DataFrame({name: one.cells for name, one in zip(columns, repaired, strict=True)})
    values = pl.DataFrame({name: one.values for name, one in zip(columns, repaired, strict=True)})
    if rules is None and not table.rules:
        table = table_of(kinds, find_equations(values, columns))
    stated = stated_equations(table, columns)

    def found_in(rows):
        failures = check_failures([one.check for one in stated], values[rows])
        return mend(stated, failures, columns, cells[rows], values[rows])

    found = found_in(list(range(len(cells))))
    for rows in (list(range(len(cells)))[::-1], list(range(len(cells) // 2))):  # each row is judged by itself
        again = found_in(rows).with_columns(pl.col("row").replace_strict(dict(enumerate(rows)), return_dtype=pl.Int64))
        assert again.sort("row", "column").equals(found.filter(pl.col("row").is_in(rows)).sort("row", "column"))
    return found


def sums(rng, rows=200):
    a, b = rng.integers(1_000, 9_000, (2, rows)).tolist()
    return {"a": a, "b": b, "sum": [one + other for one, other in zip(a, b, strict=True)]}


def two_sums(rng):
    columns = sums(rng)
    columns["c"] = rng.integers(1_000, 9_000, 200).tolist()
    columns["other sum"] = [one + other for one, other in zip(columns["a"], columns["c"], strict=True)]
    return columns


def texts(columns):
    return pl.DataFrame({name: list(map(str, column)) for name, column in columns.items()})


def test_a_cell_that_cannot_be_read_is_computed(rng):
    columns = sums(rng)
    right = columns["a"][4]
    columns["a"][4] = f"{right // 100}x{right % 10}"
    (line,) = mended(dict.fromkeys(columns, "integer"), texts(columns)).iter_rows(named=True)
    assert (line["row"], line["column"], line["proposal"]) == (4, "a", str(right))
    assert line["confidence"] == 0.95
    assert line["reason"] == f"sum is a + b in 199 of 199 rows; here it would be if a were {right}"


def test_two_equations_that_ask_for_the_same_value_tell_the_cell(rng):
    columns = two_sums(rng)
    right = columns["a"][9]
    columns["a"][9] += 4_321
    (line,) = mended(dict.fromkeys(columns, "integer"), texts(columns)).iter_rows(named=True)
    assert (line["row"], line["column"], line["proposal"]) == (9, "a", str(right))
    assert line["checks"] == ['"other sum" = a + c', "sum = a + b"]
    assert line["impute"] == 'from "other sum" = a + c'
    assert line["confidence"] > 0.999


def test_a_missing_digit_tells_the_cell(rng):
    columns = sums(rng)
    columns["sum"][7] = 12_345
    columns["a"][7], columns["b"][7] = 8_000, 434  # 4,345 without a digit
    (line,) = mended(dict.fromkeys(columns, "integer"), texts(columns)).iter_rows(named=True)
    assert (line["column"], line["proposal"], line["confidence"]) == ("b", "4345", 0.95)


def test_an_equation_that_is_checked_with_a_tolerance_is_that_which_fills_in(rng):
    price, number = rng.integers(1_000, 9_000, 200), rng.integers(2, 90, 200)
    columns = {"price": [f"{cents / 100:.2f}" for cents in price], "number": number.tolist()}
    columns["total"] = [f"{cents / 100:.2f}" for cents in price * number]
    right, columns["total"][5] = columns["total"][5], columns["total"][5][1:]
    found = mended({"price": "decimal", "number": "integer", "total": "decimal"}, texts(columns))
    (line,) = found.iter_rows(named=True)
    assert line["checks"][0].startswith("ABS(")
    assert (line["row"], line["column"], line["proposal"]) == (5, "total", right)


@pytest.mark.parametrize(
    ("a", "b", "total"),
    [
        (1_010, 2_020, 3_031),  # a slip explains each of them
        (1_010, 2_020, 1),  # no slip does
    ],
)
def test_what_tells_no_cell_names_none(rng, a, b, total):
    columns = sums(rng)
    columns["a"][7], columns["b"][7], columns["sum"][7] = a, b, total
    assert mended(dict.fromkeys(columns, "integer"), texts(columns)).is_empty()


def test_of_two_texts_either_may_be_the_wrong_one_unless_one_is_kept(rng):
    city = [f"City{n:03}" for n in rng.integers(0, 60, 200)]
    cells = pl.DataFrame({"city": city, "mailing city": [*city[:3], city[3] + "x", *city[4:]]})
    kinds = dict.fromkeys(cells.columns, "text")
    rules = [Check('"mailing city" = city', "they are equal", action="flag")]
    assert mended(kinds, cells, rules).is_empty()
    columns = (Column("city", "text", keep=(city[3],)), Column("mailing city", "text"))
    (line,) = mended(kinds, cells, table=Table("t", columns, tuple(rules))).iter_rows(named=True)
    assert (line["row"], line["column"], line["proposal"], line["impute"]) == (3, "mailing city", city[3], None)


def test_copies_that_agree_are_never_sure(rng):
    city = [f"City{n:03}" for n in rng.integers(0, 60, 200)]
    cells = pl.DataFrame({"a": [*city[:3], "Elsewhere", *city[4:]], "b": city, "c": city})
    rules = [Check(f"{name} = a", "they are equal", action="flag") for name in "bc"]
    (line,) = mended(dict.fromkeys("abc", "text"), cells, rules).iter_rows(named=True)
    assert (line["column"], line["proposal"], line["confidence"]) == ("a", city[3], 0.95)


@pytest.mark.parametrize("condition", ["a <= b", "a = 5", "a = 2 * b", "LENGTH(c) = a"])
def test_what_is_no_equation_of_numbers_or_copies_tells_nothing(condition):
    kinds = {"a": "integer", "b": "integer", "c": "text"}
    table = table_of(kinds, [Check(condition, "it must be", action="flag")])
    stated = stated_equations(table, kinds)
    assert [one.check.check for one in stated] == (["a = 2 * b"] if condition == "a = 2 * b" else [])
    assert stated_equations(table, ["b", "c"]) == []


def test_without_an_equation_there_is_nothing_to_mend():
    assert mend([], {}, {}, pl.DataFrame(), pl.DataFrame()).schema == MENDED


@given(st.lists(st.integers(0, 30), min_size=3, max_size=3), st.integers(0, 2), st.integers(1, 9))
def test_a_proposal_mends_what_it_is_for(numbers, at, off):
    row = dict(zip(("a", "b", "c"), numbers, strict=True)) | {"sum": numbers[0] + numbers[1]}
    row["all"] = row["sum"] + numbers[2]
    row[list(row)[at]] += off
    rules = [
        Check(f"{left} = {right}", "it is", action="flag") for left, right in (("sum", "a + b"), ("all", "sum + c"))
    ]
    table = table_of(dict.fromkeys(row, "integer"), rules)
    for line in mended({}, texts({name: [value] for name, value in row.items()}), table=table).iter_rows(named=True):
        changed = pl.DataFrame([row | {line["column"]: int(line["proposal"])}])
        assert not any(check_failures([rule for rule in rules if rule.name in line["checks"]], changed).values())


def cleaned(folder, columns, name="raw", **options):
    pl.DataFrame(columns, strict=False).cast(pl.String).write_csv(folder / f"{name}.csv")
    return clean(folder / f"{name}.csv", options.pop("table", None), folder / f"{name}.cleaned", **options)


def rows_of(flags):
    return flags.collect().select("record", "column", "rule", "value", "proposal").rows()


def test_a_cell_that_two_equations_blame_is_changed_and_stays(tmp_path, rng):
    columns = two_sums(rng)
    right = columns["a"][9]
    columns["a"][9] += 4_321
    result = cleaned(tmp_path, columns, min_confidence=0.98)
    assert result.ledger.collect().select(CELL).rows() == [(10, "a", str(right + 4_321), str(right))]
    assert result.ledger.collect()["rule"].to_list() == ['from "other sum" = a + c']
    assert result.flags.collect().is_empty()
    again = clean(result.folder / "clean.csv", None, tmp_path / "again", min_confidence=0.98)
    assert again.ledger.collect().is_empty()
    assert again.flags.collect().is_empty()


def test_below_the_confidence_the_cell_is_flagged_instead_of_the_row(tmp_path, rng):
    columns = sums(rng)
    columns["sum"][7], columns["a"][7], columns["b"][7] = 12_345, 8_000, 434
    columns["sum"][8] = 1
    result = cleaned(tmp_path, columns)
    rule = "sum = a + b"
    assert [line for line in rows_of(result.flags) if line[2] == rule] == [
        (8, "b", rule, "434", "4345"),
        (9, None, rule, None, None),
    ]
    assert result.ledger.collect().is_empty()
    bold = clean(tmp_path / "raw.csv", None, tmp_path / "bold", min_confidence=0.8)
    assert bold.ledger.collect().select(CELL).rows() == [(8, "b", "434", "4345")]


def test_a_check_alone_never_changes_a_cell(tmp_path, rng):
    columns = two_sums(rng)
    columns["a"][9] += 4_321
    checks = [Check(text, "it is", action="flag") for text in ("sum = a + b", '"other sum" = a + c')]
    fills = [Impute("sum = a + b", action="off"), Impute('"other sum" = a + c')]
    for rules in (checks, [*checks, *fills]):
        table = table_of(dict.fromkeys(columns, "integer"), rules)
        result = cleaned(tmp_path, columns, table=table)
        assert result.ledger.collect().is_empty()
        assert [line[:3] for line in rows_of(result.flags)] == [(10, "a", "sum = a + b")]
