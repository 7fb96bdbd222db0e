"""Equations that hold in nearly all rows are found among many columns; those that hold by chance are not."""

import datetime
import time
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty import clean, infer, read_table, table_yaml
from eightytwenty.engine.rules import check_failures
from eightytwenty.inference.equations import equation_rules, find_equations, find_relations
from eightytwenty.schema import Check, Column, Impute, Table, unique_names

KINDS = {
    pl.Int64: "integer",
    pl.Decimal: "decimal",
    pl.Float64: "float",
    pl.Date: "date",
    pl.Datetime: "timestamp",
    pl.Time: "time",
    pl.Duration: "duration",
    pl.String: "text",
}
MONEY = pl.Decimal(38, 18)


def declared(values):
    return {name: Column(name, KINDS[values[name].dtype.base_type()], nullable=True) for name in values.columns}


def rules_of(values):
    """The rules of a frame, as a table takes them; and the rows that each check flags."""
    columns = declared(values)
    rules = find_equations(values, columns)
    Table("numbers", tuple(columns.values()), tuple(rules))
    checks = [rule for rule in rules if isinstance(rule, Check)]
    failures = check_failures(checks, values)
    return rules, {name: np.flatnonzero(rows).tolist() for name, rows in failures.items()}


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def decimals(numbers, places):
    return pl.Series([Decimal(f"{number:.{places}f}") for number in numbers]).cast(MONEY)


def test_a_sum_and_its_broken_row(rng):
    a, b = rng.integers(0, 900, (2, 300))
    total = a + b
    total[42] += 7
    rules, flagged = rules_of(pl.DataFrame({"a": a, "b": b, "total": total, "noise": rng.integers(0, 900, 300)}))
    reason = "total is a + b in 299 of 300 rows"
    assert rules == [
        Check("total = a + b", reason, action="flag"),
        Impute("total = a + b", reason, confidence=round(300 / 302, 4)),
    ]
    assert flagged == {"total = a + b": [42]}


def test_a_product_of_decimals(rng):
    price, number = decimals(rng.uniform(1, 90, 200), 2), pl.Series(rng.integers(2, 40, 200))
    paid = decimals([float(one) * many for one, many in zip(price, number, strict=True)], 2)
    rules, flagged = rules_of(pl.DataFrame({"price": price, "number": number, "paid": paid}))
    assert [rule.impute for rule in rules if isinstance(rule, Impute)] == ["paid = price * number"]
    assert list(flagged.values()) == [[]]


@pytest.mark.parametrize(("factor", "words"), [(1, "a / b"), (100, "100 * a / b"), (10_000, "10,000 * a / b")])
def test_a_ratio_that_is_rounded(rng, factor, words):
    a, b = rng.integers(1, 900, 200), rng.integers(2, 900, 200)
    b[5] = 0
    share = decimals(factor * a / np.where(b == 0, 1, b), 2)
    values = pl.DataFrame({"share": share, "a": a, "b": b})
    rules, flagged = rules_of(values)
    assert [rule.reason for rule in rules] == [f"share is {words}, rounded, in 199 of 199 rows"]
    assert list(flagged.values()) == [[]]  # nothing is divided by zero


def test_a_total_of_adjacent_columns(rng):
    parts = {f"part {n}": rng.integers(0, 50, 150) for n in range(6)}
    values = pl.DataFrame({"before": rng.integers(0, 50, 150), **parts, "all": sum(parts.values())})
    (check, impute), flagged = rules_of(values)
    assert check.reason == f"all is {' + '.join(parts)} in 150 of 150 rows"
    assert impute.impute == "all = " + " + ".join(f'"{name}"' for name in parts)
    assert list(flagged.values()) == [[]]


def test_floats_are_compared_within_what_they_can_hold(rng):
    a, b = rng.uniform(0, 900, (2, 200)).round(3)
    rules, flagged = rules_of(pl.DataFrame({"a": a, "b": b, "c": a + b}))
    assert [type(rule) for rule in rules] == [Check]
    assert list(flagged.values()) == [[]]


