"""However far a small file unfolds, memory stays bounded, and the reason is the right one."""

import gzip
import io
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.read import archives, delimited, parquet
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import MOST_TABLES, open_source
from schemas.pairs import pairs_table

HEADER = b"record_id,a,b,sum\n"
PROGRAM = """
import re, sys
from pathlib import Path
from eightytwenty.engine.run import clean_table
from eightytwenty.errors import UserError
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table
try:
    clean_table(open_source(Path(sys.argv[1]), pairs_table()), pairs_table(), Path(sys.argv[2]))
except UserError as error:
    print(error)
# not ru_maxrss, which a process takes over from its parent
print(int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10)
"""


def clean(path: Path) -> tuple[str, int]:
    """Cleans a file in a process of its own: the sentence, empty if there is none, and the peak of its memory in MB."""
    command = [sys.executable, "-c", PROGRAM, str(path), str(path.with_name("out"))]
    *sentence, megabytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return " ".join(sentence), int(megabytes)


def gz(path: Path, *blocks: bytes) -> None:
    with gzip.open(path, "wb", compresslevel=1) as stream:
        for block in blocks:
            stream.write(block)


def constant_parquet(path: Path, rows: int, value: object, groups: int = 1, **options: object) -> None:
    """Columns in which one value stands for all rows."""
    column = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), pa.array([value]))
    table = pa.table({"a": column, "b": column, "sum": column})
    with pq.ParquetWriter(path, table.schema, compression="zstd", store_schema=False, **options) as writer:
        for _ in range(groups):
            writer.write_table(table, row_group_size=rows)


def long_lines(folder: Path) -> Path:
    gz(folder / "x.csv.gz", HEADER, *[b"1," * 30_000_000 + b"\n"] * 4)
    return folder / "x.csv.gz"


def one_line(folder: Path) -> Path:
    gz(folder / "x.csv.gz", HEADER, *[b"7" * (1 << 26)] * 4)
    return folder / "x.csv.gz"


def many_columns(folder: Path) -> Path:
    (folder / "x.csv").write_bytes(b"a,b,sum" + b",c" * 1_000_000 + b"\n" + b"1,1,2\n" * 100_000)
    return folder / "x.csv"


def many_columns_in_parquet(folder: Path) -> Path:
    names = ["a", "b", "sum", *map(str, range(11_000))]
    pq.write_table(pa.table({name: [1] for name in names}), folder / "x.parquet", write_statistics=False)
    return folder / "x.parquet"


def one_number_for_all_rows(folder: Path) -> Path:
    constant_parquet(folder / "x.parquet", 10_000_000, 1, groups=5)
    assert (folder / "x.parquet").stat().st_size < 1_000_000
    return folder / "x.parquet"


def one_long_text_for_all_rows(folder: Path) -> Path:
    constant_parquet(folder / "x.parquet", 1_000_000, "x" * 1_000_000)
    return folder / "x.parquet"


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (long_lines, "x.csv.gz has more than 4 MB in line 2; give a text file with a line for each record."),
        (one_line, "x.csv.gz has more than 4 MB in line 2; give a text file with a line for each record."),
        (many_columns, "x.csv has a header of more than 10,000 columns or 1 MB; leave some out."),
        (many_columns_in_parquet, "x.parquet has 11,003 columns, and at most 10,000 are read; leave some out."),
        (
            one_number_for_all_rows,
            "x.parquet unpacks to more than 1024 MB, far beyond its size; unpack it yourself if you trust it.",
        ),
        (
            one_long_text_for_all_rows,
            "x.parquet unpacks to more than 1024 MB, far beyond its size; unpack it yourself if you trust it.",
        ),
    ],
)
def test_a_small_file_that_unfolds_to_gigabytes_is_refused_in_little_memory(
    tmp_path: Path, make: Callable[[Path], Path], sentence: str
) -> None:
    said, megabytes = clean(make(tmp_path))
    assert said == sentence
    assert megabytes < 600


