"""Sources and results in an object store, which here is a server of the kind of S3 on this machine."""

from pathlib import Path

import polars as pl
import pytest
import s3fs

from eightytwenty import UserError, clean
from eightytwenty.object_stores import upload

CSV = {
    "orders/2024-1.csv": "id,n\n1,5\n2,6\n",
    "orders/2024-2.csv": "id,n\n3,7\n",
    "orders/notes/2025.csv": "id,n\n4,8\n",
}


@pytest.fixture(scope="module", autouse=True)
def _source(store: s3fs.S3FileSystem) -> None:
    for key, text in CSV.items():
        store.pipe(f"bucket/{key}", text.encode())


@pytest.mark.parametrize(
    ("address", "sources"),
    [
        ("s3://bucket/orders/2024-1.csv", ["2024-1.csv"]),
        ("s3://bucket/orders", ["2024-1.csv", "2024-2.csv", "notes/2025.csv"]),
        ("s3://bucket/orders/2024-*.csv", ["2024-1.csv", "2024-2.csv"]),
        ("s3://bucket/orders/**/*5.csv", ["notes/2025.csv"]),
    ],
)
def test_what_lies_below_an_address_is_cleaned(
    store: s3fs.S3FileSystem, tmp_path: Path, address: str, sources: list[str]
) -> None:
    cleaned = clean(address, out=tmp_path / "out")
    assert cleaned.clean.select("source").unique().sort("source").collect()["source"].to_list() == sources
    assert cleaned.summary.table == ("2024-1" if len(sources) == 1 and "*" not in address else "orders")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_result_is_stored_where_nothing_is(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("id,n\n1,5\n2,six\n")
    cleaned = clean(tmp_path / "raw.csv", out="s3://bucket/cleaned")
    stored = {key.removeprefix("bucket/cleaned/") for key in store.find("bucket/cleaned")}
    assert {"clean.parquet", "report.json", "report.md", "schema.yaml"} <= stored
    with store.open("bucket/cleaned/clean.parquet") as stream:
        assert pl.read_parquet(stream).height == cleaned.summary.clean
    with pytest.raises(UserError, match=r"s3://bucket/cleaned holds \S+; choose an address below which nothing is"):
        clean(tmp_path / "raw.csv", out="s3://bucket/cleaned")


def test_what_was_fetched_is_not_fetched_again(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("")
    files = []
    for _ in range(2):
        with pytest.raises(UserError, match=r"holds mine\.txt"):
            clean("s3://bucket/orders", out=tmp_path / "out")
        files.append({path: path.stat().st_ino for path in tmp_path.glob(".out.objects/**/*.csv")})
    assert len(files[0]) == len(CSV)
    assert files[0] == files[1]


def test_an_upload_that_ended_early_is_repeated_where_nothing_else_is(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    for name in ("a/part-000000", "a/part-000001", "manifest.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    store.pipe("bucket/upload/a/part-000000", b"cut o")
    upload(tmp_path, "s3://bucket/upload", last="manifest.json")
    stored = {key.removeprefix("bucket/upload/"): store.cat_file(key).decode() for key in store.find("bucket/upload")}
    assert stored == {name: name for name in ("a/part-000000", "a/part-000001", "manifest.json")}
    (tmp_path / "a" / "part-000001").unlink()
    with pytest.raises(UserError, match="s3://bucket/upload holds a/part-000001; choose an address below which"):
        upload(tmp_path, "s3://bucket/upload", last="manifest.json")


def test_a_bucket_that_is_not_there_is_noticed_before_anything_is_cleaned(
    store: s3fs.S3FileSystem, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"s3://nowhere/cleaned cannot be used on .* does not exist\); see its name"):
        clean(tmp_path / "not-there.csv", out="s3://nowhere/cleaned")


def test_objects_are_fetched_into_no_folder_that_others_may_open(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    (tmp_path / ".out.objects").mkdir(mode=0o755)
    with pytest.raises(UserError, match=r"\.out\.objects is open to other users; remove it, or choose another folder"):
        clean("s3://bucket/orders", out=tmp_path / "out")


def test_a_work_folder_that_cannot_be_made_is_a_sentence(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file/work cannot be written: a part of the path is a file; choose another"):
        clean("s3://bucket/orders", out="s3://bucket/unwritten", work=tmp_path / "file" / "work")


def test_a_work_folder_is_for_a_result_that_is_stored(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="A work folder is of use where out is an address; leave it out"):
        clean(tmp_path, out=tmp_path / "out", work=tmp_path)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("s3://bucket/nothing", r"There is nothing at s3://bucket/nothing; give the address of a file"),
        ("s3://nowhere/orders", r"s3://nowhere/orders|There is nothing at"),
        ("s3://key:secret@bucket/orders", r"An address of an object store has no credentials in it"),
        ("gs://bucket/orders", r"gs://bucket/orders is read with gcsfs: install it beside eightytwenty\[objects\]"),
    ],
)
def test_what_cannot_be_read_is_a_sentence(
    store: s3fs.S3FileSystem, tmp_path: Path, address: str, sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        clean(address, out=tmp_path / "out")
    assert "secret" not in str(caught.value)
