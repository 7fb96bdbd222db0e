"""Bad input gives one sentence that names the file and says what to do, and leaves no output."""

import contextlib
import gzip
import io
import json
import os
import random
import subprocess
import sys
import zipfile

import polars as pl
import pytest

from eightytwenty.engine.run import clean_table
from eightytwenty.errors import UserError
from eightytwenty.read import archives, delimited
from eightytwenty.read.download import download
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table

HEADER = b"record_id,a,b,sum\n"
TABLE = HEADER + b"".join(b"%d,1,2,3\n" % n for n in range(2000))


def parquet(rows=50_000, **columns):
    stream = io.BytesIO()
    numbers = pl.int_range(rows, eager=True)
    columns = columns or {"record_id": numbers.cast(pl.String), "a": numbers, "b": numbers, "sum": numbers * 2}
    pl.DataFrame(columns).write_parquet(stream, statistics=False)
    return stream.getvalue()


def make_zip(*members, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


def encrypted_zip():
    """A zip archive whose member says that it is encrypted."""
    content = bytearray(make_zip(("x.csv", TABLE)))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + flags] |= 1
    return bytes(content)


def zip_with_duplicate():
    with pytest.warns(UserWarning, match="Duplicate name"):
        return make_zip(("x.csv", TABLE), ("x.csv", TABLE))


def damage(content, at=0.5):
    place = int(len(content) * at)
    return content[:place] + bytes(byte ^ 0x55 for byte in content[place : place + 40]) + content[place + 40 :]


