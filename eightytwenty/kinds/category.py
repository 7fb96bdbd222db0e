"""What is known of a picture besides its pixels: categorical attributes, such as the hair of an avatar."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """A categorical attribute.

    Args:
        name: in snake_case, a column of the clean table.
        values: the names of its values; a value's code is its index.
    """

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class KnownAttributes:
    """Attributes whose values are known beforehand.

    Args:
        tables: sets of attributes; a table whose columns have just the names of one holds its values.
        beside: the attributes of files that stand beside pictures; without any, such files are not read.
    """

    tables: tuple[tuple[Attribute, ...], ...] = ()
    beside: tuple[Attribute, ...] = ()


NONE_KNOWN = KnownAttributes()
