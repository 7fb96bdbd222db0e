"""Numbers with labels, groups and marks of every country are read by the format of their column."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty.kinds import Form, find_kind
from eightytwenty.kinds.number_format import NumberFormat, find_number_form
from eightytwenty.kinds.number_parts import number_parts

DOUBT = "nothing tells whether the mark before three digits stands between groups or before a fraction"
EXAMPLES = ["1,234", "1.234,5", "$1,234.5", "1234.5 kg", "1234,5", "1 234,5 €", "1'234.5", "12%", "€ 1.234,5"]
FORMS = [
    (["1,200", "950"], Form("1,234")),
    (["1.234,50", "7"], Form("1.234,5")),
    (["1,5", "2,25"], Form("1234,5")),
    (["0,125", "7"], Form("1234,5")),
    (["0.125", "1.234", "950"], Form()),
    (["1.234", "950"], Form("1234.5 or 1.234", doubt=DOUBT)),
    (["1,649", "712"], Form("1,234 or 1234,5", doubt=DOUBT)),
    (["$1,649", "$1.712"], Form("$1,234.5 or $1.234,5", "$", DOUBT)),
    (["1,649", "712", "2,400"], Form("1,234")),  # as fractions, all would have three digits
    (["19%", "7 %", "8 %"], Form("1234 %", "%")),
    (["5,00 €", "3,20 €", "€ 4,50"], Form("1234,5 €", "€")),
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


def belonging(name, cells):
    recognise = find_kind(name).recognise
    assert recognise is not None
    return recognise(pl.Series(cells)).to_list()


def test_a_mark_that_is_a_decimal_comma_is_no_group():
    cells = ["0,125", "1,250", "2,375"]
    assert not any(belonging("integer", cells))
    assert all(belonging("decimal", cells))


def test_the_format_of_either_reading_flags_the_cells_that_have_both():
    kind = find_kind("integer", "1,234 or 1234,5")
    cells = pl.Series(["7,250", "15", "x", "1,234,567", None])
    assert kind.parse(cells).to_list() == [7250, 15, None, 1234567, None]
    assert kind.doubt is not None
    assert kind.doubt(cells).to_list() == [True, False, False, False, False]
    with pytest.raises(ValueError, match="is no format of numbers"):
        find_kind("integer", "1,234 or x")


@pytest.mark.parametrize("cells", [["1)", "2"], ["(1", "2"], ["(5%", "3.5%"], ["(-5)", "7.5"], ["(5)-", "7.5"]])
def test_brackets_are_a_pair(cells):
    assert number_parts(pl.Series(cells))["number"].is_not_null().to_list() == [False, True]


@pytest.mark.parametrize("cells", [["(1)", "(2)"], ["(1.5)", "(2.5)"]])
def test_an_enumeration_is_no_accounting(cells):
    assert number_parts(pl.Series(cells))["number"].is_null().all()


@pytest.mark.parametrize(("cell", "amount"), [("2-", "3.50"), ("(2)", "1,200"), ("(2)", "$7")])
def test_a_sign_behind_a_number_is_one_among_amounts(cell, amount):
    assert number_parts(pl.Series([cell, amount]))["number"].is_not_null().all()
    assert number_parts(pl.Series([cell, "7"]))["number"].is_not_null().to_list() == [False, True]


def test_a_column_of_minus_signs_behind_amounts_is_decimal():
    assert all(belonging("decimal", ["100,00-", "20,50", "3,10-"]))


def test_what_a_spreadsheet_leaves_of_long_numbers_is_no_number_beside_them():
    cells = ["123456789012", "123456789013", "1.23457E+11"]
    assert not any(belonging("float", cells))
    assert belonging("integer", cells) == [True, True, False]
    assert all(belonging("float", ["1.5", "1.23457E+31"]))


def test_the_unit_of_a_few_numbers_is_not_that_of_the_others():
    assert not any(belonging("quantity", ["1", "2", "3", "5 km"]))
    assert all(belonging("quantity", ["1", "5 km"]))


@pytest.mark.parametrize("cell", ["1,", "1,%", "$1,", "1, kg"])
def test_a_comma_behind_a_number_is_none_of_its_own(cell):
    assert number_parts(pl.Series([cell]))["number"].to_list() == [None]
