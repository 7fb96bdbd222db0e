"""A source is opened without a table: all columns of its files, under names with which a table finds them again."""

import csv
import io
import json
import shutil
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from eightytwenty.errors import UserError
from eightytwenty.read.any_table import AnyTable
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from eightytwenty.schema import Column, Table, unique_names
from tests.eightytwenty.read.test_any_file import EXAMPLES, written
from tests.eightytwenty.read.test_detect import FORMS
from tests.eightytwenty.read.test_formats import make_zip
from tests.eightytwenty.read.workbooks import ods, xlsx

MOST_MISREAD = 0.05  # of tables, because a title of two words may be a header of two columns, for example
TABLES = Path(__file__).parents[3] / "../shared/data/tables"


def open_any(folder, content, name="x.csv", **options):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return open_source(path, AnyTable(ReadOptions(**options)))


def open_one(folder, content, name="x.csv", **options):
    (file,) = open_any(folder, content, name, **options).files
    return file


def read(files, names):
    batches = list(read_batches(files, names))
    return [row for batch in batches for row in batch.cells.rows()], {
        one for batch in batches for one in batch.problems
    }


def table_of(file):
    """A table as inference would declare it, of the columns of a file."""
    options = ReadOptions(header=None if file.has_header else "none")
    return Table("inferred", tuple(Column(name, "text", nullable=True) for name in file.columns), read=options)


def assert_a_table_finds_it_again(path, file):
    (again,) = open_source(path, table_of(file)).files
    names = list(file.columns)
    assert (again.columns, again.ignored_columns) == (file.columns, file.ignored_columns)
    assert read([again], names) == read([file], names)


