"""Texts that were read in a wrong encoding on their way, such as `MÃ¼ller`."""

import polars as pl

# the replacement character, control characters of Latin-1, and two-byte characters of UTF-8 read as cp1252
DAMAGED = r"\x{fffd}|[\x{80}-\x{9f}]|[\x{c2}\x{c3}][\x{a0}-\x{bf}\x{152}-\x{2122}]|\x{e2}\x{20ac}"


def undamaged(cell: str) -> str | None:
    """The text as it was, None if that cannot be told.

    >>> undamaged("M\u00c3\u00bcller"), undamaged("M\ufffdller")
    ('M\u00fcller', None)
    """
    for encoding in ("cp1252", "latin-1"):
        try:
            return cell.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
    return None


def find_damaged(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The rows of damaged texts, and what these were: String, null where that cannot be told.

    Args:
        cells: (n,) String.
    """
    rows = cells.str.contains(DAMAGED).fill_null(value=False).arg_true()
    found = cells[rows]
    meant = {cell: undamaged(cell) for cell in found.unique()}
    return rows, found.replace_strict(meant, return_dtype=pl.String)
