"""Sources and results in an object store, which here is a server of the kind of S3 on this machine."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import s3fs

from eightytwenty import UserError, clean, infer_into
from eightytwenty.engine.executor import Executor, in_threads
from eightytwenty.object_stores import Destination, fetch, require_empty

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
        files.append({path: path.stat().st_ino for path in tmp_path.glob(".out.*.objects/**/*.csv")})
    assert len(files[0]) == len(CSV)
    assert files[0] == files[1]


def threads(folder: Path) -> Executor:
    return in_threads


def test_an_upload_that_ended_early_is_repeated_by_the_same_result_alone(
    store: s3fs.S3FileSystem, tmp_path: Path
) -> None:
    names = ("a/part-000000", "a/part-000001", "manifest.json")
    for name in names:
        (tmp_path / "result" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "result" / name).write_text(name)

    def breaks(folder: Path) -> Executor:
        def run(work: Any, jobs: Any) -> Any:
            yield from map(work, [job[:1] for job in jobs])
            assert not store.exists("bucket/upload/manifest.json")
            raise OSError("the plug was pulled")

        return run

    place = Destination("s3://bucket/upload", "one", "manifest.json", breaks)
    place.claim()
    with pytest.raises(OSError, match="the plug was pulled"):
        place.upload(tmp_path / "result")
    other = replace(place, owner="other", executor=threads)
    for refused in (other.claim, lambda: other.upload(tmp_path / "result")):
        with pytest.raises(UserError, match="Another result is stored at s3://bucket/upload, or was to be; choose"):
            refused()
    assert not store.exists("bucket/upload/manifest.json")
    again = replace(place, executor=threads)
    again.claim()
    store.rm("bucket/upload/a/part-000000")  # whatever was stored before, all of it is stored again
    again.upload(tmp_path / "result")
    again.release()
    stored = {key.removeprefix("bucket/upload/"): store.cat_file(key).decode() for key in store.find("bucket/upload")}
    assert stored == {name: name for name in names}
    with pytest.raises(UserError, match="s3://bucket/upload holds a/part-000000; choose an address below which"):
        again.claim()


def test_what_is_lost_or_foreign_keeps_a_result_from_being_whole(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    for name in ("part", "manifest.json"):
        (tmp_path / name).write_text(name)
    place = Destination("s3://bucket/watched", "one", "manifest.json")
    place.claim()
    store.pipe("bucket/watched/other", b"")
    with pytest.raises(UserError, match="s3://bucket/watched holds other; choose an address below which nothing is"):
        place.upload(tmp_path)

    def loses(folder: Path) -> Executor:
        def run(work: Any, jobs: Any) -> Any:
            yield from map(work, jobs)
            store.rm("bucket/watched/part")

        return run

    with pytest.raises(UserError, match="s3://bucket/watched lost part while it was stored; repeat the command"):
        replace(place, executor=loses).upload(tmp_path)
    assert not store.exists("bucket/watched/manifest.json")


def test_nothing_of_another_time_is_taken_for_a_part_of_the_source(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    place = fetch("s3://bucket/orders", tmp_path / "objects")
    for name in ("2023.csv", "notes/.7b01a2"):
        (place / name).write_text("id,n\n9,9\n")
    (place / "2024-1.csv").unlink()
    (place / "2024-1.csv" / "part").mkdir(parents=True)
    assert fetch("s3://bucket/orders", tmp_path / "objects") == place
    assert {path.relative_to(place).as_posix() for path in place.rglob("*.csv")} == {
        key.removeprefix("orders/") for key in CSV
    }
    assert not list(place.rglob(".*"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("")
    for year in (2024, 2025):
        with pytest.raises(UserError, match=r"holds mine\.txt"):
            clean(f"s3://bucket/**/{year}*.csv", out=tmp_path / "out")
    assert len(list(tmp_path.glob(".out.*.objects"))) == 2


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (["a//b.csv"], "bucket/odd/a//b.csv has a name that is no path; rename it"),
        (["a/./b.csv"], r"bucket/odd/a/\./b.csv has a name that is no path; rename it"),
        (["a/../b.csv"], "has a name that is no path; rename it"),
        (
            ["a", "a/b.csv"],
            "bucket/odd/a is an object, and there are others below it, but a file is no folder; move one",
        ),
    ],
)
def test_names_that_would_be_lost_as_files_are_refused(
    store: s3fs.S3FileSystem, tmp_path: Path, keys: list[str], sentence: str
) -> None:
    for key in keys:
        store.pipe(f"bucket/odd/{key}", b"id,n\n1,2\n")
    with pytest.raises(UserError, match=sentence):
        fetch("s3://bucket/odd", tmp_path / "objects")
    if "a" in keys:
        with pytest.raises(UserError, match=sentence):
            fetch("s3://bucket/odd/a", tmp_path / "objects")
    store.rm("bucket/odd", recursive=True)


def test_what_stands_for_an_empty_folder_is_nothing(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    store.call_s3("put_object", Bucket="bucket", Key="marked/")
    store.call_s3("put_object", Bucket="bucket", Key="marked/sub/")
    require_empty("s3://bucket/marked")
    store.pipe("bucket/marked/x.csv", b"id,n\n1,2\n")
    place = fetch("s3://bucket/marked", tmp_path / "objects")
    assert [path.name for path in place.rglob("*")] == ["x.csv"]


@pytest.mark.parametrize(
    ("address", "count"), [("s3://bucket/signs/data[1].csv", 1), ("s3://bucket/signs/dat?.csv", 2)]
)
def test_signs_of_patterns_are_patterns_unless_there_is_such_an_object(
    store: s3fs.S3FileSystem, tmp_path: Path, address: str, count: int
) -> None:
    for name in ("data[1].csv", "data1.csv", "data.csv", "datb.csv"):
        store.pipe(f"bucket/signs/{name}", b"id,n\n1,2\n")
    assert clean(address, out=tmp_path / "out").summary.rows == count


def test_a_schema_leaves_no_copy_of_its_source(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    store.pipe("bucket/empty.csv", b"id,n\n")
    with pytest.raises(UserError, match="has no whole record"):
        infer_into("s3://bucket/empty.csv", tmp_path / "schema")
    assert list(tmp_path.iterdir()) == []


def test_a_bucket_that_is_not_there_is_noticed_before_anything_is_cleaned(
    store: s3fs.S3FileSystem, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=r"s3://nowhere/cleaned cannot be used on .* does not exist\); see its name"):
        clean(tmp_path / "not-there.csv", out="s3://nowhere/cleaned")


def test_objects_are_fetched_into_no_folder_that_others_may_open(store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir(mode=0o755)
    with pytest.raises(UserError, match="objects is open to other users; remove it, or choose another folder"):
        fetch("s3://bucket/orders", tmp_path / "objects")


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
