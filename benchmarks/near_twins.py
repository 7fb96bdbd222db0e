"""Different pictures that are taken for twins, and what that costs the split into training and held-out pictures.

Prints the table of docs/retraining.md, in about five minutes.
"""

import time

import numpy as np

from benchmarks.harness import Result, Size, command_line, run
from eightytwenty.pages.markdown import markdown_table
from eightytwenty.pictures.near_twins import find_twins
from tasks.ingest.avatars import draw_avatars
from tasks.ingest.ellipses import KINDS, draw_ellipses
from tasks.ingest.generate import AVATARS
from tasks.retrain.held_out import split_pictures


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.set_defaults(rows=Size(2000, quick=60), seeds=Size(2, quick=1), many=Size(8000, quick=80))
    run(near_twins, parser)


def near_twins(rows: int, seeds: int, many: int) -> Result:
    """Prints a line for each kind of picture: the largest numbers of several seeds, and more avatars once."""
    cases = [(kind, size, rows, seeds) for kind in (AVATARS, *KINDS) for size in (32, 64)] + [(AVATARS, 32, many, 1)]
    lines = []
    for kind, size, count, repeats in cases:
        results = []
        for seed in range(repeats):
            pictures = (
                draw_avatars(count, size, seed)[0] if kind == AVATARS else draw_ellipses(kind, count, size, seed)[0]
            )
            started = time.process_time()
            twins = find_twins(pictures)
            seconds = time.process_time() - started
            split = split_pictures(pictures, twins)
            results.append(
                (len(twins), float(split.held_out.mean()), 1 - float((split.training | split.held_out).mean()), seconds)
            )
        pairs, held_out, left_out, seconds = np.array(results).max(axis=0).tolist()
        line = {"kind": kind, "size": size, "pictures": count, "twins": int(pairs)}
        lines.append({**line, "held_out": held_out, "left_out": left_out, "seconds": round(seconds, 1)})
        print(lines[-1], flush=True)
    header = ("pictures", "pairs of twins", "held out", "left out", "seconds")
    table = [
        (
            f"{line['pictures']:,} {line['kind']}, {line['size']}x{line['size']}",
            f"{line['twins']:,}",
            f"{line['held_out']:.1%}",
            f"{line['left_out']:.2%}",
            f"{line['seconds']:.0f}",
        )
        for line in lines
    ]
    print(markdown_table(header, table))
    return {"lines": lines}


if __name__ == "__main__":
    main()
