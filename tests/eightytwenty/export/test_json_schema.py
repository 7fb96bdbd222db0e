"""JSON lines of clean.parquet are what the schema says, and wrong ones are not."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.export import export
from eightytwenty.schema import Column, Table
from tests.eightytwenty.export.tables import STAYS, cleaned
from tests.eightytwenty.random_tables import rows, tables

jsonschema = pytest.importorskip("jsonschema")

BROKEN = [
    {"site": "D"},
    {"site": None},
    {"start": "2024-01-05"},
    {"day": "5.1.2024"},
    {"day": "2024-02-30"},
    {"clock": "9:05"},
    {"guests": 401},
    {"guests": 1.5},
    {"guests": "4"},
    {"paid": 0.25},
    {"paid": "$7"},
    {"share": 2},
    {"open": "Y"},
    {"mail": "ann"},
    {"page": "a b"},
    {"host": "192.0.2.256"},
    {"host": "1::2::3"},
    {"key": "c0ffee"},
    {"zip": "2139"},
    {"note": ""},
    {"other": 1},
]


def validator(table):
    schema = json.loads(export(table, "json-schema"))
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, format_checker=checker)


def as_records(frame: pl.DataFrame) -> list[dict]:
    return [json.loads(line) for line in frame.write_ndjson().splitlines()]


def test_clean_rows_are_what_it_says_and_wrong_ones_are_not(tmp_path):
    table, out = cleaned(tmp_path)
    frame = pl.read_parquet(out / "clean.parquet").cast({"source": pl.String})
    accepts = validator(table).is_valid
    records = as_records(frame)
    assert len(records) == 3
    assert all(map(accepts, records))
    assert all(map(accepts, as_records(frame.drop("source", "record"))))
    assert all(map(accepts, as_records(frame.cast({"paid": pl.Float64}))))
    for change in BROKEN:
        assert not accepts(records[0] | change), change
    for name in table.names:
        assert not accepts({key: value for key, value in records[0].items() if key != name}), name


def test_durations_and_columns_that_a_file_lacks(tmp_path):
    table, out = cleaned(tmp_path, STAYS, ["stay", "lap"], [["PT1H30M", "83:10.25"], ["P1DT2H", "0:05"], ["", "0:05"]])
    frame = pl.read_parquet(out / "clean.parquet").cast({"source": pl.String})
    accepts = validator(table).is_valid
    assert all(map(accepts, as_records(frame)))
    assert frame.height == 3
    assert not accepts(as_records(frame)[0] | {"lap": "83:10"})


def test_the_range_of_a_truth_value_is_a_list_of_values():
    table = Table("t", (Column("yes", "boolean", nullable=True, range=("true", None)),))
    accepts = validator(table).is_valid
    assert [accepts({"yes": value}) for value in (True, None, False)] == [True, True, False]


@settings(max_examples=30)
@given(tables().flatmap(lambda table: st.tuples(st.just(table), rows(table))))
def test_the_clean_rows_of_any_table_are_accepted(clean_source, example):
    table, lines = example
    content = "\n".join(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in lines)
    header = ",".join(f'"{name}"' for name in table.names)
    frame = clean_source(f"{header}\n{content}\n".encode(), table=table)["clean"]
    check = validator(table)
    for record in as_records(frame):
        check.validate(record)