NUMBERS = "1,2,3\n40,5,9\n7,80,15\n"
PEOPLE = "Ann,Rome,31\nBob,Oslo,42\nCid,Rome,27\nDan,Lima,55\n"
SENTENCES = (
    "all was well\nquiet, and then a bang\nnothing to say\nnothing at all\nlate, as always, but sound\nwell\nno\n"
)
WITH_HEADER = {
    "texts above numbers": ("a,b,c\n" + NUMBERS, ["a", "b", "c"]),
    "one record": ("a,b,c\n1,2,3\n", ["a", "b", "c"]),
    "no record": ("a,b,c\n", ["a", "b", "c"]),
    "texts above texts": ("name,city\nAnn,Rome\nBob,Oslo\n", ["name", "city"]),
    "texts above values that come again": ("name,city\nAnn,Rome\nBob,Oslo\nCid,Oslo\nDan,Rome\n", ["name", "city"]),
    "a text above dates": ("day,place\n2024-01-05,x\n2024-02-07,y\n", ["day", "place"]),
    "a text above truth values": ("name,paid\nAnn,yes\nBob,no\n", ["name", "paid"]),
    "a text above addresses": ("who,mail\nAnn,ann@x.org\nBob,bob@y.org\n", ["who", "mail"]),
    "a header that comes again": ("name,city\nAnn,Rome\nname,city\nBob,Rome\n", ["name", "city"]),
    "years above numbers": ("code,2019,2020,2021\n4,17,18,20\n5,6,6,7\n", ["code", "2019", "2020", "2021"]),
    "years above numbers, of countries": ("country,2019,2020\nKenya,17,18\nPeru,6,6\n", ["country", "2019", "2020"]),
    "a year above numbers": ("country,2019\nKenya,17\nPeru,6\n", ["country", "2019"]),
    "days above numbers": ("shop,2024-01-01,2024-01-02\nA,5,6\nB,7,9\n", ["shop", "2024-01-01", "2024-01-02"]),
    "months above numbers": ("code,1,2,3\n70,17,18,20\n80,6,6,7\n", ["code", "1", "2", "3"]),
    "numbered columns and rows": (",0,1\n0,17,18\n1,6,6\n2,8,8\n", ["column_1", "0", "1"]),
    "a first column without a name": (",name,age\n0,Ann,31\n1,Bob,42\n", ["column_1", "name", "age"]),
    "a column without a name": ("name,,age\nAnn,x,31\nBob,y,42\n", ["name", "column_2", "age"]),
    "a name twice": ("name,age,age\nAnn,31,4\nBob,42,5\n", ["name", "age", "age_2"]),
    "missing cells": ("name,age\nAnn,\nBob,n/a\nCid,27\nDan,\n", ["name", "age"]),
    "a dirty column": ("name,age\n" + "".join(f"p{n},{n}\n" for n in range(19)) + "Eve,old\n", ["name", "age"]),
    "units below": ("time,temp\ns,°C\n1,20.5\n2,21\n3,22\n", ["time", "temp"]),
    "units below a column without a name": (
        ",time,temp\n,s,°C\n0,1,20.5\n1,2,21\n2,3,22\n",
        ["column_1", "time", "temp"],
    ),
    "groups above": ("people,,places\nname,age,city\nAnn,31,Rome\nBob,42,Oslo\n", ["name", "age", "city"]),
    "a title above lines in quotes": ('A title\n"a,b,""c"""\n"1,2,3"\n"4,5,6"\n', ["a", "b", "c"]),
    "many comments": ("# by me\n" * 40 + "name,age\n" + "Ann,31\nBob,4\n" * 60, ["name", "age"]),
    "a title": ("Report of May\n\nname,age\nAnn,31\nBob,42\nCid,27\n", ["name", "age"]),
    "a title above pairs of numbers": ("Report of May\n\na,b\n" + "1,2\n3,4\n" * 20, ["a", "b"]),
    "a title above times and numbers": ("# by me\nat,n\n" + "10:30:15,5\n10:30:16,6\n" * 20, ["at", "n"]),
    "a title with delimiters": ("Report of May,,\nname,age,city\nAnn,31,x\nBob,42,y\n", ["name", "age", "city"]),
    "what stands apart": ("made,today\n\nname,age\nAnn,31\nBob,42\nCid,7\n", ["name", "age"]),
    "a shorter line above the header": ("made,today\nname,age,\nAnn,31,\nBob,42,\n", ["name", "age"]),
    "a blank line below the header": ("name,age\n\nAnn,31\nBob,42\nCid,7\n", ["name", "age"]),
    "a comment with delimiters": ("# by me, in May\nname,age\nAnn,31\nBob,42\nCid,7\n", ["name", "age"]),
    "a header that is a comment": ("#name,age\nAnn,31\nBob,42\n", ["#name", "age"]),
    "records that leave cells out": ("a,b,c,d\n1,2\n1,2,3\n4,5\n1\n6,7\n", ["a", "b", "c", "d"]),
    "decimal commas": ("a;b\n1,5;2,5\n2,25;3,5\n0,5;1,5\n", ["a", "b"]),
    "decimal commas below a title": ("Sums, daily\na;b\n1,5;2,5\n2,25;3,5\n0,5;1,5\n", ["a", "b"]),
    "clock times": ("at,n\n2020-01-01 10:00:01,5\n2020-01-01 10:00:02,6\n", ["at", "n"]),
    "lists within cells": ("id,tags\n1,x;y\n2,x;z\n3,a;b\n", ["id", "tags"]),
    "tabs and texts": ("id\tname, first\n1\tx, y\n2\tz, w\n", ["id", "name, first"]),
    "pipes and lists": ("name|note\nx|a,b,c\ny|d,e,f\n", ["name", "note"]),
    "one column": ("name\nAnn\nBob\n", ["name"]),
    "one column of numbers": ("age\n31\n42\n", ["age"]),
    "one column of sentences": ("remark\n" + SENTENCES, ["remark"]),
    "one column of sentences in quotes": ('remark\n"well, no"\n"yes, but"\n"a ""b"", c"\n', ["remark"]),
    "one column in quotes that ends in tabs": ('remark\n"all is well\t\t"\n"so it is\t\t"\n', ["remark"]),
    "a delimiter behind one column": ("name\nAnn,\nBob,\nCid,\n", ["name"]),
    "one column of people": ("name\nSmith, John\nDoe, Jane\nPoe, Ed\n", ["name"]),
    "one column of two words": ("full name\nAnn Lee\nBob Ray\nCid Poe\n", ["full name"]),
    "one column of times": ("at\n10:30\n11:45\n", ["at"]),
    "one column of moments": ("at\n2020-01-01 10:30\n2020-01-02 11:45\n", ["at"]),
    "one column of decimal commas": ("price\n3,14\n2,71\n10,5\n", ["price"]),
    "one column of a log": (
        "entry\n" + "".join(f"2020-01-01 10:00:0{n} {n * 'word '}\n" for n in (1, 4, 2, 7)),
        ["entry"],
    ),
    "words": ("a b c\n" + NUMBERS.replace(",", " "), ["a", "b", "c"]),
    "colons": ("a:b:c\n" + NUMBERS.replace(",", ":"), ["a", "b", "c"]),
}
WITHOUT_HEADER = {
    "numbers": (NUMBERS, 3),
    "one record of numbers": ("4,5,6\n", 3),
    "numbers and texts": (PEOPLE, 3),
    "dates": ("2024-01-05,x\n2024-02-07,y\n", 2),
    "addresses": ("Ann,ann@x.org\nBob,bob@y.org\n", 2),
    "truth values": ("Ann,yes\nBob,no\nCid,yes\n", 2),
    "years": ("Ann,1990\nBob,1985\nCid,2001\n", 2),
    "a year that is an amount": ("Ann,2019,5.25\nBob,35,1.5\nCid,88,2\n", 3),
    "texts that come again": ("Kenya,Nairobi\nKenya,Mombasa\nPeru,Lima\nPeru,Cusco\n", 2),
    "a missing first cell": ("Ann,n/a,3.5\nBob,42,4\nCid,7,1\n", 3),
    "a cell that is missing": (",5,3.5\nBob,42,4\nCid,7,1\n", 3),
    "records that hardly differ": ("run,on,10,0.5\nrun,on,10,0.7\nrun,on,10,0.9\n", 4),
    "records with few cells": ("a,,,1.5\nb,,,2.5\nc,x,,3.5\n", 4),
    "one column of numbers": ("31\n42\n", 1),
    "one column of times": ("10:30\n11:45\n12:50\n", 1),
}


