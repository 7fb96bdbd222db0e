"""Tables in every format that is read, and what is below a source and is not."""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from dataclasses import replace

import polars as pl
import pyarrow as pa
import pytest
from backports import zstd

from eightytwenty.errors import UserError
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table
from tests.eightytwenty.read.workbooks import ods, xlsx

CSV = b"record_id,a,b,sum\nx,1,2,3\ny,4,5,9\n"
ROWS = [("x", 1, 2, 3), ("y", 4, 5, 9)]
COLUMNS = ["record_id", "a", "b", "sum"]
RECORDS = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS]
LINES = "".join(json.dumps(record) + "\n" for record in RECORDS)
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd.compress}


def make_zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def arrow(write=pa.ipc.new_file):
    stream = io.BytesIO()
    table = pa.Table.from_pylist(RECORDS)
    with write(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)
    return stream.getvalue()


def parquet(rows):
    stream = io.BytesIO()
    rows.write_parquet(stream)
    return stream.getvalue()


def clean_rows(cleaned):
    return cleaned["clean"].select(COLUMNS).rows()


@pytest.mark.parametrize("packing", PACKERS)
@pytest.mark.parametrize(
    "content", [CSV, LINES.encode(), arrow(), xlsx({"s": [COLUMNS, *ROWS]})], ids=["csv", "json", "arrow", "xlsx"]
)
def test_every_packing_is_told_by_its_content(clean_source, packing, content):
    pack = PACKERS[packing]
    assert clean_rows(clean_source(pack(content), "pairs.dat")) == ROWS
    assert clean_rows(clean_source(pack(pack(content)), "pairs")) == ROWS
    assert clean_rows(clean_source(make_zip({"a/b.txt": pack(content)}), "pairs.zip")) == ROWS


@pytest.mark.parametrize("packing", PACKERS)
def test_several_packed_parts_are_one_file_and_damage_is_a_sentence(clean_source, packing):
    pack = PACKERS[packing]
    assert clean_rows(clean_source(pack(CSV[:20]) + pack(CSV[20:]))) == ROWS
    with pytest.raises(UserError, match="cannot be unpacked"):
        clean_source(pack(CSV * 1_000)[:-20])


JSON = {
    "lines": LINES,
    "lines with a mark": "\ufeff" + LINES,
    "a list": json.dumps(RECORDS),
    "an indented list": json.dumps(RECORDS, indent=2),
    "indented records": "\n".join(json.dumps(record, indent=1) for record in RECORDS),
    "one line of records": "".join(map(json.dumps, RECORDS)),
    "CR LF": LINES.replace("\n", "\r\n"),
    "fields in another order": '{"sum": 3, "a": 1, "b": "2", "record_id": "x"}\n{"b":5,"sum":9,"record_id":"y","a":4}',
    "a missing field": '{"record_id": "x", "a": 1, "b": 2}\n{"record_id":"y", "sum":9, "a":null, "b":5}',
}


@pytest.mark.parametrize("name", JSON)
def test_json_in_every_form(clean_source, name):
    for encoding in ("utf-8", "utf-16-le"):
        content = JSON[name].encode(encoding)
        for piece in (None, 1):
            assert clean_rows(clean_source(content, "pairs.json", piece=piece)) == ROWS


def test_json_that_is_no_row_is_quarantined_with_its_line(clean_source):
    bad = ['{"a": 1, "b": 2, "su', "[1, 2, 3]", '{"a": 1, "a": 2, "b": 2, "sum": 3}', '{"a":1,"b":2,"sum":3,"new":0}']
    sound = '{"a": 1, "b": 2, "sum": 3}'
    many = [json.dumps({"a": n % 999, "b": 0, "sum": n % 999}) for n in range(60_000)]
    cleaned = clean_source("\n".join([sound, *bad[:3], *many, bad[3]]).encode(), "x.jsonl")
    assert cleaned.summary.clean == 60_001
    rules = [["broken JSON"], ["broken JSON"], ["field twice"], ["unknown field"]]
    assert cleaned["quarantine"]["rules"].to_list() == rules
    assert cleaned["quarantine"]["original"].to_list() == [line.encode() for line in bad]
    assert cleaned["quarantine"]["line"].to_list() == [2, 3, 4, 60_005]
    assert (cleaned.folder / "quarantine" / "x.jsonl").read_text() == "\n".join(bad) + "\n"


