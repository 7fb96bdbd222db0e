"""Cells with misspelt words: rare words that are one slip away from a word that is frequent in the column.

"INDUSTRIA LFINANCE AUTH." shows both a word with a letter too many and a word that has lost it: the letter has moved
across the space, and goes back.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from eightytwenty.inference.lexicon import Lexicon
from eightytwenty.inference.near_words import DROPPED, INSERTED
from eightytwenty.inference.slip_evidence import WORDS

_WORD = r"\p{L}{2,}"
_LIKELY = 0.0  # log odds; a word below is left as it is
_SCHEMA = {"cell": pl.String(), "proposal": pl.String(), "log_odds": pl.Float64(), "reason": pl.String()}


@dataclass(frozen=True)
class _Slip:
    """A word that is probably a slip of another one.

    Args:
        word: as it is written.
        meant: the other one.
        count: rows in which that occurs.
        slip: what was done to a letter.
        place: of the letter.
        log_odds: that the other one is meant.
    """

    word: str
    meant: str
    count: int
    slip: str
    place: int
    log_odds: float


def learn_words(cells: pl.Series, counts: pl.Series) -> Lexicon:
    """The words of (n,) distinct cells, and the rows in which they occur."""
    words = _words(cells)
    words = words.with_columns(counts.gather(words["number"]).alias("count"))
    rows = words.group_by("word").agg(pl.col("count").sum()).sort("word")
    return Lexicon.of(rows["word"], rows["count"])


def misspelt(cells: pl.Series, lexicon: Lexicon) -> pl.DataFrame:
    """The cells with words that are probably slips of others.

    Args:
        cells: (n,) String, distinct.
        lexicon: the words of the column.

    Returns:
        One line per such cell: cell, proposal, log_odds (of the least likely word) and reason.
    """
    words = _words(cells)
    distinct = words["word"].unique().sort()
    found = lexicon.slips(distinct, lexicon.count(distinct), WORDS).filter(pl.col("log_odds") > _LIKELY)
    if found.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    columns = found.select("cell", "meant", "word_count", "slip", "place", "log_odds")
    slips = {row[0]: _Slip(*row) for row in columns.rows()}
    known = set(lexicon.texts.filter(lexicon.counts > 1))
    hits = words.filter(pl.col("word").is_in(found["cell"].implode())).group_by("number").agg("word").sort("number")
    lines = []
    for number, in_cell in hits.rows():
        cell = cells[number]
        least = min((slips[word] for word in in_cell), key=lambda slip: (slip.log_odds, slip.word))
        proposal = cell
        for word in in_cell:
            proposal = _corrected(proposal, slips[word], known.__contains__)
        reason = f"'{least.word}' for '{least.meant}', which occurs {least.count} times"
        lines.append((cell, proposal, least.log_odds, reason))
    return pl.DataFrame(lines, _SCHEMA, orient="row")


def _words(cells: pl.Series) -> pl.DataFrame:
    """The words of n cells: number (of the cell) and word, each once per cell."""
    numbers = pl.int_range(len(cells), dtype=pl.UInt32, eager=True).alias("number")
    words = cells.str.extract_all(_WORD).alias("word")
    return pl.DataFrame([numbers, words]).explode("word").drop_nulls().unique(maintain_order=True)


def _corrected(cell: str, slip: _Slip, is_known: Callable[[str], bool]) -> str:
    """The cell with the word that is meant, wherever the other one stands."""
    spans = [match.span() for match in re.finditer(rf"(?<![^\W\d_]){re.escape(slip.word)}(?![^\W\d_])", cell)]
    for start, end in reversed(spans):
        boundary = _moved_across(cell, start, end, slip, is_known)
        if boundary is None:
            cell = cell[:start] + slip.meant + cell[end:]
        else:
            cell = cell[:boundary] + cell[boundary + 1] + cell[boundary] + cell[boundary + 2 :]
    return cell


def _moved_across(cell: str, start: int, end: int, slip: _Slip, is_known: Callable[[str], bool]) -> int | None:
    """The place in the cell that is to be swapped with the next one, if the letter has moved across a space."""
    is_first, is_last = slip.place == 0, slip.place >= len(slip.meant) - (slip.slip == DROPPED)
    if slip.slip == DROPPED and is_last and cell[end + 1 : end + 2] == slip.meant[-1]:
        return end
    if slip.slip == DROPPED and is_first and start >= 2 and cell[start - 2] == slip.meant[0]:
        return start - 2
    if slip.slip == INSERTED and is_first and start >= 2:
        before = _letters(cell[: start - 1], at_end=True)
        if before and (is_known(before + slip.word[0]) or not (len(before) == 1 or is_known(before))):
            return start - 1
    if slip.slip == INSERTED and is_last:
        after = _letters(cell[end + 1 :], at_end=False)
        if after and (is_known(slip.word[-1] + after) or not (len(after) == 1 or is_known(after))):
            return end - 1
    return None


def _letters(text: str, *, at_end: bool) -> str:
    """The letters at one end of a text."""
    match = re.search(r"[^\W\d_]*$" if at_end else r"^[^\W\d_]*", text)
    return match[0] if match else ""
