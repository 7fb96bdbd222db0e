"""What kind of column a column is: the kind that nearly all of its values belong to."""

import re
from dataclasses import dataclass

import polars as pl
from rapidfuzz.distance import OSA

from eightytwenty.inference.missing import Marks, find_marks, without_marks
from eightytwenty.inference.values import Values
from eightytwenty.kinds import Form, Kind, all_kinds, find_kind
from eightytwenty.kinds.number_format import column_mark

# The share of the values that must belong to a kind. Dates and times come in more notations than are known, so that
# more of the values may be beyond them.
NEARLY_ALL, MOST = 0.9, 0.8
_CATEGORIES = 20  # values that are few in any column
_FEW = 0.1  # of the rows: so many distinct values are few as well
_REPEATS = 3  # a label that occurs less often may be a mistake
_LONGEST_LABEL = 60  # characters; what is longer is text
_WORD = 3  # letters of a word that may be the end of a longer one, such as "premisezip"
_HALF = 0.5
_WRONG = 0.15  # of the characters of a cell: a letter too many in `30w%`, two in a date
_MOST_LOOKED_AT = 500  # values at either end
_MOST_SHAPES, _MOST_OTHERS = 50, 1_000  # to compare


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
        weak: marks that may be some of its values.
    """

    kind: Kind
    form: Form
    share: float
    others: dict[str, float]
    values: Values
    marks: tuple[str, ...]
    weak: tuple[str, ...] = ()


def choose_kind(values: Values, name: str, marks: Marks | None = None, decimal_mark: str = "") -> Choice:
    """The most specific kind that nearly all values of a column belong to; category, code or text if there is none.

    A cell in which a few characters are wrong, such as `30w%`, still tells what it should be: such cells count for the
    kind to which more than half of the values belong.

    Args:
        values: of the column.
        name: of the column, which may say what its digits are.
        marks: of missing values; found among the values if not given.
        decimal_mark: before fractions in the other columns of the table, which decides where this one does not.
    """
    marks = marks or find_marks(values)
    strong = without_marks(values, marks.strong)
    typed = without_marks(strong, marks.weak)
    decimal_mark = column_mark(typed.cells, typed.counts) or decimal_mark
    shares: dict[str, float] = {}
    best: tuple[bool, float, Kind, pl.Series] | None = None
    for known_kind in _possible(typed.cells):
        kind = known_kind.in_column(decimal_mark, typed.counts) if known_kind.in_column else known_kind
        is_named = bool(_named_by(kind, name))
        recognise = kind.recognise_named if is_named else kind.recognise
        belongs = recognise(typed.cells) if recognise else None
        if belongs is None or not belongs.any():
            continue
        share = shares[kind.name] = typed.share(belongs)
        needed = MOST if kind.dtype.is_temporal() else NEARLY_ALL
        if _HALF < share < needed:
            near = typed.share(belongs | _nearly_belongs(kind, typed.cells, belongs))
            needed = share if near >= needed else needed
        if share >= needed and (best is None or (is_named, share) > best[:2]):
            best = is_named, share, kind, belongs
    if best:
        _, share, kind, belongs = best
        form = _find_form(kind, typed.where(belongs), _named_by(kind, name))
        others = {other: value for other, value in shares.items() if other != kind.name}
        return Choice(kind, form, share, others, typed, marks.strong + marks.weak)
    return Choice(find_kind(_kind_of_texts(strong)), Form(), 1.0, shares, strong, marks.strong, marks.weak)


def _possible(cells: pl.Series) -> list[Kind]:
    """The kinds of which a column has the signs, so far as the most and the least frequent values show."""
    characters = set("".join([*cells.head(_MOST_LOOKED_AT), *cells.tail(_MOST_LOOKED_AT)]))
    if not characters:
        return []
    is_ascii = all(map(str.isascii, characters))
    return [kind for kind in all_kinds() if not kind.signs or not is_ascii or characters.intersection(kind.signs)]


def _find_form(kind: Kind, values: Values, word: str) -> Form:
    """How cells write the values of their kind, in a column whose name has a word of the kind, or none."""
    if word and kind.find_form_named:
        return kind.find_form_named(values.cells, values.counts, word)
    return kind.find_form(values.cells, values.counts)


def _named_by(kind: Kind, name: str) -> str:
    """The word in the name of a column that says that it may be of a kind, the longest; empty if there is none.

    >>> [_named_by(find_kind("postal_code"), name) for name in ("zip", "ZipCode", "premisezip", "zipper")]
    ['zip', 'zipcode', 'zip', '']
    """
    if not kind.names:
        return ""
    words = [word.lower() for word in re.findall("[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]+", name)]
    known = [
        known
        for word in [*words, "".join(words)]
        for known in kind.names
        if word == known or (len(known) >= _WORD and word.endswith(known))
    ]
    return min(known, key=lambda known: (-len(known), known), default="")


def _nearly_belongs(kind: Kind, cells: pl.Series, belongs: pl.Series) -> pl.Series:
    """(n,) Boolean, which other cells have nearly the shape of a cell that belongs; of words, nearly the letters."""
    forms = cells.str.to_lowercase() if kind.dtype == pl.Boolean else _characters(cells, belongs)
    known = forms.filter(belongs).value_counts(sort=True)[forms.name].head(_MOST_SHAPES).to_list()
    nearest = {
        form: any(OSA.distance(form, shape, score_cutoff=_errors(form)) <= _errors(form) for shape in known)
        for form in forms.filter(~belongs).unique().sort().head(_MOST_OTHERS)
    }
    return forms.replace_strict(nearest, default=False, return_dtype=pl.Boolean) & ~belongs


def _errors(form: str) -> int:
    """How many characters of a cell may be wrong."""
    return 0 if len(form) < 2 else max(1, round(_WRONG * len(form)))


def _characters(cells: pl.Series, belongs: pl.Series) -> pl.Series:
    """(n,) String, with 9 for each digit and a for each letter; of hexadecimal digits, which are both, 9 for each."""
    known = cells.filter(belongs)
    one_shape = known.str.replace_all(r"[0-9\p{L}]", "9")
    is_hexadecimal = known.str.contains("[0-9]").all() and one_shape.n_unique() < _HALF * _shapes(known).n_unique()
    return cells.str.replace_all(r"[0-9\p{L}]", "9") if is_hexadecimal else _shapes(cells)


def _shapes(cells: pl.Series) -> pl.Series:
    return cells.str.replace_all("[0-9]", "9").str.replace_all(r"\p{L}", "a")


def _kind_of_texts(values: Values) -> str:
    """Whether words are categories, codes or text."""
    if not len(values):
        return "text"
    is_category = _is_category(values)
    if _is_code(values) and not (is_category and values.cells.str.contains("[a-z]{3}").all()):
        return "code"
    return "category" if is_category else "text"


def _is_category(values: Values) -> bool:
    """Whether most values are a few labels that occur again and again; the rest may be misspelled ones."""
    again = values.where(values.counts >= _REPEATS)
    is_few = len(again) <= max(_CATEGORIES, _FEW * values.total)
    longest = int(values.cells.str.len_chars().quantile(NEARLY_ALL) or 0)
    return is_few and again.total >= MOST * values.total and longest <= _LONGEST_LABEL


def _is_code(values: Values) -> bool:
    """Whether nearly all values are one word with digits, or of digits alone."""
    cells = values.cells
    return (
        values.share(cells.str.contains(r"^[A-Za-z0-9][A-Za-z0-9._/:#+-]*$") & cells.str.contains("[0-9]"))
        >= NEARLY_ALL
    )
