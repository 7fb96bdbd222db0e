"""Frames of polars, pandas and pyarrow as sources, and clean rows as frames."""

import datetime
import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from polars.testing import assert_frame_equal

from eightytwenty import Check, Column, Table, UserError, check, clean, infer

ROWS = 60
DAYS = [datetime.date(2020, 1, 1) + datetime.timedelta(days=number) for number in range(ROWS)]
MOMENTS = [
    datetime.datetime(2024, 3, 30, 20) + datetime.timedelta(hours=number, microseconds=number) for number in range(ROWS)
]


def typed() -> pl.DataFrame:
    """Columns of many types, with a null in each."""
    floats = [0.1, 0.1 + 0.2, 1 / 3, 1e300, 5e-324, 123456789012345680.0, 2.0]
    frame = pl.DataFrame(
        {
            "whole": [number - 30 for number in range(ROWS)],
            "large": [10**18 - 1 - number for number in range(ROWS)],
            "zip": [10_000 + 733 * number for number in range(ROWS)],
            "share": [floats[number % len(floats)] for number in range(ROWS)],
            "integral": [float(number) for number in range(ROWS)],
            "flag": [number % 3 == 0 for number in range(ROWS)],
            "day": DAYS,
            "midnight": [datetime.datetime.combine(day, datetime.time()) for day in DAYS],
            "moment": MOMENTS,
            "clock": [datetime.time(number % 24, number, 1, 500) for number in range(ROWS)],
            "took": [datetime.timedelta(days=number % 3, microseconds=number * 1_500_000) for number in range(ROWS)],
        }
    )
    is_null = pl.int_range(pl.len()) == 7
    zoned = pl.col("moment").dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin").alias("zoned")
    return frame.with_columns(zoned).with_columns(pl.when(~is_null).then(pl.all()))


def test_types_and_values_of_a_polars_frame_survive() -> None:
    frame = typed()
    cleaned = clean(frame)
    assert cleaned.fates == {"clean": ROWS, "quarantine": 0, "duplicates": 0}
    assert (cleaned.summary.repaired, cleaned.summary.flagged) == ({}, {})
    assert_frame_equal(cleaned.frame(), frame, check_exact=True)
    assert cleaned.clean.collect_schema().names()[:2] == ["source", "record"]
    assert cleaned.clean.head(1).collect().row(0)[:2] == ("frame.arrow", 1)