def test_numbers_in_json_keep_their_digits(clean_source):
    from eightytwenty.schema import Column, Table

    table = Table("exact", (Column("n", "decimal"), Column("t", "text", nullable=True)))
    content = b'{"n": 1.10, "t": {"x": 1.10, "y": [1e5, true, null]}}\n{"n": 12345678901234567.890, "t": null}\n'
    cleaned = clean_source(content, "x.jsonl", table=table)
    assert [str(n).rstrip("0") for n in cleaned["clean"]["n"]] == ["1.1", "12345678901234567.89"]
    assert cleaned["clean"]["t"].to_list() == ['{"x": 1.10, "y": [1e5, true, null]}', None]


def test_the_sheets_of_a_workbook(clean_source):
    content = xlsx(
        {
            "one": [["Sums", None, None], [None], ["a", "b", "sum", None], [1, 2.0, "3", "note"], [4.0, 5, 9.5]],
            "two": [["sum", "b", "a"], [7, 3, 4], [True, 0, 1]],
            "notes": [["who", "when"]],
            "none": [],
            "old": [["a", "b", "sum"], [1, 1, 2]],
        },
        hidden=["old"],
    )
    for name in ("book.xlsx", "book.csv"):  # the suffix does not matter
        cleaned = clean_source(content, name)
        assert cleaned["clean"].select("a", "b", "sum").rows() == [(1, 2, 3), (4, 3, 7)]
        assert [json.loads(line) for line in cleaned["quarantine"]["original"]] == [
            {"a": "4", "b": "5", "sum": "9.5", "column (4)": None},
            {"sum": "true", "b": "0", "a": "1"},
        ]
        unread = {file["name"].removeprefix(f"{name}/"): file["reason"] for file in cleaned.summary.unread}
        assert unread.keys() == {"notes", "none", "old"}
        assert unread["old"] == "a hidden sheet"
        assert unread["none"] == "an empty sheet"
        assert cleaned.summary.files[0]["format"] == "utf-8, sheet, 1 row above the header"


def test_a_workbook_of_open_office(clean_source):
    assert clean_rows(clean_source(ods([COLUMNS, *[map(str, row) for row in ROWS]]), "pairs.ods")) == ROWS


def test_one_sheet_may_be_asked_for(tmp_path):
    (tmp_path / "x.xlsx").write_bytes(xlsx({"one": [COLUMNS, ROWS[0]], "two": [COLUMNS, ROWS[1]]}))
    source = open_source(tmp_path / "x.xlsx", replace(pairs_table(), read=ReadOptions(sheet="two")))
    assert [file.name for file in source.files] == ["x.xlsx/two"]
    assert [file.name for file in source.unread] == ["x.xlsx/one"]


def test_arrow_files_and_streams(clean_source):
    for write in (pa.ipc.new_file, pa.ipc.new_stream):
        for piece in (None, 1):
            assert clean_rows(clean_source(arrow(write), "pairs.feather", piece=piece)) == ROWS
    with pytest.raises(UserError, match="damaged"):
        clean_source(arrow()[:-200], "pairs.arrow")


def test_folders_that_name_a_column(clean_source):
    rows = pl.DataFrame({"a": [1, 2], "sum": [4, 5]})
    files = {f"b={value}/x.parquet": parquet(rows) for value in ("3", "%33", "__HIVE_DEFAULT_PARTITION__")}
    cleaned = clean_source(files | {"b=3/_SUCCESS": b"", "year=2024/b=3/y.feather": arrow()}, "pairs")
    # the missing ones follow from the sums; a column in the file itself comes first
    assert cleaned["clean"].select("a", "b", "sum").rows() == [*[(1, 3, 4), (2, 3, 5)] * 3, (1, 2, 3), (4, 5, 9)]
    assert [file["name"] for file in cleaned.summary.unread] == ["b=3/_SUCCESS"]