def test_the_time_between_two_moments(rng):
    start = [datetime.datetime(2024, 1, 1) + datetime.timedelta(minutes=int(n)) for n in rng.integers(0, 90_000, 200)]
    minutes = rng.integers(5, 500, 200)
    end = [one + datetime.timedelta(minutes=int(n)) for one, n in zip(start, minutes, strict=True)]
    minutes[9] += 60
    (check,), flagged = rules_of(pl.DataFrame({"start": start, "end": end, "minutes": minutes}))
    assert check.reason == "minutes is the minutes from start to end, rounded, in 199 of 200 rows"
    assert list(flagged.values()) == [[9]]
    lasted = [last - first for first, last in zip(start, end, strict=True)]
    (check,), flagged = rules_of(pl.DataFrame({"start": start, "end": end, "lasted": lasted}))
    assert check.check == '"lasted" = "end" - "start"' or check.check == "lasted = end - start"
    assert list(flagged.values()) == [[]]


def test_days_and_times_of_day(rng):
    numbers = rng.integers(3, 90, 100)
    first = [datetime.date(2023, 1, 1) + datetime.timedelta(int(n)) for n in rng.integers(0, 900, 100)]
    last = [day + datetime.timedelta(int(n)) for day, n in zip(first, numbers, strict=True)]
    opens = [datetime.time(int(h), int(m)) for h, m in rng.integers((5, 0), (10, 60), (100, 2))]
    hours = rng.integers(2, 13, 100)
    closes = [one.replace(hour=one.hour + int(h)) for one, h in zip(opens, hours, strict=True)]
    _, flagged = rules_of(pl.DataFrame({"first": first, "last": last, "days": numbers}))
    assert list(flagged.values()) == [[]]
    _, flagged = rules_of(pl.DataFrame({"opens": opens, "closes": closes, "hours": hours}))
    assert list(flagged.values()) == [[]]


@pytest.mark.parametrize(
    "columns",
    [
        lambda rng: dict(zip("abcdef", rng.integers(0, 3, (6, 500)), strict=True)),  # tiny numbers
        lambda rng: dict(zip("abcdef", rng.integers(0, 500, (6, 500)), strict=True)),
        lambda rng: {name: np.where(rng.random(500) < 0.97, 0, rng.integers(0, 90, 500)) for name in "abcdef"},
        lambda rng: {"a": rng.integers(0, 90, 500), "one": np.ones(500, int), "zero": np.zeros(500, int)},
        lambda rng: {"year": rng.integers(2018, 2024, 500), "month": rng.integers(1, 13, 500), "n": np.arange(500)},
        lambda rng: {
            "id": 580_000 + np.arange(300),
            "borough": rng.integers(1, 9, 300),
            "mile": rng.integers(0, 2, 300),
        },
        lambda rng: {"a": rng.integers(0, 90, 500), "b": rng.integers(0, 90, 500), "c": [None] * 500},
    ],
)
def test_what_holds_by_chance_is_no_equation(rng, columns):
    values = pl.DataFrame(columns(rng)).cast(pl.Int64)
    assert find_equations(values, declared(values)) == []


def cities(rng, rows=400):
    return [f"City{n:03}" for n in rng.integers(0, 60, rows)]


def test_two_columns_that_are_equal_but_for_slips(rng):
    city, mailing = cities(rng), None
    mailing = list(city)
    mailing[3], mailing[8] = "Cty" + city[3][4:], city[8] + "x"
    ((check,), flagged) = rules_of(pl.DataFrame({"city": city, "mailing city": mailing}))
    assert check.reason == "mailing city is city in 398 of 400 rows"
    assert list(flagged.values()) == [[3, 8]]


def test_two_columns_that_differ_at_times_are_two_on_purpose(rng):
    city = cities(rng)
    mailing = list(city)
    for row in range(4):
        mailing[row] = "Elsewhere"
    values = pl.DataFrame({"city": city, "mailing city": mailing})
    assert find_equations(values, declared(values)) == []


