"""Columns that are written out of other columns of their row, such as `{state}_{measure}`."""

from collections import Counter
from collections.abc import Sequence

import polars as pl

from eightytwenty.mined_rules import Template

_MOST_ROWS = 2_000  # looked at: shares of .9 and .98 are told apart from a few hundred
_FEWEST_ROWS = 20
_FEWEST_VALUES = 5  # of a column: with fewer, any text may hold another by chance
_SHORTEST = 2  # characters of a value that is looked for in another
_PART = 0.85  # of the rows hold the value of another column, so that it is tried as a part
_HOLDS, _HOLDS_OF_ONE = 0.9, 0.98  # of the rows, for two parts or more, and for one
_BRACES = "{}"


def find_templates(cells: pl.DataFrame) -> list[Template]:
    """The templates of a table.

    Args:
        cells: (n, columns) String, null where a cell is missing. Of many rows, those with the smallest hashes are
            looked at, whatever their order.
    """
    if cells.height > _MOST_ROWS:
        cells = cells.filter(cells.hash_rows(seed=1).rank("ordinal") <= _MOST_ROWS)
    names = [name for name in cells.columns if cells[name].n_unique() >= 2 and not set(name) & set(_BRACES)]
    return [template for name in names if (template := _find(name, names, cells))]


def _find(name: str, names: Sequence[str], cells: pl.DataFrame) -> Template | None:
    """The template of one column."""
    told = cells.filter(pl.col(name).is_not_null())
    if told.height < _FEWEST_ROWS or told[name].n_unique() < _FEWEST_VALUES:
        return None
    parts = _parts(name, names, told)
    if not parts:
        return None
    counts: Counter[str] = Counter()
    for text, *values in told.select(name, *parts).iter_rows():
        counts[_written(text, dict(zip(parts, values, strict=True)))] += 1
    text, count = min(counts.items(), key=lambda item: (-item[1], item[0]))
    try:
        template = Template(text, name, round(count / told.height, 3))
    except ValueError:  # no part is left in it
        return None
    # a column that is the same as another is no text that is put together
    if template.pieces == [(template.parts[0], True)]:
        return None
    return template if count / told.height >= (_HOLDS if len(template.parts) > 1 else _HOLDS_OF_ONE) else None


def _parts(name: str, names: Sequence[str], told: pl.DataFrame) -> list[str]:
    """The columns whose values are nearly always found in those of a column, the longest first."""
    others = [other for other in names if other != name]
    if not others:
        return []
    found = told.select(
        (pl.col(name).str.contains(pl.col(other), literal=True) & (pl.col(other).str.len_chars() >= _SHORTEST))
        .mean()
        .alias(str(at))
        for at, other in enumerate(others)
    )
    shares = found.row(0)
    parts = [other for other, share in zip(others, shares, strict=True) if share is not None and share >= _PART]
    length = {part: told[part].str.len_chars().mean() or 0 for part in parts}
    return sorted(parts, key=lambda part: (-float(str(length[part])), names.index(part)))


def _written(text: str, values: dict[str, str | None]) -> str:
    """A text with the values of other columns replaced by their names in braces, where they stand as words.

    It is empty if there are braces in the rest of the text.
    """
    pieces: list[tuple[str, bool]] = [(text, False)]
    for part, value in values.items():
        if value is None or len(value) < _SHORTEST:
            continue
        for at, (piece, is_name) in enumerate(pieces):
            if not is_name and (place := _place(value, piece)) is not None:
                pieces[at : at + 1] = [(piece[:place], False), (part, True), (piece[place + len(value) :], False)]
                break
    if any(set(piece) & set(_BRACES) for piece, is_name in pieces if not is_name):
        return ""  # a template cannot say so
    return "".join(f"{{{piece}}}" if is_name else piece for piece, is_name in pieces)


def _place(value: str, text: str) -> int | None:
    """Where a value stands in a text as a word, not within one."""
    place = text.find(value)
    if place < 0:
        return None
    before, after = text[place - 1 : place], text[place + len(value) : place + len(value) + 1]
    is_within = (before.isalnum() and value[0].isalnum()) or (after.isalnum() and value[-1].isalnum())
    return None if is_within else place


def expected(template: Template, cells: pl.DataFrame) -> pl.Series:
    """(n,) String, what the template says of each row; null where a part is missing."""
    pieces = [pl.col(piece) if is_name else pl.lit(piece) for piece, is_name in template.pieces]
    return cells.select(pl.concat_str(pieces).alias(template.column)).to_series()
