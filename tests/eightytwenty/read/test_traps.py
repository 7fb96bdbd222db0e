"""Files that could be read with another meaning than theirs: each is read rightly, quarantined or refused."""

import bz2
import json
import sqlite3

import duckdb
import polars as pl
import pyarrow as pa
import pytest

from eightytwenty.errors import UserError
from eightytwenty.read.options import ReadOptions
from eightytwenty.schema import Column, Table
from schemas.pairs import pairs_table
from tests.eightytwenty.read.workbooks import xlsx

NAMES = Table("names", (Column("name", "text"),))
CITIES = Table("cities", (Column("name", "text"), Column("city", "text", aliases=("town",))))
PLACES = Table("places", (Column("city", "text"), Column("lat", "decimal")))
OPTIONAL = Table("optional", (Column("name", "text", required=False, nullable=True),))


def outcome(cleaned):
    columns = [name for name in cleaned["clean"].columns if name not in {"source", "record"}]
    return cleaned["clean"].select(columns).rows(), [rule for rules in cleaned["quarantine"]["rules"] for rule in rules]


# bytes, the table, the clean rows and the rules that quarantined the others
SURPLUS = [
    (b"name,city\nBob,Rome,x\nAnn,Oslo,y\n", CITIES),
    (b"name,city\nSmith, John,Rome\nDoe, Jane,Oslo\n", CITIES),
    (b"name,city\nBob,Rome, Italy\nAnn,Oslo, Norway\n", CITIES),
    (b"name,city\n1,Bob,Rome\n2,Ann,Oslo\n", CITIES),  # every text fits: nothing says that it is no "1,Bob"
    (b"city,lat\nParis,48,8566\nRome,41,9028\n", PLACES),
    (b"city,lat\nParis,-4,5\nRome,+1,9\n", PLACES),
    (b"city,lat\n1,4,50 EUR\n2,1,90 EUR\n", PLACES),
    (b"a,b,sum\n1,1,2,3\n", pairs_table()),
]


@pytest.mark.parametrize(("content", "table"), SURPLUS)
def test_a_cell_too_many_moves_no_column(clean_source, content, table):
    rows, rules = outcome(clean_source(content, table=table))
    assert rows == []
    assert set(rules) == {"too many cells"}


HEADERS = [
    (b"a,b,sum\n1,2,3\nB,A,SUM\n5,1,6\n", pairs_table(), [(1, 2, 3), (1, 5, 6)]),
    (b"a,b,sum\n1,2,3\nb, a, sum\n5,1,6\n", pairs_table(), [(1, 2, 3), (1, 5, 6)]),
    (b"\xef\xbb\xbfa,b,sum\n1,2,3\n\xef\xbb\xbfb,a,total\n5,1,6\n", pairs_table(), [(1, 2, 3), (1, 5, 6)]),
    (b'"a","b","sum"\n1,2,3\n"b","a","sum"\n5,1,6\n', pairs_table(), [(1, 2, 3), (1, 5, 6)]),
    (b"name,city\nBob,Rome\nTOWN,NAME\nOslo,Ann\n", CITIES, [("Bob", "Rome"), ("Ann", "Oslo")]),
    (b"id,name,city\n1,Bob,Rome\nname,city,age\nAnn,Oslo,7\n", CITIES, [("Bob", "Rome"), ("Ann", "Oslo")]),
    (b"name,city\nBob,Rome\ncity,age,name\nOslo,7,Ann\n", CITIES, [("Bob", "Rome"), ("Ann", "Oslo")]),
    (b"name\nBob\nName\nAnn\n", NAMES, [("Bob",), ("Ann",)]),
]


@pytest.mark.parametrize(("content", "table", "rows"), HEADERS)
def test_another_header_holds_however_it_is_written(clean_source, content, table, rows):
    for piece in (None, 1, 20):
        assert outcome(clean_source(content, table=table, piece=piece)) == (rows, ["repeated header"])


def test_another_header_holds_in_a_sheet(clean_source):
    rows = [["note", "a", "b", "sum"], ["x", 1, 2, 3], ["note", "b", "a", "sum"], ["y", 5, 1, 6]]
    assert outcome(clean_source(xlsx({"s": rows}))) == ([(1, 2, 3), (1, 5, 6)], ["repeated header"])


