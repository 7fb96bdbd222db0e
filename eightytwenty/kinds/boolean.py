"""Truth values: true or false."""

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_TRUE, _FALSE = {"true", "t", "yes", "y", "on", "1", "1.0"}, {"false", "f", "no", "n", "off", "0", "0.0"}


def is_plain(cell: str) -> bool:
    """Whether a cell is `true` or `false`.

    >>> is_plain("true"), is_plain("TRUE")
    (True, False)
    """
    return cell in {"true", "false"}


def parse(cells: pl.Series) -> pl.Series:
    """Reads `true` and `false` as Boolean."""
    return (cells == "true").set(~cells.is_in(["true", "false"]), None)


def truth_word(cell: str) -> str:
    """Turns other words for true and false into these two.

    >>> truth_word("Yes"), truth_word("0"), truth_word("2")
    ('true', 'false', '2')
    """
    word = cell.lower()
    return "true" if word in _TRUE else "false" if word in _FALSE else cell


BOOLEAN = register(
    Kind(
        name="boolean",
        dtype=pl.Boolean(),
        fault="neither true nor false",
        fault_reason="a cell is no word for true or false",
        is_plain=is_plain,
        parse=parse,
        repairs=(UNICODE_VARIANTS, Repair("truth word", "another word for true or false", truth_word)),
        missing_marks=MISSING_MARKS,
    )
)
