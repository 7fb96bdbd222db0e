"""The shapes of a column's values, such as AA9999-99 for codes, and the cells that a slip has brought out of shape.

A letter among the digits of a code can be removed, and a hyphen put back; a digit that is missing cannot.
"""

import itertools
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA

from eightytwenty.kinds import Kind
from eightytwenty.kinds.spelling import without_stray_characters

_FEWEST_ROWS = 10  # that show a shape
_FEWEST, _RARE = 3, 0.02  # rows, and the share of the rows: a shape of fewer is none of the column's
_MOST_SHAPES = 5  # more of them are no shape
_MOST_CELLS = 0.8  # have one of the shapes; a column with more slips than that is beyond repair
_WITH_DIGITS = 0.9  # of the rows: texts without digits may have any shape
_FEWER = 0.02  # of the rows: a coarser look at shapes must find so many cells more
_LONGEST = 100  # characters; what is longer is no code
_MOST_WRONG = 5_000  # cells that are looked at one by one; with more of them, the column has no shape
# Log odds, close to the coefficients of logistic regressions over the misshapen cells of some 200 public tables, with
# and without slips.
_MEANT, _MEANT_UNREADABLE = 4.0, 4.4
_ANOTHER_DIGIT = -1.8  # a letter that may as well stand for a digit as be one too many
_PER_COUNT = -1.5  # per log of how often the cell occurs
_WRONG, _WRONG_UNREADABLE = -1.0, 3.0
_NEAR = 1.9  # one slip from a shape
_DROPPED = -1.1  # one slip from a shape with a digit more: numbers may well have fewer digits
_PER_SHAPE, _WRONG_PER_SHAPE = -1.7, -3.2  # per log of how many shapes there are
_PER_MISSHAPEN, _WRONG_PER_MISSHAPEN = 0.6, 1.6  # per log of how many cells are misshapen, a hundred at most
_PER_ODDS, _WRONG_PER_ODDS = 0.2, 0.9  # per log odds that the misshapen cells of the column are undone slips
_MOST_COUNTED = 100
_LEAST = -1.4  # log odds, 20 %: less is not worth a look
_HALF = 0.5  # of a cell, so that the odds of none are none of zero
_LOOSE = ("category", "code", "text")
_SCHEMA = {"cell": pl.String(), "meant": pl.String(), "log_odds": pl.Float64()}


