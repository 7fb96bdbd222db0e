"""All that a column says of how its values are written, and of cells that are slips of them."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from eightytwenty.inference.far_slips import FarSlips
from eightytwenty.inference.speller import Speller
from eightytwenty.inference.unreadable import PROPOSALS, Reader
from eightytwenty.inference.values import Values
from eightytwenty.kinds import Kind

# In a column of so many different values of which hardly any is a slip (log odds of 80 % and more), no others are
# looked for among new values.
_MANY, _HARDLY_ANY, _PLAIN = 20_000, 0.001, 1.4


@dataclass(frozen=True)
class Spelling:
    """How a column writes its values.

    Args:
        form: the kind of the column.
        speller: finds slips of one letter, and odd shapes.
        far: finds slips of several letters.
        reader: reads cells that are none of the kind; None for columns of texts.
        values: String, all values of the column.
        known: what they say of the values of the column, as `propose` returns it.
    """

    form: Kind
    speller: Speller
    far: FarSlips
    reader: Reader | None
    values: pl.Series
    known: pl.DataFrame

    @classmethod
    def of(cls, values: Values, form: Kind) -> "Spelling":
        """Learns from the values of a column, after the repairs of its kind."""
        reader = None if form.is_text else Reader.of(values, form)
        empty = cls(
            form,
            Speller.of(values, form),
            FarSlips.of(values, form),
            reader,
            values.cells[:0],
            pl.DataFrame(schema=PROPOSALS),
        )
        return cls(form, empty.speller, empty.far, reader, values.cells, empty.propose(values.cells))

    def propose(self, cells: pl.Series) -> pl.DataFrame:
        """The cells that are likely slips.

        Args:
            cells: (n,) String, of this table or a later one.

        Returns:
            cell, proposal (null if nobody can say what was meant), log_odds (that it is right, or without a proposal,
            that the cell is wrong), and reason; a cell may have several proposals.
        """
        hits = cells.filter(cells.is_in(self.known["cell"].implode())).unique()
        known = self.known.filter(pl.col("cell").is_in(hits.implode()))
        if not self._has_slips:
            return known
        cells = cells.filter(~cells.is_in(self.values.implode())).drop_nulls().unique()
        if cells.is_empty():
            return known
        found = [known, self.speller.propose(cells).select(list(PROPOSALS)), self.far.propose(cells)]
        if self.reader:
            found.append(self.reader.propose(cells.filter(self.form.parse(cells).is_null())))
        return pl.concat(found)

    @cached_property
    def _has_slips(self) -> bool:
        """Whether it is worth the time to look for slips among values that the column does not have."""
        plain = self.known.filter(pl.col("log_odds") > _PLAIN)["cell"].n_unique()
        return len(self.values) < _MANY or plain >= _HARDLY_ANY * len(self.values)
