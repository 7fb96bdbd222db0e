"""Cleaning on a Dask cluster from an object store into one; both are real servers on this machine."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import s3fs

from benchmarks.dask_cluster import DaskCluster, dask_cluster
from eightytwenty import Column, Table, Unique, clean, merge, table_yaml
from eightytwenty.cli import parse
from eightytwenty.commands import clean_command
from tests.conftest import Cleaned
from tests.eightytwenty.pictures.test_in_parts import make_dirty_pictures
from tests.eightytwenty.test_cluster import ROOT, ends

TABLE = Table("things", (Column("id", "integer"), Column("weight", "decimal", nullable=True)), (Unique(("id",)),))
FILES = 12
SOURCE = "s3://bucket/things"


@pytest.fixture(scope="module")
def cluster(store: s3fs.S3FileSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """Its workers have the credentials of the store in their environment."""
    with dask_cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture(scope="module")
def whole(store: s3fs.S3FileSystem, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one machine makes of the source, which this stores."""
    numbers = random.Random(1)  # noqa: S311 - for a table
    for number in range(FILES):
        rows = (f"{numbers.randrange(20_000)},{numbers.choice(['7', ' 8', '', 'abc'])}\n" for _ in range(1_000))
        store.pipe(f"bucket/things/{number:02}.csv", ("id,weight\n" + "".join(rows)).encode())
    folder = tmp_path_factory.mktemp("things")
    (folder / "schema.yaml").write_text(table_yaml(TABLE))
    clean(SOURCE, TABLE, folder / "whole")
    return folder / "whole"


def start(cluster: DaskCluster, source: str, out: str, work: Path | None, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "eightytwenty", "clean", source, "--out", out, "--cluster", cluster.address, *more]
    return subprocess.Popen(
        [*command, *(["--work", str(work)] if work else [])],
        cwd=ROOT,
        env={**os.environ, **cluster.settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def schema(whole: Path) -> list[str]:
    return ["--schema", str(whole.parent / "schema.yaml")]


def stages(work: Path) -> set[str]:
    """The stages of which there is a result."""
    return {
        Path(folder).name[3:] for folder, _, files in os.walk(work) if any(file.endswith(".result") for file in files)
    }


def contents(folder: Path) -> dict[str, bytes]:
    return Cleaned(folder, None).files  # type: ignore[arg-type]


def test_workers_fetch_the_source_and_store_the_result(
    cluster: DaskCluster, store: s3fs.S3FileSystem, whole: Path, tmp_path: Path
) -> None:
    process, seen = start(cluster, SOURCE, "s3://bucket/parts", tmp_path / "work", *schema(whole)), set[str]()
    while process.poll() is None:
        seen |= stages(tmp_path / "work")
        time.sleep(0.005)
    assert ends(process) == (0, "")
    assert {"fetch", "upload"} <= seen  # as tasks of the workers
    assert list((tmp_path / "work").iterdir()) == []
    assert len(store.find("bucket/parts/clean.parquet")) == FILES
    merge("s3://bucket/parts", tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(whole)
    code, error = ends(start(cluster, SOURCE, "s3://bucket/parts", tmp_path / "work", *schema(whole)))
    assert (code, error.count("\n")) == (2, 1)
    assert "s3://bucket/parts holds" in error
    assert "choose an address below which nothing is" in error


@pytest.mark.soak
@pytest.mark.parametrize("stage", ["fetch", "route-unit", "upload"])
def test_a_lost_driver_goes_on_into_the_store(
    cluster: DaskCluster, store: s3fs.S3FileSystem, whole: Path, tmp_path: Path, stage: str
) -> None:
    address, work = f"s3://bucket/{stage}", tmp_path / "work"
    process = start(cluster, SOURCE, address, work, *schema(whole))
    deadline = time.monotonic() + 60
    while stage not in stages(work):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.kill()
    process.communicate()
    if stage == "upload":  # whatever a task has stored, it is stored again
        store.rm(f"bucket/{stage}/clean.parquet", recursive=True)
    assert ends(start(cluster, SOURCE, address, work, *schema(whole))) == (0, "")
    assert list(work.iterdir()) == []
    merge(address, tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(whole)


@pytest.mark.soak
def test_another_source_is_not_stored_over_an_unfinished_result(
    cluster: DaskCluster, store: s3fs.S3FileSystem, whole: Path, tmp_path: Path
) -> None:
    process = start(cluster, SOURCE, "s3://bucket/claimed", tmp_path / "work", *schema(whole))
    while not store.exists("bucket/claimed/.eightytwenty"):
        assert process.poll() is None
        store.invalidate_cache()
    process.kill()
    process.communicate()
    code, error = ends(start(cluster, f"{SOURCE}/0*.csv", "s3://bucket/claimed", tmp_path / "work", *schema(whole)))
    assert (code, error.count("\n")) == (2, 1)
    assert "Another result is stored at s3://bucket/claimed, or was to be; choose another address" in error


def test_pictures_go_from_store_to_store(cluster: DaskCluster, store: s3fs.S3FileSystem, tmp_path: Path) -> None:
    make_dirty_pictures(tmp_path / "source", 30)
    for path in (tmp_path / "source").iterdir():
        if not path.name.isprintable():  # nor a key of an object
            path.unlink()
    store.put(str(tmp_path / "source"), "bucket/pictures", recursive=True)
    options = ["--schema", "pictures", "--size", "32"]
    process = start(cluster, "s3://bucket/pictures", "s3://bucket/avatars", tmp_path / "work", *options)
    assert ends(process) == (0, "")
    clean_command(parse(["clean", "s3://bucket/pictures", "--out", str(tmp_path / "whole"), *options])[1])
    merge("s3://bucket/avatars", tmp_path / "merged")
    assert contents(tmp_path / "merged") == contents(tmp_path / "whole")


def test_a_result_in_a_store_needs_a_folder_that_all_share(cluster: DaskCluster, whole: Path) -> None:
    code, error = ends(start(cluster, SOURCE, "s3://bucket/other", None, *schema(whole)))
    assert (code, error.count("\n")) == (2, 1)
    assert "give one as out, or, where that is an address, as work" in error
