"""Tells a table of several columns from texts in which a delimiter occurs, where no names are known."""

import re
from collections.abc import Sequence

from eightytwenty.read.likely_header import NEARLY_ALL, Row, kind_of, kind_of_column, usual_width

# More than this share of the lines of a table are regular, if its first line is; and if titles may stand above it, as
# then a text in which some lines happen to have as many commas looks the same.
_MOST, _REGULAR = 0.5, 0.75
# A delimiter in a cell, without the space that follows it in a text.
_DELIMITER = re.compile(r"[,;\t|^~](?=\S)")
_COLON = ":"
_OF_TEXTS = {_COLON, " "}  # delimiters that occur in texts, times and numbers too


def is_table(rows: Sequence[Row], texts: Sequence[str], delimiter: str, *, is_wrapped: bool) -> bool:
    """Whether a delimiter makes a table of several columns of lines.

    Args:
        rows: the cells of each line, of which one at least has some.
        texts: the lines.
        delimiter: between the cells.
        is_wrapped: whether each line is taken to be quoted as a whole.
    """
    is_weak = delimiter in _OF_TEXTS
    width = usual_width(rows)
    if width < 2:
        return False
    first = next(at for at, row in enumerate(rows) if len(row) == width)
    # records may leave out their last cells, and the header does not
    is_widest = len(rows[0]) == max(map(len, rows))
    first = min(first, 1) if is_widest else first
    wide = [(text.strip(), row) for row, text in zip(rows[first:], texts[first:], strict=True) if len(row) == width]
    share = len(wide) / (len(rows) - first)
    if not share > (_MOST if first == 0 or is_widest else _REGULAR):
        return False
    if is_weak and first and len(wide) == 1:  # one line shows nothing
        return False
    # one cell in quotes is a line in quotes as well, but few texts have as many commas as all others, between words
    is_text = width == 2 or share < NEARLY_ALL or not any(cell.strip() for _, row in wide for cell in row[1:])
    if first and is_wrapped and is_text:
        return False
    lines = [text for text, _ in wide]
    # one column of numbers with a decimal comma, or of times, below a name or without one
    may_be_one = is_weak or (first and not is_widest)
    if may_be_one and kind_of(lines[0]) and kind_of_column(lines):
        return False
    if delimiter == _COLON and any(map(kind_of, wide[0][1])):  # as in the times of a log
        return False
    if is_weak:
        return share >= NEARLY_ALL and _is_headed(rows[:first], width) and _has_values([row for _, row in wide])
    # below a name, names of people as in "Smith, John"
    return not (first and width == 2 and all(row[1].startswith(" ") for _, row in wide))


def _is_headed(above: Sequence[Row], width: int) -> bool:
    """Whether the lines above a table are comments, or the header as R writes it, without a name for the row names."""
    is_header = len(above) == 1 and len(above[0]) == width - 1
    return is_header or all(row and row[0].startswith("#") for row in above)


def _has_values(rows: Sequence[Row]) -> bool:
    """Whether a column has values of one kind, as words of a text hardly do."""
    return any(kind_of_column(column) for column in zip(*(rows[1:] or rows), strict=True))


def whole_share(rows: Sequence[Row]) -> float:
    """The share of cells that hold no delimiter, unless it is part of a number."""
    cells = [cell for row in rows for cell in row]
    split = sum(_DELIMITER.search(cell) is not None and not kind_of(cell) for cell in cells)
    return 1 - split / max(len(cells), 1)
