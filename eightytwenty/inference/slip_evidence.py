"""What tells a slip from another text that is there by right, and how much each piece of evidence counts."""

from dataclasses import dataclass, fields

import polars as pl

from eightytwenty.inference.near_words import DROPPED, INSERTED, REPLACED, SWAPPED

LETTER, OTHER_LETTER, DIGIT = "letter", "other letter", "digit"  # groups of slips, by what they change
GROUPS = (LETTER, OTHER_LETTER, DIGIT)
# A small letter between capitals or digits, or at the end of capitals; "2001a" is a year and a letter.
WITH_LETTER_OUT_OF_PLACE = r"(?:^|[\p{Lu}0-9])\p{Ll}[\p{Lu}0-9]|\p{Lu}\p{Ll}$"
_AT_START, _AROUND = r"^\p{Ll}[\p{Lu}0-9]", r"^[\p{Lu}0-9]\p{Ll}[\p{Lu}0-9]|^\p{Lu}\p{Ll}$"
_SHORT, _LONG_WORD = 3, 8  # letters; still longer words make no difference


@dataclass(frozen=True)
class Weights:
    """What evidence counts, in log odds that the frequent text of a pair was meant.

    They are close to the coefficients of logistic regressions over the pairs in some 200 public tables, with and
    without slips. The slips whose truth is known there hardly ever replace a letter, which people do often, so that the
    two weights of other letters are set by hand: as low as the false alarms in tables without slips allow.

    Args:
        start: without evidence.
        column: per log odds that the column gives the slips of a group.
        times: per log of how many times as frequent the frequent text is.
        often: per log of how often the text occurs: slips are made once, or twice.
        others: per log of how many frequent texts are near.
        length: per log of the letters of the word in which the slip is.
        other_letter: one letter for another, which makes two things where words are short (class A and B, Iran, Iraq).
        other_letter_length: the same per log of the letters.
        out_of_place: a small letter between capitals or digits that the frequent text does not have.
        plural: an s at the end of a word that only one of them has.
        short: a word of three letters or fewer.
    """

    start: float
    column: float
    times: float
    often: float
    others: float
    length: float
    other_letter: float
    other_letter_length: float
    out_of_place: float
    plural: float
    short: float


CELLS = Weights(3.0, 0.55, 1.1, -0.2, -2.0, -1.0, -5.5, 1.1, 4.6, -3.7, -3.7)
WORDS = Weights(-7.4, 1.55, 1.2, -0.25, -1.5, 2.5, -3.2, 0.0, 3.7, -5.0, -0.7)


def with_group(pairs: pl.DataFrame) -> pl.DataFrame:
    """Pairs of a cell and what is meant, with the group of the slip."""
    place, slip, cell, meant = pl.col("place"), pl.col("slip"), pl.col("cell"), pl.col("meant")
    changed = (
        pl.when(slip == DROPPED)
        .then(meant.str.slice(place, 1))
        .when(slip == SWAPPED)
        .then(cell.str.slice(place, 2))
        .when(slip == REPLACED)
        .then(cell.str.slice(place, 1) + meant.str.slice(place, 1))
        .otherwise(cell.str.slice(place, 1))
    )
    group = (
        pl.when(changed.str.contains("^[0-9]+$"))
        .then(pl.lit(DIGIT))
        .when(slip == REPLACED)
        .then(pl.lit(OTHER_LETTER))
        .otherwise(pl.lit(LETTER))
    )
    return pairs.with_columns(group=group)


def weigh(pairs: pl.DataFrame, odds: dict[str, float], weights: Weights, *, has_order: bool) -> pl.DataFrame:
    """The pairs in which the frequent text may be meant, with the log odds that it is.

    Args:
        pairs: of a cell and what may be meant: cell, meant, count and word_count (rows in which they occur), slip,
            place and group.
        odds: group of slips -> what the column says of such slips.
        weights: of the evidence.
        has_order: whether small letters between capitals or digits are unusual.
    """
    evidence = find_evidence(pairs, odds, has_order=has_order)
    names = [field.name for field in fields(Weights) if field.name != "start"]
    log_odds = pl.sum_horizontal(getattr(weights, name) * pl.col(name) for name in names)
    return evidence.with_columns(log_odds=weights.start + log_odds).drop(names)


def find_evidence(pairs: pl.DataFrame, odds: dict[str, float], *, has_order: bool) -> pl.DataFrame:
    """The pairs in which the frequent text may be meant, with the evidence of which `Weights` tells."""
    place, cell, meant = pl.col("place").cast(pl.Int64), pl.col("cell"), pl.col("meant")
    group, slip, times = pl.col("group"), pl.col("slip"), pl.col("word_count") / pl.col("count")
    in_cell = (slip == INSERTED) & _is_out_of_place(cell, place) & has_order
    # of two that occur equally often, either can be the slip
    pairs = pairs.with_columns(in_cell=in_cell).filter((times > 1) | ((times == 1) & pl.col("in_cell")))
    in_meant = (slip == DROPPED) & _is_out_of_place(meant, place) & has_order
    before = meant.str.slice(0, place).str.extract(r"(\p{L}*)$", 1).str.len_chars()
    letters = before + meant.str.slice(place).str.extract(r"^(\p{L}*)", 1).str.len_chars()
    length = letters.clip(1, _LONG_WORD).log()
    longer = pl.when(slip == INSERTED).then(cell).otherwise(meant)
    is_plural = slip.is_in([INSERTED, DROPPED]) & longer.str.slice(place).str.contains(r"^[sS](?:\P{L}|$)")
    return pairs.with_columns(
        column=group.replace_strict(odds, return_dtype=pl.Float64),
        times=times.log(),
        often=pl.col("count").log(),
        others=pl.len().over("text").log(),
        length=length,
        other_letter=(group == OTHER_LETTER).cast(pl.Float64),
        other_letter_length=(group == OTHER_LETTER) * length,
        out_of_place=pl.col("in_cell").cast(pl.Float64) - in_meant.cast(pl.Float64),
        plural=is_plural.cast(pl.Float64),
        short=(letters <= _SHORT).cast(pl.Float64),
    ).drop("in_cell")


def _is_out_of_place(text: pl.Expr, place: pl.Expr) -> pl.Expr:
    """Whether the character at a place is a small letter between capitals or digits, or at the end of capitals."""
    start = pl.max_horizontal(place - 1, pl.lit(0))
    around = text.str.slice(start, place + 2 - start)
    return pl.when(place > 0).then(around.str.contains(_AROUND)).otherwise(around.str.contains(_AT_START))
