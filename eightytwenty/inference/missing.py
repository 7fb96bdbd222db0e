"""Which values of a column say that a value is missing.

A strong mark says so wherever it stands. A weak one is a word that may mean something: in a column of numbers or dates
it can be nothing else, in one of text it stays what it is.
"""

import re
from dataclasses import dataclass

from eightytwenty.inference.values import Values

STRONG = frozenset(
    {
        *(
            "n/a",
            "na",
            "nan",
            "null",
            "<na>",
            "<null>",
            "(null)",
            "#n/a",
            "#na",
            "n.a.",
            "n.a",
            "\\n",
            "nil",
            "undefined",
        ),
        *("not available", "not applicable", "no data", "#ref!", "#name?", "#value!", "#null!", "#div/0!", "#num!"),
    }
)
WEAK = frozenset(
    {
        *(
            "?",
            "??",
            "-",
            "--",
            "---",
            "–",
            "—",
            ".",
            "..",
            "*",
            "**",
            "***",
            "x",
            "none",
            "missing",
            "unknown",
            "empty",
        ),
        *("tbd", "tba", "unspecified", "not specified", "not known", "blank", "unavailable"),
    }
)
_SHORT_CODE = re.compile(r"[A-Z]{2}")
_MOST_CODES = 0.5  # of the distinct values: among so many codes of two letters, "NA" is one of them (Namibia)


@dataclass(frozen=True)
class Marks:
    """The marks of a column.

    Args:
        strong: those that always say "missing", most frequent first.
        weak: those that say so beside numbers or dates, most frequent first.
    """

    strong: tuple[str, ...]
    weak: tuple[str, ...]


def find_marks(values: Values) -> Marks:
    """The marks among the values of a column, as they are written there."""
    lower = values.cells.str.to_lowercase()
    is_strong, is_weak = lower.is_in(list(STRONG)), lower.is_in(list(WEAK))
    if is_strong.any() and values.cells.str.contains(rf"^(?:{_SHORT_CODE.pattern})\z").mean() > _MOST_CODES:  # type: ignore[operator]
        is_strong &= values.cells != "NA"
    return Marks(tuple(values.cells.filter(is_strong)), tuple(values.cells.filter(is_weak)))


def without_marks(values: Values, marks: tuple[str, ...]) -> Values:
    """The values that are no marks."""
    return values.where(~values.cells.is_in(list(marks))) if marks else values


def usual_mark(values: Values, marks: tuple[str, ...], *, is_text: bool) -> str:
    """How a column writes "missing": a mark if it is more frequent than an empty cell and any other, else empty.

    Beside numbers and dates, a strong mark is what some program wrote for an empty cell.
    """
    counts = dict(zip(values.cells, values.counts, strict=True)) if marks else {}
    usual = max(marks, key=lambda mark: counts[mark], default="")
    is_own = is_text or usual.lower() in WEAK
    return usual if usual and is_own and counts[usual] > values.nulls else ""
