"""Finds out which columns of an attribute table are attributes of the pictures, and reads their values."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from eightytwenty.engine.reasons import LETTER_CASE
from eightytwenty.kinds.category import Attribute, KnownAttributes
from eightytwenty.kinds.spelling import STRAY_SPACES, missing_mark
from eightytwenty.pictures.attribute_files import MALFORMED, MISSING_VALUE, UNKNOWN_VALUE, AttributeFile
from eightytwenty.pictures.attribute_text import FILE, read_lines

MOST_VALUES = 64
# In a table whose values are not known in advance, a value on a smaller share of the lines counts as a typo.
LEAST_SHARE = 0.001
# In a table of more lines, a column with more values than half the lines is an id or a caption.
MOST_UNREPEATED_LINES = 10

_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?")
_WHOLE = re.compile(r"[-+]?\d+([.,]0*)?")  # pandas writes 1.0 if another line has no value


@dataclass(frozen=True)
class AttributeChange:
    """A repaired value of a line: a line of the ledger."""

    attribute: str
    repair: str
    before: str
    after: str


@dataclass(frozen=True)
class AttributeLine:
    """A line of an attribute table.

    Args:
        source: the table's path in the source.
        record: its number from 1, without the header.
        picture: its name for the picture, empty if it cannot be read.
        values: one for each attribute of the table; None if there is a problem.
        problem: one of `REASONS`, empty if there is none.
        original: its bytes.
        changes: how the values were repaired.
    """

    source: str
    record: int
    picture: str
    values: tuple[str, ...] | None
    problem: str
    original: bytes
    changes: tuple[AttributeChange, ...]


@dataclass(frozen=True)
class AttributeTable:
    """An attribute table, or several with the same columns.

    Args:
        attributes: the attributes that it gives the pictures.
        lines: its lines, in order.
        ignored_columns: columns that are not attributes: name -> reason.
    """

    attributes: tuple[Attribute, ...]
    lines: tuple[AttributeLine, ...]
    ignored_columns: dict[str, str]


def parse_tables(files: Sequence[AttributeFile], known_attributes: KnownAttributes) -> AttributeTable:
    """Reads attribute tables with the same columns: one that names the file, and others of few different values.

    If its columns are known in advance, their values are too. Otherwise they are learned from the lines: a column is an
    attribute if it has 2 to `MOST_VALUES` values, most of them on several lines, and they are not measured numbers. A
    value counts if at least one in a thousand lines has it. Spellings that differ in case or by spaces around them are
    one value, but for single letters, which may well be codes.

    Raises:
        UserError: see `eightytwenty.pictures.attribute_text.read_lines`.
    """
    tables = [read_lines(file) for file in files]
    raw = pl.concat([table.cells.select(tables[0].cells.columns) for table in tables])
    names = [name for name in raw.columns if name != FILE]
    cells = raw.with_columns(pl.all().str.strip_chars()).with_columns(
        pl.when(pl.all() != "").then(pl.all()).name.keep().map_elements(missing_mark, return_dtype=pl.String)
    )
    known = _known_attributes(names, known_attributes)
    spelt = cells.with_columns(_spelling(cells[name], known) for name in names)
    attributes, ignored_columns = (known, {}) if known else _attributes(spelt.select(names))
    ignored_columns |= {name: "it has no name" for table in tables for name in table.nameless}

    changes = _changes(attributes, raw, cells, spelt)
    rows = spelt.select(attribute.name for attribute in attributes).rows() if attributes else [()] * spelt.height
    allowed = [frozenset(attribute.values) for attribute in attributes]
    places = ((table, row) for table in tables for row in range(table.cells.height))
    lines = []
    for number, ((table, row), values, picture) in enumerate(zip(places, rows, spelt[FILE], strict=True)):
        problem = ""
        if table.problems[row] or picture is None:
            problem = MALFORMED
        elif None in values:
            problem = MISSING_VALUE
        elif any(value not in choices for value, choices in zip(values, allowed, strict=True)):
            problem = UNKNOWN_VALUE
        lines.append(
            AttributeLine(
                table.name,
                row + 1,
                picture or "",
                None if problem else values,
                problem,
                table.originals[row],
                tuple(changes[number]),
            )
        )
    return AttributeTable(attributes, tuple(lines), ignored_columns)


def _known_attributes(names: Sequence[str], known_attributes: KnownAttributes) -> tuple[Attribute, ...]:
    """The known set of attributes with exactly these names; empty if there is none."""
    sets = (known for known in known_attributes.tables if {attribute.name for attribute in known} == set(names))
    return next(sets, ())


def _spelling(values: pl.Series, known: Sequence[Attribute]) -> pl.Series:
    """Values of a column, in the known or else the most frequent spelling among those that differ in case only."""
    counts = dict(values.drop_nulls().value_counts().iter_rows())
    counts |= {
        value: len(values) + 1 for attribute in known if attribute.name == values.name for value in attribute.values
    }
    spellings: dict[str, list[str]] = defaultdict(list)
    for value in counts:
        if len(value) > 1:
            spellings[value.casefold()].append(value)
    one = {
        value: min(alike, key=lambda spelling: (-counts[spelling], spelling))
        for alike in spellings.values()
        for value in alike
        if len(alike) > 1
    }
    return values.replace(one) if one else values


def _changes(
    attributes: Sequence[Attribute], raw: pl.DataFrame, cells: pl.DataFrame, spelt: pl.DataFrame
) -> dict[int, list[AttributeChange]]:
    """The repairs of each line, by its number, in the order of the attributes."""
    changes: dict[int, list[AttributeChange]] = defaultdict(list)
    for name in (attribute.name for attribute in attributes):
        for repair, before, after in (
            (STRAY_SPACES.name, raw[name], cells[name]),
            (LETTER_CASE, cells[name], spelt[name]),
        ):
            for row in np.flatnonzero((before != after).fill_null(value=False).to_numpy()).tolist():
                changes[row].append(AttributeChange(name, repair, before[row], after[row]))
    return changes


def _attributes(cells: pl.DataFrame) -> tuple[tuple[Attribute, ...], dict[str, str]]:
    """The columns that are attributes, and the reasons why the others are not, by name."""
    attributes, ignored_columns = [], {}
    for column in cells:
        counts = column.drop_nulls().value_counts()
        values = [value for value, count in counts.iter_rows() if count >= LEAST_SHARE * len(column)]
        if not values:
            ignored_columns[column.name] = (
                "it has no value that stands on several lines" if counts.height else "it is empty"
            )
        elif len(values) == 1:
            ignored_columns[column.name] = "it has one value only"
        elif len(values) > MOST_VALUES:
            ignored_columns[column.name] = f"it has more than {MOST_VALUES} different values"
        elif all(map(_NUMBER.fullmatch, values)) and not all(map(_WHOLE.fullmatch, values)):
            ignored_columns[column.name] = "it holds measured numbers"
        elif len(column) > MOST_UNREPEATED_LINES and 2 * len(values) > len(column):
            ignored_columns[column.name] = "most of its values stand on one line only"
        else:
            attributes.append(Attribute(column.name, tuple(sorted(values, key=_by_number))))
    return tuple(attributes), ignored_columns


def _by_number(value: str) -> tuple[int, str]:
    """Orders whole numbers by size and before words, and such as 0 and 00 by their digits."""
    is_whole = value.isascii() and value.lstrip("-").isdecimal() and len(value) < 19
    return (int(value) if is_whole else 1 << 62), value