def test_narrow_types_become_those_of_their_kinds() -> None:
    frame = pl.DataFrame(
        {
            "small": pl.Series(range(ROWS), dtype=pl.UInt8),
            "single": pl.Series([number / 7 for number in range(ROWS)], dtype=pl.Float32),
            "label": pl.Series(["a", "b", "c"] * (ROWS // 3), dtype=pl.Categorical),
            "wide": pl.Series([2**64 - 1 - number for number in range(ROWS)], dtype=pl.UInt64),
            "price": pl.Series([f"{number}.25" for number in range(ROWS)]).cast(pl.Decimal(10, 2)),
        }
    )
    cleaned = clean(frame).frame()
    assert cleaned.dtypes == [pl.Int64, pl.Float64, pl.String, pl.Decimal(38, 18), pl.Decimal(38, 18)]
    assert_frame_equal(cleaned.cast(dict(frame.schema)), frame, check_exact=True)


def test_texts_are_inferred_beside_types() -> None:
    days = [f"{day:%d.%m.%Y}" for day in DAYS[:-1]] + ["soon"]
    frame = pl.DataFrame({"day": days, "ratio": [float(number) for number in range(ROWS)]})
    assert [(column.name, column.kind) for column in infer(frame).columns] == [("day", "date"), ("ratio", "float")]
    cleaned = clean(frame)
    assert cleaned.frame()["day"].to_list() == [*DAYS[:-1], None]
    assert cleaned.flags.collect().select("source", "record", "column", "value").rows() == [
        ("frame.arrow", ROWS, "day", "soon")
    ]
    assert check(frame, None, ("flagged > 1",)).ok
    assert not check(frame, None, ("flagged > 0",)).ok


def test_what_is_no_number_is_accounted_for() -> None:
    frame = pl.DataFrame({"share": [number / 3 for number in range(ROWS)] + [float("nan"), float("inf")]})
    cleaned = clean(frame)
    assert cleaned.frame()["share"].to_list() == [*frame["share"].to_list()[:-2], None, None]
    assert cleaned.ledger.collect().select("record", "rule", "before", "after").rows() == [
        (ROWS + 1, "missing mark", "NaN", None)
    ]
    assert cleaned.flags.collect().select("record", "value").rows() == [(ROWS + 2, "inf")]


def test_columns_that_no_table_has_are_named() -> None:
    cleaned = clean(pl.DataFrame({"a": [1, 2], "b": [b"1", b"2"], "record": [3, 4]}))
    assert cleaned.summary.files[0]["ignored_columns"] == ["b"]
    assert cleaned.frame().to_dict(as_series=False) == {"a": [1, 2], "record_": [3, 4]}


def test_lists_and_structs_are_cleaned_as_json() -> None:
    frame = pl.DataFrame(
        {
            "tags": [["a", None], [], None],
            "spot": [{"x": 1.5, "day": DAYS[0]}, None, {"x": None, "day": None}],
            "pair": pl.Series([[1, 2], [3, 4], None], dtype=pl.Array(pl.Int8, 2)),
            "^b$": [[b"x"], [], None],
            "a": [1, 2, 3],
        }
    )
    expected = {
        "tags": ['["a",null]', "[]", None],
        "spot": ['{"x":1.5,"day":"2020-01-01"}', None, '{"x":null,"day":null}'],
        "pair": ["[1,2]", "[3,4]", None],
        "a": [1, 2, 3],
    }
    for rows in (frame, frame.lazy(), frame.to_arrow()):
        cleaned = clean(rows)
        assert cleaned.frame().to_dict(as_series=False) == expected
        assert cleaned.summary.files[0]["ignored_columns"] == ["^b$"]
    assert [column.kind for column in infer(frame).columns] == ["json", "json", "text", "integer"]
    assert clean(pd.DataFrame({"l": [[1, 2], [3]], "a": [1, 2]})).frame()["l"].to_list() == ["[1,2]", "[3]"]


def test_a_lazy_frame_and_a_table_of_arrow_are_the_same(tmp_path: Path) -> None:
    frame = typed()
    expected = clean(frame).frame()
    assert_frame_equal(clean(frame.lazy()).frame(), expected)
    assert_frame_equal(clean(frame.to_arrow()).frame(), expected)
    again = clean(frame, out=tmp_path / "out")
    assert_frame_equal(again.frame(), expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert "share: {kind: float" in (tmp_path / "out/schema.yaml").read_text()


def test_a_declared_table_cleans_a_frame() -> None:
    table = Table("t", (Column("kelvin", "integer"),), (Check("kelvin >= 0", "nothing is colder", "cold"),))
    cleaned = clean(pl.DataFrame({"Kelvin": ["280", "-1", "two hundred"]}), table)
    assert cleaned.frame().to_dict(as_series=False) == {"kelvin": [280, 200]}
    assert cleaned.quarantine.collect()["rules"].to_list() == [["cold"]]


def test_a_pandas_frame_keeps_types_and_its_mixed_columns_become_text() -> None:
    frame = pd.DataFrame(
        {
            "whole": pd.array([1, None, 3] * 20, dtype="Int64"),
            "share": [0.1, np.nan, 1 / 3] * 20,
            "moment": pd.to_datetime(["2024-01-05 10:00:00.25", None, "2024-01-06"] * 20, format="ISO8601"),
            "flag": [True, False, True] * 20,
            "mixed": [1, "7,5", None] * 20,
            5: ["a", None, "b"] * 20,
            "month": pd.period_range("2020-01", periods=60, freq="M"),
        },
        index=range(100, 160),
    )
    cleaned = clean(frame)
    assert cleaned.fates["clean"] == 60
    back = cleaned.to_pandas()
    assert list(back.columns) == [str(name) for name in frame.columns]
    assert back["share"].equals(frame["share"].reset_index(drop=True))
    assert back["flag"].tolist() == frame["flag"].tolist()
    rows = cleaned.frame().head(3).to_dict(as_series=False)
    assert rows["whole"] == [1, None, 3]
    assert rows["moment"] == [datetime.datetime(2024, 1, 5, 10, 0, 0, 250_000), None, datetime.datetime(2024, 1, 6)]
    assert [None if number is None else float(number) for number in rows["mixed"]] == [1.0, 7.5, None]
    assert [str(month)[:7] for month in rows["month"]] == ["2020-01", "2020-02", "2020-03"]


def test_clean_rows_come_as_pandas_and_as_arrow() -> None:
    cleaned = clean(pl.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]}))
    assert cleaned.to_pandas().to_dict("list") == {"a": [1, 2, 3], "b": ["x", "y", "z"]}
    assert isinstance(cleaned.to_arrow(), pa.Table)
    assert cleaned.to_arrow().to_pydict() == {"a": [1, 2, 3], "b": ["x", "y", "z"]}


