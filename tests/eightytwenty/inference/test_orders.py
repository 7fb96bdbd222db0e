"""Orders that hold in nearly all rows become checks; those that any two columns could have do not."""

import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty import clean, infer, read_table, table_yaml
from eightytwenty.inference.orders import find_orders
from eightytwenty.schema import Check, Column, Table, unique_names

DAY = datetime.date(2024, 1, 1)


def days(numbers):
    return [DAY + datetime.timedelta(int(number)) for number in numbers]


def orders(kinds=None, /, **columns):
    """The checks of columns of a table, of which numbers are integers."""
    values = pl.DataFrame(columns)
    named = {"Date": "date", "Datetime": "timestamp", "Time": "time", "Duration": "duration", "Float64": "float"}
    kind = {name: named.get(str(values[name].dtype.base_type()), "integer") for name in columns}
    declared = {name: Column(name, (kinds or {}).get(name, kind[name])) for name in columns}
    return find_orders(values, declared)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def visits(rng, rows=1_000, broken=()):
    opened = rng.integers(0, 700, rows)
    closed = opened + rng.integers(0, 90, rows)
    for row in broken:
        opened[row], closed[row] = closed[row] + 1, opened[row]
    return {"opened": days(opened), "closed": days(closed)}


def test_dates_that_are_hardly_ever_out_of_order(rng):
    assert orders(**visits(rng, broken=(5, 77))) == [
        Check("opened <= closed", "opened is not after closed in 998 of 1,000 rows", action="flag")
    ]


def test_an_order_with_many_exceptions_is_none(rng):
    assert orders(**visits(rng, broken=range(30))) == []


def test_numbers_that_lie_apart_are_in_no_order(rng):
    assert orders(year=rng.integers(1900, 2020, 500), population=rng.integers(3_000, 90_000, 500)) == []


def test_numbers_that_grow_with_the_size_of_the_row_are_in_no_order(rng):
    size = np.exp(rng.normal(8, 1.5, 500))
    share = 0.05 + 0.2 * rng.random(500)
    assert orders(people=(size * 10).astype(int), dogs=(size * share).astype(int)) == []


def test_a_part_is_at_most_the_whole(rng):
    whole = rng.integers(0, 50, 400)
    part = rng.binomial(whole, 0.7)
    assert [check.check for check in orders(whole=whole, part=part)] == ["part <= whole"]
    assert [check.check for check in orders(whole=whole[:20], part=part[:20])] == []  # too few to tell


def test_limits_that_keep_a_narrow_distance(rng):
    middle = rng.normal(50, 12, 300).round(1)
    low, high = (middle - rng.uniform(1, 3, 300)).round(1), (middle + rng.uniform(1, 3, 300)).round(1)
    found = orders(low=low, middle=middle, high=high)
    assert {check.check for check in found} == {"low <= middle", "middle <= high"}  # low <= high follows


def test_numbers_of_the_rows_are_in_no_order():
    assert orders(first=np.arange(300), second=np.arange(300) + 1) == []


def test_zeros_beside_zeros_are_in_no_order(rng):
    points = np.where(rng.random(500) < 0.9, 0, rng.integers(5, 20, 500))
    assert orders(comments=np.where(points > 0, rng.integers(0, 3, 500), 0), points=points) == []


def test_columns_of_other_units_are_not_compared(rng):
    part = rng.integers(0, 50, 400)
    whole = part + rng.integers(0, 5, 400)
    kinds = {"part": "integer", "whole": "percentage"}
    assert orders(kinds, part=part, whole=pl.Series(whole).cast(pl.Decimal(38, 18))) == []


def test_days_and_moments_are_compared_by_the_day(rng):
    opened = rng.integers(0, 700, 400)
    closed = opened + rng.integers(0, 40, 400)
    moments = [datetime.datetime.combine(day, datetime.time(9)) for day in days(opened)]
    (check,) = orders(opened=moments, closed=days(closed))
    assert check.check == "CAST(opened AS DATE) <= CAST(closed AS DATE)"
    assert check.reason.endswith("in 400 of 400 rows")


def test_columns_of_an_equation_are_in_no_further_order(rng):
    whole = rng.integers(0, 50, 400)
    values = pl.DataFrame({"whole": whole, "part": rng.binomial(whole, 0.7)})
    columns = {name: Column(name, "integer") for name in values.columns}
    assert find_orders(values, columns)
    assert find_orders(values, columns, [frozenset(("whole", "part", "rest"))]) == []


@settings(deadline=None, max_examples=25)
@given(names=st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=2))
def test_whatever_the_names_the_check_is_one_of_a_table(names, tmp_path_factory):
    values = pl.DataFrame(list(visits(np.random.default_rng(1), 200).values()), schema=unique_names(names))
    columns = tuple(Column(name, "date") for name in values.columns)
    (check,) = find_orders(values, {column.name: column for column in columns})
    table = Table("visits", columns, (check,))
    schema = tmp_path_factory.mktemp("yaml") / "schema.yaml"
    schema.write_text(table_yaml(table), encoding="utf-8")
    assert read_table(schema) == table


def test_a_messy_file_is_cleaned_with_its_orders(tmp_path, rng):
    table = pl.DataFrame(visits(rng, 300, broken=(7,))).rename({"opened": "opened on", "closed": "closed on"})
    table.write_csv(tmp_path / "raw.csv")
    cleaned = clean(tmp_path / "raw.csv", None, tmp_path / "out")
    flags = cleaned.flags.collect()
    assert flags.select("record", "rule").rows() == [(8, '"opened on" <= "closed on"')]
    assert flags["reason"].to_list() == ["opened on is not after closed on in 299 of 300 rows"]
    shuffled = table.sample(fraction=1, shuffle=True, seed=2)
    shuffled.write_csv(tmp_path / "raw.csv")
    assert infer(tmp_path / "raw.csv").rules == read_table(tmp_path / "out" / "schema.yaml").rules