def test_a_value_that_is_the_name_of_a_column_is_no_header(clean_source):
    content = b"name,city\nname,Rome\nBob,city\nAnn,Oslo\n"
    assert outcome(clean_source(content, table=CITIES)) == ([("name", "Rome"), ("Bob", "city"), ("Ann", "Oslo")], [])


def test_many_headers_in_other_orders_are_refused(clean_source):
    with pytest.raises(UserError, match="more than 100 headers in other orders; split it"):
        clean_source(b"name,city\nBob,Rome\ncity,name\nRome,Bob\n" * 60, table=CITIES)


def test_what_follows_a_list_of_json_is_not_lost(clean_source):
    two = b'[{"name":"a"}]\n[{"name":"b"}]\n{"name":"c"}'
    assert outcome(clean_source(two, table=NAMES)) == ([("a",), ("b",), ("c",)], [])
    for content, message in [
        (b'[{"name":"a"}] trailing', "broken JSON after record 1"),
        (b'[{"name":"a"},{"name":"b"}', "ends within its list after record 2"),
    ]:
        with pytest.raises(UserError, match=message):
            clean_source(content, table=NAMES)


def test_bytes_and_separators_in_json_stay_what_they_are(clean_source):
    damaged = b'[{"name":"ok"},' + b'{"name":"fine"},' * 70_000 + b'{"name":"\xff"}]'
    rows, rules = outcome(clean_source(damaged, table=NAMES))
    assert len(rows) == 70_001
    assert rules == ["undecodable bytes"]
    names = ["a\u2028b", "c\u0085d", "e\\nf"]
    records = [{"name": name} for name in names]
    for text in (
        json.dumps(records, ensure_ascii=False),
        "\n".join(json.dumps(r, ensure_ascii=False) for r in records),
    ):
        assert outcome(clean_source(text.encode(), table=NAMES))[0] == [(name,) for name in names]


def test_one_broken_line_does_not_make_a_list_of_json_lines(clean_source):
    content = b'{"name":"x"\n  \n{"name":"y"}\n{"name":"z","deep":' + b"[" * 900 + b"]" * 900 + b'}\n{"name":"z"}\n'
    rows, rules = outcome(clean_source(content, table=NAMES))
    assert rows == [("y",), ("z",)]
    assert set(rules) == {"broken JSON"}


def test_text_of_a_database_that_is_none_is_quarantined(tmp_path, clean_source):
    with sqlite3.connect(tmp_path / "x.db") as connection:
        connection.execute("create table t (name text)")
        connection.execute("insert into t values (cast(x'636166e9' as text)), ('fine')")
    connection.close()
    assert outcome(clean_source(tmp_path / "x.db", table=NAMES)) == ([("fine",)], ["undecodable bytes"])


def test_a_database_that_is_being_written_gets_no_files_beside_it(tmp_path, clean_source):
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("pragma journal_mode = wal")
    connection.execute("create table t (name text)")
    connection.execute("insert into t values ('a')")
    connection.commit()
    assert clean_source(tmp_path, table=NAMES).summary.not_read == []  # its files are parts of it
    connection.close()
    for _ in range(2):
        assert clean_source(tmp_path, table=NAMES).summary.unread == []
    assert [path.name for path in tmp_path.iterdir()] == ["x.db"]


def test_tables_of_other_schemas_and_views_are_named(tmp_path, clean_source):
    with duckdb.connect(str(tmp_path / "x.db")) as connection:
        connection.execute(
            "create schema s; create table t as select 'main' as name; create table s.t as select 'other' as name"
        )
        connection.execute("create view v as select 'seen' as name")
    cleaned = clean_source(tmp_path / "x.db", table=NAMES)
    assert outcome(cleaned)[0] == [("other",), ("main",)]
    assert cleaned.summary.unread == [{"name": "x.db/v", "reason": "a view; ask for it by --query"}]
    two = Table("names", NAMES.columns, read=ReadOptions(query="select 'a' as name; select 'b' as name"))
    with pytest.raises(UserError, match="more than one statement"):
        clean_source(tmp_path / "x.db", table=two)


