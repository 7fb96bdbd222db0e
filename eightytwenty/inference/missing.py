"""Which values of a column say that a value is missing.

A strong mark says so wherever it stands. A weak one is a word that may mean something: in a column of numbers or dates
it can be nothing else, in one of text it stays what it is.
"""

from dataclasses import dataclass

from eightytwenty.inference.values import Values

# as they are written: "Na" is sodium, and "Null" a name
STRONG = frozenset(
    {
        *(
            "n/a",
            "N/A",
            "n.a.",
            "N.A.",
            "n.a",
            "NA",
            "na",
            "nan",
            "NaN",
            "NAN",
            "null",
            "NULL",
            "<NA>",
            "<na>",
            "<null>",
        ),
        *("<NULL>", "(null)", "(NULL)", "\\N"),
    }
)
# in any case
_STRONG = frozenset(
    {
        *("#n/a", "#na", "#ref!", "#name?", "#value!", "#null!", "#div/0!", "#num!"),
        *("not available", "not applicable", "no data"),
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
        *("tbd", "tba", "unspecified", "not specified", "not known", "blank", "unavailable", "undefined", "nil"),
        *(mark.lower() for mark in STRONG),
    }
)
_SHORT_CODE = r"^[A-Z]{2,5}\z"
_MOST_CODES = 0.5  # of the other values: among so many short codes, "NA" is one of them (Namibia, North America)


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
    cells, lower = values.cells, values.cells.str.to_lowercase()
    is_strong = cells.is_in(list(STRONG)) | lower.is_in(list(_STRONG))
    others = cells.filter(~is_strong)
    if len(others) and others.str.contains(_SHORT_CODE).sum() > _MOST_CODES * len(others):
        is_strong &= cells != "NA"
    is_weak = lower.is_in(list(WEAK)) & ~is_strong
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
    # an error of a spreadsheet is no way to write something
    is_own = (is_text or usual not in STRONG) and not usual.startswith("#")
    return usual if usual and is_own and counts[usual] > values.nulls else ""