@pytest.mark.parametrize("name", WITH_HEADER)
def test_the_header_is_found(tmp_path, name):
    content, names = WITH_HEADER[name]
    file = open_one(tmp_path, content)
    assert list(file.columns) == names
    assert file.has_header
    assert file.ignored_columns == (
        ("column 3",) if "a shorter line" in name else ("column 2",) if "behind" in name else ()
    )
    assert "without a header" not in file.description
    problems = {"row cut off"} if "leave cells out" in name else {"repeated header"} if "again" in name else set()
    assert read([file], list(file.columns))[1] - {None} <= problems
    assert_a_table_finds_it_again(tmp_path / "x.csv", file)


@pytest.mark.parametrize("name", WITHOUT_HEADER)
def test_a_header_that_is_missing_is_not_made_of_a_record(tmp_path, name):
    content, width = WITHOUT_HEADER[name]
    file = open_one(tmp_path, content)
    assert list(file.columns) == [f"column_{number}" for number in range(1, width + 1)]
    assert not file.has_header
    assert "without a header" in file.description
    rows, problems = read([file], list(file.columns))
    assert (len(rows), problems) == (content.count("\n"), {None})
    assert_a_table_finds_it_again(tmp_path / "x.csv", file)


FORM_NAMES = {
    "a delimiter at the end of the records": ["a", "b", "sum"],
    "row names": ["column_1", "a", "b", "sum"],
    "row names as R writes them": ["column_1", "a", "b", "sum"],
    "quotes around lines and cells": ["a", "b", "sum"],
    "a header of several lines": ["a", 'a note of "three" lines', "b", "sum"],
    "a header that ends in several lines": ["a", "b", "sum", "a note of two"],
    "cells of several lines": ["a", "b", "sum", "note"],
    "escaped quotes": ["note", "a", "b", "sum"],
    "inches": ["note", "a", "b", "sum"],
    "invisible characters in the header": ["a", "b", "Sum"],
    "other dashes and spaces in the header": ["RECORD\u2010ID", "A", "b", "SUM"],
    "a name in two cases": ["a", "A_2", "b", "sum"],
}


@pytest.mark.parametrize("name", FORMS)
def test_the_forms_that_a_table_reads_are_read_without_one(tmp_path, name):
    file = open_one(tmp_path, FORMS[name])
    assert list(file.columns) == FORM_NAMES.get(name, ["a", "b", "sum"])
    assert file.has_header
    rows, problems = read([file], list(file.columns))
    assert len(rows) == 29
    assert problems == {None}
    assert_a_table_finds_it_again(tmp_path / "x.csv", file)