def test_a_temporary_folder_goes_with_its_object_and_what_was_read_stays(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("a,b\n1,x\n2,y\n")
    cleaned = clean(tmp_path / "raw.csv")
    folder, rows = cleaned.folder, cleaned.clean
    assert (folder / "report.md").is_file()
    del cleaned
    gc.collect()
    assert not folder.parent.exists()
    assert rows.collect().height == 2
    assert [path.name for path in tmp_path.iterdir()] == ["raw.csv"]


def test_a_cleaning_that_fails_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(UserError, match=r"frame\.arrow has no whole record below its header"):
        clean(pl.DataFrame({"a": []}, schema={"a": pl.Int64}))
    with pytest.raises(UserError, match="does not exist"):
        clean("no such file")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "frame",
    [pd.DataFrame([[1, 2]], columns=["a", "a"]), pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])],
)
def test_two_columns_of_one_name_are_one_sentence(frame: object) -> None:
    with pytest.raises(UserError, match="has two columns of the name a; give each a name of its own"):
        clean(frame)


def test_objects_of_python_are_one_sentence() -> None:
    frame = pl.DataFrame({"o": pl.Series([object(), object()], dtype=pl.Object)})
    with pytest.raises(UserError, match="has objects of Python in its column o; make them text"):
        clean(frame)


def test_columns_with_names_that_are_patterns_are_cleaned() -> None:
    frame = pl.DataFrame({"^x$": pl.Series([1, 2**100], dtype=pl.Int128), "*": [datetime.timedelta(1)] * 2})
    assert clean(frame).frame().rows() == [("1", datetime.timedelta(1)), (str(2**100), datetime.timedelta(1))]


def test_what_is_no_frame_is_a_sentence() -> None:
    with pytest.raises(TypeError, match="list is no source; give a path, an address, or a frame of polars, pandas"):
        clean([1, 2])


def test_without_pandas_other_frames_are_cleaned_and_its_own_are_one_sentence() -> None:
    code = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError("No module named 'pandas'", name="pandas")

sys.meta_path.insert(0, Absent())
import polars as pl
from eightytwenty import UserError, clean
cleaned = clean(pl.DataFrame({"a": [1, 2]}))
try:
    cleaned.to_pandas()
except UserError as error:
    print(cleaned.fates, error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("{'clean': 2, 'quarantine': 0, 'duplicates': 0} to_pandas needs pandas"), done.stderr
