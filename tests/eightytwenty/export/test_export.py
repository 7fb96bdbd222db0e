"""The command, and what all forms have in common."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import yaml
from hypothesis import given, settings

from eightytwenty.export import export
from eightytwenty.export.fields import describe, pattern, unsaid
from eightytwenty.schema import Check, Column, Impute, Table, Unique
from tests.eightytwenty.export.tables import HEADER, RECORDS, VISITS, table_of
from tests.eightytwenty.random_tables import tables

READERS = {
    "pandera": ast.parse,
    "json-schema": json.loads,
    "table-schema": json.loads,
    "data-contract": yaml.safe_load,
}
ODD = 'a "b" \'c\'\n{d} \\ 💧 """ ${e} ä'


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "eightytwenty", "schema", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8")


def test_a_file_and_the_standard_output_get_the_same(tmp_path):
    table = table_of(VISITS, tmp_path)
    for form in READERS:
        done = run(tmp_path, "table.yaml", "--as", form)
        assert done.returncode == 0, done.stderr
        assert done.stdout == export(table, form)
    done = run(tmp_path, "table.yaml", "--as", "pandera", "--out", "made/clean.py")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "made/clean.py").read_text(encoding="utf-8") == export(table, "pandera")


def test_a_table_in_a_python_file_has_other_forms(tmp_path):
    (tmp_path / "own.py").write_text(
        "from eightytwenty import Column, Table\nOWN = Table('own', (Column('a', 'text'),))"
    )
    done = run(tmp_path, "own.py:OWN", "--as", "json-schema")
    assert json.loads(done.stdout)["title"] == "own"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("table.yaml",), "schema needs --as; see eightytwenty schema --help"),
        (("table.yaml", "--as", "avro"), "--as avro: Input should be 'pandera', 'json-schema', 'table-schema' or"),
        (("nowhere.yaml", "--as", "pandera"), "nowhere.yaml cannot be read (No such file or directory)"),
        (("cats", "--as", "pandera"), "eightytwenty: cats: there is no such table; choose"),
        (("faces.py:faces", "--as", "pandera"), "faces.py:faces is a table of pictures, which has no other form"),
        (("table.yaml", "--as", "pandera", "--out", "."), " cannot be written: there is a folder of that name"),
    ],
)
def test_what_cannot_be_written_is_one_sentence(tmp_path, arguments, sentence):
    table_of(VISITS, tmp_path)
    (tmp_path / "faces.py").write_text(
        "from eightytwenty.pictures.schema import pictures_table\nfaces = pictures_table(32)"
    )
    done = run(tmp_path, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


@settings(max_examples=100)
@given(tables())
def test_every_table_has_every_form_and_always_the_same(table):
    for form, read in READERS.items():
        text = export(table, form)
        assert text == export(table, form)
        assert text.endswith("\n")
        read(text)


@pytest.mark.parametrize("form", READERS)
def test_any_name_and_value_can_be_written(form):
    table = Table(
        ODD,
        (
            Column(ODD, "category", values=(ODD, "007", "off", "null", "\u202e"), aliases=("x\ny",)),
            Column("b", "decimal", unit="°\n"),
        ),
        (Check("b > 0 -- '\"\n", f"reason: {ODD}", name=ODD), Unique((ODD,), f"key: {ODD}")),
    )
    text = export(table, form)
    READERS[form](text)
    text.encode()
    found = ast.literal_eval(text.split("isin(")[1].split("]")[0] + "]") if form == "pandera" else text
    if form == "json-schema":
        found = json.loads(text)["properties"][ODD]["enum"]
    elif form == "table-schema":
        found = json.loads(text)["fields"][2]["constraints"]["enum"]
    elif form == "data-contract":
        query = yaml.safe_load(text)["schema"][0]["properties"][2]["quality"][0]["query"]
        rows = pl.DataFrame({ODD: [ODD, "007", "off", "null", "\u202e", "x"]})
        assert pl.SQLContext(clean=rows).execute(query.replace("${object}", "clean"), eager=True).item() == 1
        return
    assert found == [ODD, "007", "off", "null", "\u202e"]


def test_what_no_form_can_hold_is_named():
    table = Table(
        "t",
        (
            Column("a", "integer", aliases=("x",), range=("0", "9"), action="off"),
            Column("b", "integer", replace=(("?", "0"),), missing=("-1",), range=("0", "9"), action="flag"),
        ),
        (Check("a < b", "in order", action="flag"), Impute("a = b + 1"), Unique(("a",))),
    )
    sentences = [
        "aliases of a",
        "missing of b",
        "replace of b",
        "values and ranges that nothing keeps to, of a",
        "check: a < b (in order, flag)",
        "impute: a = b + 1 (the other cells of the row leave one value only)",
        "unique: a (the same key came with other values)",
    ]
    assert unsaid(table, table.rules) == sentences
    assert describe(table.columns[1]) == "integer; flagged otherwise: b must be 0 to 9"
    for form in READERS:
        text = " ".join(export(table, form).replace("\n# ", " ").split())
        assert all(sentence in text for sentence in sentences[:4])
        assert "impute: a = b + 1" in text
        assert "a < b" in text


def test_cells_of_another_kind_are_named_once():
    columns = (Column("a", "integer", nullable=True, action="flag"), Column("b", "text"))
    start = "cells of another kind, flagged, missing in clean.parquet and kept in clean.csv, of"
    assert unsaid(Table("t", columns), ()) == [f"{start} a"]
    assert unsaid(Table("t", columns[:1]), ()) == [f"{start} all columns"]


def test_every_sound_text_matches_the_pattern_of_its_column(tmp_path):
    table = table_of(VISITS, tmp_path)
    seen = 0
    for column in table.columns:
        cells = [record[HEADER.index(column.name)] for record in RECORDS]
        for cell in filter(column.form.is_plain, cells):
            if pattern(column):
                assert _matches(pattern(column), cell), (column.name, cell)
                seen += 1
    assert seen > 15


@pytest.mark.parametrize(
    ("kind", "format_", "sound", "wrong"),
    [
        ("postal_code", "A9A 9A9", "K1A 0B1", "K1A0B1"),
        ("postal_code", "A9 9AA", "SW1A 2AA", "sw1a 2aa"),
        ("postal_code", "9999 AA", "1012 AB", "1012"),
        ("postal_code", "", "99-999", "9_9"),
        ("phone", "E.164", "+12125550100 x12", "12125550100"),
        ("phone", "", "+1 (212) 555-0100", "555-0100 ext. 1"),
        ("coordinates", "POINT (-87.62 41.88)", "POINT (-87.62 41.88)", "-87.62 41.88"),
        ("coordinates", "(41.88, -87.62)", "(41.88, -87.62)", "41.88, -87.62"),
        ("uuid", "{lower}", "{c0ffee00-1234-4abc-8def-001122334455}", "c0ffee00-1234-4abc-8def-001122334455"),
        ("url", "", "http://user:word@[::1]:80/a", "readme"),
        ("url", "", "example.org:80/a:b", "a b.org"),
        ("ip_address", "", "::ffff:192.0.2.1", "192.0.2"),
        ("code", "", "SW1A 2AA", "a  b"),
        ("json", "", '{"a": 1}', "7"),
    ],
)
def test_a_pattern_tells_sound_texts_from_others(kind, format_, sound, wrong):
    column = Column("x", kind, format=format_)
    assert column.form.is_plain(sound)
    assert not column.form.is_plain(wrong)
    assert _matches(pattern(column), sound)
    assert not _matches(pattern(column), wrong)


def _matches(text, cell):
    return re.search(text, cell) is not None
