"""The words in which a table says what its rows must be: columns, rules and the schema of what leaves as clean.

A module such as schemas/pairs.py declares a `Table`; tasks/clean applies it. Nothing here knows of any one table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandera.polars as pa
    import polars as pl


@dataclass(frozen=True)
class Repair:
    """Rewrites a cell that is not in plain form and can only mean one thing.

    `function` maps a cell to its repaired text, to None for "missing", or to itself where it has nothing to say.
    It is only ever shown cells that are not in plain form, so it cannot touch a clean one.
    """

    name: str
    reason: str
    function: Callable[[str], str | None]


@dataclass(frozen=True)
class Impute:
    """Fills cells of a row from its other cells, where only one value is possible.

    `function` takes the rows that have an integer cell missing or not understood as (cells: String, values: Int64),
    two frames of the integer columns with the same height, and returns a frame of the same shape: String, new text or
    null for "no change".
    """

    name: str
    reason: str
    function: Callable[["pl.DataFrame", "pl.DataFrame"], "pl.DataFrame"]


@dataclass(frozen=True, eq=False)  # == on expressions makes an expression, so a check is equal only to itself
class Check:
    """What a row must satisfy; a row that does not goes to quarantine.

    `expression` says of the typed columns (Int64 or String, null where a cell is missing or not understood) whether a
    row is sound, from the cells of that row alone: a table is read in pieces. Null counts as sound: the missing cell
    has its own reason.
    """

    name: str
    reason: str
    expression: "pl.Expr"


@dataclass(frozen=True)
class Deduplicate:
    """Rows with the same key are one record: equal ones are copies of the first, different ones contradict each other.

    Copies go to duplicates. Where any two of them differ after repair, all go to quarantine.
    """

    name: str
    reason: str
    key: str


Rule = Impute | Check | Deduplicate

# The plain form of each kind of column, and the only one a clean cell has. 18 digits always fit an int64.
PLAIN = {"integer": r"^(0|-?[1-9][0-9]{0,17})$", "text": r"(?s)^\S(.*\S)?$"}

_LONGEST_LIST = 200  # characters of the names in a message; a line of data may come where the header should be


@dataclass(frozen=True)
class Column:
    """A column of the raw table.

    Args:
        name: the name it has when clean.
        kind: "integer" (plain digits, int64) or "text" (no space around it).
        repairs: applied in order to the cells that are not in plain form.
        required: whether a file without this column is refused; no cell of a column that a file has may be missing.
        aliases: other names under which files may carry it; case and surrounding space never matter. A file that has
            the column under its own name may use these for something else.
    """

    name: str
    kind: Literal["integer", "text"]
    repairs: tuple[Repair, ...] = ()
    required: bool = True
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What a table must be: its raw columns, its rules in the order in which they apply, and its clean schema."""

    name: str
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...]
    clean: Callable[[], "pa.DataFrameSchema"]

    @property
    def names(self) -> list[str]:
        """The clean names of all columns, in order."""
        return [column.name for column in self.columns]

    @property
    def deduplicate(self) -> Deduplicate | None:
        """The rule by which copies are found, if the table has one."""
        return next((rule for rule in self.rules if isinstance(rule, Deduplicate)), None)

    def match(self, header: Sequence[str]) -> dict[str, int]:
        """Finds the columns in a file's header, whatever their order and case.

        Args:
            header: the names as the file has them.

        Returns:
            clean name -> position in the header, for each column of the table that the file has.

        Raises:
            ValueError: a required column is missing or one is there twice; the text says what is there.
        """
        there = [name.strip().casefold() for name in header]
        found: dict[str, int] = {}
        for column in self.columns:
            aliases = {alias.casefold() for alias in column.aliases}
            places = [place for place, name in enumerate(there) if name == column.name.casefold()]
            places = places or [place for place, name in enumerate(there) if name in aliases]
            if len(places) > 1:
                twice = " and ".join(header[place] for place in places[:2])
                raise ValueError(f"the column {column.name} is there twice (as {twice})")
            if places:
                found[column.name] = places[0]
        missing = [column.name for column in self.columns if column.required and column.name not in found]
        if missing:
            names = shorten(", ".join(name.strip() for name in header), _LONGEST_LIST)
            raise ValueError(f"no column {' or '.join(missing)} among {names}")
        return found
