"""Cleaning ten million dirty pairs against bare validation of the same rules by DuckDB.

Both read the same Parquet file of text, with one fault in a hundred rows. DuckDB only counts the rows that break a rule
(range, sum, unique id). The cleaning also repairs, explains, accounts for every row and writes everything down. Each is
measured in a process of its own, three times in turn, after a warm-up on a thousand rows, because libraries load
more at their first use; the best times are compared.

    python -m benchmarks.clean_pairs [--rows 10_000_000]
"""

import json
import tempfile
from pathlib import Path

from benchmarks.harness import Result, Size, command_line, run, run_python

_MAKE = """
import sys
from eightytwenty.evaluate.table_faults import BYTE_KINDS, KINDS, add_dirt
from tasks.ingest.pairs import draw_pairs
kinds = [kind for kind in KINDS if kind not in BYTE_KINDS]
for rows, place in ((1_000, sys.argv[2]), (int(sys.argv[3]), sys.argv[1])):
    dirty = add_dirt(draw_pairs(rows, 65536, seed=0), share=0.01, largest_sum=65536, seed=0, kinds=kinds)
    dirty.cells.write_parquet(place, row_group_size=1 << 20)
"""

_DUCKDB = """
import duckdb

def work(source):
    counts = duckdb.execute(f'''
        with pairs as (
            select try_cast(a as bigint) a, try_cast(b as bigint) b, try_cast("sum" as bigint) s from '{source}'
        )
        select count(*), count(*) filter (
            where not coalesce(
                a between 0 and 32768 and b between 0 and 32768 and s between 0 and 65536 and a + b = s, false
            )
        ) from pairs
    ''').fetchone()
    repeated = duckdb.execute(f'''
        select count(*) from (select record_id from '{source}' group by record_id having count(*) > 1)
    ''').fetchone()
    return [*counts, *repeated]
"""

_CLEAN = """
from pathlib import Path
from schemas.pairs import pairs_table
from eightytwenty.engine.run import clean_table
from eightytwenty.read.source import open_source

def work(source):
    table = pairs_table(65536)
    summary = clean_table(open_source(Path(source), table), table, Path(source + ".clean"))
    return list(summary.fates.values())
"""

_MEASURE = """
import json, resource, sys, time
work(sys.argv[2])
started = time.perf_counter()
counts = work(sys.argv[1])
seconds = time.perf_counter() - started
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *counts]))
"""


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=Size(10_000_000, quick=10_000))
    parser.set_defaults(rounds=Size(3, quick=1))
    run(compare, parser)


def compare(rows: int, rounds: int) -> Result:
    """Makes the file, measures both in turn and prints the ratio and the memory."""
    with tempfile.TemporaryDirectory() as temporary:
        source, small = Path(temporary) / "pairs.parquet", Path(temporary) / "small.parquet"
        # in a process of its own: a child starts with its parent's peak memory
        run_python(_MAKE, source, small, rows)
        print(f"{rows:,} pairs, 1 % dirt, {source.stat().st_size / 1e6:.0f} MB of Parquet")
        best: dict[str, list[float]] = {}
        for _ in range(rounds):
            for name, code in (("DuckDB, validation only", _DUCKDB), ("eightytwenty, cleaning", _CLEAN)):
                measurement = json.loads(run_python(code + _MEASURE, source, small))
                best[name] = min(best.get(name, measurement), measurement)
        for name, (seconds, kilobytes, *counts) in best.items():
            print(f"{name:<26}{seconds:6.2f} s  peak memory {kilobytes / 1e6:.2f} GB  {counts}")
        (duckdb, *_), (ours, kilobytes, *_) = best.values()
        print(f"cleaning takes {ours / duckdb:.2f} times as long as bare validation (goal: at most 2)")
    return {
        "rows": rows,
        "ratio": ours / duckdb,
        "duckdb_seconds": duckdb,
        "cleaning_seconds": ours,
        "cleaning_peak_gb": kilobytes / 1e6,
    }


if __name__ == "__main__":
    main()
