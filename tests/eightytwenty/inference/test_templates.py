"""Columns that are written out of others, and what the template says of a row."""

import polars as pl
import pytest

from eightytwenty.inference.templates import expected, find_templates
from eightytwenty.mined_rules import Template

STATES, MEASURES = ["AL", "TX", "NY", "CA", "WA"], ["scip-1", "scip-2", "hf-1", "hf-2", "ami-3", "ami-4", "pn-7"]


def table(form, rows=70):
    states, measures = ((values * rows)[:rows] for values in (STATES, MEASURES))
    cells = {"state": states, "measure": measures}
    codes = [form.format(state=state, measure=measure) for state, measure in zip(states, measures, strict=True)]
    return pl.DataFrame({**cells, "code": codes})


@pytest.mark.parametrize("form", ["{state}_{measure}", "No. {measure} ({state})", "{state}: x"])
def test_a_template_is_found_and_says_what_the_cells_are(form):
    cells = table(form)
    (found,) = find_templates(cells)
    assert (found.template, found.column, found.holds) == (form, "code", 1.0)
    assert expected(found, cells).to_list() == cells["code"].to_list()


def test_a_slip_does_not_hide_it():
    cells = table("{state}_{measure}").with_columns(
        code=pl.when(pl.int_range(pl.len()) == 7).then(pl.lit("TX_hf-x")).otherwise("code")
    )
    (found,) = find_templates(cells)
    assert 0.98 < found.holds < 1
    assert expected(found, cells)[7] == f"{cells['state'][7]}_{cells['measure'][7]}"


def test_a_missing_part_says_nothing():
    cells = pl.DataFrame({"a": ["x", None], "b": ["y", "y"]})
    assert expected(Template("{a}-{b}", "c"), cells).to_list() == ["x-y", None]


@pytest.mark.parametrize("form", ["{{{state}}}_{measure}", "{state}{{}}{measure}"])
def test_texts_with_braces_are_no_template(form):
    assert find_templates(table(form)) == []


def test_a_copy_and_a_part_of_a_word_are_no_template():
    cells = table("{measure}")
    assert find_templates(cells) == []
    assert find_templates(table("x{state}y{measure}z")) == []


def test_the_order_of_rows_does_not_matter():
    cells = table("{state}_{measure}", 3_000)
    cells = cells.with_columns(code=pl.when(pl.int_range(pl.len()) % 50 == 0).then(pl.lit("?")).otherwise("code"))
    assert find_templates(cells) == find_templates(cells.sample(fraction=1, shuffle=True, seed=1))
