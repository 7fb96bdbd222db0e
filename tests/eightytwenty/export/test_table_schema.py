"""Table Schema, read by hand as its specification says, beside clean.csv."""

import csv
import datetime
import json
import re
from decimal import Decimal

import pytest

from eightytwenty.export import export
from eightytwenty.export.table_schema import strptime
from eightytwenty.schema import Check, Column, Table, Unique
from tests.eightytwenty.export.tables import STAYS, cleaned


def field(table, name):
    fields = json.loads(export(table, "table-schema"))["fields"]
    return next(found for found in fields if found["name"] == name)


def read(found, cell):
    """The value of a cell, None for a missing one.

    Raises:
        ValueError: the cell is not of the field's type, or breaks a constraint.
    """
    constraints = found.get("constraints", {})
    if cell in found.get("missingValues", [""]):
        if constraints.get("required"):
            raise ValueError("required")
        return None
    value, low, high = (_cast(found, text) for text in (cell, constraints.get("minimum"), constraints.get("maximum")))
    wrong = [
        "enum" in constraints and value not in constraints["enum"],
        "pattern" in constraints and not re.search(constraints["pattern"], cell),
        low is not None and value < low,
        high is not None and value > high,
        len(cell) < constraints.get("minLength", 0),
    ]
    if any(wrong):
        raise ValueError(found, cell)
    return value


def _cast(found, cell):
    kind, text = found["type"], found.get("format")
    if cell is None or kind in ("string", "duration"):
        return cell
    if kind in ("integer", "number"):
        bare = str(cell).strip("$ kg€%") if found.get("bareNumber") is False else str(cell)
        bare = bare.replace(found.get("groupChar", ""), "").replace(found.get("decimalChar", "."), ".")
        return int(bare) if kind == "integer" else Decimal(bare)
    if kind == "boolean":
        return {**dict.fromkeys(found["trueValues"], True), **dict.fromkeys(found["falseValues"], False)}[cell]
    if text and text != "any":
        return datetime.datetime.strptime(cell, text)
    types = {"date": datetime.date, "time": datetime.time, "datetime": datetime.datetime}
    return types[kind].fromisoformat(cell)


def test_every_cell_of_the_clean_text_can_be_read(tmp_path):
    table, out = cleaned(tmp_path)
    schema = json.loads(export(table, "table-schema"))
    with (out / "clean.csv").open(encoding="utf-8", newline="") as stream:
        header, *records = csv.reader(stream)
    assert [found["name"] for found in schema["fields"]] == header
    values = {
        found["name"]: [read(found, record[at]) for record in records] for at, found in enumerate(schema["fields"])
    }
    assert values["day"] == [
        datetime.datetime(2024, 1, 5),
        datetime.datetime(2024, 12, 31),
        datetime.datetime(2024, 7, 1),
    ]
    assert values["clock"] == [datetime.time(9, 5), datetime.time(9, 5, 0, 500_000), None]
    assert values["paid"] == [Decimal("1000.25"), Decimal("0.50"), None]
    assert values["open"] == [True, False, True]
    assert schema["primaryKey"] == ["visit"]
    assert schema["missingValues"] == [""]
    assert "fieldsMatch" not in schema


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("visit", ""),
        ("visit", " 001"),
        ("site", "D"),
        ("start", "2023-12-31 00:00:00"),
        ("day", "1.1.2025"),
        ("guests", "401"),
        ("guests", "4.5"),
        ("paid", "$0.25"),
        ("open", "true"),
        ("zip", "2139"),
    ],
)
def test_wrong_cells_are_refused(tmp_path, name, cell):
    table, _ = cleaned(tmp_path)
    with pytest.raises((ValueError, KeyError)):
        read(field(table, name), cell)


def test_what_no_type_can_read_is_text_and_says_so(tmp_path):
    table, _ = cleaned(tmp_path, STAYS, ["stay", "lap"], [["PT1H", "0:05"]])
    stay, wait, lap = (field(table, column.name) for column in table.columns)
    assert stay["type"] == "duration"
    assert stay["constraints"] == {"minimum": "PT0S", "maximum": "P2D"}
    assert wait["type"] == lap["type"] == "string"
    assert lap["description"] == "duration, written as M:SS; Table Schema has no type for it; at most 90:00"
    assert json.loads(export(table, "table-schema"))["fieldsMatch"] == "superset"
    day = Table("t", (Column("day", "date", format="%B %-dth, %Y", range=("January 1st, 2024", None)),))
    assert field(day, "day")["type"] == "string"
    assert field(day, "day")["description"].endswith("no type for it; at least January 1st, 2024")


@pytest.mark.parametrize(
    ("text", "cell", "expected"),
    [
        ("%-m/%-d/%Y %-I:%M:%S %p", "1/5/2024 7:10:00 PM", datetime.datetime(2024, 1, 5, 19, 10)),
        ("%e %^b %y", " 5 JAN 69", datetime.datetime(1969, 1, 5)),
        ("%Y-%m-%dT%H:%M:%S.%3fZ", "2024-01-05T10:00:00.250Z", datetime.datetime(2024, 1, 5, 10, 0, 0, 250_000)),
        ("%A, %d. %B %Y", "Friday, 05. January 2024", datetime.datetime(2024, 1, 5)),
        ("%I:%M am", "07:10 pm", datetime.datetime(1900, 1, 1, 19, 10)),
    ],
)
def test_formats_are_those_of_strptime(text, cell, expected):
    assert datetime.datetime.strptime(cell, strptime(text)) == expected


@pytest.mark.parametrize(
    ("kind", "format_", "properties"),
    [
        ("integer", "1,234", {"type": "number", "groupChar": ","}),
        ("integer", "1,234 or 1234,5", {"type": "number", "groupChar": ","}),
        ("integer", "1234 kg", {"type": "integer", "bareNumber": False}),
        ("decimal", "1.234,5", {"type": "number", "groupChar": ".", "decimalChar": ","}),
        ("percentage", "12%", {"type": "number", "bareNumber": False}),
        ("decimal", "", {"type": "number"}),
        ("uuid", "{lower}", {"type": "string"}),
        ("email", "", {"type": "string", "format": "email"}),
        ("date", "", {"type": "date"}),
        ("date", "%d/%m/%Y or %m/%d/%Y", {"type": "string"}),
    ],
)
def test_types_have_the_formats_of_their_columns(kind, format_, properties):
    found = field(Table("t", (Column("x", kind, format=format_),)), "x")
    names = ("type", "format", "groupChar", "decimalChar", "bareNumber")
    assert {name: found[name] for name in names if name in found} == properties


def test_what_readers_may_not_know_of_numbers_is_named():
    columns = (
        Column("people", "integer", format="1,234"),
        Column("balance", "quantity", unit="$", format="$1,234.5"),
        Column("paid", "quantity", unit="$", format="$1,234.5", range=("$0", None)),
    )
    people, balance, paid = (field(Table("t", columns), column.name)["description"] for column in columns)
    assert "; whole, and of the type number" in people
    assert "; a minus sign stands before the label" in balance
    assert paid == "quantity in $, written as $1,234.5"


def test_keys_with_gaps_are_unique_and_not_primary():
    columns = (Column("a", "integer"), Column("b", "integer", nullable=True))
    schema = json.loads(export(Table("t", columns, (Check("a < b", "in order"), Unique(("a", "b")))), "table-schema"))
    assert schema["uniqueKeys"] == [["a", "b"]]
    assert "primaryKey" not in schema
    assert "check: a < b (in order)" in schema["description"]
    assert "unique" not in schema["fields"][2]["constraints"]