BAD = {
    "empty": ("x.csv", b"", "is empty; it needs a header line"),
    "only spaces": ("x.csv", b"\xef\xbb\xbf \n\n", "is empty; it needs a header line"),
    "empty gz": ("x.csv.gz", gzip.compress(b""), "is empty; it needs a header line"),
    "only a header": ("x.csv", HEADER, "there is a header but no record; give"),
    "no rows": ("x.parquet", parquet(a=[], b=[], sum=[]), "there is a header but no record; give"),
    "wrong columns": ("x.csv", b"name,b\nx,1\n", "no column a or sum among name, b; line 1 is 'name,b'; .*aliases"),
    "no header": (
        "x.csv",
        b"1,1,2,3\n2,1,2,3\n",
        "line 1 is '1,1,2,3'; if it has no header and the columns are record_id,a,b,sum, give",
    ),
    "column twice": ("x.csv", b"A,A ,b,sum\n1,1,2,3\n", r"occurs twice \(as A and A \)"),
    "long first line": ("x.csv", b"x," * 300_000 + b"\n1\n", "or put a line such as"),
    "long first cell": ("x.csv", b"x" * 300_000 + b"\n1\n", "or put a line such as"),
    "binary": ("x.csv", bytes(range(256)) * 20, "is no text and no other table that can be read; give"),
    "no header in UTF-16": ("x.csv", "\ufeffmø\n1".encode("utf-16-le"), "or put a line such as"),
    "truncated gz": ("x.gz", gzip.compress(TABLE)[:-300], "cannot be unpacked .*; pack it again"),
    "damaged gz": ("x.gz", damage(gzip.compress(TABLE)), "cannot be unpacked .*; pack it again"),
    "gz followed by rubbish": ("x.gz", gzip.compress(TABLE) + b"rubbish", "cannot be unpacked .*; pack it again"),
    "truncated zip": ("x.zip", make_zip(("x.csv", TABLE))[:-60], "is a damaged zip archive .*; pack it again"),
    "damaged deflate": ("x.zip", damage(make_zip(("x.csv", TABLE))), "cannot be unpacked .*; pack it again"),
    "bzip2 in zip": (
        "x.zip",
        make_zip(("x.csv", TABLE), method=zipfile.ZIP_BZIP2),
        "is packed otherwise than by deflate",
    ),
    "lzma in zip": (
        "x.zip",
        make_zip(("x.csv", TABLE), method=zipfile.ZIP_LZMA),
        "is packed otherwise than by deflate",
    ),
    "encrypted zip": ("x.zip", encrypted_zip(), "cannot be unpacked .*encrypted.*without a password"),
    "zip without tables": ("x.zip", make_zip(("x.md", b"")), "x.zip/x.md is empty; it needs"),
    "spreadsheet": (
        "x.xlsx",
        make_zip(("[Content_Types].xml", b""), ("xl/x.csv", TABLE)),
        "is a workbook that cannot be opened .*; save it again",
    ),
    "truncated Parquet": ("x.parquet", parquet()[:-100], "damaged Parquet file .*; write it again"),
    "only the signature of Parquet": ("x.parquet", b"PAR1", "damaged Parquet file .*; write it again"),
    "damaged page": ("x.parquet", damage(parquet(), 0.3), "damaged .*; write it again"),
    "lists in Parquet": (
        "x.parquet",
        pl.DataFrame({"a": [[1]], "b": [1], "sum": [1]}),
        r"has List\(Int64\) in its column a; numbers, text or dates are needed",
    ),
    "wrong columns in Parquet": ("x.parquet", parquet(a=[1], x=[1]), "no column b or sum among a, x; name its columns"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_one_sentence_and_nothing_is_left(tmp_path, name):
    file, content, message = BAD[name]
    if isinstance(content, pl.DataFrame):
        content.write_parquet(tmp_path / file)
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=message) as error:
        clean_table(open_source(tmp_path / file, pairs_table()), pairs_table(), tmp_path / "out")
    assert file in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600
    assert [path.name for path in tmp_path.iterdir()] == [file]


def test_a_zip_with_two_members_of_one_name(tmp_path):
    (tmp_path / "x.zip").write_bytes(zip_with_duplicate())
    with pytest.raises(UserError, match=r"x\.zip holds x\.csv twice; pack it again"):
        open_source(tmp_path / "x.zip", pairs_table())


def test_paths_that_are_no_source(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "plain.csv").write_bytes(TABLE)
    for path, message in [
        (tmp_path / "none.csv", "none.csv does not exist; give a file or folder of pairs"),
        (tmp_path / "plain.csv" / "x.csv", "does not exist; give"),
        (tmp_path / ("x" * 300), "cannot be read .*File name too long"),
        (tmp_path / "pipe.csv", "is neither a file nor a folder; give"),
    ]:
        with pytest.raises(UserError, match=message):
            open_source(path, pairs_table())
    (tmp_path / "plain.csv").write_bytes(b"")
    with pytest.raises(
        UserError, match=r"holds no table of pairs: pipe.csv \(no ordinary file\), plain.csv \(is empty"
    ):
        open_source(tmp_path, pairs_table())  # the pipe is not opened


def test_damaged_parquet_is_a_sentence_wherever_the_damage_is(tmp_path):
    content = parquet(3_000)
    rng = random.Random(1)  # noqa: S311
    path = tmp_path / "x.parquet"
    refusals = 0
    for _ in range(60):
        at = rng.randrange(len(content))
        path.write_bytes(content[:at] + rng.randbytes(rng.choice([1, 8, 200])) + content[at + 200 :])
        with contextlib.suppress(UserError):  # and nothing else
            refusals += 1
            for file in open_source(path, pairs_table()).files:
                list(read_batches([file], ["record_id", "a", "b", "sum"]))
            refusals -= 1
    assert refusals > 30


def test_a_line_of_huge_length_is_refused_whatever_the_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "LONGEST_LINE", 5_000)
    (tmp_path / "x.csv").write_bytes(TABLE + b"9" * 50_000 + b"\n")
    files = open_source(tmp_path / "x.csv", pairs_table()).files
    for piece in (700, 1_000):
        with pytest.raises(UserError, match=r"x\.csv has more than .* in line 2002; give a text file"):
            list(read_batches(files[:1], ["a"], piece))
    # lines longer than a piece are no problem
    (tmp_path / "x.csv").write_bytes(HEADER + b"1" * 4_000 + b",1,2,3\n")
    assert (
        sum(
            batch.cells.height
            for batch in read_batches(open_source(tmp_path / "x.csv", pairs_table()).files, ["a"], 10)
        )
        == 1
    )


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.gz"])
def test_an_archive_that_explodes_is_refused(tmp_path, monkeypatch, name):
    monkeypatch.setattr(archives, "BOMB_BYTES", 1 << 20)
    content = HEADER + b"1,1,2,3\n" * 400_000
    (tmp_path / name).write_bytes(make_zip(("x.csv", content)) if name.endswith("zip") else gzip.compress(content))
    with pytest.raises(UserError, match=f"{name}.* unpacks to more than .* refused"):
        clean_table(open_source(tmp_path / name, pairs_table()), pairs_table(), tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user who may not read")
def test_files_and_folders_that_may_not_be_read(tmp_path):
    for folder in (tmp_path, *list(tmp_path.parents)[:3]):
        if "pytest" in str(folder) and folder.stat().st_uid == os.geteuid():
            folder.chmod(0o755)
    (tmp_path / "locked.csv").write_bytes(TABLE)
    (tmp_path / "locked.csv").chmod(0)
    (tmp_path / "open" / "locked").mkdir(parents=True)
    (tmp_path / "open" / "locked").chmod(0)
    (tmp_path / "open" / "x.csv").write_bytes(TABLE)
    (tmp_path / "open" / "y.csv").write_bytes(TABLE)
    (tmp_path / "open" / "y.csv").chmod(0)
    program = """
import json, os, sys
from pathlib import Path
from eightytwenty.errors import UserError
from schemas.pairs import pairs_table
from eightytwenty.read.source import open_source
import eightytwenty.read.parquet
table = pairs_table()
os.setuid(65534)
outcomes = []
for path in sys.argv[1:]:
    try:
        outcomes.append([[file.name, file.reason] for file in open_source(Path(path), table).unread])
    except UserError as error:
        outcomes.append(str(error))
sys.stdout.write(json.dumps(outcomes))
"""
    paths = [tmp_path / "locked.csv", tmp_path / "open" / "locked" / "x.csv", tmp_path / "open"]
    result = subprocess.run(
        [sys.executable, "-c", program, *map(str, paths)], capture_output=True, text=True, check=True
    )
    *refused, unread = json.loads(result.stdout)
    for path, sentence in zip(paths, refused, strict=False):
        assert sentence.startswith(f"{path} cannot be read (Permission denied)")
    # what can be read of a folder is read, and the rest is named
    assert [name for name, _ in unread] == ["locked", "y.csv"]
    assert all("cannot be read (Permission denied)" in reason for _, reason in unread)


def test_links_are_named_and_never_followed(tmp_path, clean_source):
    (tmp_path / "x.csv").write_bytes(TABLE)
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nothing")
    unread = clean_source(tmp_path).summary.unread
    assert unread == [{"name": name, "reason": "a symbolic link"} for name in ("gone.csv", "loop")]


def test_a_file_that_grows_while_it_is_read_is_read_to_its_end(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(TABLE)
    files = open_source(path, pairs_table()).files
    batches = read_batches(files, ["a"], 1_000)
    rows = next(batches).cells.height
    with path.open("ab") as file:
        file.write(b"x,1,2,3\n" * 5)
    assert rows + sum(batch.cells.height for batch in batches) == 2_005


def test_an_address_with_a_password_is_refused_without_repeating_it(tmp_path):
    with pytest.raises(UserError, match="has a user name or password") as error:
        download("http://user:secret@127.0.0.1:9/pairs.csv?token=secret", tmp_path)
    assert "secret" not in str(error.value)
    assert not list(tmp_path.iterdir())
