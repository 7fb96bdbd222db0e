"""Pairs of texts that are nearly the same and often both right: a careful cleaning changes none into the other.

Sulfite and sulfate, Iceland and Ireland, typical and atypical, class A and AA, 25 mg and 2.5 mg: nothing but more
knowledge than a table has tells these from slips.
"""

import re
import unicodedata

_WORDS = re.compile(r"[^\W_]+|[\W_]")
_SHORT = 3  # letters of a word in which any letter can make another word
_OUT_OF_PLACE = re.compile(r"[A-Z0-9][a-z][A-Z0-9]|^[a-z][A-Z0-9]|[A-Z]{2,}[a-z]$")


def may_both_be_right(cell: str, proposal: str) -> bool:
    """Whether a text may be there by right beside one that is nearly the same.

    >>> may_both_be_right("Iceland", "Ireland"), may_both_be_right("Fuly Supporting", "Fully Supporting")
    (True, False)
    """
    first, second = _WORDS.findall(cell), _WORDS.findall(proposal)
    if len(first) != len(second):
        return bool(_digits(cell) or _digits(proposal))
    return any(_are_two_words(a, b) for a, b in zip(first, second, strict=True) if a != b)


def is_mangled_label(cell: str, proposal: str) -> bool:
    """Whether nothing but letters of a long word differ, of a cell that is none of its column's kind.

    The word is then what stands behind nearly all numbers of the column, and no other is known there.

    >>> is_mangled_label("619 paxients", "619 patients"), is_mangled_label("61x patients", "610 patients")
    (True, False)
    """
    first, second = _WORDS.findall(cell), _WORDS.findall(proposal)
    differ = [(a, b) for a, b in zip(first, second, strict=False) if a != b]
    return len(first) == len(second) and all(
        len(a) == len(b) > _SHORT and not _digits(a + b) and a.isalpha() for a, b in differ
    )


def _are_two_words(one: str, other: str) -> bool:
    if _OUT_OF_PLACE.search(one) and not _OUT_OF_PLACE.search(other):
        return False
    if _digits(one) != _digits(other) or _bare(one) == _bare(other) or min(len(one), len(other)) <= _SHORT:
        return True
    # another letter in the same place, or one more at an end: ending and prefix make words
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    longer, shorter = sorted((one, other), key=len, reverse=True)
    return longer.startswith(shorter) or longer.endswith(shorter)


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _bare(text: str) -> str:
    """A text without accents and case."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
