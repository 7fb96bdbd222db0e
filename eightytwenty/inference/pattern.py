"""The patterns of codes: how their letters, digits and marks follow each other, as in `[A-Z]+-[0-9]{4}`."""

import re
from collections import Counter

from eightytwenty.inference.values import Values

_FEWEST_ROWS = 50  # that show a pattern
_RARE, _FEWEST = 0.01, 3  # a shape in fewer of the rows is none of the column's
_NEARLY_ALL = 0.98  # of the rows have one of the shapes of the column
_MOST_SHAPES = 5  # more of them are no pattern
_FIXED = 0.97  # of the rows have digits of one and the same number
_SPECIAL = ".^$*+?{}[]\\|()"
_RUN = re.compile(r"[0-9]+|[A-Z]+|[a-z]+|[^\W\d_]+|.", re.DOTALL)


def find_pattern(values: Values) -> str:
    """A regular expression that nearly all values match, empty if they have no pattern.

    >>> import polars as pl
    >>> find_pattern(Values.of(pl.Series([f"AB-{n}" for n in range(1000, 1100)])))
    '[A-Z]+-[0-9]{4}'
    """
    if values.total < _FEWEST_ROWS:
        return ""
    for is_fixed, needed in ((True, _FIXED), (False, _NEARLY_ALL)):
        shapes = Counter[str]()
        for cell, count in zip(values.cells, values.counts, strict=True):
            shapes[_shape(cell, is_fixed=is_fixed)] += count
        known = [shape for shape, count in shapes.most_common() if count >= max(_FEWEST, _RARE * values.total)]
        is_pattern = sum(shapes[shape] for shape in known) >= needed * values.total
        if is_pattern and len(known) <= (1 if is_fixed else _MOST_SHAPES):
            return "|".join(known)
    return ""


def _shape(cell: str, *, is_fixed: bool) -> str:
    """A regular expression of cells like this one, with digits of the same number or of any."""

    def run(match: re.Match[str]) -> str:
        text = match[0]
        if text[0] in "0123456789":
            return f"[0-9]{{{len(text)}}}" if is_fixed and len(text) > 1 else "[0-9]" if is_fixed else "[0-9]+"
        if text.isascii() and text.isalpha():
            return "[A-Z]+" if text.isupper() else "[a-z]+"
        return r"[^\W\d_]+" if text.isalpha() else f"\\{text}" if text in _SPECIAL else text

    return _RUN.sub(run, cell)
