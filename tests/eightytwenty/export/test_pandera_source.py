"""The file of Python runs by itself, accepts the clean rows, and refuses all others."""

import datetime
import json
import subprocess
import sys
import warnings
from decimal import Decimal

import pandera.errors
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.export import export
from eightytwenty.schema import Check, Column, Table, Unique
from tests.eightytwenty.export.tables import STAYS, clean_rows, cleaned
from tests.eightytwenty.export.test_export import ODD
from tests.eightytwenty.random_tables import rows, tables

# What a row of the file is changed to, and the check that then fails. Dates are ISO texts.
BROKEN = [
    ({"visit": " 001"}, "str_matches"),
    ({"visit": None}, "not_nullable"),
    ({"visit": "002"}, "the same key came with other values"),
    ({"site": "D"}, "isin"),
    ({"start": "2023-12-31 23:59:59"}, "greater_than_or_equal_to"),
    ({"day": "2025-01-01"}, "less_than_or_equal_to"),
    ({"guests": -1}, "greater_than_or_equal_to"),
    ({"guests": 401}, "less_than_or_equal_to"),
    ({"paid": "0.49"}, "greater_than_or_equal_to"),
    ({"paid": "1000.250000000000000001"}, "less_than_or_equal_to"),
    ({"share": 1.5}, "less_than_or_equal_to"),
    ({"open": None}, "not_nullable"),
    ({"mail": "ann"}, "str_matches"),
    ({"page": "a b"}, "str_matches"),
    ({"host": "localhost"}, "str_matches"),
    ({"key": "c0ffee00-1234-4abc-8def-001122334455"}, "str_matches"),
    ({"zip": "2139"}, "str_matches"),
    ({"phone": "call me"}, "str_matches"),
    ({"place": "here"}, "str_matches"),
    ({"more": "7"}, "str_matches"),
    ({"guests": 3}, 'it\'s "full"'),
]
FLAGGED = [({"beds": 11, "guests": 22}, "beds"), ({"note": "unknown"}, "note"), ({"day": "2024-07-01"}, "the season")]
DRIVER = """
import datetime, json, sys, warnings
from decimal import Decimal
sys.modules["eightytwenty"] = None  # nothing of it is needed
import pandera.errors
import polars as pl
from visits import CLEAN

raw = pl.read_parquet(sys.argv[1])
rows = raw.drop("source", "record")

READ = {pl.Date: datetime.date.fromisoformat, pl.Datetime: datetime.datetime.fromisoformat, pl.Decimal: Decimal}

def outcome(frame):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            CLEAN.validate(frame, lazy=True)
            failed = []
        except pandera.errors.SchemaErrors as error:
            failed = error.failure_cases["check"].to_list()
    return failed, [str(one.message) for one in seen]

def change(cells):
    first = rows.row(0, named=True)
    for name, cell in cells.items():
        first[name] = READ.get(rows.schema[name].base_type(), lambda cell: cell)(cell)
    return pl.concat([pl.DataFrame([first], rows.schema), rows[1:]])

outcomes = [outcome(rows), outcome(raw), outcome(rows.cast({"guests": pl.Int32})), outcome(rows.drop("note"))]
CLEAN.strict = False
outcomes.append(outcome(raw))
CLEAN.strict = True
outcomes += [outcome(change(cells)) for cells in json.load(sys.stdin)]
print(json.dumps(outcomes))
"""