def test_a_value_below_a_delimiter_at_the_end_is_not_dropped(clean_source):
    content = b"a,b,sum\n" + b"1,2,3,\n" * 150 + b"1,,2,3\n1,2,3,9\n"
    rows, rules = outcome(clean_source(content))
    assert (len(rows), rules) == (150, ["too many cells"] * 2)
    early = b"a,b,sum\n" + b"1,2,3,9\n" + b"1,2,3,\n" * 20
    rows, rules = outcome(clean_source(early))
    assert (len(rows), rules) == (20, ["too many cells"])


def test_a_title_with_the_name_of_the_column_is_no_header(clean_source):
    assert outcome(clean_source(b"name\nid,name\n1,Rome\n2,Oslo\n", table=NAMES))[0] == [("Rome",), ("Oslo",)]
    assert outcome(clean_source(b"Name\n\nid,name,pop\n1,Rome,2\n2,Oslo,1\n", table=NAMES))[0] == [("Rome",), ("Oslo",)]


def test_line_ends_within_quotes_do_not_count(clean_source):
    rows, rules = outcome(clean_source(b'name,city\r"two\nlines","three\nmore\nlines"\rBob,Rome\r', table=CITIES))
    assert (rows, rules) == ([("two\nlines", "three\nmore\nlines"), ("Bob", "Rome")], [])


def test_a_header_that_comes_again_is_not_taken_for_the_first(clean_source):
    content = b"a,b,sum\n\x01\nx\na,b,sum\n1,2,3\n"
    rows, rules = outcome(clean_source(content))
    assert (rows, rules) == ([(1, 2, 3)], ["row cut off", "row cut off", "repeated header"])


def test_one_column_may_hold_delimiters(clean_source):
    content = b"name\nSmith, John\nDoe, Jane\n"
    assert outcome(clean_source(content, table=NAMES))[0] == [("Smith, John",), ("Doe, Jane",)]
    headless = Table("names", NAMES.columns, read=ReadOptions(header="none"))
    assert outcome(clean_source(content[5:], table=headless))[0] == [("Smith, John",), ("Doe, Jane",)]


def test_a_header_names_a_column(clean_source):
    for content in (b"1,Bob\n2,Ann\n", b"Hello there\nthis is prose\n", b"[5, null]", b'{"x": 1}'):
        with pytest.raises(UserError, match=r"pairs\.csv has no"):
            clean_source(content, table=OPTIONAL)
    # a file with types has rows all the same
    stream = pa.BufferOutputStream()
    table = pa.table({"zz": [1, 2]})
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)
    assert clean_source(stream.getvalue().to_pybytes(), table=OPTIONAL).summary.rows == 2


@pytest.mark.parametrize("name", ["desktop.csv", "thumbs.csv", "authors.csv", "license.csv"])
def test_tables_with_the_name_of_something_else_are_missed(clean_source, name):
    cleaned = clean_source({name: b"name\nBob\n", "x.csv": b"name\nAnn\n"}, "folder", NAMES)
    assert cleaned.summary.clean == 2
    cleaned = clean_source({name: b"who\nBob\n", "x.csv": b"name\nAnn\n"}, "folder", NAMES)
    assert [file["name"] for file in cleaned.summary.not_read] == [name]


def test_a_text_whose_folder_names_a_column_is_not_read_without_it(clean_source):
    table = Table("years", (Column("name", "text"), Column("year", "integer", required=False, nullable=True)))
    cleaned = clean_source({"year=2024/a.csv": b"name\nBob\n", "b.csv": b"name,year\nAnn,1\n"}, "folder", table)
    assert [file["name"] for file in cleaned.summary.not_read] == ["year=2024/a.csv"]
    assert "in the name of a folder" in cleaned.summary.unread[0]["reason"]


@pytest.mark.parametrize("mark", [",", "."])
def test_a_number_that_contradicts_the_stated_mark_is_not_read(clean_source, mark):
    table = Table("t", (Column("x", "decimal"), Column("n", "integer")), read=ReadOptions(decimal=mark))
    other = {",": ".", ".": ","}[mark]
    cells = [cell.replace(".", other) for cell in ("0.125", "00.125", "1.5", "-12.50", "1.5e3")]
    content = "x\tn\n" + "".join(f"{cell}\t1\n" for cell in cells) + f"1{other}250\t1\n7\t0{other}125\n"
    rows, rules = outcome(clean_source(content.encode(), table=table))
    assert rows == [(1250, 1)]
    assert len(rules) == 6