ODD_HEADERS = [
    ["a", "a", "b"],
    ["a", "A", "a "],
    ["a", "", "b"],
    ["", "a", "b"],
    ["a_2", "a", "a"],
    ["column_2", "", "a"],
    ["*", "^a", "b"],
    ["record", "record_", "line"],
    ["a\u200b", "a", "\xa0b"],
    ["a b", "a_b", "A-B"],
    ["two\nlines", "a", "two lines"],
    ["source", "reason", "original"],
    ["a (3)", "a", "a"],
]
ROWS = [["x1", "5", "u"], ["x2", "6", "v"], ["x3", "7", "w"]]


def delimited(header, delimiter):
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter).writerows([header, *ROWS])
    return stream.getvalue().encode()


def database(folder, header):
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    quoted = ['"{}"'.format(name.replace('"', '""')) for name in header]
    named = ", ".join(f"c{at} AS {name}" for at, name in enumerate(quoted))
    connection.execute("CREATE TABLE stored (c0, c1, c2)")
    connection.executemany("INSERT INTO stored VALUES (?, ?, ?)", ROWS)
    connection.commit()
    connection.close()
    return path.read_bytes(), f"SELECT {named} FROM stored"  # noqa: S608


def odd_file(folder, header, form):
    """A file of a header and rows in a format, and the options to read it."""
    if form == "database":
        content, query = database(folder, header)
        return content, {"query": query}
    makers = {
        "comma": lambda: delimited(header, ","),
        "tab": lambda: delimited(header, "\t"),
        "xlsx": lambda: xlsx({"s": [header, *ROWS]}),
        "ods": lambda: ods([header, *ROWS]),
        "JSON lines": lambda: "".join(json.dumps(dict(zip(header, row, strict=True))) + "\n" for row in ROWS).encode(),
        "JSON": lambda: json.dumps([dict(zip(header, row, strict=True)) for row in ROWS]).encode(),
        "Parquet": lambda: parquet(pa.table([list(column) for column in zip(*ROWS, strict=True)], header)),
        "Arrow": lambda: arrow(pa.table([list(column) for column in zip(*ROWS, strict=True)], header)),
    }
    return makers[form](), {}


def parquet(table):
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def arrow(table):
    stream = io.BytesIO()
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["comma", "tab", "xlsx", "ods", "JSON lines", "JSON", "database", "Parquet", "Arrow"])
@pytest.mark.parametrize("header", ODD_HEADERS, ids=repr)
def test_odd_headers_have_names_that_find_their_columns_again(tmp_path, header, form):
    if len(set(header)) < len(header) and form in {"JSON lines", "JSON", "Parquet", "Arrow"}:
        pytest.skip("a name twice is no such file")
    content, options = odd_file(tmp_path, header, form)
    file = open_one(tmp_path, content, "x.dat", **options)
    names = unique_names(header)
    assert tuple(file.columns) == names
    assert file.ignored_columns == ()
    rows, problems = read([file], list(names))
    assert ([list(row) for row in rows], problems) == (ROWS, {None})
    table = Table("again", tuple(Column(name, "text") for name in names), read=ReadOptions(**options))
    (again,) = open_source(tmp_path / "x.dat", table).files
    assert (again.columns, again.ignored_columns) == (file.columns, ())
    assert read([again], list(names)) == (rows, problems)


def test_a_table_with_the_name_alone_is_in_doubt_whatever_the_format(tmp_path):
    for form in ("comma", "xlsx", "database"):
        content, options = odd_file(tmp_path, ["a", "a", "b"], form)
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(UserError, match="twice"):
            open_source(tmp_path / "x", Table("one", (Column("a", "text"),), read=ReadOptions(**options)))


