"""Stands for a table that nobody has declared yet: whatever columns a file has are its columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from eightytwenty.read.options import ReadOptions
from eightytwenty.schema import Column, Table, loose_name, unique_names


@dataclass(frozen=True)
class AnyTable:
    """What the readers need of a table, where there is none: a file is opened with all of its columns.

    Args:
        read: what is known of the files.
    """

    name: ClassVar[str] = "records"  # in messages: a file of records, no table of records
    columns: ClassVar[tuple[Column, ...]] = ()  # none is declared
    names: ClassVar[list[str]] = []
    spellings: ClassVar[dict[str, str]] = {}
    read: ReadOptions = field(default_factory=ReadOptions)

    def match(self, header: Sequence[str]) -> dict[str, int]:
        """All columns of a file: clean name -> position.

        Raises:
            ValueError: there is none.
        """
        if not header:
            raise ValueError("there is no column")
        return {name: position for position, name in enumerate(unique_names(header))}


def spellings_of(table: Table | AnyTable, columns: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The names that a file may use, without the differences that do not count, and the clean names.

    Args:
        table: declares them, or none.
        columns: the clean names of the columns that the file has.
    """
    if isinstance(table, AnyTable):
        return tuple((loose_name(column), column) for column in columns)
    return tuple(table.spellings.items())
