"""Cleaning pairs on a Dask cluster: what it costs beside one process, how it grows, and what faults do to it.

A scheduler, two workers of one thread and the command that drives them are real processes, over TLS. One process with
the same two cores cleans the same files. The processor's time of all processes is compared, and every result is merged
and compared byte for byte. Faults: a worker and its nanny, a nanny alone, the driver and the scheduler are killed, and,
where this user may make networks, the link to a worker is cut without a word.

    python -m benchmarks.cluster [--rows 8_000_000] [--pieces 10_000]
"""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.dask_cluster import DaskCluster, dask_cluster
from benchmarks.harness import Result, Size, command_line, run
from eightytwenty import clean
from eightytwenty.files import remove, sha256
from schemas.pairs import pairs_table

_FILES = 17
_LONGEST = 1_800  # seconds
_HOST, _FAR = "10.231.0.1", "10.231.0.2"
_CUT = "link cut"
_NAMESPACE, _LINK = "eightytwenty", "eightytwenty0"  # a name of an interface has at most 15 characters


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=Size(8_000_000, quick=6_000))
    parser.add_argument("--pieces", type=int, default=Size(10_000, quick=20))
    parser.add_argument("--faults", nargs="*", choices=[*FAULTS, _CUT], default=Size([*FAULTS, _CUT], quick=[]))
    run(measure, parser)


