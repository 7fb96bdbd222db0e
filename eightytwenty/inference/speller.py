"""Which values of a column are slips of others: rare ones that are one slip of the pen from a frequent one.

In some columns values are near each other by right: names, codes such as A1 and A2, plurals. How often that is so shows
in those values that are there too often for slips. If few of them are near each other, but many of the rare values are
near a frequent one, the rare ones are slips.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from eightytwenty.inference.near_words import find_near
from eightytwenty.inference.values import Values
from eightytwenty.kinds import Kind

TYPO, CASE = "typo", "case or punctuation"
SCHEMA = {
    "cell": pl.String(),
    "proposal": pl.String(),
    "log_odds": pl.Float64(),
    "kind": pl.String(),
    "reason": pl.String(),
}
_ESTABLISHED = 4  # rows: a slip is hardly made in the same way so often
_TIMES = 3  # as frequent as a rare value, so that the frequent one is hardly the slip
# Of the values of a column of which nothing is known yet, the share that are near others by right; one value in
# fifty, as if twenty values had been looked at.
_NEAR_BY_RIGHT, _LOOKED_AT = 0.02, 20


@dataclass(frozen=True)
class Speller:
    """Knows how a column writes its values.

    Args:
        values: of the column.
        form: its kind.
        base: the log odds that a rare value which is near a frequent one is a slip of it.
    """

    values: Values
    form: Kind
    base: float

    @classmethod
    def of(cls, values: Values, form: Kind) -> "Speller":
        """Learns how a column writes its values.

        Args:
            values: of the column, after the repairs of its kind.
            form: its kind.
        """
        counts = values.counts.to_numpy().astype(np.int64)
        near = _near(values.cells, pl.Series(counts), values, form)
        frequent = near.filter(pl.col("times") >= _TIMES)
        hits = frequent["text"].n_unique()
        established = int((counts >= _ESTABLISHED).sum())
        by_right = near.filter((pl.col("count") >= _ESTABLISHED) & (pl.col("word_count") >= _ESTABLISHED))[
            "text"
        ].n_unique()
        share = (by_right + _NEAR_BY_RIGHT * _LOOKED_AT) / (established + _LOOKED_AT)
        misses = int((counts < _ESTABLISHED).sum()) - hits
        base = np.log((hits + 0.5) * (1 - share) / (share * (max(0, misses) + 1)))
        return cls(values, form, float(base))

    def propose(self, cells: pl.Series) -> pl.DataFrame:
        """The cells that are likely slips, and of what.

        Args:
            cells: (n,) String, distinct, without null; of this table or a later one.

        Returns:
            One line per such cell: cell, proposal (null if nobody can say what was meant), log_odds (that the proposal
            is right, or where there is none, that the cell is wrong), kind, and reason (for people).
        """
        cells = cells.alias("cell")
        counts = _counts(cells, self.values)
        near = _near(cells, counts, self.values, self.form).filter(pl.col("times") >= _TIMES)
        near = near.with_columns(others=pl.len().over("text"))
        near = near.sort("word_count", "word", descending=[True, False]).unique(
            "text", keep="first", maintain_order=True
        )
        near = near.with_columns(cells[near["text"]].alias("cell"), proposal=self.values.cells[near["word"]])
        return near.select(
            "cell",
            "proposal",
            log_odds=self.base + 0.5 * pl.col("times").log(10) - pl.col("others").log(),
            kind=pl.lit(TYPO),
            reason=pl.format("one letter from '{}', which occurs {} times", "proposal", "word_count"),
        ).sort("cell")


def _counts(cells: pl.Series, values: Values) -> pl.Series:
    """(n,) Int64, how often cells occur in a column; an unknown one occurs once."""
    known = pl.DataFrame({"cell": values.cells, "count": values.counts.cast(pl.Int64)})
    counted = cells.to_frame().join(known, on="cell", how="left", maintain_order="left")
    return counted["count"].fill_null(1)


def _near(cells: pl.Series, counts: pl.Series, values: Values, form: Kind) -> pl.DataFrame:
    """The pairs of a cell and a value that are one slip apart, with how often each occurs."""
    if not form.is_text:
        keep = form.parse(values.cells).is_not_null()
        unreadable = form.parse(cells).is_null()
    else:
        keep, unreadable = pl.repeat(True, len(values), eager=True), pl.repeat(True, len(cells), eager=True)
    texts, words = unreadable.arg_true(), keep.arg_true()
    pairs = find_near(cells.gather(texts), values.cells.gather(words))
    pairs = pairs.with_columns(text=texts.gather(pairs["text"]), word=words.gather(pairs["word"]))
    pairs = pairs.with_columns(
        count=counts.gather(pairs["text"]), word_count=values.counts.cast(pl.Int64).gather(pairs["word"])
    )
    return pairs.with_columns(times=pl.col("word_count") / pl.col("count"))
