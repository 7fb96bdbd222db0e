"""Kinds of numbers as the columns of one format have them."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

import polars as pl

from eightytwenty.kinds import Kind, Repair
from eightytwenty.kinds.number_format import DOUBT, NumberFormat, find_number_form

Recogniser = Callable[[pl.Series, str, pl.Series | None], pl.Series]

NUMBER_FORMAT = "number format"
UNKNOWN_MARK = "group or fraction"


def formatted(kind: Kind, example: str) -> Kind:
    """A kind of numbers as columns of a format have it.

    Raises:
        ValueError: the example is no format.
    """
    usual, *others = NumberFormat.parse_either(example)
    formatted_kind = _formatted(kind, usual)
    if not others:
        return formatted_kind
    (other,) = others

    def is_open(cells: pl.Series) -> pl.Series:
        return (usual.bare(cells) != other.bare(cells)).fill_null(value=False)

    return replace(
        formatted_kind,
        doubt=is_open,
        doubt_name=UNKNOWN_MARK,
        doubt_reason=f"{DOUBT}; state the format of the column",
    )


def in_column(kind: Kind, mark: str, counts: pl.Series, recognise: Recogniser) -> Kind:
    """A kind of numbers that knows the mark of a column, and how often each cell occurs.

    Args:
        kind: of numbers.
        mark: before fractions, empty if unknown.
        counts: (n,) integer, how often each cell occurs.
        recognise: as the kind does, with the mark and the counts as further arguments.
    """
    return replace(
        kind,
        recognise=lambda cells: recognise(cells, mark, counts),
        find_form=lambda cells, counts: find_number_form(cells, counts, mark),
    )


@lru_cache(maxsize=1_000)
def _formatted(kind: Kind, format: NumberFormat) -> Kind:  # noqa: A002
    pattern, unlabelled = re.compile(format.pattern), NumberFormat(group=format.group, mark=format.mark)
    bare_pattern = re.compile(unlabelled.pattern)

    def is_plain(cell: str) -> bool:
        return pattern.fullmatch(cell) is not None and kind.is_plain(format.read(cell))

    def write(cell: str) -> str:
        plain = unlabelled.read(cell) if bare_pattern.fullmatch(cell) else cell
        return format.write(plain) if kind.is_plain(plain) else cell

    as_written = Repair(NUMBER_FORMAT, "the number as this column writes its numbers", write)
    return replace(
        kind,
        is_plain=is_plain,
        parse=lambda cells: kind.parse(format.bare(cells)),
        # first, because the marks of the column have one reading, which they have not everywhere
        repairs=(as_written, *kind.repairs, as_written),
        has_one_form=False,
    )
