"""Cleaning pictures on a Dask cluster: what it costs beside one process, and what the process that drives it holds.

A scheduler, two workers of one thread and the command are real processes, over TLS; the merged result is compared with
that of one process byte for byte. Then different pictures are compared for near copies, as the workers do it.

    python -m benchmarks.cluster_pictures [--rows 20_000] [--compared 80_000] [--kind ellipses-outline]
"""

import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.cluster import is_same, start
from benchmarks.dask_cluster import DaskCluster, dask_cluster
from benchmarks.harness import Result, Size, command_line, run, run_python
from eightytwenty.engine.executor import in_threads
from eightytwenty.pictures.in_parts import UNIT_FILES
from eightytwenty.pictures.near_duplicates import Candidates, find_picture_copies
from eightytwenty.pictures.perceptual_hash import coarse_means, digests, perceptual_hash
from eightytwenty.pictures.store import hashes_beside, stored_pictures
from tasks.ingest.ellipses import KINDS, draw_ellipses

_SCHEMA = "from eightytwenty.pictures.schema import pictures_table\n\nPICTURES = pictures_table(64)\n"
# in a process of its own: those that a large one starts count as large, too
_MAKE = """
import sys
from pathlib import Path
from tasks.ingest.ellipses import draw_ellipses
from tasks.ingest.generate import as_png

folder, kind, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
folder.mkdir()
for number, picture in enumerate(draw_ellipses(kind, count, 64, 0)[0]):
    (folder / f"{number:06}.png").write_bytes(as_png(picture))
"""


class _Cost(NamedTuple):
    """Seconds of the processor, of all processes together, and the most bytes of the one that was started."""

    seconds: float
    peak: int


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=Size(20_000, quick=40))
    parser.add_argument("--compared", type=int, default=Size(80_000, quick=40))
    parser.add_argument("--kind", choices=KINDS, default="ellipses-colour", help="of the pictures")
    run(measure, parser)


def measure(rows: int, compared: int, kind: str) -> Result:
    """Measures the costs, the memory and the comparison, and prints each."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "pictures.py").write_text(_SCHEMA)
        (place / "dask").mkdir()
        few = rows // 5
        for name, count in (("few", few), ("all", rows)):
            run_python(_MAKE, place / name, kind, count)
        with dask_cluster(place / "dask") as cluster:
            of_few, of_all = (_cost(place, name, f"{name}.parts", cluster) for name in ("few", "all"))
            peak = cluster.peak_bytes()
        single = _cost(place, "all", "whole", None)
        if not is_same(place / "all.parts", place / "whole", place):
            raise AssertionError("the results differ")
        near = {count: _seconds_of_near_copies(place / str(count), kind, count) for count in (compared // 2, compared)}
    ratio, each = of_all.seconds / single.seconds, (of_all.peak - of_few.peak) / (rows - few)
    print(f"{rows:,} pictures, byte-identical: one process takes {single.seconds:.1f} s of CPU;")
    print(f"2 workers, scheduler and driver take {of_all.seconds:.1f} s, {ratio:.2f} times as much;")
    print(f"the driver holds {each:,.0f} bytes a picture, and a worker {peak / 1e6:.0f} MB at most.")
    for count, seconds in near.items():
        print(f"{count:,} different pictures are compared for near copies in {seconds:.1f} s of CPU")
    return {"cpu_ratio": ratio, "bytes_a_picture": each, "peak_megabytes": peak / 1e6, "near_seconds": near}


def _cost(place: Path, source: str, out: str, cluster: DaskCluster | None) -> _Cost:
    before = cluster.cpu_seconds() if cluster else 0
    process = start(place / source, place / out, cluster, f"{place / 'pictures.py'}:PICTURES")
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"cleaning {source} ended with {os.waitstatus_to_exitcode(status)}")
    after = cluster.cpu_seconds() if cluster else 0
    return _Cost(usage.ru_utime + usage.ru_stime + after - before, usage.ru_maxrss << 10)


def _seconds_of_near_copies(folder: Path, kind: str, count: int) -> float:
    """Seconds of the processor; the pictures lie in files, as units of a cluster write them."""
    folder.mkdir()
    paths, compared = [], []
    for unit, first in enumerate(range(0, count, UNIT_FILES)):
        paths.append(folder / f"{unit:06}.npy")
        pictures, _ = draw_ellipses(kind, min(UNIT_FILES, count - first), 32, unit)
        hashes = perceptual_hash(pictures)
        np.save(paths[-1], pictures)
        np.save(hashes_beside(paths[-1]), hashes)
        compared.append((digests(pictures), coarse_means(hashes).astype(np.uint8)))
    of_pixels, means = (np.concatenate(parts) for parts in zip(*compared, strict=True))
    candidates = Candidates(np.arange(count, dtype=np.int32), of_pixels, means, np.zeros(count, np.int32))
    started = time.process_time()
    find_picture_copies(candidates, *stored_pictures(paths), in_threads)
    return time.process_time() - started


if __name__ == "__main__":
    main()