@dataclass(frozen=True)
class Shapes:
    """The shapes that nearly all values of a column have; none if they have no common shape.

    Args:
        form: the kind of the column.
        known: the shapes, the most frequent one first.
        example: a value of the most frequent one.
        is_hexadecimal: whether the letters from a to f are digits.
        is_exact: whether values with different numbers of digits have different shapes.
        misshapen: how many values have none of the shapes.
        undone: for how many of these a slip can be undone.
    """

    form: Kind
    known: tuple[str, ...] = ()
    example: str = ""
    is_hexadecimal: bool = False
    is_exact: bool = True
    misshapen: int = 0
    undone: int = 0

    @classmethod
    def of(cls, cells: pl.Series, counts: pl.Series, form: Kind) -> "Shapes":
        """Learns from (n,) distinct cells, and how often each occurs."""
        rows = int(counts.sum())
        if rows < _FEWEST_ROWS or int(counts.filter(cells.str.contains("[0-9]")).sum()) < _WITH_DIGITS * rows:
            return cls(form)
        seen = pl.DataFrame([cells.alias("cell"), counts.cast(pl.Int64).alias("count")])
        found, covered = cls(form), 0.0
        if not found._is_loose:
            seen = seen.filter(form.parse(cells).is_not_null())
        for is_hexadecimal, is_exact in ((False, True), (True, True), (False, False)):
            if not is_exact and found._is_loose:  # a text with fewer digits is another one
                continue
            shapes = _shapes(seen["cell"], is_hexadecimal=is_hexadecimal, is_exact=is_exact)
            sums = seen.with_columns(shape=shapes).group_by("shape").agg(pl.col("count").sum(), pl.col("cell").min())
            sums = sums.filter(pl.col("count") >= max(_FEWEST, _RARE * rows))
            sums = sums.sort("count", "shape", descending=[True, False])
            share = int(sums["count"].sum()) / rows
            if 0 < len(sums) <= _MOST_SHAPES and share >= max(_MOST_CELLS, covered + _FEWER):
                found = cls(form, tuple(sums["shape"]), sums["cell"][0], is_hexadecimal, is_exact)
                covered = share
        meant = found._undo(cells)["meant"]
        return replace(found, misshapen=len(meant), undone=meant.count())

    def slips(self, cells: pl.Series, counts: pl.Series) -> pl.DataFrame:
        """The cells that have none of the shapes.

        Args:
            cells: (n,) String, distinct.
            counts: (n,) Int64, rows in which each occurs.

        Returns:
            One line per such cell: cell, meant (null if it is not clear what was) and log_odds.
        """
        wrong = self._undo(cells)
        if wrong.is_empty():
            return pl.DataFrame(schema=_SCHEMA)
        wrong = wrong.join(pl.DataFrame([cells.alias("cell"), counts.alias("count")]), on="cell", maintain_order="left")
        if self._is_loose:
            shapes, misshapen = np.log(len(self.known)), np.log(min(max(1, self.misshapen), _MOST_COUNTED))
            left, undone = max(0, self.misshapen - self.undone), np.log(self.undone + _HALF)
            meant = _MEANT + _PER_SHAPE * shapes + _PER_MISSHAPEN * misshapen + _PER_COUNT * pl.col("count").log()
            meant += _PER_ODDS * (undone - np.log(left + _HALF))
            odds = _WRONG + _WRONG_PER_SHAPE * shapes + _WRONG_PER_MISSHAPEN * misshapen
            odds += pl.col("near") * _NEAR + pl.col("dropped") * _DROPPED
            # the cell itself, which is not undone, is no evidence against itself
            odds += _WRONG_PER_ODDS * (undone - np.log(max(0, left - 1) + _HALF))
        else:
            meant, odds = pl.lit(_MEANT_UNREADABLE), pl.lit(_WRONG_UNREADABLE)
        meant += pl.col("replaced") * _ANOTHER_DIGIT
        log_odds = pl.when(pl.col("meant").is_null()).then(odds).otherwise(meant)
        return wrong.select("cell", "meant", log_odds=log_odds).filter(pl.col("log_odds") > _LEAST)

    @property
    def _is_loose(self) -> bool:
        """Whether nearly any text belongs to the kind."""
        return self.form.name in _LOOSE

    def _undo(self, cells: pl.Series) -> pl.DataFrame:
        """The cells without a known shape: cell, meant, near, dropped, replaced (see `_neighbours`)."""
        schema = {
            "cell": pl.String,
            "meant": pl.String,
            "near": pl.Boolean,
            "dropped": pl.Boolean,
            "replaced": pl.Boolean,
        }
        wrong = cells.filter(~self._fits(cells) & (cells.str.len_chars() <= _LONGEST)) if self.known else cells.clear()
        if not self._is_loose and len(wrong):
            wrong = wrong.filter(self.form.parse(wrong).is_null())
        if wrong.is_empty() or len(wrong) > _MOST_WRONG:
            return pl.DataFrame(schema=schema)
        marks = [Counter(character for character in shape if character not in "9aA") for shape in self.known]
        tried = [(cell, text) for cell in wrong for text in sorted(_undone(cell, marks))]
        meant = pl.DataFrame(tried, {"cell": pl.String, "meant": pl.String}, orient="row")
        meant = meant.filter(self._fits(meant["meant"])).filter(pl.len().over("cell") == 1)
        shapes = _shapes(wrong, is_hexadecimal=self.is_hexadecimal, is_exact=True)
        around = {shape: self._neighbours(shape) for shape in shapes.unique()}
        lines = [(cell, *around[shape]) for cell, shape in zip(wrong, shapes, strict=True)]
        found = pl.DataFrame(lines, {name: schema[name] for name in schema if name != "meant"}, orient="row")
        found = found.join(meant, on="cell", how="left", maintain_order="left")
        # where a digit may be missing, nobody knows which
        is_clear = ~pl.col("dropped") | (pl.col("meant").str.len_chars() < pl.col("cell").str.len_chars())
        return found.with_columns(meant=pl.when(is_clear).then("meant")).select(list(schema))

    def _neighbours(self, shape: str) -> tuple[bool, bool, bool]:
        """Whether a known shape is one slip away, and whether by a digit more, or by a digit for another character."""

        def is_known(other: str) -> bool:
            return (other if self.is_exact else _collapsed(other)) in self.known

        own = shape if self.is_exact else _collapsed(shape)
        return (
            any(OSA.distance(own, known, score_cutoff=1) <= 1 for known in self.known),
            any(is_known(f"{shape[:place]}9{shape[place:]}") for place in range(len(shape) + 1)),
            any(
                is_known(f"{shape[:place]}9{shape[place + 1 :]}") for place in range(len(shape)) if shape[place] != "9"
            ),
        )

    def _fits(self, cells: pl.Series) -> pl.Series:
        """(n,) Boolean, which cells have a known shape, and belong to the kind."""
        shapes = _shapes(cells, is_hexadecimal=self.is_hexadecimal, is_exact=self.is_exact)
        fits = shapes.is_in(list(self.known))
        return fits if self._is_loose else fits & self.form.parse(cells).is_not_null()


def _shapes(cells: pl.Series, *, is_hexadecimal: bool, is_exact: bool) -> pl.Series:
    """(n,) String, with 9 for each digit, A for each capital and a for each other letter."""
    digits = "[0-9a-fA-F]" if is_hexadecimal else "[0-9]"
    shapes = cells.str.replace_all(digits if is_exact else f"{digits}+", "9")
    return shapes.str.replace_all(r"\p{Lu}", "A").str.replace_all(r"\p{L}", "a")


def _collapsed(shape: str) -> str:
    while "99" in shape:
        shape = shape.replace("99", "9")
    return shape


def _undone(cell: str, marks: list[Counter[str]]) -> set[str]:
    """What a slip may have made a cell of: without a character, with two swapped, or with a mark that is missing.

    Args:
        cell: the cell.
        marks: of each known shape.
    """
    texts = {cell[:place] + cell[place + 1 :] for place in range(len(cell)) if not cell[place].isdecimal()}
    texts |= {
        cell[:place] + second + first + cell[place + 2 :]
        for place, (first, second) in enumerate(itertools.pairwise(cell))
        if first.isdecimal() != second.isdecimal() or first.isalpha() != second.isalpha()
    }
    own = Counter(cell)
    missing = {mark for known in marks for mark, count in known.items() if count == own[mark] + 1}
    texts |= {cell[:place] + mark + cell[place:] for mark in missing for place in range(len(cell) + 1)}
    return texts | {without_stray_characters(cell)}
