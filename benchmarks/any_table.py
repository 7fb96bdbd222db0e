"""Cleaning a table of thirty columns of which nothing is told, against polars reading the same file.

Numbers, amounts, dates in American notation, categories with marks of missing values, codes, and texts that are
all different; one row in a hundred is none. Polars only reads the CSV file, with types of its own guessing. Each
is measured in a process of its own.

    python -m benchmarks.any_table [--rows 1_000_000]
"""

import json
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.harness import Result, Size, command_line, run, run_python

_PIECE = 500_000  # rows to make at a time
_READ = """
import polars as pl

def work(source):
    return [pl.read_csv(source, infer_schema_length=10_000, ignore_errors=True).height]
"""
_CLEAN = """
from pathlib import Path
from eightytwenty import clean

def work(source):
    return list(clean(source, None, Path(source + ".clean")).fates.values())
"""
_MEASURE = """
import json, resource, sys, time
started = time.perf_counter()
counts = work(sys.argv[1])
seconds = time.perf_counter() - started
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, *counts]))
"""


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--rows", type=int, default=Size(1_000_000, quick=2_000))
    run(compare, parser)


def compare(rows: int) -> Result:
    """Makes the file, measures both and prints the ratio and the memory."""
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary) / "any.csv"
        make(source, rows)
        size = source.stat().st_size
        polars, _, read = json.loads(run_python(_READ + _MEASURE, source).splitlines()[-1])
        seconds, memory, *fates = json.loads(run_python(_CLEAN + _MEASURE, source).splitlines()[-1])
    if not read == sum(fates) == rows:
        raise AssertionError(f"polars read {read} rows, and we {fates}")
    print(f"{rows:,} rows of 30 columns ({size / 1e6:,.0f} MB): polars reads them in {polars:.2f} s;")
    print(
        f"we infer and clean them in {seconds:.1f} s, {seconds / polars:.0f} times as long, with {memory / 1e6:.2f} GB"
    )
    return {"rows": rows, "seconds": seconds, "polars_seconds": polars, "ratio": seconds / polars, "kilobytes": memory}


def make(file: Path, rows: int) -> None:
    """Writes the table, one piece after the other."""
    rng = np.random.default_rng(0)
    with file.open("wb") as stream:
        for start in range(0, rows, _PIECE):
            _piece(rng, start, min(_PIECE, rows - start)).write_csv(stream, include_header=start == 0)


def _piece(rng: np.random.Generator, start: int, height: int) -> pl.DataFrame:
    columns: dict[str, pl.Series] = {"id": pl.Series(range(start, start + height)).cast(pl.String)}
    days = pl.date_range(pl.date(2015, 1, 1), pl.date(2024, 12, 31), eager=True).dt.to_string("%m/%d/%Y")
    for n in range(5):
        columns[f"count {n}"] = pl.Series(rng.integers(0, 100_000, height)).cast(pl.String)
        columns[f"price {n}"] = "$" + pl.Series(rng.gamma(2, 50, height)).round(2).cast(pl.String)
        columns[f"day {n}"] = days[rng.integers(0, len(days), height)]
        columns[f"colour {n}"] = pl.Series(["red", "green", "blue", "N/A", None])[rng.integers(0, 5, height)]
        columns[f"code {n}"] = "K-" + pl.Series(rng.integers(0, 10**6, height)).cast(pl.String).str.zfill(6)
        columns[f"note {n}"] = "note " + pl.Series(rng.integers(0, 1 << 40, height)).cast(pl.String) + " of all"
    del columns["note 4"]
    odd = rng.integers(0, 100, height) == 0
    odd_cells = pl.Series(["?!"]).new_from_index(0, height)
    return pl.DataFrame([odd_cells.zip_with(pl.Series(odd), cells).alias(name) for name, cells in columns.items()])


if __name__ == "__main__":
    main()
