"""What the repairs of numbers make of a cell together, in both kinds of numbers."""

from fractions import Fraction

import polars as pl
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from eightytwenty.engine.repair import repair_column
from eightytwenty.kinds import find_kind
from eightytwenty.schema import Column

# cell -> what it is as a whole number and as a decimal; None: neither says what it is
MEANINGS = {
    # notations that come together
    "$ 4,402.00": ("4402", "4402.00"),
    " $ 4,402.00 ": ("4402", "4402.00"),
    "4.402,00": ("4402", "4402.00"),
    "4 402,00": ("4402", "4402.00"),
    "4\u00a0402,00": ("4402", "4402.00"),
    "4\u202f402,00": ("4402", "4402.00"),
    "4.402,00 €": ("4402", "4402.00"),
    "CHF 4’402.-": ("4402", "4402.00"),
    "4'402.00": ("4402", "4402.00"),
    "7.000,-": ("7000", "7000.00"),
    "12,345.0": ("12345", "12345.0"),
    "1.234.567,00": ("1234567", "1234567.00"),
    "1,23,456": ("123456", "123456"),
    "₹ 12,34,567.00": ("1234567", "1234567.00"),
    "٤٬٤٠٢٫٠٠": ("4402", "4402.00"),
    "٧٬٠٠٠": ("7000", "7000"),
    "٧٫٠٠٠": ("7", "7.000"),
    "१,२३,४५६": ("123456", "123456"),
    "１２，３４５．０": ("12345", "12345.0"),
    "\u061c-٧": ("-7", "-7"),
    "($4,402.00)": ("-4402", "-4402.00"),
    "$ (4,402.00)": ("-4402", "-4402.00"),
    "4.402,00-": ("-4402", "-4402.00"),
    "−4402": ("-4402", "-4402"),
    "'007": ("7", "7"),
    '="4,402.00"': ("4402", "4402.00"),
    "=23053": ("23053", "23053"),
    "'seven": ("7", "7"),
    "12\u00ad345": ("12345", "12345"),
    # a fraction that is not zero, however small, is no whole number: nothing says that it is noise
    "19419.0000019419": (None, "19419.0000019419"),
    "1,250.5": (None, "1250.5"),
    "1.234,567": (None, "1234.567"),
    "0.500": (None, "0.500"),
    "0,500": (None, "0.500"),
    # zero has no sign
    "-0": ("0", "0"),
    "-0.0": ("0", "0.0"),
    "(0)": ("0", "0"),
    "-٠": ("0", "0"),
    # a lone separator before three digits: no whole number has a fraction other than zeros
    "1,250": ("1250", None),
    "(1,250)": ("-1250", None),
    "1.250": ("1250", "1.250"),
    "7,000": (None, None),
    "$ 7,000": (None, None),
    "(7,000)": (None, None),
    # a decimal says how many of its digits are known; a whole number has them all
    "1.23457E+17": (None, "123457000000000000"),
    "1e3": ("1000", "1000"),
    # two labels, two signs, two scripts, two groupings
    "$7 €": (None, None),
    "$7 kg": (None, None),
    "(-7)": (None, None),
    "(7-)": (None, None),
    "-$-7": (None, None),
    "٧7": (None, None),
    "1,234 567": (None, None),
    "1,000,00": (None, None),
    # labels that change the value
    "7%": (None, None),
    "(7%)": (None, None),
    "7k": (None, None),
    "7¢": (None, None),
    "7-kg": (None, None),
    "#DIV/0!": (None, None),
}


def read(cell, kind):
    """The cell after its repairs, None if the kind cannot read it."""
    repaired = repair_column(pl.Series("n", [cell]), Column("n", kind))
    return None if repaired.values[0] is None else repaired.cells[0]


@pytest.mark.parametrize(("cell", "meanings"), MEANINGS.items())
def test_a_cell_is_read_if_all_that_is_written_in_it_has_one_meaning(cell, meanings):
    assert (read(cell, "integer"), read(cell, "decimal")) == meanings


@pytest.mark.parametrize(
    ("cell", "integers", "decimals"),
    [
        ("$ 7,000", ("7", "7000"), ("7.000", "7000")),
        ("(7,000)", ("-7", "-7000"), ("-7.000", "-7000")),
        ("'٧,٠٠٠ kg", ("7", "7000"), ("7.000", "7000")),
        ("1,250 €", (), ("1.250", "1250")),
    ],
)
def test_what_has_two_readings_without_its_notation_has_them_still(cell, integers, decimals):
    for kind, readings in (("integer", integers), ("decimal", decimals)):
        after = repair_column(pl.Series("n", [cell]), Column("n", kind)).cells[0]
        assert find_kind(kind).readings(after) == readings