def test_everything_below_a_source_is_read_or_named(clean_source, tmp_path):
    files = {
        "1.csv": CSV,
        "2.txt": CSV.replace(b",", b"\t"),
        "3.csv.bz2": bz2.compress(CSV),
        "4.jsonl": LINES.encode(),
        "5": CSV,
        "6.xlsx": xlsx({"s": [COLUMNS, *ROWS]}),
        "7.zip": make_zip(
            {"in.csv": CSV, "readme": b"hello", "__MACOSX/._in.csv": b"\0", "deep.zip": make_zip({"x": CSV})}
        ),
        "8.csv": b"who,when\nme,now\n",
        "9.xlsx": b"PK\3\4 no workbook",
        "a.pdf": b"%PDF-1.7",
        "b.html": b"<!DOCTYPE html><html></html>",
        ".hidden.csv": CSV,
        "c.csv": b"",
    }
    ids = iter(range(100))
    files = {
        name: content.replace(b"\nx,", b"\n%d," % next(ids)).replace(b"\ny,", b"\n%d," % next(ids))
        for name, content in files.items()
    }
    cleaned = clean_source(files, "delivery")
    assert [file["name"] for file in cleaned.summary.files] == [
        *("1.csv", "2.txt", "3.csv.bz2", "4.jsonl", "5", "6.xlsx/s", "7.zip/in.csv"),
    ]
    unread = {file["name"]: file["reason"] for file in cleaned.summary.unread}
    assert unread.keys() == {
        *("7.zip/readme", "7.zip/__MACOSX/._in.csv", "7.zip/deep.zip", "8.csv", "9.xlsx", "a.pdf", "b.html"),
        *(".hidden.csv", "c.csv"),
    }
    assert unread["7.zip/deep.zip"] == "is an archive within an archive; unpack it."
    assert unread["a.pdf"] == "is a PDF; export its table as CSV."
    assert "who" not in unread["8.csv"]  # nothing of what stands in a file
    assert [file["name"] for file in cleaned.summary.not_read] == sorted(
        unread.keys() - {".hidden.csv", "7.zip/__MACOSX/._in.csv", "7.zip/readme"}
    )
    report = (cleaned.folder / "report.md").read_text()
    assert all(f"`{name}`" in report for name in unread)


def test_a_source_without_a_table_says_why(clean_source):
    with pytest.raises(
        UserError, match=r"holds no table of pairs: a\.pdf \(is a PDF; export .*\), b\.csv \(has no header"
    ):
        clean_source({"a.pdf": b"%PDF-1.7", "b.csv": b"who\nme\n"}, "folder")


OTHERS = {
    "a picture": b"\x89PNG\r\n\x1a\n",
    "an ORC file": b"ORC\x11",
    "an HTML page": b"  <html><table></table></html>",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\n",
    "a tar archive": bytes(257) + b"ustar\x0000",
    "cannot be read .file is not a database.": b"SQLite format 3\0",
    "an XML file": b'<?xml version="1.0"?><rows/>',
    "a workbook that cannot be opened": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "no text and no other table": bytes(range(256)) * 20,
    "broken JSON after record 1": b'[{"a": 1}, {"a": }]',
    "no fields for pairs: there is no column a": b'{"x": 1}',
}


@pytest.mark.parametrize("what", OTHERS)
def test_what_is_no_table_is_called_what_it_is(clean_source, what):
    with pytest.raises(UserError, match=what) as error:
        clean_source(OTHERS[what], "pairs.csv")
    assert str(error.value).startswith("pairs.csv ")
    assert ";" in str(error.value)  # and what to do


def test_two_files_whose_names_read_the_same(tmp_path, clean_source):
    (tmp_path / b"\xff.csv".decode("utf-8", "surrogateescape")).write_bytes(CSV)
    (tmp_path / r"\xff.csv").write_bytes(CSV)
    cleaned = clean_source(tmp_path)
    assert cleaned.summary.rows == 2
    assert cleaned.summary.unread == [{"name": r"\xff.csv", "reason": "another file has a name that reads the same"}]