WORDS = [
    "ORCID,name\n1,Bob\n",
    "FEA1,name\nx,Bob\n",
    "ARROW1,name\nx,Bob\n",
    "PAR1,name\nx,Bob\n",
    "species,DUCK,name\na,b,Bob\n",
]


@pytest.mark.parametrize("content", [*WORDS, "GIF8,name\nx,Bob\n", "Rar!,name\nx,Bob\n"])
def test_a_column_with_the_signature_of_a_format_is_text(clean_source, content):
    assert outcome(clean_source(content.encode(), table=NAMES))[0] == [("Bob",)]


@pytest.mark.parametrize("form", ["lines", "list", "sqlite", "arrow"])
def test_an_id_that_no_record_has_is_not_missing(clean_source, tmp_path, form):
    records = [{"record_id": None, "a": 1, "b": 2, "sum": 3}, {"record_id": "", "a": 4, "b": 5, "sum": 9}]
    if form == "sqlite":
        with sqlite3.connect(tmp_path / "x.db") as connection:
            connection.execute("create table t (record_id, a, b, sum)")
            connection.executemany("insert into t values (:record_id, :a, :b, :sum)", records)
        connection.close()
        cleaned = clean_source(tmp_path / "x.db")
    elif form == "arrow":
        pl.DataFrame(records).write_ipc(tmp_path / "x.arrow")
        cleaned = clean_source(tmp_path / "x.arrow")
    else:
        text = json.dumps(records) if form == "list" else "\n".join(map(json.dumps, records))
        cleaned = clean_source(text.encode())
    assert cleaned.summary.clean == 2


def test_what_is_stated_of_a_text_rules_json_out(clean_source):
    table = Table("t", (Column("k", "text"), Column("name", "text")), read=ReadOptions(header="none", delimiter="tab"))
    rows, _ = outcome(clean_source(b'{"k":1}\tBob\n{"k":2}\tAnn\n', table=table))
    assert [row[1] for row in rows] == ["Bob", "Ann"]


def test_a_bad_part_of_a_line_harms_no_other(clean_source):
    rows, rules = outcome(clean_source(b"a,b,sum\r\n1,2,3\r\nx,1\r2,3,5\r\n4,5,9\r\n"))
    assert (rows, rules) == ([(1, 2, 3), (2, 3, 5), (4, 5, 9)], ["row cut off"])


def test_backslashes_before_quotes_are_counted(clean_source):
    content = b'name,city\n"a\\\\","x \\" y"\n"C:\\dir\\\\","z"\n"plain","\\n"\n'
    rows, _ = outcome(clean_source(content, table=CITIES))
    assert rows == [("a\\", 'x " y'), ("C:\\dir\\", "z"), ("plain", "\\n")]


def test_a_workbook_with_a_cell_far_out_is_refused(clean_source):
    content = xlsx({"s": [["name"], ["Bob"]]}, extra='<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    with pytest.raises(UserError, match="1,048,576 rows and 16,384 columns; delete the empty ones"):
        clean_source(content, table=NAMES)


def test_the_file_of_quarantined_lines_is_not_packed(clean_source):
    cleaned = clean_source({"a/b.csv.bz2": bz2.compress(b"a,b,sum\n1,2,x\n"), "c.csv": b"a,b,sum\n1,2,3\n"}, "folder")
    assert [path.name for path in (cleaned.folder / "quarantine").iterdir()] == ["0001-a__b.csv"]


def test_single_quotes_around_whole_records_are_characters(clean_source):
    table = Table("notes", (Column("name", "text"), Column("note", "text")))
    cleaned = clean_source(b"name,note\nBob,x\nAnn,'\nEve,x\nDan,'\nJoe,x\n", table=table)
    assert outcome(cleaned) == ([("Bob", "x"), ("Ann", "'"), ("Eve", "x"), ("Dan", "'"), ("Joe", "x")], [])