OPTIONS = {
    "no header": ("a,b\n1,2\n", {"header": "none"}, ["column_1", "column_2"]),
    "a header of numbers": ("1,2\n3,4\n5,6\n", {"header": "1"}, ["1", "2"]),
    "a header further down": ("a,b\nx,y\n1,2\n", {"header": "2"}, ["x", "y"]),
    "a delimiter": ("a,b;c,d\n1,2;3,4\n", {"delimiter": ";"}, ["a,b", "c,d"]),
    "a delimiter that is not there": ("a,b\n1,2\n", {"delimiter": ";"}, ["a,b"]),
    "a space as delimiter": ("full name\nAnn Lee\n", {"delimiter": " "}, ["full", "name"]),
    "no quotes": ('a,"b\n1,2\n', {"quote": "none"}, ["a", '"b']),
    "an encoding": ("größe,b\n1,2\n".encode("cp850"), {"encoding": "cp850"}, ["größe", "b"]),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_what_a_person_says_comes_first(tmp_path, name):
    content, options, names = OPTIONS[name]
    file = open_one(tmp_path, content, **options)
    assert list(file.columns) == names
    assert file.has_header == (options.get("header") != "none")


def test_a_sheet_and_its_header(tmp_path):
    sheets = {"one": [["A title"], [None], ["a", "b"], ["x", 1], ["y", 2]], "two": [[1, 2], [3, 4]], "three": []}
    source = open_any(tmp_path, xlsx(sheets), "x.xlsx")
    assert [(file.name, list(file.columns), file.has_header) for file in source.files] == [
        ("x.xlsx/one", ["a", "b"], True),
        ("x.xlsx/two", ["column_1", "column_2"], False),
    ]
    assert "without a header" in source.files[1].description
    assert [file.reason for file in source.unread] == ["an empty sheet"]
    assert list(open_one(tmp_path, xlsx(sheets), "x.xlsx", sheet="two", header="1").columns) == ["1", "2"]
    assert read([source.files[1]], ["column_1", "column_2"])[0] == [("1", "2"), ("3", "4")]


def test_a_sheet_with_groups_and_a_made_day_above(tmp_path):
    rows = [
        ["made", "today"],
        ["people", None, "places"],
        ["name", "age", "city"],
        ["Ann", 31, "Rome"],
        ["Bob", 4, "x"],
    ]
    file = open_one(tmp_path, xlsx({"s": rows}), "x.xlsx")
    assert list(file.columns) == ["name", "age", "city"]


def test_typed_files_have_all_columns_that_can_be_written_as_text(tmp_path):
    table = pa.table(
        {
            "n": pa.array([1, 2]),
            "when": pa.array(["2024-01-01", "2024-01-02"]).cast(pa.timestamp("us")),
            "list": pa.array([[1], [2]]),
            "fields": pa.array([{"x": 1}, {"x": 2}]),
            "bytes": pa.array([b"\xff", b"x"]),
            "wide": pa.array([1, 2]).cast(pa.decimal256(60, 0)),
            "exact": pa.array([1, 2]).cast(pa.decimal128(30, 2)),
            "flag": pa.array([True, None]),
        }
    )
    for name, content in (("x.parquet", parquet(table)), ("x.arrow", arrow(table))):
        file = open_one(tmp_path, content, name)
        assert list(file.columns) == ["n", "when", "exact", "flag"]
        assert file.ignored_columns == ("list", "fields", "bytes", "wide")
        assert file.has_header
        assert_a_table_finds_it_again(tmp_path / name, file)


def test_a_typed_file_with_a_name_twice_or_nothing_to_read_is_refused(tmp_path):
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    for content in (parquet(twice), arrow(twice)):
        with pytest.raises(UserError, match="has two columns of the name a"):
            open_any(tmp_path, content, "x.dat")
    with pytest.raises(UserError, match="no column of numbers, text or dates"):
        open_any(tmp_path, parquet(pa.table({"a": [[1]]})), "x.parquet")


def test_a_folder_of_all_formats_and_of_tables_that_share_nothing(tmp_path):
    folder = tmp_path / "in"
    (folder / "year=2024").mkdir(parents=True)
    (folder / "a.csv").write_text("id,name\n1,x\n2,y\n")
    (folder / "b.csv").write_text("city;size\nRome;5\nOslo;6\n")
    (folder / "c.jsonl").write_text('{"id": 1, "more": 2}\n{"id": 2, "other": null}\n')
    (folder / "d.zip").write_bytes(make_zip({"in/e.txt": "k\tv\nx\t1\n", "__MACOSX/in/._e.txt": "x"}))
    (folder / "year=2024" / "f.parquet").write_bytes(parquet(pa.table({"n": [1, 2]})))
    (folder / "README.md").write_text("About the data, which are sound.\nBy me.\n")
    (folder / "page.csv").write_text("<html><body>Sign in</body></html>")
    (folder / "empty.csv").write_text("")
    source = open_source(folder, AnyTable())
    assert {file.name: list(file.columns) for file in source.files} == {
        "a.csv": ["id", "name"],
        "b.csv": ["city", "size"],
        "c.jsonl": ["id", "more", "other"],
        "d.zip/in/e.txt": ["k", "v"],
        "year=2024/f.parquet": ["n", "year"],
    }
    assert {file.name: file.reason for file in source.unread} == {
        "README.md": "a text about the data",
        "page.csv": "is an HTML page, perhaps to sign in; download the table itself.",
        "empty.csv": "is empty; it needs a header line and records.",
        "d.zip/__MACOSX/in/._e.txt": "a file of the operating system",
    }


def test_all_tables_of_a_database(tmp_path):
    path = tmp_path / "x.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE one (id, line)")
    connection.execute("CREATE TABLE two (x)")
    connection.execute("CREATE VIEW three AS SELECT * FROM one")
    connection.commit()
    connection.close()
    source = open_source(path, AnyTable())
    assert {file.name: file.columns for file in source.files} == {
        "x.db/one": {"id": "id", "line_": "line"},
        "x.db/two": {"x": "x"},
    }
    assert [file.name for file in source.unread] == ["x.db/three"]


