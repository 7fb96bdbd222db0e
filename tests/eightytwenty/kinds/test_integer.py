import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eightytwenty.engine.repair import repairs
from eightytwenty.kinds.integer import readings
from eightytwenty.schema import Column

INTEGER_REPAIRS = repairs(Column("n", "integer"))
REPAIRS = {repair.name: repair.function for repair in INTEGER_REPAIRS}

SPELLINGS = {
    "stray spaces": {
        " 7": "7",
        "\t7\r\n": "7",
        "\u00a07\u2009": "7",
        "\u200b7\ufeff": "7",
        "": None,
        " \u3000\u200b": None,
        "\u200e7\u200f": "7",
        "7\u00ad": "7",
        "\u202b 7\u202c": "7",
    },
    "missing mark": dict.fromkeys(
        ["NA", "n/a", "null", "missing", "?", "#N/A", "#REF!", "#NAME?", "#VALUE!", "#NULL!"]
    ),
    "unicode variants": {
        "７７": "77",
        "−7": "-7",
        "–7": "-7",
        "𝟕": "7",
        "７，０": "7,0",
        "6\u202f5": "6 5",
        "＄7": "$7",
        "-\u200e7": "-7",
        "12\u00ad345": "12345",
        "\u200e7²": "7²",
    },
    "digits of a script": {
        "٤٤٠٢": "4402",
        "۱۸۶۵۱": "18651",
        "२३०५३": "23053",
        "๗": "7",
        "-٧": "-7",
        "٤٬٤٠٢٫٠٠": "4٬402٫00",
        "٧ kg": "7 kg",
    },
    "spreadsheet text": {
        "'4402": "4402",
        "'007": "007",
        "' -7": "-7",
        "'$7": "$7",
        '="4402"': "4402",
        '=" 4,402.00 "': "4,402.00",
        "=23053": "23053",
        "=-7": "-7",
        "=7.5": "7.5",
    },
    "number word": {"seven": "7", "Twenty two": "22", "sixty-five thousand five hundred thirty-six": "65536"},
    "unit or currency": {
        "$7": "7",
        "US$ 7": "7",
        "7 US$": "7",
        "-$7": "-7",
        "7€": "7",
        "7 EUR": "7",
        "eur 7": "7",
        "7 kg": "7",
        "7KG": "7",
        "7pcs": "7",
        "7 pcs.": "7",
        "-7 items": "-7",
        "1,000.5 km": "1,000.5",
        "7 ml": "7",
        "EUR7": "7",
        "CHF 4'402.-": "4'402.-",
        "4'402.- CHF": "4'402.-",
        "4.402,00 €": "4.402,00",
        "4 402,00 zł": "4 402,00",
        "C$ 7": "7",
        "₹1,23,456": "1,23,456",
        "$-7": "-7",
        "($7)": "(7)",
        "$ (7)": "(7)",
        "(7 kg)": "(7)",
        "(7) EUR": "(7)",
        "$.50": ".50",
    },
    "dash for zeros": {
        "4’402.-": "4’402.00",
        "928.-": "928.00",
        "7,--": "7,00",
        "7.000,—": "7.000,00",
        "-7.-": "-7.00",
    },
    "accounting sign": {
        "(4402)": "-4402",
        "( 4,402.00 )": "-4,402.00",
        "(.5)": "-.5",
        "4402-": "-4402",
        "4.402,00-": "-4.402,00",
        "(0)": "-0",
    },
    "scientific notation": {
        "7e0": "7",
        "1.2E+01": "12",
        "6.5536e4": "65536",
        "1,2e1": "12",
        "-1e2": "-100",
        "0e9": "0",
        # all digits are there, or so few that a person meant them
        "1.23456789012E+11": "123456789012",
        "1e3": "1000",
        "1.5E+3": "1500",
        "1.25e6": "1250000",
        "1.5e12": "1500000000000",
        "2E+12": "2000000000000",
    },
    "decimal form": {
        "7.0": "7",
        "7,00": "7",
        "7.": "7",
        "-7.0": "-7",
        "0.000": "0",
        "1234,000": "1234",
        "7.0000": "7",
        "7\u066b000": "7",
    },
    "thousands separator": {
        "65,536": "65536",
        "65.536": "65536",
        "65 536": "65536",
        "65'536": "65536",
        "65’536": "65536",
        "1,000,000": "1000000",
        "-1.234": "-1234",
        "7 000": "7000",
        "65\u202f536": "65536",
        "7 000,5": "7000.5",
        "1,000.000": "1000.000",
        "1.000,000": "1000.000",
        "1.234.567,00": "1234567.00",
        "1,23,456": "123456",
        "-12,34,567.00": "-1234567.00",
        "1,00,000": "100000",
        "7\u066c000": "7000",
        "4\u066c402\u066b00": "4402.00",
    },
    "sign or leading zeros": {"+7": "7", "007": "7", "-0": "0", "+0": "0", "-007": "-7", "000": "0"},
}

