"""What holds for the kinds that recognise their cells, and for each of their formats."""

import re

import polars as pl
from hypothesis import strategies as st

from eightytwenty.engine.repair import repair_column
from eightytwenty.export.fields import pattern
from eightytwenty.inference.column import infer_column
from eightytwenty.kinds import find_kind
from eightytwenty.schema import Column


def near(samples):
    """Cells that differ from a sample by a few characters, by letter case, or not at all."""
    characters = st.sampled_from("0123456789aAbBxXzZ .-/:,;@()<>[]{}+\"'\\_é°\u200b\n")
    edits = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), characters), max_size=3)

    def edited(sample, edits, case):
        for at, kind, character in edits:
            at %= len(sample) + 1
            sample = sample[:at] + ("" if kind == 0 else character) + sample[at + (kind < 2) :]
        return case(sample)

    cases = st.sampled_from([str, str, str.lower, str.upper, str.title])
    return st.builds(edited, st.sampled_from(sorted(samples)), edits, cases)


def repaired(name, cell, form=""):
    """The cell after its repairs, None if it is not plain then."""
    column = repair_column(pl.Series("c", [cell]), Column("c", name, format=form))
    return column.cells[0] if column.values.null_count() == 0 else None


def recognised(name, cells, named=False):
    """Which of the cells a kind recognises, all of them together."""
    kind = find_kind(name)
    recognise = kind.recognise_named if named else kind.recognise
    series = pl.Series("c", cells, dtype=pl.String)
    found = recognise(series)
    assert (found.dtype, len(found), found.null_count()) == (pl.Boolean, len(cells), 0)
    return [cell for cell, is_found in zip(cells, found, strict=True) if is_found]


def form(name, counts):
    """The format that a kind finds in cells, given how often each occurs."""
    found = find_kind(name).find_form(
        pl.Series(list(counts), dtype=pl.String), pl.Series(list(counts.values()), dtype=pl.UInt32)
    )
    assert find_kind(name, found.format).name == name
    return found.format


def require_one_reader(name, cells, form=""):
    """The fast reader reads what is plain in a format, and nothing else."""
    kind = find_kind(name, form)
    values = kind.parse(pl.Series("c", cells, dtype=pl.String))
    assert values.dtype == kind.dtype
    assert [value is not None for value in values] == [cell is not None and kind.is_plain(cell) for cell in cells]


def require_pattern(name, cell, form=""):
    """A repaired cell matches the pattern by which other programs check the column."""
    plain = repaired(name, cell, form)
    assert plain is None or re.search(pattern(Column("c", name, format=form)), plain)


def require_repairs_that_end(name, cell, form=""):
    """No repair raises, and one that leads to plain form leaves nothing to repair."""
    after = repaired(name, cell, form)
    if after is not None:
        assert repaired(name, after, form) == after
        assert find_kind(name, form).is_plain(after)


def require_recognised_cells_that_can_be_read(name, cell):
    """What is recognised is plain after its repairs, and what is recognised alone is also recognised by name."""
    kind = find_kind(name)
    alone = recognised(name, [cell])
    by_name = recognised(name, [cell], named=True) if kind.recognise_named else alone
    assert alone in ([], by_name)
    for found in by_name:
        assert repaired(name, found) is not None


def flags_of(name, cells):
    """The rules that flag cells of a column of which nothing is known, and these, in their order."""
    column, _, _ = infer_column(name, pl.Series(cells, dtype=pl.String))
    after = repair_column(pl.Series(cells, dtype=pl.String), column)
    flags = {cells[row]: rule for row, rule, _ in after.proposals.rows()}
    is_open = column.form.doubt(after.cells).to_list() if column.form.doubt else [False] * len(cells)
    for cell, value, is_doubtful in zip(after.cells, after.values, is_open, strict=True):
        if is_doubtful or value is None:
            flags.setdefault(cell, column.form.doubt_name if is_doubtful else column.form.fault)
    return [(flags[cell], cell) for cell in after.cells if cell in flags]
