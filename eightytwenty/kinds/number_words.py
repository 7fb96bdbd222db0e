"""Spells numbers in English words, and reads words that are spelled correctly."""

import re

_TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_ONES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", *_TEENS)
_SCALES = ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred"))
_VALUES = {word: value for value, word in enumerate(_ONES)} | {word: 10 * tens for tens, word in enumerate(_TENS)}
LARGEST = 999_999_999
_MOST_WORDS = 14  # in any number up to the largest
# The only places where people put a comma or an "and" into a number.
_AFTER_SCALE = re.compile(r"\b(hundred|thousand|million)(?:,\s+and|,|\s+and)(?=\s)")


def spell(number: int) -> str:
    """The English words of a whole number from 0 to 999,999,999.

    >>> spell(22), spell(65536)
    ('twenty-two', 'sixty-five thousand five hundred thirty-six')
    """
    if not 0 <= number <= LARGEST:
        raise ValueError(f"only 0 to {LARGEST} can be spelled, not {number}")
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")
    size, word = next((size, word) for size, word in _SCALES if number >= size)
    count, rest = divmod(number, size)
    return f"{spell(count)} {word}" + (f" {spell(rest)}" if rest else "")


def read_words(text: str) -> int | None:
    """The number that English words spell, or None if they spell none.

    Case, hyphens between words and a comma or "and" after hundred, thousand and million are free. The order of the
    words is not: the number must spell the same words again, so "two twenty" and "twenty, two" are not read.

    >>> read_words("Twenty two"), read_words("one hundred and five"), read_words("two twenty"), read_words("-two")
    (22, 105, None, None)
    """
    words = re.split(r"\s+|-", _AFTER_SCALE.sub(r"\1", text.lower()), maxsplit=_MOST_WORDS)
    if len(words) > _MOST_WORDS:
        return None
    total = group = 0
    for word in words:
        if word in _VALUES:
            group += _VALUES[word]
        elif word == "hundred":
            group *= 100
        elif word == "thousand":
            total, group = total + 1_000 * group, 0
        elif word == "million":
            total, group = total + 1_000_000 * group, 0
        else:
            return None
    number = total + group
    if number > LARGEST or spell(number).replace("-", " ").split() != words:
        return None
    return number
