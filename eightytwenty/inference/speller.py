"""Which values of a column are slips of others, and which are wrong in a way that nobody can undo."""

from dataclasses import dataclass

import polars as pl

from eightytwenty.inference.lexicon import Lexicon
from eightytwenty.inference.misspelt import learn_words, misspelt
from eightytwenty.inference.near_words import DROPPED, INSERTED, REPLACED, SWAPPED
from eightytwenty.inference.shapes import Shapes
from eightytwenty.inference.slip_evidence import CELLS
from eightytwenty.inference.values import Values
from eightytwenty.kinds import Kind
from eightytwenty.kinds.spelling import MARKS_AT_END, without_stray_characters

TYPO, MISSPELT, OTHER_SHAPE, STRAY = "typo", "misspelt word", "other shape", "case or punctuation"
_CHARACTER = r"[\p{L}\p{N}]"
_LIKELY = 1.4  # log odds of a proposal that is better than to say that something is wrong
_REPEATS = 1.5  # times that a value occurs on average; of labels, each is there once, and a star means something
_FEW_MARKED = 0.3  # of the rows: where more values have marks around them, these are part of the values
# Marks that are repeated were put there to be noticed, or by a machine.
_REPEATED = r"(?:\*\*\*|\^\^\^|\|\|\||;;;|,,,)$"
_MARKS_AROUND, _MARKS_AFTER, _MARKS_ONLY = 5.0, 3.5, 2.0  # log odds
SCHEMA = {
    "cell": pl.String(),
    "proposal": pl.String(),
    "log_odds": pl.Float64(),
    "kind": pl.String(),
    "reason": pl.String(),
}
_LETTER = {
    INSERTED: "one letter more than in",
    DROPPED: "one letter less than in",
    REPLACED: "one letter from",
    SWAPPED: "two letters swapped in",
}
_UNREADABLE = 2.0  # log odds: the cell is none of the kind of its column
_OF_WORDS = ("text", "category")  # kinds


@dataclass(frozen=True)
class Speller:
    """Knows how a column writes its values.

    Args:
        form: the kind of the column.
        counts: all its values.
        values: those that can be meant, and what is known of slips of them.
        words: the words of its values; None if it is no column of texts.
        shapes: the shapes of its values.
        has_few_marks: whether marks around a value are unusual.
        repeats: whether its values occur again and again.
    """

    form: Kind
    counts: Lexicon
    values: Lexicon
    words: Lexicon | None
    shapes: Shapes
    has_few_marks: bool
    repeats: bool

    @classmethod
    def of(cls, values: Values, form: Kind) -> "Speller":
        """Learns how a column writes its values.

        Args:
            values: of the column, after the repairs of its kind.
            form: its kind.
        """
        counts = values.counts.cast(pl.Int64)
        readable = None if form.is_text else form.parse(values.cells).is_not_null()
        marked = values.cells.str.contains(MARKS_AT_END)
        return cls(
            form,
            Lexicon(values.cells, counts, {}),
            Lexicon.of(values.cells, counts, readable),
            learn_words(values.cells, counts) if form.name in _OF_WORDS else None,
            Shapes.of(values.cells, counts, form),
            values.share(marked) < _FEW_MARKED,
            values.repeats >= _REPEATS,
        )

    def propose(self, cells: pl.Series) -> pl.DataFrame:
        """The cells that are likely slips, and of what.

        Args:
            cells: (n,) String, distinct, without null; of this table or a later one.

        Returns:
            One line per such cell: cell, proposal (null if nobody can say what was meant), log_odds (that the proposal
            is right, or where there is none, that the cell is wrong), kind, and reason (for people).
        """
        cells = cells.alias("cell")
        found = [self._typos(cells), self._misshapen(cells), self._stray(cells), self._misspelt(cells)]
        # what was meant is worth more than that something is wrong
        best = pl.concat(found).with_columns(
            is_likely=pl.col("proposal").is_not_null() & (pl.col("log_odds") > _LIKELY)
        )
        best = best.sort("is_likely", "log_odds", "kind", descending=[True, True, False]).drop("is_likely")
        return best.unique("cell", keep="first", maintain_order=True).sort("cell")

    def _typos(self, cells: pl.Series) -> pl.DataFrame:
        """The cells that are one slip away from a value; of kinds that show in a cell, only cells that are none."""
        if not self.form.is_text:
            cells = cells.filter(self.form.parse(cells).is_null())
        slips = self.values.slips(cells, self.counts.count(cells), CELLS)
        return slips.select(
            "cell",
            pl.col("meant").alias("proposal"),
            pl.col("log_odds") + (0 if self.form.is_text else _UNREADABLE),
            pl.lit(TYPO).alias("kind"),
            pl.format(
                "{} '{}', which occurs {} times", pl.col("slip").replace_strict(_LETTER), "meant", "word_count"
            ).alias("reason"),
        )

    def _misshapen(self, cells: pl.Series) -> pl.DataFrame:
        """The cells that have another shape than nearly all values."""
        slips = self.shapes.slips(cells, self.counts.count(cells))
        return slips.select(
            "cell",
            pl.col("meant").alias("proposal"),
            "log_odds",
            pl.lit(OTHER_SHAPE).alias("kind"),
            pl.lit(f"nearly all values have a shape like that of '{self.shapes.example}'").alias("reason"),
        )

    def _stray(self, cells: pl.Series) -> pl.DataFrame:
        """The cells with marks around a value, or of nothing but marks."""
        if not self.has_few_marks:
            return pl.DataFrame(schema=SCHEMA)
        marked = cells.filter(cells.str.contains(MARKS_AT_END)).alias("cell")
        bare = marked.map_elements(without_stray_characters, pl.String)
        lines = pl.DataFrame([marked, bare.alias("bare")]).with_columns(
            is_repeated=marked.str.contains(_REPEATED), is_known=bare.is_in(self.values.texts.implode())
        )
        is_only = ~pl.col("cell").str.contains(_CHARACTER)
        is_value = pl.col("is_known") & (pl.col("bare") != pl.col("cell")) & self.repeats
        lines = lines.filter(pl.col("is_repeated") | is_value)
        odds = pl.when(is_only).then(_MARKS_ONLY).when("is_known").then(_MARKS_AROUND).otherwise(_MARKS_AFTER)
        return lines.select(
            "cell",
            pl.when(~is_only).then("bare").alias("proposal"),
            odds.alias("log_odds"),
            pl.lit(STRAY).alias("kind"),
            pl.when(pl.col("is_known") & ~is_only)
            .then(pl.format("'{}' with marks around it", "bare"))
            .otherwise(pl.lit("marks that hardly any other value has"))
            .alias("reason"),
        )

    def _misspelt(self, cells: pl.Series) -> pl.DataFrame:
        """The cells with misspelt words."""
        if self.words is None:
            return pl.DataFrame(schema=SCHEMA)
        return misspelt(cells, self.words).with_columns(kind=pl.lit(MISSPELT)).select(list(SCHEMA))
