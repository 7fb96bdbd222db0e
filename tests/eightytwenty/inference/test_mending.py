"""Of a row that breaks an equation, the cell to blame is found where something tells it."""

import numpy as np
import polars as pl
import pytest

from eightytwenty.engine.repair import repair_column
from eightytwenty.inference.equations import find_relations
from eightytwenty.inference.mending import MENDED, mend
from eightytwenty.schema import Column


@pytest.fixture
def rng():
    return np.random.default_rng(7)


def mended(kinds, cells):
    """The proposals for a table of cells: column -> row -> proposal."""
    columns = {name: Column(name, kind, nullable=True) for name, kind in kinds.items()}
    repaired = [repair_column(cells[name], column) for name, column in columns.items()]
    cells = pl.DataFrame({name: one.cells for name, one in zip(columns, repaired, strict=True)})
    values = pl.DataFrame({name: one.values for name, one in zip(columns, repaired, strict=True)})
    relations = find_relations(values, columns)
    found = mend(relations, columns, cells, values)
    for piece in (cells[::-1], cells[:50]):  # each row is judged by itself
        rows = list(reversed(range(len(cells)))) if len(piece) == len(cells) else list(range(50))
        again = mend(relations, columns, piece, values[rows])
        again = again.with_columns(row=pl.Series([rows[row] for row in again["row"]], dtype=pl.Int64))
        assert again.sort("row", "column").equals(found.filter(pl.col("row").is_in(rows)).sort("row", "column"))
    return found


def sums(rng, rows=200):
    a, b = rng.integers(1_000, 9_000, (2, rows)).tolist()
    return {"a": a, "b": b, "sum": [one + other for one, other in zip(a, b, strict=True)]}


def texts(columns):
    return pl.DataFrame({name: list(map(str, column)) for name, column in columns.items()})


def test_a_cell_that_cannot_be_read_is_computed(rng):
    columns = sums(rng)
    right = columns["a"][4]
    columns["a"][4] = f"{right // 100}x{right % 10}"
    (line,) = mended(dict.fromkeys(columns, "integer"), texts(columns)).iter_rows(named=True)
    assert (line["row"], line["column"], line["proposal"]) == (4, "a", str(right))
    assert line["log_odds"] > np.log(99)
    assert line["reason"] == f"sum is a + b in 199 of 199 rows; here it would if a were {right}"


def test_two_equations_that_ask_for_the_same_value_tell_the_cell(rng):
    columns = sums(rng)
    columns["c"] = rng.integers(1_000, 9_000, 200).tolist()
    columns["other sum"] = [one + other for one, other in zip(columns["a"], columns["c"], strict=True)]
    right = columns["a"][9]
    columns["a"][9] += 4_321
    (line,) = mended(dict.fromkeys(columns, "integer"), texts(columns)).iter_rows(named=True)
    assert (line["row"], line["column"], line["proposal"]) == (9, "a", str(right))
    assert line["log_odds"] > np.log(99)


def test_a_missing_digit_tells_the_cell(rng):
    columns = sums(rng)
    columns["sum"][7] = 12_345
    columns["a"][7], columns["b"][7] = 8_000, 434  # 4,345 without a digit
    (line,) = mended(dict.fromkeys(columns, "integer"), texts(columns)).iter_rows(named=True)
    assert (line["column"], line["proposal"]) == ("b", "4345")


def test_each_of_the_cells_that_a_slip_explains_is_named(rng):
    columns = sums(rng)
    columns["a"][7], columns["b"][7], columns["sum"][7] = 1_010, 2_020, 3_031
    found = mended(dict.fromkeys(columns, "integer"), texts(columns))
    assert found.select("column", "proposal").rows() == [("sum", "3030"), ("a", "1011"), ("b", "2021")]
    assert found["log_odds"].max() < 0


def test_what_no_slip_explains_is_left(rng):
    columns = sums(rng)
    columns["sum"][7] = 1
    assert mended(dict.fromkeys(columns, "integer"), texts(columns)).is_empty()


def test_of_two_texts_either_may_be_the_wrong_one(rng):
    city = [f"City{n:03}" for n in rng.integers(0, 60, 200)]
    mailing = [*city[:3], city[3] + "x", *city[4:]]
    found = mended({"city": "text", "mailing city": "text"}, pl.DataFrame({"city": city, "mailing city": mailing}))
    assert found.select("row", "column", "proposal").rows() == [
        (3, "mailing city", city[3]),
        (3, "city", mailing[3]),
    ]
    assert found["log_odds"].to_list() == [0, 0]


def test_without_an_equation_there_is_nothing_to_mend():
    assert mend([], {}, pl.DataFrame(), pl.DataFrame()).schema == pl.Schema(MENDED)
