"""What kind of column a column is: the kind that nearly all of its values belong to."""

from dataclasses import dataclass

import polars as pl

from eightytwenty.inference.missing import Marks, find_marks, without_marks
from eightytwenty.inference.values import Values
from eightytwenty.kinds import Form, Kind, all_kinds, find_kind

# The share of the values that must belong to a kind. Dates and times come in more notations than are known, so that
# more of the values may be beyond them.
NEARLY_ALL, MOST = 0.9, 0.8
_CATEGORIES = 20  # values that are few in any column
_FEW = 0.05  # of the rows: so many distinct values are few as well
_REPEATS = 3  # rows of a category, on average
_LONGEST_LABEL = 60  # characters; what is longer is text
_SHAPES = 5  # of a column of codes; more of them are words
_LEADING_ZEROS = 0.03  # of the values of digits alone


@dataclass(frozen=True)
class Choice:
    """The kind of a column, and why.

    Args:
        kind: of the column.
        form: how its cells write the values.
        share: of the rows with a value that belong to it.
        others: kinds that some of the values belong to -> their share.
        values: those that are no marks of missing values.
        marks: the marks that are none of its values.
    """

    kind: Kind
    form: Form
    share: float
    others: dict[str, float]
    values: Values
    marks: tuple[str, ...]


def choose_kind(values: Values, name: str, marks: Marks | None = None) -> Choice:
    """The most specific kind that nearly all values of a column belong to; category, code or text if there is none.

    Args:
        values: of the column.
        name: of the column, which may say what its digits are.
        marks: of missing values; found among the values if not given.
    """
    marks = marks or find_marks(values)
    strong = without_marks(values, marks.strong)
    typed = without_marks(strong, marks.weak)
    shares: dict[str, float] = {}
    best: tuple[float, Kind, pl.Series] | None = None
    for kind in all_kinds() if len(typed) else []:
        belongs = _belongs(kind, typed.cells, name)
        if belongs is None or not belongs.any():
            continue
        share = typed.share(belongs)
        shares[kind.name] = share
        needed = MOST if kind.dtype.is_temporal() else NEARLY_ALL
        if share >= needed and (best is None or share > best[0]):
            best = share, kind, belongs
    if best:
        share, kind, belongs = best
        form = kind.find_form(typed.cells.filter(belongs), typed.counts.filter(belongs))
        others = {other: value for other, value in shares.items() if other != kind.name}
        return Choice(kind, form, share, others, typed, marks.strong + marks.weak)
    return Choice(find_kind(_kind_of_texts(strong)), Form(), 1.0, shares, strong, marks.strong)


def _belongs(kind: Kind, cells: pl.Series, name: str) -> pl.Series | None:
    """(n,) Boolean, which cells belong to a kind, by themselves or because the name of the column says so."""
    if kind.recognise is None:
        return None
    return kind.recognise(cells)


def _kind_of_texts(values: Values) -> str:
    """Whether words are categories, codes or text."""
    if not len(values):
        return "text"
    cells = values.cells
    longest = int(cells.str.len_chars().quantile(NEARLY_ALL) or 0)
    is_few = values.distinct <= max(_CATEGORIES, _FEW * values.total)
    if _is_code(values):
        return "code"
    return "category" if is_few and values.repeats >= _REPEATS and longest <= _LONGEST_LABEL else "text"


def _is_code(values: Values) -> bool:
    """Whether most values have the digits, the shapes or the leading zeros of identifiers."""
    cells = values.cells
    if values.share(cells.str.contains(r"^[0-9]+$")) >= NEARLY_ALL:
        return True
    # one word of letters and digits, with marks between them
    one_word = cells.str.contains(r"^[A-Za-z0-9][A-Za-z0-9._/:#+-]*$") & cells.str.contains("[0-9]")
    if values.share(one_word) < NEARLY_ALL:
        return False
    shapes = shape(cells).value_counts(sort=True)["count"]
    return (
        bool(shapes.head(_SHAPES).sum() >= NEARLY_ALL * len(cells))
        or values.share(one_word & ~cells.str.contains("[a-z]")) >= NEARLY_ALL
    )


def shape(cells: pl.Series) -> pl.Series:
    """(n,) String, the shapes of cells: 9 for digits, A for capitals, a for small letters, whatever their number.

    >>> shape(pl.Series(["AB-123", "x 1.5"])).to_list()
    ['A-9', 'a 9.9']
    """
    return cells.str.replace_all(r"[0-9]+", "9").str.replace_all(r"\p{Lu}+", "A").str.replace_all(r"\p{Ll}+", "a")
