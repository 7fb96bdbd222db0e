"""Reading a folder of many small files against polars reading it with everything told.

Each file is a table of pairs of ten rows in one of six dialects, of which our reader is told nothing: what is measured
is how long it takes to find out. Polars is told the delimiter and the encoding of each file. Cleaning the folder, with
its accounts and reports, is timed beside it.

    python -m benchmarks.read_many_files [--files 5_000]
"""

import tempfile
import time
from pathlib import Path

import polars as pl

from benchmarks.harness import Result, Size, command_line, run
from eightytwenty.engine.run import clean_table
from eightytwenty.read.reader import read_batches
from eightytwenty.read.source import open_source
from schemas.pairs import pairs_table

_DIALECTS = [(",", "utf-8"), (";", "utf-8"), ("\t", "utf-8"), ("|", "utf-8"), (",", "utf-16"), (";", "cp1252")]


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--files", type=int, default=Size(5_000, quick=60))
    run(compare, parser)


def compare(files: int) -> Result:
    """Makes the folder, and times opening, cleaning and polars."""
    table = pairs_table(65536)
    with tempfile.TemporaryDirectory() as temporary:
        raw = Path(temporary, "raw")
        raw.mkdir()
        for number in range(files):
            delimiter, encoding = _DIALECTS[number % len(_DIALECTS)]
            rows = [(f"é{number}-{n}", n, number, n + number) for n in range(10)]
            lines = [("record_id", "a", "b", "sum"), *rows]
            text = "".join(delimiter.join(map(str, line)) + "\n" for line in lines)
            (raw / f"{number:05}.csv").write_bytes(text.encode(encoding))

        started = time.perf_counter()
        told = 0
        for number, path in enumerate(sorted(raw.iterdir())):
            delimiter, encoding = _DIALECTS[number % len(_DIALECTS)]
            text = path.read_text(encoding).encode()
            told += pl.read_csv(text, separator=delimiter, infer_schema=False).height
        polars = time.perf_counter() - started

        started = time.perf_counter()
        source = open_source(raw, table)
        opening = time.perf_counter() - started
        rows = sum(batch.cells.height for batch in read_batches(source.files, table.names))
        reading = time.perf_counter() - started
        started = time.perf_counter()
        summary = clean_table(source, table, Path(temporary, "cleaned"))
        cleaning = time.perf_counter() - started
    if not summary.rows == rows == told:
        raise AssertionError(f"{told} rows were read by polars, {rows} by us, and {summary.rows} cleaned")
    print(f"{files:,} files of 10 rows: polars, told everything, {polars:.1f} s; we, told nothing, {reading:.1f} s,")
    print(f"{reading / polars:.1f} times as long; finding out takes {1000 * opening / files:.2f} ms a file")
    print(f"cleaning them takes {cleaning:.1f} s")
    return {
        "files": files,
        "ratio": reading / polars,
        "reading_seconds": reading,
        "polars_seconds": polars,
        "opening_ms": 1000 * opening / files,
        "cleaning_seconds": cleaning,
    }


if __name__ == "__main__":
    main()
