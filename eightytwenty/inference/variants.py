"""Values of a column that are other values of it, written in another way: with stray characters, in other case, ...

A rare value is taken for a frequent one if the two differ in one respect only. Where frequent values of the column
differ in the same respect from each other, the difference means something there, and nothing is said.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from eightytwenty.inference.values import Values
from eightytwenty.kinds.spelling import MARKS_AT_END, SPACES_WITHIN, STRAY_CHARACTERS, without_stray_characters

_TIMES = 5  # as often as the rare value: the frequent one is then hardly the mistake
_LONGER = 0.3  # the same for a value that is longer by marks of no meaning, which need not be rare
_REPEATS = 1.5  # times that a value occurs on average: two alike are then no coincidence, as they are among labels
_SHORTEST = 3  # characters of a value around which marks mean nothing
_ESTABLISHED = 3  # rows: what is written in the same way so often is meant so
_SPACES = re.compile(r"\s+")
_QUOTES = re.compile(r"(?<=\w)''(?=\w)|\\(?=['\"])['\"]")


@dataclass(frozen=True)
class Way:
    """A respect in which two values can differ that are one.

    Args:
        name: of the rule.
        reason: why they are one, for people.
        pattern: of the values that may have the difference.
        bare: such a value without it.
        is_longer: whether the difference is made by marks of no meaning, so that the value without them is meant; else
            it is the more frequent one.
    """

    name: str
    reason: str
    pattern: str
    bare: Callable[[str], str]
    is_longer: bool = True


def _without_accents(cell: str) -> str:
    return "".join(
        character for character in unicodedata.normalize("NFKD", cell) if not unicodedata.combining(character)
    )


WAYS = (
    Way("character reference", "a character was written as HTML writes it", "&[#a-zA-Z0-9]+;", html.unescape),
    Way("escape residue", "a quote was escaped once too often", r"\w''\w|\\['\"]", lambda cell: _QUOTES.sub("'", cell)),
    Way(SPACES_WITHIN, "several spaces in a row stand for one", r"\s\s|[^ \S]", lambda cell: _SPACES.sub(" ", cell)),
    Way(STRAY_CHARACTERS.name, STRAY_CHARACTERS.reason, MARKS_AT_END, without_stray_characters),
    Way("letter case", "a value that is frequent in other case", r"\p{L}", str.casefold, is_longer=False),
    Way("accents", "a value that is frequent with other accents", r"[^\x00-\x7f]", _without_accents, is_longer=False),
)


def find_variants(values: Values) -> dict[Way, dict[str, str]]:
    """The values that are others, by the respect in which they differ: value -> what it is."""
    counts = dict(zip(values.cells, values.counts, strict=True))
    found = {way: _variants(way, values, counts) for way in WAYS}
    return {way: meant for way, meant in found.items() if meant}


def _variants(way: Way, values: Values, counts: dict[str, int]) -> dict[str, str]:
    if way.is_longer:
        differing = values.cells.filter(values.cells.str.contains(way.pattern))
        pairs = [(cell, bare) for cell in differing if (bare := way.bare(cell)) != cell and bare in counts]
        # "A*" is a grade, and "5*" a hotel
        pairs = [(cell, bare) for cell, bare in pairs if len(bare) >= _SHORTEST]
        fewest, times = 1 if values.repeats >= _REPEATS else 2, _LONGER
    else:
        pairs = _alike(way, values, counts)
        fewest, times = _ESTABLISHED, _TIMES
    # what is frequent in both ways means two things
    if any(min(counts[cell], counts[other]) >= _ESTABLISHED for cell, other in pairs):
        return {}
    return {cell: other for cell, other in pairs if counts[other] >= max(fewest, times * counts[cell])}


def _alike(way: Way, values: Values, counts: dict[str, int]) -> list[tuple[str, str]]:
    """The values that are the same without the difference: each with the most frequent one."""
    if values.repeats < _REPEATS:  # no value is frequent
        return []
    groups: dict[str, list[str]] = {}
    for cell in values.cells:
        groups.setdefault(way.bare(cell), []).append(cell)
    usual = {
        bare: max(cells, key=lambda cell: (counts[cell], cell)) for bare, cells in groups.items() if len(cells) > 1
    }
    return [(cell, usual[bare]) for bare in usual for cell in groups[bare] if cell != usual[bare]]
