"""Codes: identifiers of letters, digits and punctuation, such as a postal code or an article number.

A code is never a number: its leading zeros stay.
"""

import re

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_CHARACTER = r"[^\s\x00-\x1f\x7f-\x9f]"
_PLAIN = re.compile(rf"{_CHARACTER}+(?: {_CHARACTER}+)*")


def is_plain(cell: str) -> bool:
    r"""Whether a cell has no control characters and no spaces but single ones between others.

    >>> is_plain("007"), is_plain("SW1A 2AA"), is_plain("a  b"), is_plain("a\n")
    (True, True, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain codes as text."""
    not_plain = ~cells.str.contains(rf"^(?:{_PLAIN.pattern})\z")
    return cells.set(not_plain, None) if not_plain.any() else cells


def spaces_within(cell: str) -> str:
    """Turns spaces of any kind and number between other characters into one.

    >>> spaces_within("SW1A  2AA")
    'SW1A 2AA'
    """
    return " ".join(cell.split())


CODE = register(
    Kind(
        name="code",
        dtype=pl.String(),
        fault="not a code",
        fault_reason="a cell has characters that no code has",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(UNICODE_VARIANTS, Repair("spaces within", "several spaces in a row stand for one", spaces_within)),
        missing_marks=MISSING_MARKS,
    )
)
