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
from eightytwenty.kinds.spelling import STRAY_CHARACTERS, without_stray_characters

_TIMES = 5  # as often as the rare value: the frequent one is then hardly the mistake
_REPEATS = 1.5  # times that a value occurs on average: two alike are then no coincidence, as they are among labels
_ESTABLISHED = 3  # rows: what is written in the same way so often is meant so
_SPACES = re.compile(r"\s+")
_TOKENS = re.compile(r"''|\\(?=['\"])")


@dataclass(frozen=True)
class Way:
    """A respect in which two values can differ that are one.

    Args:
        name: of the rule.
        reason: why they are one, for people.
        bare: a value without the difference.
        times: as how often a rare value another one must be to be what is meant. What is longer by marks of no meaning
            need not be rare.
    """

    name: str
    reason: str
    bare: Callable[[str], str]
    times: float = _TIMES


def _without_accents(cell: str) -> str:
    return "".join(
        character for character in unicodedata.normalize("NFKD", cell) if not unicodedata.combining(character)
    )


WAYS = (
    Way("character reference", "a character was written as HTML writes it", html.unescape),
    Way("escape residue", "a quote was escaped once too often", lambda cell: _TOKENS.sub(_unescaped, cell)),
    Way("spaces within", "several spaces in a row stand for one", lambda cell: _SPACES.sub(" ", cell)),
    Way(STRAY_CHARACTERS.name, STRAY_CHARACTERS.reason, without_stray_characters, times=0.3),
    Way("letter case", "a value that is frequent in other case", str.casefold),
    Way("accents", "a value that is frequent with other accents", _without_accents),
)


def _unescaped(match: re.Match[str]) -> str:
    return "'" if match[0] == "''" else ""


def find_variants(values: Values) -> dict[Way, dict[str, str]]:
    """The values that are others, by the respect in which they differ: value -> what it is."""
    counts = dict(zip(values.cells, values.counts, strict=True))
    found: dict[Way, dict[str, str]] = {}
    for way in WAYS:
        groups: dict[str, list[str]] = {}
        for cell in counts:
            groups.setdefault(way.bare(cell), []).append(cell)
        alike = [cells for cells in groups.values() if len(cells) > 1]
        if any(sum(counts[cell] >= _ESTABLISHED for cell in cells) > 1 for cells in alike):
            continue
        for cells in alike:
            usual = max(cells, key=lambda cell: (cell == way.bare(cell), counts[cell], cell))
            fewest = _ESTABLISHED if way.times > 1 else 1 if values.repeats >= _REPEATS else 2
            for cell in cells:
                if cell != usual and counts[usual] >= max(fewest, way.times * counts[cell]):
                    found.setdefault(way, {})[cell] = usual
    return found
