"""Kinds of columns: what belongs to each, its plain form, and the repairs that bring a cell to it.

Each kind is one file in this folder that calls `register`. A kind of your own is registered in the same way, in a
module that is imported before a table names it.
"""

import difflib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec

import polars as pl


@dataclass(frozen=True)
class Repair:
    """Rewrites a cell that is not in plain form and can mean only one thing.

    `function` maps a cell to its repaired text, to None for "missing", or to itself where the repair does not apply.
    It is called only with cells that are not in plain form, so it cannot change a clean cell.
    """

    name: str
    reason: str
    function: Callable[[str], str | None]


def _no_readings(_: str) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Form:
    """How the cells of one column write the values of its kind.

    Args:
        format: as a column states it; empty for the plain form of the kind.
        unit: of its numbers, as a column states it.
        doubt: for people, why the cells may mean something else; empty if they cannot.
    """

    format: str = ""
    unit: str = ""
    doubt: str = ""


def _plain_form(_cells: pl.Series, _counts: pl.Series) -> Form:
    return Form()


@dataclass(frozen=True)
class Kind:
    """A kind of column.

    Args:
        name: as a table names it.
        dtype: of its clean values.
        fault: the name of the rule that a cell breaks which does not belong to the kind, and which no repair changes.
        fault_reason: that rule's reason.
        is_plain: whether a cell has the plain form, the only one that clean cells have.
        parse: (n,) String -> (n,) dtype, null where a cell is missing or not in plain form; as fast as it can be.
        repairs: applied in order, after stray spaces and marks of missing values, until a cell is in plain form.
        missing_marks: in lower case, what means "missing" in such a column if the column does not say what does.
        readings: the plain forms that an ambiguous cell can have, such as 7 and 7000 for "7,000"; none for others.
        from_number: for kinds of numbers, the plain form of a number; None if the kind cannot hold it.
        has_one_form: whether a value has one plain form, which is the value as text, so that the cell need not be kept.
        recognise: (n,) String, distinct cells without null -> (n,) Boolean, which of them belong to the kind, in any
            notation, also in one that has several readings; None for kinds that cells alone do not show.
        signs: characters of which every cell of the kind has one, if it consists of ASCII; empty if there are none.
            They spare a look at columns without them.
        find_form: (n,) String, distinct cells that belong to the kind, and (n,) integer, how often each occurs -> the
            form that most of them have.
        find_form_named: like `find_form`, and of the word of `names` that the name of the column has; or None.
        in_format: a format -> the kind as the columns of this format have it: their cells are plain in this format,
            and the last repair writes others in it. Raises ValueError for what is no format of the kind. None for kinds
            that have one format.
        in_column: the mark before fractions, as the column or the other ones of its table prove it, empty if none does,
            and (n,) integer, how often each cell occurs -> the kind as it recognises the cells of this column. None for
            kinds whose cells say all.
        doubt: (n,) String, plain cells -> (n,) Boolean, which of them have several meanings all the same; or None.
            Columns that flag what is not of their kind flag them, as `doubt_name` and for `doubt_reason`.
        guesses: repairs that leave out a part of a cell, before the others; only columns that flag what is not of their
            kind have them.
        names: words in the name of a column, in lower case, such as "zip" and "zipcode", without which some cells, such
            as bare digits, do not show the kind; empty if the cells are enough.
        recognise_named: like `recognise`, for the columns whose name has one of these words: which cells could belong
            to the kind, those of `recognise` among them. None for kinds without `names`.
    """

    name: str
    dtype: pl.DataType
    fault: str
    fault_reason: str
    is_plain: Callable[[str], bool]
    parse: Callable[[pl.Series], pl.Series]
    repairs: tuple[Repair, ...] = ()
    missing_marks: frozenset[str] = frozenset()
    readings: Callable[[str], tuple[str, ...]] = _no_readings
    from_number: Callable[[Fraction], str | None] | None = None
    has_one_form: bool = False
    recognise: Callable[[pl.Series], pl.Series] | None = None
    signs: str = ""
    find_form: Callable[[pl.Series, pl.Series], Form] = _plain_form
    find_form_named: Callable[[pl.Series, pl.Series, str], Form] | None = None
    in_format: "Callable[[str], Kind] | None" = None
    in_column: "Callable[[str, pl.Series], Kind] | None" = None
    doubt: Callable[[pl.Series], pl.Series] | None = None
    doubt_name: str = ""
    doubt_reason: str = ""
    guesses: tuple[Repair, ...] = ()
    names: frozenset[str] = frozenset()
    recognise_named: Callable[[pl.Series], pl.Series] | None = None

    @property
    def is_text(self) -> bool:
        """Whether its values are texts, which may be anything that a table does not forbid."""
        return self.dtype == pl.String


_REGISTRY: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """Lets tables name a kind.

    Raises:
        ValueError: another kind has this name.
    """
    if _REGISTRY.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"there are two kinds of the name {kind.name}")
    return kind


@lru_cache(maxsize=10_000)
def find_kind(name: str, format: str = "") -> Kind:  # noqa: A002 - as columns call it
    """The kind of this name, as columns of a format have it.

    Raises:
        ValueError: there is none, or it has no such format; the message names the kinds there are, the nearest first.
    """
    if format:
        kind = find_kind(name)
        if kind.in_format is None:
            raise ValueError(f"the kind {name} has no formats; leave {format!r} out")
        return kind.in_format(format)
    if name not in _REGISTRY and name.isidentifier() and find_spec(f"{__name__}.{name}"):
        import_module(f"{__name__}.{name}")
    if name in _REGISTRY:
        return _REGISTRY[name]
    names = [kind.name for kind in all_kinds()]
    raise ValueError(f"there is no kind {name}; {nearest(name, names)}")


def nearest(name: str, choices: list[str]) -> str:
    """What a message says of the names that were possible, the nearest first.

    >>> nearest("intger", ["date", "integer"])
    'did you mean integer? There are date, integer'
    """
    close = difflib.get_close_matches(name, choices, 1)
    question = f"did you mean {close[0]}? There are " if close else "there are "
    return question + ", ".join(sorted(choices))


@cache
def _import_kinds() -> None:
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")


def all_kinds() -> list[Kind]:
    """All kinds that there are, by name; those of others that have been imported."""
    _import_kinds()
    return sorted(_REGISTRY.values(), key=lambda kind: kind.name)
