"""How likely it is that a text is a slip of one that is more frequent: cells of a column, or words of its cells.

In some columns texts are near each other by right: names, codes such as A1 and A2, plurals. How often that is so shows
in those texts that are there too often for slips. If few of them are near each other, but many of the rare texts are
near a frequent one, the rare ones are slips.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from eightytwenty.inference.near_words import find_near
from eightytwenty.inference.slip_evidence import GROUPS, WITH_LETTER_OUT_OF_PLACE, Weights, weigh, with_group
from eightytwenty.inference.values import Values

_ESTABLISHED = 4  # rows: a slip is hardly made in the same way so often
_TIMES = 3  # as frequent as a rare text, so that the frequent one is hardly the slip
# What is known of a column at first: of the texts, one in fifty is near another by right, as if twenty had been seen.
_NEAR_BY_RIGHT, _SEEN = 0.02, 20
_MOST_ODD = 0.2  # of the texts have a small letter between capitals or digits, in a column where that is unusual
_MOST_NEAR = 0.99  # more cannot be told from all
_MOST_COMPARED = 2_000  # rare texts, to see how near texts of the column are to each other
_LEAST = -1.4  # log odds, 20 %: less is not worth a look


@dataclass(frozen=True)
class Lexicon:
    """Texts, how often each occurs, and how likely a rare one near a frequent one is a slip.

    Args:
        texts: (n,) String, distinct.
        counts: (n,) Int64, rows in which each occurs.
        odds: group of slips -> log odds that a rare text which is such a slip away from a frequent one is no other
            text by right.
        has_order: whether small letters between capitals or digits are unusual.
    """

    texts: pl.Series
    counts: pl.Series
    odds: dict[str, float]
    has_order: bool = True

    @classmethod
    def of(cls, texts: pl.Series, counts: pl.Series, words: pl.Series | None = None) -> "Lexicon":
        """Learns from the texts of a column.

        Args:
            texts: (n,) String, distinct.
            counts: (n,) Int64, rows in which each occurs.
            words: (n,) Boolean, which texts can be meant; all if not given.
        """
        meant = pl.repeat(value=True, n=len(texts), eager=True) if words is None else words
        is_odd = texts.str.contains(WITH_LETTER_OUT_OF_PLACE)
        has_order = bool(int(is_odd.sum()) <= _MOST_ODD * len(texts))
        known = Lexicon(texts.filter(meant), counts.filter(meant), {}, has_order)
        # where cells that are none of the kind stand out, only they are slips
        left = meant if words is None else ~meant
        pairs = known.near(texts.filter(left), counts.filter(left))
        is_rare = pl.col("count") < _ESTABLISHED
        seen = pairs.group_by("group").agg(
            hits=pl.col("text").filter(is_rare & (pl.col("word_count") >= _TIMES * pl.col("count"))).n_unique(),
            by_right=pl.col("text").filter(~is_rare & (pl.col("word_count") >= _ESTABLISHED)).n_unique(),
        )
        found = {group: (hits, by_right) for group, hits, by_right in seen.rows()}
        rare = int((counts.filter(left) < _ESTABLISHED).sum())
        established = int((counts.filter(left) >= _ESTABLISHED).sum())
        by_chance = _by_chance(texts.filter(left & (counts < _ESTABLISHED)))
        targets = int((known.counts >= _TIMES).sum())
        odds = {
            group: _odds(*found.get(group, (0, 0)), rare, established, by_chance.get(group, 0.0) * targets)
            for group in GROUPS
        }
        return cls(known.texts, known.counts, odds, has_order)

    def count(self, texts: pl.Series) -> pl.Series:
        """(n,) Int64, how often texts occur; an unknown one occurs once."""
        return Values(self.texts, self.counts, 0).count(texts)

    def near(self, texts: pl.Series, counts: pl.Series) -> pl.DataFrame:
        """The pairs of a text and one of the lexicon that are one slip apart."""
        numbers = pl.int_range(len(self.texts), dtype=pl.UInt32, eager=True)
        again, once = numbers.filter(self.counts > 1), numbers.filter(self.counts <= 1)
        # what occurs once is meant only where the text is plainly wrong: so many pairs need not be looked at
        odd = (texts.str.contains(WITH_LETTER_OUT_OF_PLACE) & self.has_order).arg_true()
        frequent = find_near(texts, self.texts.gather(again))
        single = find_near(texts.gather(odd), self.texts.gather(once))
        pairs = pl.concat(
            [
                frequent.with_columns(word=again.gather(frequent["word"])),
                single.with_columns(text=odd.gather(single["text"]), word=once.gather(single["word"])),
            ]
        )
        pairs = pairs.with_columns(
            texts.gather(pairs["text"]).alias("cell"),
            self.texts.gather(pairs["word"]).alias("meant"),
            counts.gather(pairs["text"]).alias("count"),
            self.counts.gather(pairs["word"]).alias("word_count"),
        )
        return with_group(pairs)

    def slips(self, texts: pl.Series, counts: pl.Series, weights: Weights) -> pl.DataFrame:
        """The texts that may be slips, and of what.

        Args:
            texts: (n,) String, distinct.
            counts: (n,) Int64, rows in which each occurs.
            weights: of the evidence.

        Returns:
            One line per such text: cell, meant, word_count (of what is meant), slip, place and log_odds.
        """
        pairs = weigh(self.near(texts, counts), self.odds, weights, has_order=self.has_order)
        best = pairs.filter(pl.col("log_odds") > _LEAST)
        best = best.sort(["log_odds", "word_count", "meant"], descending=[True, True, False])
        return best.unique("text", keep="first", maintain_order=True).select(
            "cell", "meant", "word_count", "slip", "place", "log_odds"
        )


def _by_chance(rare: pl.Series) -> dict[str, float]:
    """Group of slips -> how likely two texts of a column are one such slip apart, by a sample of its rare texts."""
    sample = rare.sort().gather_every(max(1, -(-len(rare) // _MOST_COMPARED)))
    counts = pl.repeat(_TIMES, len(sample), dtype=pl.Int64, eager=True)
    pairs = Lexicon(sample, counts, {}).near(sample, counts)
    return {group: found / (len(sample) * (len(sample) - 1)) for group, found in pairs["group"].value_counts().rows()}


def _odds(hits: int, by_right: int, rare: int, established: int, by_chance: float) -> float:
    """The log odds that a rare text near a frequent one is a slip, by what is seen in the column.

    Args:
        hits: rare texts near a frequent one.
        by_right: established texts near another one.
        rare: all rare texts.
        established: all established texts.
        by_chance: the share of the rare texts that would be near a frequent one if those were any texts of the column.
    """
    share = (by_right + _NEAR_BY_RIGHT * _SEEN) / (established + _SEEN)
    share = min(max(share, by_chance), _MOST_NEAR)
    return float(np.log((hits + 0.5) * (1 - share) / (share * (max(0, rare - hits) + 1))))
