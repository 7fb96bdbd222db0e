import pytest

from tests.eightytwenty.kinds.formats import form, recognised, repaired

REPAIRED = {
    "(212) 555-0100": "(212) 555-0100",
    "212.555.0100": "212.555.0100",
    "2125550100": "2125550100",
    "555-0100": "555-0100",
    "+44 20 7946 0018": "+44 20 7946 0018",
    "+44 (0)20 7946 0018": "+44 (0)20 7946 0018",
    "089/123456": "089/123456",
    "( 212 )  555 - 0100": "(212) 555-0100",
    "212‐555–0100": "212-555-0100",
    "tel:+1-212-555-0100": "+1-212-555-0100",
    "212-555-0100 ext. 12": "212-555-0100 x12",
    "212-555-0100x12": "212-555-0100 x12",
    "212-555-0100, Ext 12": "212-555-0100 x12",
    "212-555-0100 #12": "212-555-0100 x12",
    "2125550100.0": "2125550100",
    "N/A": None,
}
FAULTS = [
    *("911", "1-800-FLOWERS", "212-555-0100 or 212-555-0101", "1" * 16, "123456.5", "12:30:00", "((212)) 555-0100"),
    *("212--555-0100", "-2125550100", "$2,125,550", "+", "()", "fax 212-555-0100", "212-555-0100 (home)", "1.23e10"),
]
SHOWN = [
    *(
        "(212) 555-0100",
        "(212)555-0100",
        "212-555-0100",
        "212.555.0100",
        "212 555 0100",
        "1-212-555-0100",
        "1 (212) 555-0100",
    ),
    *("+1 (212) 555-0100", "+12125550100", "001-212-555-0100x123", "+44 20 7946 0018", "+44 (0)20 7946 0018"),
    *(
        "+49 30 123456",
        "(020) 7946 0018",
        "(11) 91234-5678",
        "01 23 45 67 89",
        "020 7946 0018",
        "(212) 555-0100 ext. 7",
    ),
]
NUMBERS = [
    *("2125550100", "12345", "02139-4307", "123-45-6789", "2024-01-05", "05/01/2024", "20240105", "2001-2024", "12.50"),
    *(
        "1,234,567",
        "1 234 567",
        "123 456 789",
        "978-3-16-148410-0",
        "192.0.2.1",
        "10:30",
        "+12.5",
        "+1234567.25",
        "(1234)",
    ),
    *("(123,456)", "100-200", "41.8781, -87.6298", "2024-01-05 10:00:00", "+1 234", "(2004) 123-145", "$1234567890"),
]


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("phone", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("phone", cell) is None


@pytest.mark.parametrize("cell", SHOWN)
def test_a_phone_number_is_recognised_by_its_marks(cell):
    assert recognised("phone", [cell]) == [cell]
    assert recognised("phone", [cell], named=True) == [cell]


@pytest.mark.parametrize("cell", [*NUMBERS, *FAULTS])
def test_other_numbers_are_no_phone_numbers(cell):
    assert recognised("phone", [cell]) == []


def test_digits_alone_are_recognised_in_a_column_that_says_so():
    cells = ["2125550100", "2125550101", "2125550102.0", "555-0100", "089/123456", "(212) 555-0100"]
    assert recognised("phone", cells, named=True) == cells
    assert recognised("phone", ["2024-01-05", "5/1/2024", "123", "12.5", "yes", *FAULTS], named=True) == []


def test_the_count_of_phones_is_not_recognised():
    counts = [str(7**power) for power in range(3, 18)]
    assert len(recognised("phone", counts, named=True)) < len(counts) / 5


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"(212) 555-0100": 2, "212-555-0100": 1}, "(999) 999-9999"),
        ({"212-555-0100 x7": 2, "212-555-0100": 1}, "999-999-9999"),
        ({"+1 212 555 0100": 2, "212-555-0100": 1}, "+1 999 999 9999"),
        ({"+91 98765 43210": 2, "212-555-0100": 1}, "+91 99999 99999"),
        ({"+12125550100": 1, "+442079460018": 1, "212-555-0100": 1}, "E.164"),
        ({"+44 20 7946 0018": 1, "(212) 555-0100": 1}, ""),
        ({"unknown": 5, "212-555-0100": 1}, ""),
        ({}, ""),
    ],
)
def test_a_column_keeps_its_shape(counts, found):
    assert form("phone", counts) == found


@pytest.mark.parametrize(
    ("shape", "cell", "after"),
    [
        ("(999) 999-9999", "212.555.0100", "(212) 555-0100"),
        ("(999) 999-9999", "2125550100 ext 7", "(212) 555-0100 x7"),
        ("(999) 999-9999", "1-212-555-0100", "(212) 555-0100"),
        ("(999) 999-9999", "+44 20 7946 0018", "+44 20 7946 0018"),
        ("(999) 999-9999", "+1 212 555 0100", "+1 212 555 0100"),
        ("(999) 999-9999", "555-0100", None),
        ("(999) 999-9999", "13912345678", None),
        ("+1 999 999 9999", "1-212-555-0100", "+1 212 555 0100"),
        ("+1 999 999 9999", "+1 (212) 555-0100 x7", "+1 212 555 0100 x7"),
        ("+1 999 999 9999", "+44 20 7946 0018", "+44 20 7946 0018"),
        ("+1 999 999 9999", "212-555-0100", None),
        ("E.164", "+44 (0)20 7946 0018", "+442079460018"),
        ("E.164", "+39 06 1234 5678", "+390612345678"),
        ("E.164", "0044 20 7946 0018", "+442079460018"),
        ("E.164", "+1 (212) 555-0100 x7", "+12125550100 x7"),
        ("E.164", "212-555-0100", None),
        ("E.164", "+999 123 4567", None),
    ],
)
def test_a_number_is_written_in_the_shape_of_its_column(shape, cell, after):
    assert repaired("phone", cell, shape) == after


@pytest.mark.parametrize("shape", ["999", "(212) 555-0100", "e164", "+9999 9999 9999", "999-999-9999 x99", "x"])
def test_what_is_no_shape_is_refused(shape):
    with pytest.raises(ValueError, match="is no format of phone; give a shape such as"):
        repaired("phone", "212-555-0100", shape)
