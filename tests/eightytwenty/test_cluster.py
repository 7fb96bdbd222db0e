"""Cleaning on a Dask cluster of real processes, over TLS, with whatever may happen to it."""

import itertools
import json
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
from eightytwenty.cli import parse
from eightytwenty.commands import clean_command
from eightytwenty.pictures.source import open_pictures
from tasks.servers.certificates import make_certificates, tls_settings
from tests.conftest import Cleaned
from tests.eightytwenty.pictures.test_in_parts import make_dirty_pictures

ROOT = Path(__file__).parents[2]
TABLE = Table(
    "things",
    (Column("id", "integer"), Column("name", "text", nullable=True), Column("weight", "decimal", nullable=True)),
    (Unique(("id",)),),
    csv=True,
)
FILES = 24
PICTURES = ("--schema", "pictures", "--size", "32")


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


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source of pictures with faults, copies and near copies, and what one machine makes of it."""
    folder = tmp_path_factory.mktemp("pictures")
    make_dirty_pictures(folder / "source", 130)
    clean_here(folder, *PICTURES)
    return folder


def clean_here(folder: Path, *schema: str) -> None:
    """What one machine makes of a source."""
    _, options = parse(["clean", str(folder / "source"), "--out", str(folder / "whole"), *schema])
    clean_command(options)


def start(
    cluster: DaskCluster,
    folder: Path,
    out: Path,
    *more: str,
    settings: Mapping[str, str] | None = None,
    unit_files: int = 0,
) -> "subprocess.Popen[str]":
    """Gives the command; the units of pictures have so many files each, if that is given."""
    code = (
        f"from eightytwenty.pictures import in_parts; in_parts.UNIT_FILES = {unit_files}; "
        "from eightytwenty.cli import main; main()"
    )
    program = ["-c", code] if unit_files else ["-m", "eightytwenty"]
    # the path is one of this process, and not of the workers'
    command = [sys.executable, *program, "clean", "source", "--out", str(out)]
    schema = more or ("--schema", str(folder / "schema.yaml"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(cluster.settings if settings is None else settings)}
    return subprocess.Popen(
        [*command, *schema, "--cluster", cluster.address],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, error = process.communicate(timeout=120)
    return process.returncode, error


def wait_for_results(out: Path, count: int, process: "subprocess.Popen[str]", stage: str = "route") -> list[Path]:
    """Waits until so many units have been through the first stage."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(found := sorted(out.glob(f".work/*/cleaning/stages/*{stage}-unit/*.result"))) >= count:
            return found
        time.sleep(0.01)
    process.kill()
    raise AssertionError(f"the cleaning ended, or did nothing: {process.communicate()}")


def is_merged_the_same(out: Path, folder: Path, tmp_path: Path) -> bool:
    command = [sys.executable, "-m", "eightytwenty", "merge", out, "--out", tmp_path / "merged", "--json"]
    told = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    assert told["folder"] == str(tmp_path / "merged")
    assert told["rows"] == told["clean"] + told["quarantine"] + told["duplicates"] > 0
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


def test_pictures_survive_a_lost_worker_and_a_lost_driver(cluster: DaskCluster, pictures: Path, tmp_path: Path) -> None:
    process = start(cluster, pictures, tmp_path / "out", *PICTURES, unit_files=2)
    wait_for_results(tmp_path / "out", 4, process, "observe")
    cluster.kill("worker-1")
    done = wait_for_results(tmp_path / "out", 12, process, "observe")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    written = {path: path.stat().st_mtime_ns for path in done}
    cluster.start_worker("worker-1")
    again = start(cluster, pictures, tmp_path / "out", *PICTURES, unit_files=2)
    later = wait_for_results(tmp_path / "out", 40, again, "observe")
    assert written == {path: path.stat().st_mtime_ns for path in later if path in written}
    assert ends(again) == (0, "")
    assert is_merged_the_same(tmp_path / "out", pictures, tmp_path)


@pytest.fixture(scope="module")
def single(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A cluster of one worker."""
    with dask_cluster(tmp_path_factory.mktemp("dask"), workers=1) as running:
        yield running


def divided(folder: Path, rows: int, pieces: int) -> None:
    """A table of pairs in so many files, with copies, contradictions and wrong sums."""
    numbers = random.Random(pieces)  # noqa: S311 - for a table
    (folder / "source").mkdir()
    for number in range(pieces):
        pairs = [(numbers.randrange(500), numbers.randrange(500)) for _ in range(rows // pieces)]
        lines = [f"{numbers.randrange(rows * 9)},{a},{b},{a + b + (a == b)}\n" for a, b in pairs]
        lines += numbers.choices(lines, k=3)
        (folder / "source" / f"{number:02}.csv").write_text("record_id,a,b,sum\n" + "".join(lines))


@pytest.mark.parametrize(
    ("what", "pieces", "workers"),
    [
        pytest.param(*each, marks=[] if each == ("pairs", 3, 2) else pytest.mark.soak)
        for each in itertools.product(["pairs", "infer", "pictures"], [1, 3, 17], [1, 2])
    ],
)
def test_any_number_of_pieces_and_workers_gives_the_same(
    request: pytest.FixtureRequest, pictures: Path, tmp_path: Path, what: str, pieces: int, workers: int
) -> None:
    running = request.getfixturevalue("single" if workers == 1 else "cluster")
    folder, schema = (pictures, PICTURES) if what == "pictures" else (tmp_path, ("--schema", what))
    if what != "pictures":
        divided(tmp_path, 6_000, pieces)
        clean_here(tmp_path, *schema)
    files = len(open_pictures(pictures / "source").pictures)
    process = start(running, folder, tmp_path / "out", *schema, unit_files=-(-files // pieces))
    assert ends(process) == (0, "")
    assert len(list((tmp_path / "out" / "clean.parquet").iterdir())) == pieces
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


def test_of_two_commands_on_one_folder_the_second_is_refused(
    cluster: DaskCluster, folder: Path, tmp_path: Path
) -> None:
    first = start(cluster, folder, tmp_path / "out")
    wait_for_results(tmp_path / "out", 1, first)
    code, error = ends(start(cluster, folder, tmp_path / "out"))
    assert (code, error.count("\n")) == (2, 1), error
    assert f"Another command cleans into {tmp_path / 'out'}; wait" in error
    assert ends(first) == (0, "")
    assert is_merged_the_same(tmp_path / "out", folder, tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.fixture
def mounts(tmp_path: Path) -> None:
    """Skips where no disk may be mounted."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a disk is not allowed here")


@pytest.mark.usefixtures("mounts")
def test_a_worker_without_the_disk_is_a_sentence(cluster: DaskCluster, folder: Path, tmp_path: Path) -> None:
    hides = 'mount -t tmpfs tmpfs "$0" && exec "$@"'
    for hidden, sentence in ((folder, "cannot read"), (tmp_path, "cannot write")):
        cluster.start_worker("apart", within=["unshare", "--mount", "sh", "-c", hides, str(hidden)])
        try:
            wait_for_workers(cluster, 3)
            code, error = ends(start(cluster, folder, tmp_path / "out"))
        finally:
            cluster.kill("apart")
        assert (code, error.count("\n")) == (2, 1), error
        assert sentence in error
        assert "that all share" in error


@pytest.mark.usefixtures("mounts")
def test_a_full_disk_is_a_sentence_and_what_was_done_is_kept(
    cluster: DaskCluster, folder: Path, tmp_path: Path
) -> None:
    size = sum(path.stat().st_size for path in (folder / "source").iterdir())
    (tmp_path / "disk").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size * 5 // 4}", "tmpfs", tmp_path / "disk"], check=True)
    try:
        out = tmp_path / "disk" / "out"
        code, error = ends(start(cluster, folder, out))
        assert (code, error.count("\n")) == (2, 1), error
        assert "No space left on device" in error
        subprocess.run(["mount", "-o", "remount,size=100m", tmp_path / "disk"], check=True)
        done = len(list(out.glob(".work/*/cleaning/stages/*route-unit/*.result")))
        assert done > 0
        assert ends(start(cluster, folder, out)) == (0, "")
        assert is_merged_the_same(out, folder, tmp_path)
    finally:
        subprocess.run(["umount", tmp_path / "disk"], check=True)