def test_many_short_records_and_stray_quotes_take_bounded_memory(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(HEADER + b'"1,1,2,3\n' + b"x\n" * 500_000)
    said, megabytes = clean(tmp_path / "x.csv")
    assert (said, Summary.load(tmp_path / "out").fates["quarantine"]) == ("", 500_001)
    assert Summary.load(tmp_path / "out").failed == {"row cut off": 500_000, "broken quotes": 1}
    assert megabytes < 900


@pytest.mark.soak
def test_a_large_file_of_short_records_takes_bounded_memory(tmp_path: Path) -> None:
    for content in (b",,,\n" * 10_000_000, b"x\n" * 20_000_000, b'"1,1,2,3\n' + b"7,1,2,3\n" * 25_000_000):
        (tmp_path / "x.csv").write_bytes(HEADER + content)
        said, megabytes = clean(tmp_path / "x.csv")
        assert said == ""
        assert megabytes < 2_000


def test_parquet_is_read_alike_however_long_its_texts_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array([f"{'é' * (number % 50)}{number}" for number in range(1_000)])
    numbers = pa.array(range(1_000))
    table = pa.table({"record_id": texts, "a": numbers, "b": numbers, "sum": numbers})
    pq.write_table(table, tmp_path / "x.parquet", row_group_size=300)
    (file,) = open_source(tmp_path / "x.parquet", pairs_table()).files
    whole = [row for batch in read_batches([file], ["record_id", "a"]) for row in batch.cells.rows()]
    assert whole == [(text, str(number)) for number, text in enumerate(texts.to_pylist())]
    monkeypatch.setattr(parquet, "_SHORT", 0)
    monkeypatch.setattr(parquet, "CHUNK_BYTES", 1_000)  # fits nine rows of the longest text
    pieces = [batch.cells.rows() for batch in read_batches([file], ["record_id", "a"])]
    assert 100 < len(pieces) < 200
    assert [row for piece in pieces for row in piece] == whole
    monkeypatch.setattr(parquet, "LONGEST_LINE", 80)
    with pytest.raises(UserError, match=r"x\.parquet has a cell of more than .* after record 3"):
        list(read_batches([file], ["record_id", "a"]))


def test_a_quoted_cell_is_not_joined_beyond_the_longest_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "LONGEST_LINE", 60)
    near, far = (b'"' + b"x\n" * count + b'y",1,2,3\n' for count in (20, 40))
    (tmp_path / "x.csv").write_bytes(HEADER + near + far + b"7,1,2,3\n")
    (file,) = open_source(tmp_path / "x.csv", pairs_table()).files
    results = []
    for piece in (None, 7, 50, 1_000):
        batches = list(read_batches([file], ["record_id", "a"], piece))
        results.append([row for batch in batches for row in batch.cells.with_columns(batch.problems).rows()])
    assert results[0][0][0] == "x\n" * 20 + "y"
    assert (len(results[0]), results[0][-1]) == (43, ("7", "1", None))
    assert results.count(results[0]) == 4


def make_zip(path: Path, count: int, content: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            archive.writestr(f"{number}.csv", content)


def test_tables_in_an_archive_are_limited_in_number_and_in_total(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.zip"
    make_zip(path, MOST_TABLES + 1, HEADER + b"1,1,2,3\n")
    with pytest.raises(UserError, match=r"The archive x\.zip holds 1,001 files of 0\.00 GB, and at most 1,000 of"):
        open_source(path, pairs_table())
    make_zip(path, 50, HEADER + b"1,1,2,3\n" * 10_000)
    assert len(open_source(path, pairs_table()).files) == 50
    monkeypatch.setattr(archives, "BOMB_BYTES", 1 << 20)  # each of them is smaller
    monkeypatch.setattr(archives, "BOMB_RATIO", 2)
    with pytest.raises(UserError, match=r"x\.zip unpacks to more than 1 MB, far beyond its size"):
        open_source(path, pairs_table())


def test_parquet_in_an_archive_is_limited_because_it_is_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    pq.write_table(pa.table({"a": [1], "b": [1], "sum": [2]}), content)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("y.parquet", content.getvalue())
    (tmp_path / "y.parquet.gz").write_bytes(gzip.compress(content.getvalue()))
    for name in ("x.zip", "y.parquet.gz"):
        (file,) = open_source(tmp_path / name, pairs_table()).files
        assert [batch.cells.rows() for batch in read_batches([file], ["a", "sum"])] == [[("1", "2")]]
    monkeypatch.setattr("eightytwenty.read.streams.MOST_FILE_BYTES", 100)
    for name in ("x.zip/y.parquet", "y.parquet.gz"):
        with pytest.raises(UserError, match=f"{name} has more than .*; give the Parquet file itself"):
            open_source(tmp_path / name.partition("/")[0], pairs_table())
