"""Cleaning on a Dask cluster of real processes, over TLS, with whatever may happen to it."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from benchmarks.dask_cluster import DaskCluster, dask_cluster
from eightytwenty import Column, Table, Unique, clean, table_yaml
from tasks.servers.certificates import make_certificates, tls_settings
from tests.conftest import Cleaned

ROOT = Path(__file__).parents[2]
TABLE = Table(
    "things",
    (Column("id", "integer"), Column("name", "text", nullable=True), Column("weight", "decimal", nullable=True)),
    (Unique(("id",)),),
    csv=True,
)
FILES = 24


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with dask_cluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source of many files, its schema, and what one machine makes of it."""
    folder = tmp_path_factory.mktemp("things")
    (folder / "source").mkdir()
    numbers = random.Random(1)  # noqa: S311 - for a table
    for number in range(FILES):
        rows = (
            f'{numbers.randrange(400_000)},"x, {numbers.random():.1f}",{numbers.choice(["7", " 8", "", "abc"])}\n'
            for _ in range(3_000)
        )
        (folder / "source" / f"{number:02}.csv").write_text("id,name,weight\n" + "".join(rows))
    (folder / "schema.yaml").write_text(table_yaml(TABLE))
    clean(folder / "source", TABLE, folder / "whole")
    return folder


def start(
    cluster: DaskCluster, folder: Path, out: Path, *more: str, settings: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "eightytwenty", "clean", str(folder / "source"), "--out", str(out)]
    schema = more or ("--schema", str(folder / "schema.yaml"))
    environment = {**os.environ, **(cluster.settings if settings is None else settings)}
    return subprocess.Popen(
        [*command, *schema, "--cluster", cluster.address],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, error = process.communicate(timeout=120)
    return process.returncode, error


def wait_for_results(out: Path, count: int, process: "subprocess.Popen[str]") -> list[Path]:
    """Waits until so many units have been routed."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(found := sorted(out.glob(".work/*/cleaning/stages/*route-unit/*.result"))) >= count:
            return found
        time.sleep(0.01)
    process.kill()
    raise AssertionError(f"the cleaning ended, or did nothing: {process.communicate()}")


def is_merged_the_same(out: Path, folder: Path, tmp_path: Path) -> bool:
    subprocess.run(
        [sys.executable, "-m", "eightytwenty", "merge", out, "--out", tmp_path / "merged"], cwd=ROOT, check=True
    )
    files, whole = (Cleaned(path, None).files for path in (tmp_path / "merged", folder / "whole"))  # type: ignore[arg-type]
    return files == whole


def test_a_table_is_inferred_from_all_workers_rows(cluster: DaskCluster, folder: Path, tmp_path: Path) -> None:
    some = tmp_path / "source"
    some.mkdir()
    for number in range(4):
        shutil.copy(folder / "source" / f"{number:02}.csv", some)
    clean(some, out=tmp_path / "whole")
    assert ends(start(cluster, tmp_path, tmp_path / "out", "--schema", "infer")) == (0, "")
    assert is_merged_the_same(tmp_path / "out", tmp_path, tmp_path)


def test_a_lost_worker_costs_what_it_was_doing(cluster: DaskCluster, folder: Path, tmp_path: Path) -> None:
    process = start(cluster, folder, tmp_path / "out")
    done = wait_for_results(tmp_path / "out", 4, process)
    written = {path: path.stat().st_mtime_ns for path in done}
    cluster.kill("worker-1")
    later = wait_for_results(tmp_path / "out", FILES, process)
    assert written == {path: path.stat().st_mtime_ns for path in later if path in written}
    assert ends(process) == (0, "")
    cluster.start_worker("worker-1")
    assert len(list((tmp_path / "out" / "clean.parquet").iterdir())) == FILES
    assert is_merged_the_same(tmp_path / "out", folder, tmp_path)


def test_a_lost_driver_goes_on_where_it_was(cluster: DaskCluster, folder: Path, tmp_path: Path) -> None:
    process = start(cluster, folder, tmp_path / "out")
    done = wait_for_results(tmp_path / "out", 4, process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    written = {path: path.stat().st_mtime_ns for path in done}
    again = start(cluster, folder, tmp_path / "out")
    later = wait_for_results(tmp_path / "out", FILES, again)
    assert written == {path: path.stat().st_mtime_ns for path in later if path in written}
    assert ends(again) == (0, "")
    assert is_merged_the_same(tmp_path / "out", folder, tmp_path)


def test_a_lost_scheduler_is_a_sentence(cluster: DaskCluster, folder: Path, tmp_path: Path) -> None:
    process = start(cluster, folder, tmp_path / "out")
    wait_for_results(tmp_path / "out", 4, process)
    for name in list(cluster.processes):
        cluster.kill(name)
    code, error = ends(process)
    assert (code, error.count("\n")) == (2, 1), error
    assert error.endswith("was lost; start it and repeat the command, which goes on from here.\n"), error
    assert not (tmp_path / "out" / "manifest.json").exists()
    cluster.start_scheduler()
    for number in range(2):
        cluster.start_worker(f"worker-{number}")
    assert ends(start(cluster, folder, tmp_path / "out")) == (0, "")
    assert is_merged_the_same(tmp_path / "out", folder, tmp_path)


@pytest.mark.parametrize("has_own", [True, False])
def test_whoever_has_no_certificate_of_the_cluster_is_refused(
    cluster: DaskCluster, folder: Path, tmp_path: Path, has_own: bool
) -> None:
    make_certificates(tmp_path / "own")
    settings = tls_settings(tmp_path / "own", "client") if has_own else {}
    code, error = ends(start(cluster, folder, tmp_path / "out", settings=settings))
    assert (code, error.count("\n")) == (2, 1), error
    sentence = "No Dask scheduler lets this process in at" if has_own else "asks for a certificate; name yours in DASK_"
    assert sentence in error


def test_a_worker_with_other_code_is_refused(cluster: DaskCluster, folder: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "eightytwenty", tmp_path / "eightytwenty")
    with (tmp_path / "eightytwenty" / "errors.py").open("a") as file:
        file.write("# another version\n")
    cluster.start_worker("other", {"PYTHONPATH": str(tmp_path)})
    try:
        wait_for_workers(cluster, 3)
        code, error = ends(start(cluster, folder, tmp_path / "out"))
    finally:
        cluster.kill("other")
    assert (code, error.count("\n")) == (2, 1), error
    assert "has another code of eightytwenty" in error
    assert "start all from one image" in error


def wait_for_workers(cluster: DaskCluster, count: int) -> None:
    code = (
        f"from distributed import Client; Client({cluster.address!r}, timeout=30).wait_for_workers({count}, timeout=30)"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **cluster.settings}, check=True)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("tcp://10.1.2.3:8786", "is not encrypted, and answers anybody; start the cluster with TLS"),
        ("cluster", "is no address of a Dask scheduler; give one such as tls://host:8786"),
        ("tcp://127.0.0.1:1", "No Dask scheduler lets this process in at tcp://127.0.0.1:1"),
    ],
)
def test_an_address_that_cannot_be_used_is_a_sentence(
    folder: Path, tmp_path: Path, address: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eightytwenty import UserError, cluster

    monkeypatch.setattr(cluster, "_LONGEST_WAIT", 1)
    with pytest.raises(UserError, match=sentence):
        clean(folder / "source", TABLE, tmp_path / "out", cluster=address)