def measure(rows: int, pieces: int, faults: list[str]) -> Result:
    """Measures the costs, the growth, the faults and the pieces, and prints each."""
    result: Result = {}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        for name, count in (("quarter", rows // 4), ("all", rows)):
            make(place / name, count, _FILES)
        with dask_cluster(_folder(place / "dask")) as cluster:
            _clean(place / "quarter", place / "warm", cluster)  # libraries load more at their first use
            seconds = {name: _cost(place / name, place / f"{name}.parts", cluster) for name in ("quarter", "all")}
            peak = cluster.peak_bytes()
        single = _cost(place / "all", place / "whole", None)
        result["cpu_ratio"] = seconds["all"] / single
        result["growth"] = seconds["all"] / seconds["quarter"]
        result["peak_megabytes"] = peak / 1e6
        result["equal"] = is_same(place / "all.parts", place / "whole", place)
        print(f"{rows:,} pairs in {_FILES} files: one process takes {single:.1f} s of CPU;")
        print(f"2 workers, scheduler and driver take {seconds['all']:.1f} s, {result['cpu_ratio']:.2f} times as much,")
        print(
            f"{result['growth']:.2f} times what a quarter of the rows takes; a worker has {peak / 1e6:.0f} MB at most."
        )
        result["faults"] = {name: _survives(FAULTS[name], place) for name in faults if name in FAULTS}
        if _CUT in faults and os.geteuid() == 0:
            result["faults"][_CUT] = _survives_a_cut(place)
        for name, is_equal in result["faults"].items():
            print(f"{name:<20} {'byte-identical' if is_equal else 'DIFFERENT'}")
        make(place / "pieces", pieces * 20, pieces)
        result["scheduler_milliseconds"] = _scheduler_cost(place, pieces)
    if not (result["equal"] and all(result["faults"].values())):
        raise AssertionError(f"results differ: {result}")
    return result


def make(folder: Path, rows: int, files: int) -> None:
    """Writes pairs into CSV files, some of them wrong, some ids twice."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number, count in enumerate(np.diff(np.linspace(0, rows, files + 1).astype(int))):
        a, b = generator.integers(0, 32_768, (2, count))
        ids = generator.integers(0, rows * 100, count)
        sums = pl.Series(a + b).cast(pl.String).scatter(np.arange(0, count, 1_000), "$ 7")
        frame = pl.DataFrame({"record_id": ids, "a": a, "b": b, "sum": sums})
        frame.write_csv(folder / f"{number:05}.csv")


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def start(source: Path, out: Path, cluster: DaskCluster | None, schema: str = "pairs") -> subprocess.Popen[bytes]:
    """Gives the command to clean, on a cluster or without one."""
    command = [sys.executable, "-m", "eightytwenty", "clean", str(source), "--schema", schema, "--out", str(out)]
    where = ["--cluster", cluster.address] if cluster else []
    environment = {**os.environ, "TQDM_DISABLE": "1", **(cluster.settings if cluster else {})}
    return subprocess.Popen([*command, *where], stdout=subprocess.DEVNULL, env=environment)


def _clean(source: Path, out: Path, cluster: DaskCluster | None) -> None:
    process = start(source, out, cluster)
    if process.wait(_LONGEST):
        raise RuntimeError(f"cleaning {source} ended with {process.returncode}")


def _cost(source: Path, out: Path, cluster: DaskCluster | None) -> float:
    """Seconds of the processor, of all processes together."""

    def used() -> float:
        waited_for = resource.getrusage(resource.RUSAGE_CHILDREN)
        return waited_for.ru_utime + waited_for.ru_stime + (cluster.cpu_seconds() if cluster else 0)

    before = used()
    _clean(source, out, cluster)
    return used() - before


def is_same(parts: Path, whole: Path, place: Path) -> bool:
    """Whether parts are merged to the same bytes."""
    merged = place / "merged"
    subprocess.run(
        [sys.executable, "-m", "eightytwenty", "merge", parts, "--out", merged], check=True, stdout=subprocess.DEVNULL
    )
    return sha256(merged) == sha256(whole)


def _wait_for_results(out: Path, process: subprocess.Popen[bytes]) -> None:
    """Waits until some of the work has been done, and some not."""
    deadline = time.monotonic() + _LONGEST
    while len(list(out.glob(".work/*/cleaning/stages/*route-unit/*.result"))) < _FILES // 4:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("the cleaning ended before the fault")
        time.sleep(0.01)


def _survives(fault: Callable[[DaskCluster, subprocess.Popen[bytes]], None], place: Path) -> bool:
    """Whether the result is the same with a fault in the middle; the command is given again where it ended."""
    remove(out := place / "fault")  # of the fault before
    with tempfile.TemporaryDirectory() as folder, dask_cluster(Path(folder)) as cluster:
        process = start(place / "all", out, cluster)
        _wait_for_results(out, process)
        fault(cluster, process)
        if process.wait(_LONGEST):
            _clean(place / "all", out, cluster)
    return is_same(out, place / "whole", place)


def _kill_worker(cluster: DaskCluster, process: subprocess.Popen[bytes]) -> None:  # noqa: ARG001 - as all faults
    cluster.kill("worker-1")


def _kill_inner_worker(cluster: DaskCluster, process: subprocess.Popen[bytes]) -> None:  # noqa: ARG001
    cluster.members("worker-1")[-1].kill()


def _kill_nanny(cluster: DaskCluster, process: subprocess.Popen[bytes]) -> None:  # noqa: ARG001
    cluster.members("worker-1")[0].kill()


def _kill_driver(cluster: DaskCluster, process: subprocess.Popen[bytes]) -> None:  # noqa: ARG001
    process.send_signal(signal.SIGKILL)


def _kill_scheduler(cluster: DaskCluster, process: subprocess.Popen[bytes]) -> None:
    for name in list(cluster.processes):
        cluster.kill(name)
    process.wait(_LONGEST)
    cluster.start_scheduler()
    for number in range(2):
        cluster.start_worker(f"worker-{number}")


FAULTS = {
    "worker and nanny": _kill_worker,
    "worker alone": _kill_inner_worker,
    "nanny alone": _kill_nanny,
    "driver": _kill_driver,
    "scheduler": _kill_scheduler,
}


def _survives_a_cut(place: Path) -> bool:
    """The same, where a worker's network ends without a word, as when a cable is pulled."""
    remove(out := place / "fault")  # of the fault before
    os.environ["DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL"] = "5s"
    folder = _folder(place / "far")
    with _far_network(), dask_cluster(folder, workers=1, host=_HOST) as cluster:
        cluster.start_worker("far", within=["ip", "netns", "exec", _NAMESPACE])
        _wait_for_workers(cluster, 2)
        process = start(place / "all", out, cluster)
        _wait_for_results(out, process)
        subprocess.run(["ip", "link", "set", _LINK, "down"], check=True)
        if process.wait(_LONGEST):
            raise RuntimeError("the cleaning did not survive a cut link")
    return is_same(out, place / "whole", place)


@contextmanager
def _far_network() -> Iterator[None]:
    """A network of its own for a worker, with a link to this machine."""

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    ip("netns", "add", _NAMESPACE)
    try:
        ip("link", "add", _LINK, "type", "veth", "peer", "name", "eth0", "netns", _NAMESPACE)
        ip("addr", "add", f"{_HOST}/30", "dev", _LINK)
        ip("link", "set", _LINK, "up")
        for words in (
            ("addr", "add", f"{_FAR}/30", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            ip("-n", _NAMESPACE, *words)
        yield
    finally:
        ip("netns", "del", _NAMESPACE)


def _wait_for_workers(cluster: DaskCluster, count: int) -> None:
    code = (
        "import sys; from distributed import Client; Client(sys.argv[1]).wait_for_workers(int(sys.argv[2]), timeout=60)"
    )
    arguments = [sys.executable, "-c", code, cluster.address, str(count)]
    subprocess.run(arguments, env={**os.environ, **cluster.settings}, check=True)


def _scheduler_cost(place: Path, pieces: int) -> float:
    """Milliseconds of the scheduler's processor for each task of a source of many files."""
    tasks = 0

    def count(_: str, results: Iterator[Any], __: int | None) -> Iterator[Any]:
        nonlocal tasks
        for result in results:
            tasks += 1
            yield result

    with tempfile.TemporaryDirectory() as folder, dask_cluster(Path(folder)) as cluster:
        os.environ |= cluster.settings  # from here on: Dask reads them when it is imported
        before, started = cluster.cpu_seconds("scheduler"), time.perf_counter()
        clean(place / "pieces", pairs_table(1 << 16), place / "many", cluster=cluster.address, watch=count)
        used, seconds = cluster.cpu_seconds("scheduler") - before, time.perf_counter() - started
    print(
        f"{pieces:,} files are {tasks:,} tasks in one run of {seconds:.0f} s; the scheduler takes "
        f"{1e3 * used / tasks:.2f} ms for one"
    )
    return 1e3 * used / tasks


if __name__ == "__main__":
    main()