UNCHANGED = {
    "missing mark": ["-", "--", "none", "None", "nan", "NaN", "nil", "0", "inf", "---", "no", "#DIV/0!", "#NUM!"],
    # powers, fractions, roman numerals and numbered circles are no digits
    "unicode variants": ["7²", "10⁵", "x₂", "½", "7½", "①7", "⒈5", "Ⅶ", "٧", "७"],
    "digits of a script": ["٧7", "٧۷", "७٧", "²", "Ⅶ", "七"],
    "spreadsheet text": ["''7", "'", "' ", "=", '=""', "=1+1", "=A1", "=1.250", '="7', "7'", '"7"', "='7"],
    "number word": ["minus seven", "-seven", "two twenty", "twenty, two", "twelvety"],
    "unit or currency": [
        "7k",
        "7m",
        "7M",
        "7 MM",
        "5G",
        "7%",
        "7 ‰",
        "$",
        "7¢",
        "¢7",
        "7 €/kg",
        "7-kg",
        "5-hour",
        "kr 7",
        "7 kgs",
        "7 bit",
        "a7 kg",
        "7-",
    ],
    "dash for zeros": ["7-", "7--", ".-", "-", "7.0-", "x.-"],
    "accounting sign": ["(-7)", "-(7)", "+(7)", "((7))", "(7", "7)", "()", "(7-)", "7 -", "-7-", "7--", "(7%)", "(a)"],
    "scientific notation": [
        # what a spreadsheet, %g, %e and a float leave of a longer number
        "1.23457E+17",
        "1.23457E+11",
        "1,23457E+11",
        "-1.2346E+11",
        "1.23E+11",
        "123.5E+9",
        "1.23457e+06",
        "1.234568e+08",
        "1.2345678901234568e+17",
        "1e-3",
        "1.5e-3",
        "1e400",
        "1e18",
        "e5",
        "1e",
        "1.e5",
        "1e1.0",
        "1,000e3",
        "12,345E+03",
        "0x1e2",
    ],
    "decimal form": ["7.5", "7,5", "7,000", "-7,000", "+7.000", "100.000", "7..0", ".0", "1.000.00", "7,0 0"],
    "thousands separator": [
        *(
            "7,000",
            "12,34",
            "1,2,3",
            "1.000.00",
            "1.000,00.0",
            "1,000,00",
            "0,123",
            "0.500,00",
            "1.23.456",
            "1,234 567",
            "1234,567",
            "1,2345",
            "1, 234",
        ),
        *("2024-01-05", "1,,000", "12:345", "1234 567"),
    ],
    "sign or leading zeros": ["--7", "+-7", "-+7", "++7", "+", "-", "0x1F", "0 7", "7-", "٠7"],
}


@pytest.mark.parametrize(
    ("name", "cell", "after"),
    [(name, cell, after) for name, cells in SPELLINGS.items() for cell, after in cells.items()],
)
def test_what_has_one_meaning_is_repaired(name, cell, after):
    assert REPAIRS[name](cell) == after


@pytest.mark.parametrize(("name", "cell"), [(name, cell) for name, cells in UNCHANGED.items() for cell in cells])
def test_what_has_another_meaning_or_none_is_left_alone(name, cell):
    assert REPAIRS[name](cell) == cell


def test_every_repair_is_tested():
    assert set(SPELLINGS) == set(REPAIRS)


number_like = st.text(
    st.sampled_from("0123456789.,'+-eE $€kgN/A\u200b\u00a0７²one()=\"’—٧۷\u066b\u066c\u200e"), max_size=12
)


@pytest.mark.parametrize("repair", INTEGER_REPAIRS, ids=lambda repair: repair.name)
@given(cell=st.one_of(st.text(), number_like))
@example(cell="7.0.0")
@example(cell="1_000_000")
@example(cell="9" * 5000)
def test_a_repair_never_raises_and_has_nothing_to_add_to_itself(repair, cell):
    once = repair.function(cell)
    # one label is removed and no more: with two of them nothing says what the number is
    if once is not None and repair.name != "unit or currency":
        assert repair.function(once) == once


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_no_repair_touches_plain_digits(number):
    for repair in INTEGER_REPAIRS:
        assert repair.function(str(number)) == str(number)


@pytest.mark.parametrize(
    ("cell", "meanings"), [("7,000", ("7", "7000")), ("100.000", ("100", "100000")), ("-7,000", ("-7", "-7000"))]
)
def test_what_has_two_meanings_says_both(cell, meanings):
    assert readings(cell) == meanings


@pytest.mark.parametrize("cell", ["7", "7,0", "7,0000", "1234,000", "07,000", "0,000", "7,000,000", "7 000", ""])
def test_what_has_one_meaning_is_no_choice(cell):
    assert readings(cell) == ()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "cell",
    [
        *("7" + " " * 10**6 + "x", "0" * 10**6 + "x", "1" + ",000" * 250_000 + "x", "7" + "\u0301\u0323" * 500_000),
        *("(" + "7 " * 500_000 + "x", "1" + ",00" * 300_000 + "x", "7" + ".-" * 500_000, "$" * 10**6, "٧7" * 500_000),
    ],
    ids=["spaces", "zeros", "groups", "accents", "bracket", "pairs", "dashes", "signs", "scripts"],
)
def test_a_cell_of_a_megabyte_takes_no_longer_than_its_length(cell):
    for repair in INTEGER_REPAIRS:
        assert repair.function(cell) == cell


def test_no_text_is_a_choice_by_accident():
    assert all(not readings(cell) for cells in UNCHANGED.values() for cell in cells if "000" not in cell)
