"""How certain repairs are, as measured on tables whose truth is known.

confidence.csv has, for each rule, how many cells it changed or would change, and how many of these were right then:
`usual` where many cells of the column needed it, `rare` where so few did that they may as well be slips.
`python -m benchmarks.calibrate` writes it.
"""

import csv
from functools import cache
from pathlib import Path

DEFAULT = 0.99  # what makes a repair certain enough, where nothing else is asked for
# What counts beside the measured changes, (right, all). A repair changes what has one meaning only, so that it is right
# until it is seen to be wrong; of few cells that need it, nobody knows.
_BEFORE = {False: (199, 200), True: (1, 2)}
_TABLE = Path(__file__).with_suffix(".csv")


@cache
def _measured() -> dict[tuple[str, bool], tuple[int, int]]:
    with _TABLE.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    return {
        (line["rule"], is_rare): (int(line[f"{where}_right"]), int(line[where]))
        for line in lines
        for where, is_rare in (("usual", False), ("rare", True))
    }


def confidence(rule: str, *, is_rare: bool = False) -> float:
    """The share of a rule's changes that are right; 1 for a rule that was never needed where the truth is known.

    Args:
        rule: its name.
        is_rare: whether few cells of the column need it.
    """
    right, number = _measured().get((rule, is_rare), (0, 0))
    return posterior(right, number, is_rare=is_rare) if number or is_rare else 1.0


def posterior(right: int, number: int, *, is_rare: bool = False) -> float:
    """The share of changes that are right, of which some have been measured."""
    right_before, number_before = _BEFORE[is_rare]
    return (right + right_before) / (number + number_before)
