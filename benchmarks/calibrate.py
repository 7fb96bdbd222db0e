"""How often each repair is right, on tables with and without errors; `--write` makes this what the library goes by.

The tables are given as for benchmarks.tables. A rule is measured where it changes cells, and where it would change few
cells of a column and only proposes. That the measure holds for other tables is seen by leaving out one at a time: the
decision to repair or to propose is made by all others, and scored by this one.

    python -m benchmarks.calibrate DIR... [--write]
"""

import csv
from collections import Counter
from pathlib import Path

from benchmarks.harness import Result, command_line, run
from benchmarks.tables import score_pairs
from eightytwenty.engine import confidence
from eightytwenty.evaluate.cell_score import CellScore, lower_bound

Counts = tuple[Counter[str], Counter[str]]  # right, in all


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    run(calibrate, parser)


def calibrate(folders: list[Path], processes: int, write: bool) -> Result:
    """Cleans and scores all tables below the folders, and counts by rule."""
    scores = [typed for _, (_, typed) in score_pairs(folders, processes, min_confidence=0)]
    usual, rare = _sum(scores, "repairs"), _sum(scores, "proposals")
    lines = [
        (rule, usual[0][rule], usual[1][rule], rare[0][rule], rare[1][rule]) for rule in sorted({*usual[1], *rare[1]})
    ]
    for rule, *numbers in lines:
        print(
            f"  {rule}: {numbers[0]:,} of {numbers[1]:,} repairs are right, {numbers[2]:,} of {numbers[3]:,} proposals"
        )
    right, number = _left_out(scores, usual)
    bound = lower_bound(right, number)
    print(f"left out one by one: {right:,} of {number:,} repairs are right, at least {bound:.3f}")
    if write:
        with Path(confidence.__file__).with_suffix(".csv").open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerows([("rule", "usual_right", "usual", "rare_right", "rare"), *lines])
    return {"rules": {line[0]: line[1:] for line in lines}, "left_out": [right, number, bound]}


def _sum(scores: list[CellScore], name: str) -> Counts:
    right, number = Counter[str](), Counter[str]()
    for score in scores:
        right += getattr(score, f"right_{name}")
        number += getattr(score, name)
    return right, number


def _left_out(scores: list[CellScore], usual: Counts) -> tuple[int, int]:
    """How many repairs are right, and how many there are, if each table is decided by the others."""
    right = number = 0
    for score in scores:
        for rule, count in score.repairs.items():
            others = usual[0][rule] - score.right_repairs[rule], usual[1][rule] - count
            if confidence.posterior(*others) >= confidence.DEFAULT:
                right += score.right_repairs[rule]
                number += count
    return right, number


if __name__ == "__main__":
    main()
