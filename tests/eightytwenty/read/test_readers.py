"""Every form of a table of pairs is read correctly."""

import gzip
import io
import zipfile

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eightytwenty.engine.run import clean_table
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table

HEADER = b"record_id,a,b,sum\n"
COLUMNS = ["record_id", "a", "b", "sum"]
ROWS = [("é1", "1", "2", "3"), ("2", "20", "22", "42"), ("3", None, "1", "8")]
LINES = ["record_id,a,b,sum", "é1,1,2,3", "2,20,22,42", "3,,1,8"]


def make_zip(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def read(tmp_path):
    """Writes a file and reads it: (its files, the cells of all records, their lines)."""

    def run(content, name="pairs.csv", piece=None):
        (tmp_path / name).write_bytes(content)
        files = open_source(tmp_path / name, pairs_table()).files
        batches = [batch for file in files for batch in read_batches([file], COLUMNS, piece)]
        rows = [row for batch in batches for row in batch.cells.rows()]
        return files, rows, [int(n) for batch in batches if batch.lines is not None for n in batch.lines]

    return run


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"], ids=["comma", "semicolon", "tab", "pipe"])
@pytest.mark.parametrize("last", ["", "end"], ids=["open", "ended"])
def test_text_in_every_form(read, end, encoding, delimiter, last):
    text = end.join(LINES).replace(",", delimiter) + (end if last else "")
    mark = "\ufeff" if encoding.startswith("utf-16") else ""
    files, rows, lines = read((mark + text).encode(encoding))
    assert rows == ROWS
    assert lines == [2, 3, 4]
    assert files[0].format.encoding.name == encoding.removesuffix("-sig")


def test_western_text_is_read_and_said_to_be_a_guess(read):
    lines = ["record_id;a;b;sum", *(f"Größe in Österreich für Straße {n};1;2;3" for n in range(50))]
    files, rows, _ = read("\r\n".join(lines).encode("cp1252"))
    assert rows[0] == ("Größe in Österreich für Straße 0", "1", "2", "3")
    assert files[0].description.endswith("(a guess), semicolon-separated")


def test_a_few_damaged_lines_do_not_change_the_encoding(read):
    # three of four foreign lines are UTF-8, so that is what the file is
    files, rows, _ = read(HEADER + "é,1,2,3\nß,1,2,3\n７,1,2,3\n".encode() + b"\xff,1,2,3\n")
    assert files[0].description == "utf-8, comma-separated"
    assert [row[0] for row in rows] == ["é", "ß", "７", None]


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(read):
    content = HEADER + b'"a,""b""\nc",1,"2",3\n\n"x\r\n\r\ny",1,2,3\n"",1,2,3\n4,1,2,3\n'
    _, rows, lines = read(content)
    assert [row[0] for row in rows] == ['a,"b"\nc', "x\r\n\r\ny", None, "4"]
    assert rows[0][1:] == ("1", "2", "3")
    assert lines == [2, 5, 8, 9]
    for piece in (1, 7, 30):
        assert read(content, piece=piece)[1:] == (rows, lines)


@pytest.mark.parametrize("stray", [b'5",1,2,3', b'"5,1,2,3', b'5,1,2,"3', b'5,"1,2,3', b'5,1,2,3"'])
def test_a_stray_quote_does_not_swallow_its_neighbours(read, stray):
    sound = [b"%d,1,2,3" % n for n in range(150)]
    _, rows, lines = read(HEADER + b"\n".join([*sound[:75], stray, *sound[75:]]))
    assert lines == list(range(2, 153))
    assert [row for at, row in enumerate(rows) if at != 75] == [(str(n), "1", "2", "3") for n in range(150)]


@pytest.mark.parametrize("stray", [b'%d",1,2,3', b'"%d,1,2,3', b'%d,1,2,"3', b'%d,"1,2,3', b'%d,1,2,3"'])
def test_two_stray_quotes_do_not_swallow_what_lies_between(read, stray):
    _, rows, lines = read(HEADER + b"\n".join([stray % 1, b"2,1,2,3", b"3,1,2,3", stray % 4, b"5,1,2,3"]))
    assert lines == [2, 3, 4, 5, 6]
    assert [rows[at] for at in (1, 2, 4)] == [(n, "1", "2", "3") for n in "235"]


def test_the_fast_and_the_slow_way_read_the_same(read):
    # a quoted column forces the slow way; cells keep their spaces and control characters in both
    cells = [" 7", "7 ", "\t7", "'7'", "7\x0b", "\x1c7", "#7", "\\N", "null", "\x7f", "a\\", "//", "0", "-", "7;8"]
    fast = read(HEADER + "".join(f"x,{cell},2,3\n" for cell in cells).encode())[1]
    slow = read(HEADER + "".join(f'"x",{cell},2,3\n' for cell in cells).encode())[1]
    assert fast == slow
    assert [row[1] for row in fast] == cells


def test_a_cell_may_be_longer_than_csv_allows(read):
    long = "x" * 300_000
    _, rows, _ = read(f'record_id,a,b,sum,note\n1,1,2,3,"{long}"\n2,1,2,3,{long}\n"{long}",1,2,3,\n'.encode())
    assert [row[1:] for row in rows] == [("1", "2", "3")] * 3
    assert rows[2][0] == long


def test_columns_in_any_order_under_other_names_and_others_are_reported(clean_source):
    cleaned = clean_source(b'"no, te";TOTAL; B ;a;Record ID;x\nhi;3;2;1;r;\n')
    assert cleaned["clean"].select(COLUMNS).rows() == [("r", 1, 2, 3)]
    assert cleaned.summary.files[0]["ignored_columns"] == ["no, te", "x"]
    stream = io.BytesIO()
    pl.DataFrame({"more": [1], "sum": [3], "B": [2], "a": [1]}).write_parquet(stream)
    assert clean_source(stream.getvalue(), "p.parquet").summary.files[0]["ignored_columns"] == ["more"]


def test_what_utf_16_cannot_say_is_quarantined_with_its_bytes(clean_source):
    lines = "\ufeffrecord_id,a,b,sum\n1,1,2,3\n".encode("utf-16-le")
    half_pair = "2".encode("utf-16-le") + b"\x00\xd8" + ",1,2,3".encode("utf-16-le")
    half_character = "3,1,2,3".encode("utf-16-le") + b"\x0a"
    cleaned = clean_source(lines + half_pair + "\n".encode("utf-16-le") + half_character)
    assert cleaned["clean"]["record_id"].to_list() == ["1"]
    assert cleaned["quarantine"]["rules"].to_list() == [["undecodable bytes"]] * 2
    assert cleaned["quarantine"]["original"].to_list() == [half_pair, half_character]


def test_gz_of_text_and_parquet_and_of_several_parts(read):
    text = "\n".join(LINES).encode()
    assert read(gzip.compress(text), "pairs.csv.gz")[1] == ROWS
    assert read(gzip.compress(text[:25]) + gzip.compress(text[25:]), "two.gz")[1] == ROWS
    stream = io.BytesIO()
    pl.DataFrame(ROWS, schema=COLUMNS, orient="row").write_parquet(stream)
    assert read(gzip.compress(stream.getvalue()), "pairs.parquet.gz")[1] == ROWS


def test_zip_with_folders_and_several_members(read):
    stream = io.BytesIO()
    pl.DataFrame(ROWS, schema=COLUMNS, orient="row").write_parquet(stream)
    files, rows, _ = read(
        make_zip(
            {
                "b/": b"",
                "b/two.csv": HEADER + b"b,1,1,2\n",
                "a.parquet": stream.getvalue(),
                "readme.md": b"no table",
                "__MACOSX/b/._two.csv": b"\0\5\x16\7",
            }
        ),
        "all.zip",
    )
    assert [file.name for file in files] == ["all.zip/a.parquet", "all.zip/b/two.csv"]
    assert rows == [*ROWS, ("b", "1", "1", "2")]


def test_hostile_names_in_a_zip_write_nothing_outside(tmp_path, clean_source):
    names = ["../../x.csv", "/tmp/x.csv", "a/b.csv", "a__b.csv", "C:\\x.csv", "x" * 300 + ".csv"]  # noqa: S108
    archive = tmp_path / "hostile.zip"
    archive.write_bytes(make_zip({name: HEADER + b"%d,1,2,x\n" % n for n, name in enumerate(names)}))
    cleaned = clean_source(archive)
    assert cleaned.summary.fates == {"clean": 0, "quarantine": len(names), "duplicates": 0}
    assert sorted(path.name for path in cleaned.folder.parent.iterdir()) == ["out"]
    lines = [path.read_bytes().split(b"\n")[1] for path in sorted((cleaned.folder / "quarantine").iterdir())]
    assert sorted(lines) == [b"%d,1,2,x" % n for n in range(len(names))]


def test_a_folder_is_read_in_the_order_of_its_paths(tmp_path):
    for name in ("b.csv", "a/z.tsv", "a/b/c.txt", ".hidden.csv", ".old/x.csv", "notes.md", "B.CSV"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(HEADER)
    (tmp_path / "link.csv").symlink_to(tmp_path / "b.csv")
    (tmp_path / "empty").write_bytes(b"")
    source = open_source(tmp_path, pairs_table())
    assert [file.name for file in source.files] == ["B.CSV", "a/b/c.txt", "a/z.tsv", "b.csv", "notes.md"]
    assert {file.name: file.reason for file in source.unread} == {
        ".hidden.csv": "a hidden file",
        ".old": "a hidden file",
        "link.csv": "a symbolic link",
        "empty": "is empty; it needs a header line and records.",
    }


def test_a_file_name_that_is_no_text(clean_source, tmp_path):
    (tmp_path / b"\xff.csv".decode("utf-8", "surrogateescape")).write_bytes(HEADER + b"1,1,2,3\n2,1,2,x\n")
    cleaned = clean_source(tmp_path)
    assert cleaned["clean"]["source"].to_list() == ["\\xff.csv"]


def test_parquet_of_every_type(read):
    table = pa.table(
        {
            "record_id": pa.array(["r", None, "r"]).dictionary_encode(),
            "a": pa.array([7.0, None, 7.5]),
            "b": pa.array([1, 2, None], pa.uint8()),
            "sum": pa.array([b"8", b"", b" 9"]).cast(pa.string()),
            "more": [[1], [], None],
        }
    )
    stream = io.BytesIO()
    pq.write_table(table, stream)
    files, rows, lines = read(stream.getvalue(), "pairs.parquet")
    # a whole number stored as a float is not a fault, 7.5 is; "" is in the file, so the ledger reports it
    assert rows == [("r", "7", "1", "8"), (None, None, "2", ""), ("r", "7.5", None, " 9")]
    assert lines == []
    assert files[0].description == "Parquet"


def test_large_and_odd_floats_are_not_rounded(read):
    stream = io.BytesIO()
    values = [2.0**53, 2.0**53 - 1, -0.0, float("nan"), float("inf"), 1e300, 0.1]
    pl.DataFrame({"a": values, "b": values, "sum": values}).write_parquet(stream)
    cells = [row[1] for row in read(stream.getvalue(), "pairs.parquet")[1]]
    assert cells[1:3] == ["9007199254740991", "0"]
    assert [float(cell) for cell in cells[3:]] == pytest.approx(values[3:], nan_ok=True)


@pytest.mark.parametrize("name", ["pairs.csv", "pairs.csv.gz", "pairs.parquet", "pairs.zip"])
def test_the_progress_of_a_cleaning_ends_with_all_records(tmp_path, name):
    rows = pl.DataFrame({"record_id": range(2_000), "a": [1] * 2_000, "b": [1] * 2_000, "sum": [2] * 2_000})
    text = rows.write_csv().encode()
    if name.endswith("parquet"):
        rows.write_parquet(tmp_path / name)
    elif name.endswith("zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in ("1.csv", "2.csv"):
                archive.writestr(member, text)
    else:
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith("gz") else text)
    reports = []
    table = pairs_table(65536)
    clean_table(
        open_source(tmp_path / name, table),
        table,
        tmp_path / "out",
        lambda *numbers: reports.append(numbers),
        piece=100,
    )
    assert len(reports) > 10
    assert all(0 < done <= total for done, total in reports)
    assert sorted(done for done, _ in reports) == [done for done, _ in reports]
    assert reports[-1][0] == reports[-1][1] == (4_000 if name.endswith("zip") else 2_000)
