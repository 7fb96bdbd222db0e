"""A table that was written in any way is read as it is, or refused in one sentence.

`EXAMPLES=100000 pytest tests/eightytwenty/read/test_any_file.py` tries more of them.
"""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import shutil
import zipfile
from collections import Counter
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eightytwenty.errors import UserError
from eightytwenty.read.batch import is_total
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from eightytwenty.schema import Column, Table
from tests.eightytwenty.read.workbooks import ods, xlsx

EXAMPLES = int(os.environ.get("EXAMPLES", "1000"))
MOST_REFUSED = 0.01  # of them, because some ways of writing have more than one reading
NAMES = ["id", "name", "price", "Start Date", "größe", "сумма", "名前", "x", "note (long)", "a/b", "total_count", "été"]
PACKERS = {"": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd.compress}
UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"]
LEGACY = ["cp1252", "cp1251", "koi8_r", "gb18030", "cp932", "cp949"]

words = st.sampled_from(
    [
        "red",
        "Zürich",
        "Łódź",
        "東京",
        "hello world",
        "O'Brien",
        'say "hi"',
        "a,b",
        "a;b",
        "c|d",
        "#5",
        "-",
        "5 %",
        "two\nlines",
    ]
)
typed = st.one_of(
    st.integers(-(10**9), 10**9).map(str),
    st.decimals(-(10**6), 10**6, places=2).map(str),
    st.dates().map(str),
    st.datetimes().map(lambda moment: moment.isoformat(" ", "seconds")),
    words,
    st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=8),
)
ids = st.integers(0, 10**6).map(str)


@dataclass(frozen=True)
class Written:
    """A table, and the files that hold it."""

    names: list[str]
    rows: list[list[str | None]]
    files: dict[str, bytes]
    read: ReadOptions
    piece: int | None


def as_text(draw, names, rows):
    """The table as delimited text; and what has to be said of it."""
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    delimiter = draw(st.sampled_from([",", ";", "\t", "|", "^", "~"]))
    quote = draw(st.sampled_from('""""\''))
    quoting = draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    if quote == "'":  # a cell that begins with the usual quote, which means nothing there, would look like a fault
        for row in rows:
            row[:] = [cell and cell.replace('"', "`") for cell in row]
    shape = draw(st.sampled_from(["plain"] * 5 + ["last delimiter", "spaced", "wrapped", "escaped"]))
    header, cells = names, [[cell or "" for cell in row] for row in rows]
    if shape == "last delimiter":
        header, cells = [*names, ""], [[*row, ""] for row in cells]
    is_escaped = shape == "escaped" and quote == '"' and not any("\\" in cell for row in cells for cell in row)
    options = {"doublequote": False, "escapechar": "\\"} if is_escaped else {}
    style = csv.QUOTE_ALL if shape in {"spaced", "escaped"} else quoting
    lines = []
    for row in [header, *cells]:
        stream = io.StringIO()
        csv.writer(
            stream, delimiter=delimiter, quotechar=quote, lineterminator="\r\n", quoting=style, **options
        ).writerow(row)
        lines.append(stream.getvalue().removesuffix("\r\n"))
    if shape == "spaced" and not any(delimiter in cell for row in cells for cell in row):
        lines = [line.replace(f"{quote}{delimiter}{quote}", f"{quote}{delimiter} {quote}") for line in lines]
    if shape == "wrapped" and quote == '"' and not any("\n" in line for line in lines):
        lines = ['"' + line.replace('"', '""') + '"' for line in lines]
    text = end.join(lines) + draw(st.sampled_from([end, ""]))
    above = draw(
        st.sampled_from(
            ["", "", f"sep={delimiter}\n", "# a comment\n", "A title\n\n", f"made{delimiter}today\n\n\n", "\n\n"]
        )
    )
    text = above.replace("\n", end) + text
    encoding = draw(st.sampled_from([*UNICODE, *LEGACY]))
    read = ReadOptions()
    content = text.encode(encoding, "replace")
    if content.decode(encoding).removeprefix("\ufeff") != text:
        content = text.encode()
    else:
        if encoding in LEGACY and not text.isascii():  # a guess from few letters may be wrong
            read = ReadOptions(encoding=encoding)
    return content, read


