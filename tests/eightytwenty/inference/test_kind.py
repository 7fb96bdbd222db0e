"""The kind of a column is what nearly all of its values are, however they are written."""

import csv
from pathlib import Path

import polars as pl
import pytest

from eightytwenty.inference.column import infer_column
from eightytwenty.inference.values import Values
from eightytwenty.kinds.spelling import strip_spaces

TABLES = Path(__file__).parents[4] / "shared" / "data" / "tables"
TRUE_KINDS = Path(__file__).with_name("true_kinds.csv")
NUMBERS = [str(n) for n in range(100, 190)]


def kind(cells, name="column"):
    return infer_column(name, Values.of(pl.Series(cells, dtype=pl.String)))[0].kind


COLUMNS = {
    "integer": NUMBERS,
    "decimal": [f"{n}.5" for n in NUMBERS],
    "float": [f"{n}e-30" for n in NUMBERS],
    "boolean": ["Y", "N", "N"] * 30,
    "date": [f"{n % 12 + 1}/{n % 28 + 1}/2024" for n in range(90)],
    "time": [f"{n % 12 + 1}:30 p.m." for n in range(90)],
    "timestamp": [f"2024-01-{n % 28 + 1:02} 10:00:00" for n in range(90)],
    "duration": [f"{n}:30:15" for n in range(90)],
    "category": ["red", "green", "blue"] * 30,
    "code": [f"A-{n:04}" for n in range(90)],
    "quantity": [f"${n},100.50" for n in range(1, 91)],
    "percentage": [f"{n / 2}%" for n in range(90)],
    "email": [f"ann.{n}@example.org" for n in range(90)],
    "url": [f"https://example.org/{n}" for n in range(90)],
    "phone": [f"(212) 555-{n:04}" for n in range(90)],
    "uuid": [f"12345678-1234-4234-8234-1234567890{n:02}" for n in range(90)],
    "ip_address": [f"192.168.7.{n}" for n in range(90)],
    "coordinates": [f"41.{n:04}, -87.6{n:03}" for n in range(90)],
    "json": [f'{{"a": {n}}}' for n in range(90)],
    "text": [f"the {n}th note, which says {'much ' * (n % 7)}of it" for n in range(90)],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_is_of_the_kind_of_its_values(name):
    assert kind(COLUMNS[name]) == name


@pytest.mark.parametrize("name", COLUMNS)
def test_marks_of_missing_values_and_a_few_faults_do_not_change_it(name):
    cells = [*COLUMNS[name], None, None, "n/a", "N/A", "#N/A", "??!", "?!?"]
    assert kind(cells) == name


@pytest.mark.parametrize("name", COLUMNS)
def test_it_does_not_depend_on_the_order_of_the_rows(name):
    cells = [*COLUMNS[name], "?!?", "n/a", *COLUMNS[name][:20]]
    shuffled = pl.Series(cells).shuffle(seed=1)
    assert infer_column("column", Values.of(shuffled)) == infer_column("column", Values.of(pl.Series(cells)))


def test_cells_that_are_nearly_right_tell_what_they_should_be():
    cells = [f"{n}%" for n in range(80)]
    assert kind([*cells, *(f"{n}w%" for n in range(20))]) == "percentage"
    assert kind([*cells, *(f"about {n} of all" for n in range(20))]) != "percentage"


def test_the_name_says_what_digits_are():
    digits = [str(n) for n in range(10_000, 10_090)]
    assert kind(digits) == "integer"
    assert kind(digits, "zipCode") == kind(digits, "premisezip") == "postal_code"
    assert kind(digits, "zipper") == "integer"


def test_leading_zeros_make_codes_and_digits_that_no_number_holds_too():
    assert kind([f"{n:05}" for n in range(90)]) == "code"
    assert kind([f"12345678901234567{n:02}" for n in range(90)]) == "code"


RELEASES = ["3.1", "3.2", "3.9", "3.10", "3.11", "3.12"]


@pytest.mark.parametrize("others", [[], ["2.7"], ["10.0", "10.1"]])
def test_releases_are_codes(others):
    assert kind([*RELEASES, *others] * 10) == kind([*RELEASES, *others]) == "code"


@pytest.mark.parametrize("other", ["-3.3", "3.05", "3", "3.125", "300.5", "3,5", "0.99", "1e3", ".5", "3.87"])
def test_any_other_sign_of_fractions_makes_releases_decimal(other):
    assert kind([*RELEASES, other] * 10) in ("decimal", "float")


def test_numbers_that_lose_zeros_in_part_are_decimal():
    assert kind(["9.5", "9.50", "7.25", "3.75", "12.99"]) == "decimal"
    assert kind(RELEASES[:3]) == kind(["3.9", "3.10", "3.11"]) == "decimal"  # 3.1 is not there


def test_a_country_called_na_is_no_missing_value():
    cells = ["NA", "US", "FR", "DE"] * 20
    column, _, evidence = infer_column("country", Values.of(pl.Series(cells)))
    assert (column.missing, evidence.marks) == ((), {})
    for words in (["H", "He", "Li", "Na"], ["Kim", "Null", "Nan", "Lee"], ["NA", "EMEA", "APAC", "LATAM"]):
        column, _, evidence = infer_column("word", Values.of(pl.Series(words * 20)))
        assert (column.missing, column.blank, evidence.missing) == ((), "", 0)
    column, _, evidence = infer_column("size", Values.of(pl.Series(["NA", "12", "7"] * 20)))
    assert (column.kind, column.missing, evidence.marks) == ("integer", ("NA",), {"NA": 20})


@pytest.mark.parametrize("cells", [[], [None], ["x"], [None, None, "7"], ["n/a"], ["", "-"]])
def test_hardly_any_values_are_enough(cells):
    column, _, evidence = infer_column("column", Values.of(pl.Series(cells, dtype=pl.String)))
    assert evidence.rows == len(cells)
    assert column.nullable


@pytest.mark.skipif(not TABLES.is_dir(), reason="the tables are not here")
def test_the_kinds_of_real_columns():
    tables: dict[str, list[list[str]]] = {}
    right, lines = 0, list(csv.DictReader(TRUE_KINDS.open(encoding="utf-8")))
    wrong = []
    for line in lines:
        name, at = line["table"], int(line["position"])
        if name not in tables:
            path = TABLES / name if name.endswith(".csv") else TABLES / name / "dirty.csv"
            with path.open(newline="", encoding="utf-8", errors="replace") as stream:
                tables[name] = list(csv.reader(stream))[1:]
        cells = pl.Series("cell", [row[at] if at < len(row) else None for row in tables[name]], dtype=pl.String)
        column, *_ = infer_column(
            line["column"] or "column", Values.of(cells.to_frame().select(strip_spaces(pl.all()))["cell"])
        )
        if column.kind in line["kind"].split("/"):
            right += 1
        else:
            wrong.append((name, line["column"], line["kind"], column.kind))
    assert right / len(lines) >= 0.97, wrong
