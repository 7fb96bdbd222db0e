"""What cells that are none of their column's kind can have been: those whose label is mangled, or that lack a digit.

`619 paxients` stands in a column of `619 patients`, and `x00%` in one where `100%` is the only value that ends so.
"""

import math
import re
from dataclasses import dataclass

import polars as pl
from rapidfuzz.distance import OSA

from eightytwenty.inference.values import Values
from eightytwenty.kinds import Kind
from eightytwenty.kinds.units import usual_unit

_SAME_LABEL = 0.95  # of the readable cells, so that there is one label
_ALIKE = 0.5  # of a label is left in a mangled one
_SHORT = 2  # characters of a label of which nothing need be left, if the other text is as short
_FEWEST = 20  # readable cells, to know how the others are written
_LIKELY_LABEL = 5.0  # log odds: nothing but the label is wrong
_LEAST = 0.0  # log odds of a completion that is worth a look
_NUMERIC = "+-0123456789.,"
_NUMBER = re.compile(r"([+-]?[0-9][0-9.,]*)\s*(.*)")
PROPOSALS = {"cell": pl.String, "proposal": pl.String, "log_odds": pl.Float64, "reason": pl.String}


@dataclass(frozen=True)
class Reader:
    """Reads cells that are none of their column's kind.

    Args:
        form: the kind of the column.
        values: the readable values of the column.
        label: what stands behind each number, empty if nothing does, or not the same.
    """

    form: Kind
    values: Values
    label: str

    @classmethod
    def of(cls, values: Values, form: Kind) -> "Reader":
        """Learns from the values of a column.

        Args:
            values: of the column, after the repairs of its kind.
            form: its kind.
        """
        readable = values.where(form.parse(values.cells).is_not_null())
        labels = pl.DataFrame({"label": readable.cells.str.strip_chars_start(_NUMERIC), "count": readable.counts})
        sums = labels.group_by("label").agg(pl.col("count").sum()).sort("count", "label", descending=[True, False])
        label, count = sums.row(0) if len(sums) else ("", 0)
        return cls(form, readable, label if count >= _SAME_LABEL * readable.total else "")

    def propose(self, cells: pl.Series) -> pl.DataFrame:
        """What unreadable cells can have been.

        Args:
            cells: (n,) String, distinct, none of the kind.

        Returns:
            One line per cell of which something can be said: cell, proposal, log_odds that it is right, and reason.
        """
        if self.values.total < _FEWEST:
            return pl.DataFrame(schema=PROPOSALS)
        found = [
            line
            for cell in cells.sort()
            if not _has_unit(cell) and (line := self._with_label(cell) or self._completed(cell))
        ]
        return pl.DataFrame(found, PROPOSALS, orient="row")

    def _with_label(self, cell: str) -> tuple[str, str, float, str] | None:
        """A cell with the usual label instead of a mangled one."""
        match = _NUMBER.fullmatch(cell)
        if not self.label or not match:
            return None
        number, rest = match.groups()
        label = self.label.strip()
        if rest != label and rest.endswith(label):  # what stands before a whole label stands for a digit
            return None
        # what is left must be the label, not a unit of its own
        is_short = len(label) <= _SHORT and len(rest) <= len(label) and not any(map(str.isdigit, rest))
        if not rest or not (is_short or OSA.normalized_similarity(rest, label) >= _ALIKE):
            return None
        proposal = number + self.label
        if not self.form.is_plain(proposal):
            return None
        return cell, proposal, _LIKELY_LABEL, f"nearly all values end with '{self.label.strip()}'"

    def _completed(self, cell: str) -> tuple[str, str, float, str] | None:
        """The value of the column that a cell is, if each of its foreign letters stands for one character."""
        foreign = [at for at, character in enumerate(cell) if character.isalpha() and character not in self.label]
        if not foreign or len(foreign) == len(cell.replace(self.label, "")):
            return None
        pattern = "".join("." if at in foreign else re.escape(character) for at, character in enumerate(cell))
        fits = self.values.where(self.values.cells.str.contains(f"^(?:{pattern})$"))
        if not len(fits):
            return None
        count, others = int(fits.counts[0]), fits.total - int(fits.counts[0])
        odds = math.log(count / (others + 1))
        if odds < _LEAST:
            return None
        also = f", and {others} rows have others that do" if others else ""
        return cell, fits.cells[0], odds, f"'{fits.cells[0]}' fits it and occurs {count} times{also}"


def _has_unit(cell: str) -> bool:
    """Whether a cell is a number and a unit: it is whole, and says something else than the column does."""
    match = _NUMBER.fullmatch(cell)
    return bool(match and usual_unit(match[2]))