def as_json(draw, names, rows):
    records = [{name: _typed(draw, cell) for name, cell in zip(names, row, strict=True)} for row in rows]
    if draw(st.booleans()):
        end = draw(st.sampled_from(["\n", "\r\n"]))
        text = end.join(json.dumps(record, ensure_ascii=draw(st.booleans())) for record in records)
    else:
        text = json.dumps(records, indent=draw(st.sampled_from([None, 2])), ensure_ascii=draw(st.booleans()))
    return text.encode(draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"])))


def _typed(draw, cell):
    """A whole number as a number or as text."""
    is_number = cell is not None and cell.isascii() and cell.lstrip("-").isdigit() and str(int(cell)) == cell
    return int(cell) if is_number and draw(st.booleans()) else cell


def as_workbook(draw, names, rows):
    above = draw(st.sampled_from([[], [["A title"]], [["made", "today"], []]]))
    if draw(st.booleans()):
        return xlsx({"Sheet 1": [*above, names, *rows]})
    return ods([*above, names, *([cell or "" for cell in row] for row in rows)])


def as_columns(draw, names, rows):
    frame = pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")
    stream = io.BytesIO()
    if draw(st.booleans()):
        frame.write_parquet(stream, row_group_size=draw(st.sampled_from([1, 100])))
    else:
        table = frame.to_arrow()
        with draw(st.sampled_from([pa.ipc.new_file, pa.ipc.new_stream]))(stream, table.schema) as writer:
            writer.write_table(table, max_chunksize=draw(st.sampled_from([1, 100])))
    return stream.getvalue()


@st.composite
def written(draw):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=6, unique=True))
    height = draw(st.integers(1, 12))
    cells = st.one_of(typed, typed, typed, st.none())
    rows = [
        [draw(ids), *draw(st.lists(cells, min_size=len(names) - 1, max_size=len(names) - 1))] for _ in range(height)
    ]
    if is_total(rows[-1]):
        rows[-1][0] = "x"
    way = draw(st.sampled_from([as_text] * 6 + [as_json, as_json, as_workbook, as_columns]))
    content, read = way(draw, names, rows) if way is as_text else (way(draw, names, rows), ReadOptions())
    packing = draw(st.sampled_from([*PACKERS, ""]))
    content = PACKERS[packing](content)
    place = draw(st.sampled_from(["file", "file", "folder", "zip"]))
    name = draw(st.sampled_from(["x.csv", "x.txt", "x", "x.dat"]))
    files = {name: content}
    if place == "zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"in/{name}", content)
        files = {"x.zip": stream.getvalue()}
    elif place == "folder":
        files = {f"a/{name}": content, "README": b"about the data"}
    return Written(names, rows, files, read, draw(st.sampled_from([None, 1, 64])))


def test_a_table_is_read_as_it_was_written_or_refused(tmp_path):
    outcomes = Counter()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(written())
    def check(example):
        folder = tmp_path / "source"
        shutil.rmtree(folder, ignore_errors=True)
        for name, content in example.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        columns = tuple(Column(name, "text", nullable=True) for name in example.names)
        source = folder if len(example.files) > 1 else next(folder.iterdir())
        try:
            files = open_source(source, Table("any", columns, read=example.read)).files
            batches = list(read_batches(files, example.names, example.piece))
        except UserError as error:
            assert "\n" not in str(error)  # noqa: PT017
            outcomes["refused"] += 1
            return
        outcomes["read"] += 1
        assert [list(row) for batch in batches for row in batch.cells.rows()] == example.rows
        assert {problem for batch in batches for problem in batch.problems} == {None}

    check()
    assert outcomes["refused"] <= MOST_REFUSED * outcomes.total(), outcomes