def test_an_equation_holds_of_one_of_two_equal_columns(rng):
    a, b = rng.integers(0, 900, (2, 100))
    values = pl.DataFrame({"a": a, "a again": a, "b": b, "sum": a + b})
    relations = find_relations(values, declared(values))
    assert [(relation.result, relation.terms) for relation in relations] == [("a again", ("a",)), ("sum", ("a", "b"))]


def test_equations_do_not_depend_on_the_order_of_rows(rng):
    a, b = rng.integers(0, 900, (2, 3_000))
    total = np.where(rng.random(3_000) < 0.05, rng.integers(0, 900, 3_000), a + b)
    values = pl.DataFrame({"a": a, "b": b, "total": total})
    rules = find_equations(values, declared(values))
    assert rules
    for seed in range(3):
        shuffled = values.sample(fraction=1, shuffle=True, seed=seed)
        assert find_equations(shuffled, declared(values)) == rules


def test_a_hundred_columns_take_seconds(rng):
    columns = {f"c{n}": rng.integers(0, 10 ** (1 + n % 6), 20_000) for n in range(97)}
    columns |= {"sum": columns["c5"] + columns["c11"], "product": columns["c2"] * columns["c3"]}
    columns["total"] = sum(columns[f"c{n}"] for n in range(40, 50))
    values = pl.DataFrame(columns)
    begin = time.process_time()
    relations = find_relations(values, declared(values))
    assert time.process_time() - begin < 6  # 1 to 2 s where nothing else runs
    assert {relation.result for relation in relations} == {"sum", "product", "total"}


@settings(deadline=None, max_examples=25)
@given(names=st.lists(st.text(min_size=1, max_size=8), min_size=3, max_size=3))
def test_whatever_the_names_the_rules_are_those_of_a_table(names, tmp_path_factory):
    a, b = np.random.default_rng(1).integers(2, 900, (2, 60))
    for result in (a + b, a * b):
        values = pl.DataFrame([a, b, result], schema=unique_names(names))
        columns = tuple(Column(name, "integer") for name in values.columns)
        relations = find_relations(values, {column.name: column for column in columns})
        rules = equation_rules(relations, values.schema)
        assert rules
        table = Table("numbers", columns, tuple(rules))
        schema = tmp_path_factory.mktemp("yaml") / "schema.yaml"
        schema.write_text(table_yaml(table), encoding="utf-8")
        assert read_table(schema) == table


def test_a_messy_file_is_cleaned_with_its_equations(tmp_path, rng):
    a, b = rng.integers(0, 900, (2, 300))
    lines = [[str(one), str(other), str(one + other)] for one, other in zip(a, b, strict=True)]
    lines[10][2], lines[20][1] = str(a[10] + b[10] + 1), ""
    text = "\n".join(map(",".join, [["first half", "second half", "year"], *lines])) + "\n"
    (tmp_path / "raw.csv").write_text(text)
    cleaned = clean(tmp_path / "raw.csv", None, tmp_path / "out")
    assert cleaned.flags.collect()["record"].to_list() == [11]
    ledger = cleaned.ledger.collect()
    assert ledger.select("record", "column", "after").rows() == [(21, "second half", str(b[20]))]
    assert ledger["confidence"].to_list() == [round(299 / 301, 4)]
    rules = infer(tmp_path / "raw.csv").rules
    assert [rule.action for rule in rules if isinstance(rule, Check | Impute)] == ["flag", "repair"]
    # what holds in few rows is not sure enough to fill in cells
    (tmp_path / "raw.csv").write_text("\n".join(text.splitlines()[:40]))
    rules = infer(tmp_path / "raw.csv").rules
    assert [rule.action for rule in rules if isinstance(rule, Check | Impute)] == ["flag", "off"]


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_numbers_near_the_largest_are_none_of_which_a_user_is_warned(rng):
    price, count = rng.choice([1e200, 2e-200, 3.5, 1e308, 1.7e308], 500), rng.choice([1e-300, 1e200, 2.0], 500)
    with np.errstate(over="ignore"):
        total = np.minimum(price * count, 1.7e308)
    values = pl.DataFrame({"price": price, "count": count, "total": total, "other": rng.random(500)})
    rules_of(values)
