"""What a table declares: its columns, its rules and the schema of its clean rows.

docs/cleaning.md shows a short table; schemas/pairs.py is a longer one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    import pandera.polars as pa
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


@dataclass(frozen=True)
class Impute:
    """Fills in cells of a row from its other cells, where only one value is possible.

    `function` takes the rows in which an integer cell is missing or cannot be read, as (cells: String, values: Int64),
    two frames of the integer columns with the same height. It returns a frame of the same shape: String, the new text,
    or null for "no change".
    """

    name: str
    reason: str
    function: Callable[["pl.DataFrame", "pl.DataFrame"], "pl.DataFrame"]


@dataclass(frozen=True, eq=False)  # == on expressions returns an expression, so a check is equal only to itself
class Check:
    """A condition that a row must satisfy; a row that does not goes to quarantine.

    `expression` is true for a sound row. It sees the typed columns (Int64 or String, null where a cell is missing or
    cannot be read), and only the cells of that row, because a table is read in pieces. Null counts as sound: a missing
    cell has its own reason.
    """

    name: str
    reason: str
    expression: "pl.Expr"


@dataclass(frozen=True)
class Deduplicate:
    """Rows with the same key are one record. Equal rows are copies of the first; different ones contradict each other.

    Copies go to duplicates. Where any two rows of a key differ after repair, all of them go to quarantine.
    """

    name: str
    reason: str
    key: str


Rule = Impute | Check | Deduplicate

# The plain form of each kind of column, and the only one a clean cell has. 18 digits always fit an int64.
PLAIN = {"integer": r"^(0|-?[1-9][0-9]{0,17})$", "text": r"(?s)^\S(.*\S)?$"}

_LONGEST_LIST = 200  # characters of the names in a message, because a line of data may stand where the header should be


@dataclass(frozen=True)
class Column:
    """A column of the raw table.

    Args:
        name: the name it has when clean.
        kind: "integer" (plain digits, int64) or "text" (no space around it).
        repairs: applied in order to the cells that are not in plain form.
        required: whether a file without this column is refused. No cell of a column that a file has may be missing.
        aliases: other names that files may use for it; case and surrounding space never matter. A file that has the
            column under its own name may use the aliases for something else.
    """

    name: str
    kind: Literal["integer", "text"]
    repairs: tuple[Repair, ...] = ()
    required: bool = True
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """What a table must be: its raw columns, its rules in their order, and the schema of its clean rows."""

    unit: ClassVar[str] = "rows"  # for progress bars
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
        """The rule that finds copies, if the table has one."""
        return next((rule for rule in self.rules if isinstance(rule, Deduplicate)), None)

    def match(self, header: Sequence[str]) -> dict[str, int]:
        """Finds the columns in a file's header, whatever their order and case.

        Args:
            header: the names as the file has them.

        Returns:
            clean name -> position in the header, for each column of the table that the file has.

        Raises:
            ValueError: a required column is missing, or a column occurs twice.
        """
        names = [name.strip().casefold() for name in header]
        positions: dict[str, int] = {}
        for column in self.columns:
            aliases = {alias.casefold() for alias in column.aliases}
            matches = [position for position, name in enumerate(names) if name == column.name.casefold()]
            matches = matches or [position for position, name in enumerate(names) if name in aliases]
            if len(matches) > 1:
                duplicates = " and ".join(header[position] for position in matches[:2])
                raise ValueError(f"the column {column.name} occurs twice (as {duplicates})")
            if matches:
                positions[column.name] = matches[0]
        missing = [column.name for column in self.columns if column.required and column.name not in positions]
        if missing:
            columns = shorten(", ".join(name.strip() for name in header), _LONGEST_LIST)
            raise ValueError(f"there is no column {' or '.join(missing)} among {columns}")
        return positions
