"""Drift of uniform pairs: what honest batches reach by chance, what drifted ones reach, and the limit between.

Prints the table of docs/retraining.md, in half a minute.
"""

from collections.abc import Callable

import numpy as np
import polars as pl

from benchmarks.harness import Result, Size, command_line, run
from eightytwenty.pages.markdown import markdown_table
from schemas.drift_expectations import drift_expectations

TOP = 32768
OLD_ROWS, MOST_DRIFT = 9000, 0.1

Draw = Callable[[np.random.Generator, int], np.ndarray]


def part_tiny(rng: np.random.Generator, rows: int) -> np.ndarray:
    """One pair in five is tiny."""
    numbers = rng.integers(0, TOP, rows, endpoint=True)
    return np.where(rng.random(rows) < 0.2, rng.integers(0, 100, rows), numbers)


LAWS: dict[str, Draw] = {
    "highest tenth gone": lambda rng, rows: rng.integers(0, int(0.9 * TOP), rows),
    "lowest half only": lambda rng, rows: rng.integers(0, TOP // 2, rows),
    "20 % tiny": part_tiny,
    "all tiny": lambda rng, rows: rng.integers(0, 100, rows),
}


def uniform(rng: np.random.Generator, rows: int) -> np.ndarray:
    """The law of the old rows."""
    return rng.integers(0, TOP, rows, endpoint=True)


def divergence(old: np.ndarray, new: np.ndarray) -> tuple[float, float]:
    """The divergence of a batch as Great Expectations computes it, and its limit."""
    frames = (pl.DataFrame({"a": values}) for values in (old, new))
    (expectation,) = drift_expectations("drift", *frames, MOST_DRIFT).clean
    expected = expectation.partition_object
    counts = np.histogram(new, expected["bins"])[0]
    shares, occupied = counts / counts.sum(), counts > 0
    value = np.sum(shares[occupied] * np.log(shares[occupied] / np.array(expected["weights"])[occupied]))
    return float(value), float(expectation.threshold)


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.set_defaults(honest_batches=Size(300, quick=3), drifted_batches=Size(20, quick=1))
    run(drift, parser)


def drift(honest_batches: int, drifted_batches: int) -> Result:
    """Prints a table with a line for each number of new rows: medians, but for the same law the largest."""
    lines = {}
    for rows in (40, 100, 1000, 10_000):
        rng = np.random.default_rng(rows)
        honest = [divergence(uniform(rng, OLD_ROWS), uniform(rng, rows)) for _ in range(honest_batches)]
        drifted = [
            np.median([divergence(uniform(rng, OLD_ROWS), draw(rng, rows))[0] for _ in range(drifted_batches)])
            for draw in LAWS.values()
        ]
        numbers = [max(value for value, _ in honest), max(limit for _, limit in honest), *drifted]
        lines[rows] = dict(zip(("same law", "limit", *LAWS), numbers, strict=True))
    header = ("new rows", f"same law, largest of {honest_batches}", "limit", *LAWS)
    table = [(f"{rows:,}", *(f"{number:.3f}" for number in line.values())) for rows, line in lines.items()]
    print(markdown_table(header, table))
    return {"new_rows": lines}


if __name__ == "__main__":
    main()
