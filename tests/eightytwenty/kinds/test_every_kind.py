"""What holds for every kind that there is, in each of its formats; a new one is tested as soon as it is registered."""

import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eightytwenty.engine.repair import canonical, repair_column, repairs
from eightytwenty.export.fields import pattern
from eightytwenty.kinds import all_kinds, find_kind
from eightytwenty.schema import Column
from tests.eightytwenty.kinds.formats import FORMATS, SAMPLES, recognised, repaired

KINDS = [kind.name for kind in all_kinds()]
CHARACTERS = "0123456789aAbBxXzZ .-/:,;@()<>[]{}+\"'\\_é°\u200b\u00a0٣\u066b\n\x1c$%="
EDITS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2), st.sampled_from(CHARACTERS)), max_size=3)
CASES = st.sampled_from([str, str, str.lower, str.upper, str.title])


def edited(sample, edits, case):
    for at, kind, character in edits:
        at %= len(sample) + 1
        sample = sample[:at] + ("" if kind == 0 else character) + sample[at + (kind < 2) :]
    return case(sample)


def cells_of(name):
    """Cells of a kind that may have a few characters more or less, cells of other kinds, numbers, and any text."""
    of_all = st.sampled_from(sorted({cell for cells in SAMPLES.values() for cell in cells}))
    own = st.sampled_from(SAMPLES[name]) if name in SAMPLES else of_all
    near = st.builds(edited, st.one_of(own, own, own, of_all), EDITS, CASES)
    return st.one_of(near, near, near, st.integers(-(10**19), 10**19).map(str), st.text(max_size=8))


def formats_of(name):
    return st.sampled_from(["", *FORMATS.get(name, [])])


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=50)
@given(data=st.data())
def test_the_fast_reader_reads_what_is_plain_in_a_format_and_nothing_else(name, data):
    kind = find_kind(name, data.draw(formats_of(name)))
    cells = data.draw(st.lists(cells_of(name) | st.none()))
    values = kind.parse(pl.Series("c", cells, dtype=pl.String))
    assert values.dtype == kind.dtype
    assert [value is not None for value in values] == [cell is not None and kind.is_plain(cell) for cell in cells]


def require_that_repairs_end(name, cell, form=""):
    column = Column("c", name, format=form)
    for repair in repairs(column):
        repair.function(cell)
    once = repair_column(pl.Series("c", [cell]), column)
    if once.values[0] is not None:
        again = repair_column(once.cells, column)
        assert again.cells.equals(once.cells)
        assert again.ledger.is_empty()
        assert find_kind(name, form).is_plain(once.cells[0])


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=50)
@given(data=st.data())
def test_repairs_never_raise_and_end_in_what_is_plain(name, data):
    require_that_repairs_end(name, data.draw(cells_of(name)), data.draw(formats_of(name)))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("cell", ["9" * 5000, "1_000_000", "0001-01-01 00:00:00+01:00", "9999-12-31 23:59:59-01:00"])
def test_repairs_never_raise_at_the_ends_of_what_can_be_held(name, cell):
    require_that_repairs_end(name, cell)


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=50)
@given(data=st.data())
def test_a_repaired_cell_matches_the_pattern_for_other_programs_and_is_written_as_the_same_value(name, data):
    column = Column("c", name, format=data.draw(formats_of(name)))
    once = repair_column(pl.Series("c", [data.draw(cells_of(name))]), column)
    if once.values[0] is not None:
        assert re.search(pattern(column), once.cells[0])
        if not column.format:
            assert find_kind(name).parse(canonical(once.cells, once.values)).equals(once.values)


@pytest.mark.parametrize("name", [kind.name for kind in all_kinds() if kind.recognise])
@settings(max_examples=50)
@given(data=st.data())
def test_what_is_recognised_can_be_read_and_is_recognised_by_name(name, data):
    kind, cell = find_kind(name), data.draw(cells_of(name))
    alone = recognised(name, [cell])
    by_name = recognised(name, [cell], named=True) if kind.recognise_named else alone
    assert alone in ([], by_name)
    if by_name:
        form = kind.find_form(pl.Series(by_name), pl.Series([1]))
        assert repaired(name, cell, form.format) is not None


@pytest.mark.parametrize("cell", ["\u066b2 kg", "1\u066b2 kg"])
def test_a_fraction_with_the_arabic_mark_loses_its_unit(cell):
    assert repaired("quantity", cell, "1234 kg") in {"0.2 kg", "1.2 kg"}


def test_a_mark_for_a_fraction_without_one_is_no_number():
    assert recognised("quantity", ["1\u066b kg"]) == []