REFUSED = {
    "an empty file": (b"", "is empty"),
    "blank lines": (b"\n \n", "is empty"),
    "a page": (b"<!DOCTYPE html><p>x", "is an HTML page"),
    "XML": (b"<?xml version='1.0'?><a/>", "is an XML file"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "is a pointer of Git LFS"),
    "a PDF": (b"%PDF-1.4\n", "is a PDF"),
    "bytes": (bytes(range(1, 32)) * 40, "is no text"),
    "JSON without fields": (b"{}\n{}\n", "has no record with a field"),
    "a damaged Parquet file": (b"PAR1\0\0\0\0", "is a damaged Parquet file"),
    "too many columns": (",".join(f"c{n}" for n in range(10_001)).encode(), "has a header of more than 10,000 columns"),
    "a table far down": (b"# a title\n" * 60 + b"a,b\n" + b"1,2\n" * 300, "60 rows stand above"),
    "quotes that are broken everywhere": (b'"a"b\n"c"d\n', "has no header of records"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_table_is_refused_in_one_sentence(tmp_path, name):
    content, fault = REFUSED[name]
    with pytest.raises(UserError, match=fault) as error:
        open_any(tmp_path, content, "x.dat")
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("x.dat")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x.dat").write_bytes(content)
    with pytest.raises(UserError):
        open_source(tmp_path / "folder", AnyTable())


def test_the_number_of_a_header_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="no header in line 9"):
        open_any(tmp_path, "a,b\n1,2\n", header="9")


def test_two_thousand_columns_are_opened_in_about_a_second(tmp_path):
    lines = [",".join(f"{row * 7 % 97}.{column % 10}" for column in range(2_000)) for row in range(1_000)]
    for header in ([f"c{n}" for n in range(2_000)], ["c"] * 2_000, [""] + ["Name"] * 1_999):
        content = ",".join(header) + "\n" + "\n".join(lines)
        start = time.perf_counter()
        file = open_one(tmp_path, content)
        assert time.perf_counter() - start < 2
        assert (len(file.columns), file.has_header) == (2_000, True)


def test_tables_that_are_written_in_any_way_have_their_columns_and_are_found_again(tmp_path):
    outcomes = Counter()

    @settings(max_examples=EXAMPLES // 4, deadline=None, suppress_health_check=list(HealthCheck))
    @given(written())
    def check(example):
        folder = tmp_path / "source"
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in example.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        source = folder if len(example.files) > 1 else next(folder.iterdir())
        (file,) = open_source(source, AnyTable(example.read)).files
        outcomes[set(file.columns) == set(example.names)] += 1
        options = replace(example.read, header=None if file.has_header else "none")
        (again,) = open_source(source, replace(table_of(file), read=options)).files
        assert (again.columns, again.ignored_columns) == (file.columns, file.ignored_columns)

    check()
    assert outcomes[False] <= MOST_MISREAD * outcomes.total()


@pytest.mark.parametrize("place", ["known", "open-data"])
def test_the_header_of_real_tables_is_their_first_line(place):
    paths = sorted((TABLES / place).rglob("*.csv"))
    if not paths:
        pytest.skip("the tables are not here")
    for path in paths:
        with path.open(encoding="utf-8", newline="") as file:
            header = next(csv.reader(file))
        (opened,) = open_source(path, AnyTable()).files
        assert (path, tuple(opened.columns), opened.has_header) == (path, unique_names(header), True)
        assert tuple(opened.columns.values()) == tuple(header)
