"""The memory that cleaning takes for ten times as many pairs, and the time for one delivery more.

Pairs in CSV with a fault in a thousand rows and some ids twice are cleaned, and a tenth of them; each in a process of
its own, so that its peak is its own. Then a delivery of the size of that tenth is added to the tenth: cleaned together
with it, and beside it with an index of it.

    python -m benchmarks.clean_many [--rows 115_000_000]
"""

import json
import tempfile
from pathlib import Path

from benchmarks.harness import Result, Size, command_line, run, run_python

_MAKE = """
import sys
import numpy as np
import polars as pl

place, rows, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
generator = np.random.default_rng(seed)
with open(place, "wb") as stream:
    stream.write(b"record_id,a,b,sum\\n")
    for start in range(0, rows, 1_000_000):
        n = min(1_000_000, rows - start)
        a, b = generator.integers(0, 32_768, (2, n))
        ids = np.arange(start, start + n) + seed * 1_000_000_000
        ids[: n // 2_000] = generator.integers(0, start + n, n // 2_000)
        sums = pl.Series(a + b).cast(pl.String).scatter(np.arange(n // 2, n // 2 + n // 1_000), "$ 7")
        pl.DataFrame({"record_id": ids, "a": a, "b": b, "sum": sums}).write_csv(stream, include_header=False)
"""

_CLEAN = """
import json, resource, sys, time
from pathlib import Path
from schemas.pairs import pairs_table
from eightytwenty.engine.run import clean_table
from eightytwenty.read.source import open_source

table, (source, out, index) = pairs_table(65536), map(Path, sys.argv[1:])
started = time.perf_counter()
clean_table(open_source(source, table), table, out, index=index if index.name else None)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([time.perf_counter() - started, peak / 1e6]))
"""


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=Size(115_000_000, quick=20_000))
    run(compare, parser)


def compare(rows: int) -> Result:
    """Makes the files, cleans them, and prints memory and time."""
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)

        def clean(source: str, index: str = "") -> tuple[float, float]:
            seconds, gigabytes = json.loads(run_python(_CLEAN, place / source, place / "out", index and place / index))
            return seconds, gigabytes

        peaks = {}
        for name, count in (("tenth.csv", rows // 10), ("all.csv", rows)):
            run_python(_MAKE, place / name, count, 0)
            seconds, peaks[name] = clean(name)
            megabytes = (place / name).stat().st_size / 1e6
            print(f"{count:12,} pairs, {megabytes:6,.0f} MB: {seconds:6.1f} s, peak memory {peaks[name]:.2f} GB")
            (place / "all.csv").unlink(missing_ok=True)
        growth = peaks["all.csv"] / peaks["tenth.csv"]
        print(f"ten times as many pairs take {growth:.2f} times the memory")

        deliveries = place / "deliveries"
        deliveries.mkdir()
        (place / "tenth.csv").rename(deliveries / "1.csv")
        clean("deliveries", "index")
        run_python(_MAKE, deliveries / "2.csv", rows // 10, 1)
        together, _ = clean("deliveries")
        added, _ = clean("deliveries", "index")
        print(
            f"a second delivery of this size: {together:.1f} s with the first, {added:.1f} s with an index of the first"
        )
        print(f"with an index it takes {added / together:.2f} of the time")
    return {"rows": rows, "peak_gb": peaks["all.csv"], "memory_growth": growth, "time_with_index": added / together}


if __name__ == "__main__":
    main()
