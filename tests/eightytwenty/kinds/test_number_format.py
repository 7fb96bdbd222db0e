"""Numbers with labels, groups and marks of every country are read by the format of their column."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.kinds import Form, find_kind
from eightytwenty.kinds.number_format import NumberFormat, find_number_form

EXAMPLES = ["1,234", "1.234,5", "$1,234.5", "1234.5 kg", "1234,5", "1 234,5 €", "1'234.5", "12%", "€ 1.234,5"]
FORMS = [
    (["1,200", "950"], Form("1,234")),
    (["1.234,50", "7"], Form("1.234,5")),
    (["1,5", "2,25"], Form("1234,5")),
    (["0,125", "7"], Form("1234,5")),
    (["1.234", "950"], Form()),  # a fraction, unless something else says that it is none
    (["1.234", "950", "1.234.567"], Form("1.234")),
    (["1200", "950", "1,000"], Form()),  # most long numbers have no groups
    (["$5.00", "$1,200.00"], Form("$1,234.5", "$")),
    (["$ 5", "$ 7"], Form("$ 1234", "$")),
    (["12 oz", "12.0 OZ.", "7"], Form("", "oz")),  # mixed, so that the bare number is the form
    (["12%", "5.5%"], Form("1234%", "%")),
    (["٤٤٠٢", "٤"], Form()),
    (["1 234 567,5", "2,5"], Form("1 234,5")),
]
KINDS = [
    ("integer", "7 1,200 7.0", "7.5 x 5kg 1234567890123456789"),
    ("decimal", "7.5 1,200.25 .5 7", "x 5kg 1e-99"),
    ("float", "1.5 6.1e-27 2E3 -7", "x 5kg"),
    ("quantity", "$5 $1,200.50 7", "5% 5kg 35001C"),
    ("percentage", "5% 7.5% 7", "x $5"),
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_format_is_a_number_as_an_example(example):
    form = NumberFormat.parse(example)
    assert NumberFormat.parse(str(form)) == form
    written = form.write("-1234567.5")
    assert form.bare(pl.Series([written])).to_list() == ["-1234567.5"]
    assert form.read(written) == "-1234567.5"


@pytest.mark.parametrize("example", ["", "x", "1", "1,234,5", "12345", "1.234.5"])
def test_what_is_no_example_is_refused(example):
    with pytest.raises(ValueError, match=r"is no format of numbers|the same mark"):
        NumberFormat.parse(example)


@pytest.mark.parametrize("kind", ["integer", "decimal", "quantity", "percentage"])
@given(cell=st.from_regex(r"[-$]{0,2}[0-9]{0,5}([.,' ][0-9]{0,3}){0,2}( kg|%)?", fullmatch=True), data=st.data())
def test_a_cell_is_plain_where_it_is_read(kind, cell, data):
    formatted = find_kind(kind, data.draw(st.sampled_from(EXAMPLES)))
    assert formatted.is_plain(cell) == (formatted.parse(pl.Series([cell])).null_count() == 0)


@pytest.mark.parametrize(("cells", "form"), FORMS)
def test_the_form_of_most_numbers_is_found(cells, form):
    assert find_number_form(pl.Series(cells), pl.Series([10] * len(cells))) == form


@pytest.mark.parametrize(("name", "belong", "others"), KINDS)
def test_cells_are_recognised_by_all_of_them(name, belong, others):
    recognise = find_kind(name).recognise
    assert recognise is not None
    cells = pl.Series(belong.split())
    assert recognise(cells).all()
    for other in others.split():
        assert not recognise(pl.Series([*cells, *(f"{n}" for n in range(50, 90)), other]))[-1]


@pytest.mark.parametrize("name", ["integer", "decimal", "float", "quantity", "percentage"])
def test_codes_and_words_are_no_numbers(name):
    recognise = find_kind(name).recognise
    assert recognise is not None
    for cells in (["007", "014", "120"], ["35001C", "35002D"], ["12 Main St", "7 Oak St"], ["A1", "B2"]):
        assert not recognise(pl.Series(cells)).any()