@pytest.mark.parametrize("mark", ["#N/A", "#REF!", "#name?", "\u200e#N/A "])
def test_a_spreadsheet_without_a_value_has_a_missing_cell(mark):
    for kind in ("integer", "decimal", "date", "code"):
        assert repair_column(pl.Series("n", [mark]), Column("n", kind)).cells.to_list() == [None]


def test_a_unit_of_its_own_is_removed_with_all_that_accountants_write_and_no_other():
    cells = ["4.402,00 €", "€ (7)", "(€ 7)", "7.- €", "٧ €", "$ 7", "7 EUR", "7 kg", "7-€"]
    repaired = repair_column(pl.Series("n", cells), Column("n", "integer", unit="€"))
    assert repaired.values.to_list() == [4402, -7, -7, 7, 7, None, None, None, None]


GROUPING = st.sampled_from(
    [(",", "."), (".", ","), *((space, ",") for space in " \u00a0\u202f"), ("'", "."), ("’", "."), ("\u066c", "\u066b")]
)
UNGROUPED = st.sampled_from([("", "."), ("", ","), ("", "\u066b")])


def grouped(digits, separator, sizes):
    """Digits in groups, whose sizes are given from the right; the last size is repeated."""
    groups = []
    while digits and separator:
        size = sizes[min(len(groups), len(sizes) - 1)]
        digits, group = digits[:-size], digits[-size:]
        groups.insert(0, group)
    return separator.join(groups) or digits


@st.composite
def written(draw, fractions):
    """A number, and how somebody writes it: with a notation of each sort, or none.

    Returns:
        The number, the cell, and its digits and separators alone.
    """
    whole = draw(st.integers(0, 12) | st.integers(1, 12).map(lambda number: 1000 * number) | st.integers(0, 10**12))
    (separator, mark), fraction = draw(GROUPING | UNGROUPED), draw(fractions)
    sizes = draw(st.sampled_from([(3,), (3, 2)])) if separator == "," else (3,)
    bare = grouped(str(whole), separator, sizes) + (mark + fraction if fraction else "")
    number = Fraction(f"{whole}.{fraction or 0}")
    cell, signs, labels = bare, ["-{}", "−{}"], ["{}", "${}", "US$ {}", "EUR {}", "{} €", "{} kg"]
    if fraction == "00" and mark != "\u066b" and draw(st.booleans()):
        cell = bare[:-2] + draw(st.sampled_from(["-", "--", "—"]))
    else:
        signs += ["({})", "( {} )", "{}-"]  # nobody writes these around a dash
    zero = ord(draw(st.sampled_from("0٠۰०０")))
    cell = cell.translate({ord("0") + digit: chr(zero + digit) for digit in range(10)})
    sign = draw(st.sampled_from(signs)) if draw(st.booleans()) else "{}"
    number = number if sign == "{}" else -number
    label = draw(st.sampled_from(labels[:4] if sign == "{}-" else labels))  # for "7-kg" is no negative number
    outer, inner = draw(st.permutations([sign, label]))
    cell = outer.format(inner.format(cell)) if sign != "{}-" else label.format(sign.format(cell))
    cell = draw(st.sampled_from(["{}", "'{}", '="{}"', " {} ", "\t{}"])).format(cell)
    if draw(st.booleans()):
        place = draw(st.integers(0, len(cell)))
        cell = cell[:place] + draw(st.sampled_from("\u200e\u200f\u00ad\u200b\ufeff")) + cell[place:]
    return number, cell, bare


def has_two_readings(bare):
    """Whether a comma or a point may stand before thousands or before a fraction."""
    before, separator, after = bare.partition(",") if "," in bare else bare.partition(".")
    return bool(separator) and before[0] != "0" and len(before) <= 3 and len(after) == 3 and after.isdigit()


ZEROS = st.sampled_from(["", "0", "00", "000", "0000"])


@given(written(ZEROS))
@example((Fraction(7), "$ 7.000", "7.000"))
def test_a_whole_number_is_read_as_what_it_is_or_not_at_all(example):
    number, cell, bare = example
    text = read(cell, "integer")
    if text is None:
        assert has_two_readings(bare)
        assert bare.endswith("000")
    else:
        assert Fraction(text) == number


@given(written(ZEROS | st.text("0123456789", max_size=4)))
@example((Fraction(1250), "1,250", "1,250"))
def test_a_decimal_is_read_as_what_it_is_or_not_at_all(example):
    number, cell, bare = example
    assume(not (has_two_readings(bare) and "." in bare and number.denominator == 1))  # a point is a decimal point
    text = read(cell, "decimal")
    if text is None:
        assert has_two_readings(bare)
        assert "," in bare
    else:
        assert Fraction(text) == number
