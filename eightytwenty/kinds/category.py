"""Categories: one of a few names, and the categorical attributes of pictures, such as the hair of an avatar."""

from dataclasses import dataclass

import polars as pl

from eightytwenty.kinds import Kind, register
from eightytwenty.kinds.spelling import MISSING_MARKS
from eightytwenty.kinds.text import is_plain, parse

CATEGORY = register(
    Kind(
        name="category",
        dtype=pl.String(),
        fault="not a name",
        fault_reason="a cell of a category has space around it, which no repair removes",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        missing_marks=MISSING_MARKS,
    )
)


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
    """Attributes whose values are known in advance.

    Args:
        tables: sets of attributes. A table whose columns have exactly the names of a set has the values of that set.
        sidecar: the attributes in the file next to each picture; if there are none, such files are not read.
    """

    tables: tuple[tuple[Attribute, ...], ...] = ()
    sidecar: tuple[Attribute, ...] = ()


NO_KNOWN_ATTRIBUTES = KnownAttributes()
