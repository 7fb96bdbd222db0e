"""Text: anything, without space around it."""

import polars as pl

from eightytwenty.kinds import Kind, register

# what polars strips; Python's own set has four control characters more
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001)))).translate(dict.fromkeys(range(0x1C, 0x20)))


def is_plain(cell: str) -> bool:
    """Whether there is no space around a cell.

    >>> is_plain("two words"), is_plain(" x"), is_plain("")
    (True, False, False)
    """
    return cell != "" and cell.strip(_SPACES) == cell


def parse(cells: pl.Series) -> pl.Series:
    """Reads text without space around it."""
    lengths = cells.str.len_bytes()  # comparing these is faster than comparing texts
    not_plain = (cells.str.strip_chars().str.len_bytes() != lengths) | (lengths == 0)
    return cells.set(not_plain, None) if not_plain.any() else cells


TEXT = register(
    Kind(
        name="text",
        dtype=pl.String(),
        fault="not plain text",
        fault_reason="a cell of text is empty or has space around it, which no repair removes",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
    )
)
