"""Which texts are one slip of the pen apart: a character inserted, dropped, replaced, or swapped with the next one.

Not all pairs are compared. Every text has one hash for each character that is left out of it, and one for each two that
are swapped; two texts are one slip apart if such a hash of the one is a hash of the other. All hashes of a text come
from those of its beginnings (Karp and Rabin, 1987, "Efficient randomized pattern-matching algorithms"), so that a text
of n characters costs n steps and not n times n.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

INSERTED, DROPPED, REPLACED, SWAPPED = "inserted", "dropped", "replaced", "swapped"
# Whoever compares longer texts compares documents. Hashes of a text take up sixteen bytes for each of its characters.
_LONGEST = 200
# A place in which so many different characters stand is one where each of them means something.
_MOST_AT_ONE_PLACE = 100
_BASE = 0x9E3779B97F4A7C15  # odd, so that it can be divided by; the golden ratio spreads bits well
_MODULUS = 2**64
_MIX = 0xD6E8FEB86659FD93
_SCHEMA = {"text": pl.UInt32(), "word": pl.UInt32(), "place": pl.UInt32(), "slip": pl.String()}
_Hashes = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _Hashed:
    """The hashes of n texts, which have m characters in all.

    Args:
        whole: of the texts, (n,).
        places: one line per character: text (its number), place (of the character in it), code (of the character),
            without (the hash of the text without it), swapped (with it and the next character swapped; null for the
            last one and before an equal one).
    """

    whole: pl.DataFrame
    places: pl.DataFrame


def find_near(texts: pl.Series, words: pl.Series) -> pl.DataFrame:
    """All pairs of a text and a word that are one slip apart.

    A digit too many, or one for another, makes another number: such pairs are left out.

    Args:
        texts: (n,) String, distinct.
        words: (m,) String, distinct.

    Returns:
        One line per pair: text and word (their numbers), slip (what was done to a character of the word) and place (of
        the character in the text, or where it was).
    """
    if texts.is_empty() or words.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    lengths_of_texts, lengths_of_words = texts.str.len_chars(), words.str.len_chars()
    left = _hashed(texts, _is_near_any(lengths_of_texts, lengths_of_words))
    right = _hashed(words, _is_near_any(lengths_of_words, lengths_of_texts))
    not_digit = ~pl.col("code").is_between(ord("0"), ord("9"))
    inserted = left.places.filter(not_digit).join(right.whole, left_on="without", right_on="hash")
    dropped = right.places.join(left.whole, left_on="without", right_on="hash")
    swapped = left.places.join(right.whole, left_on="swapped", right_on="hash")
    few = right.places.filter(pl.len().over("without", "place") <= _MOST_AT_ONE_PLACE)
    replaced = pl.concat(
        [
            left.places.filter(not_digit).join(few, on=["without", "place"], suffix="_right"),
            left.places.filter(~not_digit).join(few.filter(not_digit), on=["without", "place"], suffix="_right"),
        ]
    ).filter(pl.col("code") != pl.col("code_right"))
    found = [
        inserted.select("text", pl.col("text_right").alias("word"), "place", slip=pl.lit(INSERTED)),
        dropped.select(pl.col("text_right").alias("text"), pl.col("text").alias("word"), "place", slip=pl.lit(DROPPED)),
        replaced.select("text", pl.col("text_right").alias("word"), "place", slip=pl.lit(REPLACED)),
        swapped.select("text", pl.col("text_right").alias("word"), "place", slip=pl.lit(SWAPPED)),
    ]
    # a letter too many beside an equal one can be either
    pairs = pl.concat(found).sort("text", "word", "place")
    return pairs.unique(["text", "word"], keep="last", maintain_order=True)


def _is_near_any(lengths: pl.Series, others: pl.Series) -> pl.Series:
    """(n,) Boolean, which lengths are those of others, or differ by one."""
    near = others.unique().cast(pl.Int64)
    return lengths.cast(pl.Int64).is_in(pl.concat([near - 1, near, near + 1]).implode())


def _hashed(texts: pl.Series, is_wanted: pl.Series) -> _Hashed:
    """Hashes of the texts that are wanted, and of each of their parts that a slip would leave."""
    lengths = texts.str.len_chars().to_numpy().astype(np.int64)
    numbers = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST) & is_wanted.to_numpy())
    lengths = lengths[numbers]
    codes = np.frombuffer("".join(texts[numbers]).encode("utf-32-le", "surrogatepass"), np.uint32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    place = np.arange(len(codes)) - np.repeat(starts[:-1], lengths)
    powers = _powers(_BASE, _LONGEST + 1)
    mixed = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(_MIX)
    mixed ^= mixed >> np.uint64(29)
    # the hash of a text is the sum of its characters, each times the power of its place
    sums = np.concatenate([np.zeros(1, np.uint64), np.cumsum(mixed * powers[place], dtype=np.uint64)])
    before = sums[:-1] - np.repeat(sums[starts[:-1]], lengths)
    whole = sums[starts[1:]] - sums[starts[:-1]]
    after = np.repeat(sums[starts[1:]], lengths) - sums[1:]
    without = before + after * np.uint64(pow(_BASE, -1, _MODULUS))
    following = np.append(mixed[1:], np.zeros(min(1, len(mixed)), np.uint64))
    swapped = np.repeat(whole, lengths) + (following - mixed) * (powers[place] - powers[place + 1])
    has_next = (place + 1 < np.repeat(lengths, lengths)) & (following != mixed)
    places = pl.DataFrame(
        {
            "text": np.repeat(numbers, lengths).astype(np.uint32),
            "place": place.astype(np.uint32),
            "code": codes,
            "without": without,
            "swapped": pl.Series(swapped).set(pl.Series(~has_next), None),
        }
    )
    return _Hashed(pl.DataFrame({"text": numbers.astype(np.uint32), "hash": whole}), places)


def _powers(base: int, count: int) -> _Hashes:
    """(count,) powers of a number, modulo 2**64."""
    return np.cumprod(np.array([1, *[base] * (count - 1)], np.uint64), dtype=np.uint64)