def test_the_file_accepts_clean_rows_and_refuses_each_wrong_one(tmp_path):
    table, out = cleaned(tmp_path)
    (tmp_path / "visits.py").write_text(export(table, "pandera"), encoding="utf-8")
    (tmp_path / "driver.py").write_text(DRIVER)
    changes = [cells for cells, _ in [*BROKEN, *FLAGGED]]
    done = subprocess.run(
        [sys.executable, "driver.py", str(out / "clean.parquet")],
        cwd=tmp_path,
        input=json.dumps(changes),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    right, unnamed, narrow, fewer, loose, *changed = json.loads(done.stdout)
    assert right[0] == loose[0] == []
    assert unnamed[0] == ["column_in_schema"]
    assert any("dtype" in check for check in narrow[0])
    assert fewer[0]
    for (cells, expected), (failed, _) in zip(BROKEN, changed, strict=False):
        assert any(expected in check for check in failed), (cells, failed)
    for (cells, expected), (failed, seen) in zip(FLAGGED, changed[len(BROKEN) :], strict=True):
        assert failed == []
        assert any(expected in message for message in seen), (cells, seen)


def validate(source: str, frame: pl.DataFrame) -> list[str]:
    """The checks of the schema in a source that rows do not pass."""
    names: dict = {}
    exec(compile(source, "clean.py", "exec"), names)  # noqa: S102 - it was just written
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            names["CLEAN"].validate(frame, lazy=True)
        except pandera.errors.SchemaErrors as error:
            return error.failure_cases["check"].to_list()
    return []


@settings(max_examples=30)
@given(tables().flatmap(lambda table: st.tuples(st.just(table), rows(table))))
def test_the_clean_rows_of_any_table_are_accepted(clean_source, example):
    table, lines = example
    content = "\n".join(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in lines)
    header = ",".join(f'"{name}"' for name in table.names)
    frame = clean_source(f"{header}\n{content}\n".encode(), table=table)["clean"]
    assert validate(export(table, "pandera"), frame.drop("source", "record")) == []


def test_durations_are_checked(tmp_path):
    records = [["PT1H30M", "30:05:00", "83:10"], ["P1DT2H", "0:00:00", "0:05"], ["P3D", "1:00:00", "0:05"]]
    table, out = cleaned(tmp_path, STAYS, ["stay", 'the "wait"', "lap"], records)
    frame = clean_rows(out)
    assert frame["lap"].to_list() == [datetime.timedelta(minutes=83, seconds=10), datetime.timedelta(seconds=5)]
    source = export(table, "pandera")
    assert validate(source, frame) == []
    long = frame.with_columns(stay=pl.lit(datetime.timedelta(days=3), pl.Duration("us")))
    assert validate(source, long) == ["stay must be PT0S to P2D"] * 2
    lap = frame.with_columns(lap=pl.lit(datetime.timedelta(hours=2), pl.Duration("us")))
    assert validate(source, lap) == ["lap must be at most 90:00"] * 2


def test_rows_whose_key_is_missing_repeat_none_and_columns_that_a_file_lacks_are_sound():
    columns = (
        Column("a", "integer", nullable=True, required=False),
        Column("b", "integer", nullable=True),
        Column("c", "integer"),
    )
    rules = (Check("a < c", "in order"), Check("a * c < 10", "small"), Unique(("a", "b")))
    source = export(Table("t", columns, rules), "pandera")
    types = dict.fromkeys("abc", pl.Int64)
    assert validate(source, pl.DataFrame({"a": [1, 1, 1], "b": [2, None, None], "c": [3, 4, 4]}, types)) == []
    assert validate(source, pl.DataFrame({"b": [2, 2], "c": [3, 4]})) == []
    twice = pl.DataFrame({"a": [1, 1, 0], "b": [2, 2, 2], "c": [3, 4, 4]}, types)
    assert validate(source, twice) == ["the same key came with other values"] * 2
    large = pl.DataFrame({"a": [10**17], "b": [2], "c": [10**17 + 1]}, types)
    assert validate(source, large) == ["small"]


ODD_TABLE = Table(
    ODD,
    (
        Column(ODD, "category", values=(ODD, "v" * 130, f"{'word ' * 30}end", '"' * 3, "'" * 3), nullable=True),
        Column("漢字 " * 12 + "end", "text", aliases=("x " * 100,), required=False),
        Column('say "no"', "decimal", range=("-0.5", "123456789.000000000000000001")),
        Column("date", "date", range=("2024-01-05", None), action="flag"),
        Column("time", "time", range=("09:05:00.5", None)),
        Column("true", "boolean", range=("true", "true")),
    ),
    (
        Check('"say ""no""" > 0 -- it\'s', f"reason: {ODD}", name=ODD),
        Check(f'"date" IN ({", ".join(["CAST(NULL AS DATE)"] * 20)}) OR true', "r" * 200, action="flag"),
        Unique((ODD, "date"), "again"),
    ),
)


def test_the_file_is_formatted_and_has_no_lint(tmp_path):
    tables = [
        ODD_TABLE,
        Table("plain", (Column("a", "text"),)),
        Table("wide", tuple(Column(f"column_{number}", "integer", range=("0", "9")) for number in range(30))),
        Table("key", (Column("a", "text"),), (Unique(("a",)),)),
        *(Table("t", (Column("a" * length, "category", values=("b" * 20, "c")),)) for length in range(15, 90)),
        *(Table("t", (Column("a", "text"),), (Check("a > 'b'", "r" * length),)) for length in range(20, 80)),
    ]
    for number, table in enumerate(tables):
        (tmp_path / f"clean_{number}.py").write_text(export(table, "pandera"), encoding="utf-8")
    rules = "B,C4,E,F,I,PERF,PIE,RET,SIM,UP,W,RUF100"
    for arguments in (("format", "--diff"), ("check", "--select", rules)):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--line-length", "120", str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_any_name_and_value_is_checked():
    source = export(ODD_TABLE, "pandera")
    row = {
        ODD: ODD,
        ODD_TABLE.columns[1].name: "x",
        'say "no"': Decimal("0.5"),
        "date": datetime.date(2024, 1, 5),
        "time": datetime.time(10),
        "true": True,
    }
    frame = pl.DataFrame([row], ODD_TABLE.dtypes)
    assert validate(source, frame) == []
    assert validate(source, frame.with_columns(pl.lit("x").alias(ODD))) != []
    assert validate(source, frame.with_columns(pl.lit(False).alias("true"))) == ["greater_than_or_equal_to(True)"]
    negative = frame.with_columns(pl.lit(Decimal("-0.25")).cast(pl.Decimal(38, 18)).alias('say "no"'))
    assert validate(source, negative) == [f"reason: {ODD}"]
