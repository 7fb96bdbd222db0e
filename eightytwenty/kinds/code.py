"""Codes: identifiers of letters, digits and punctuation, such as a postal code or an article number.

A code is never a number: its leading zeros stay. One in scientific notation, such as 1.23457E+11, is what a spreadsheet
has left of a longer one.
"""

import re

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import INVISIBLE, MISSING_MARKS, SPACES_WITHIN, UNICODE_VARIANTS

_CHARACTER = rf"[^\s\x00-\x1f\x7f-\x9f{INVISIBLE}]"
_PLAIN = re.compile(rf"{_CHARACTER}+(?: {_CHARACTER}+)*")
# With its plus sign, as programs write it. Nobody else does: "1E5" is a code.
_SCIENTIFIC = re.compile(r"[1-9](?:[.,][0-9]+)?[eE][+][0-9]{2,3}")


def is_plain(cell: str) -> bool:
    r"""Whether a cell has no invisible characters, no spaces but single ones between others, and all its digits.

    >>> is_plain("007"), is_plain("SW1A 2AA"), is_plain("a  b"), is_plain("a\n"), is_plain("1.23457E+11")
    (True, True, False, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None and _SCIENTIFIC.fullmatch(cell) is None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain codes as text."""
    not_plain = ~cells.str.contains(rf"^(?:{_PLAIN.pattern})\z") | cells.str.contains(rf"^(?:{_SCIENTIFIC.pattern})\z")
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
        fault_reason="a cell has characters that no code has, or is a number that has been cut short (1.23457E+11)",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(UNICODE_VARIANTS, Repair(SPACES_WITHIN, "several spaces in a row stand for one", spaces_within)),
        missing_marks=MISSING_MARKS,
    )
)
