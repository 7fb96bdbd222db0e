import pytest

from tests.eightytwenty.kinds.formats import form, recognised, repaired

REPAIRED = {
    "02139": "02139",
    "02139-4307": "02139-4307",
    "021394307": "02139-4307",
    "02139 4307": "02139-4307",
    "02139 - 4307": "02139-4307",
    "02139–4307": "02139-4307",
    "90210.0": "90210",
    "021394307.0": "02139-4307",
    "K1A 0B1": "K1A 0B1",
    "k1a0b1": "K1A 0B1",
    "K1A-0B1": "K1A 0B1",
    "SW1A 2AA": "SW1A 2AA",
    "sw1a2aa": "SW1A 2AA",
    "M1  1AE": "M1 1AE",
    "1012AB": "1012 AB",
    "1012 ab": "1012 AB",
    "00-950": "00-950",
    "114 55": "114 55",
    "100-0001": "100-0001",
    "01310-100": "01310-100",
    "1000-205": "1000-205",
    "8001": "8001",
    "110001": "110001",
    "N/A": None,
}
FAULTS = [
    *("2139.0", "123", "12345-67", "1234567", "12345678", "D1A 0B1", "SW1A 2CA", "0123 AB", "Boston", "1.5", "12345.5"),
    *("02139, 02140", "MA 02139", "CH-8001", "12 345", "1e5"),
]
SAMPLES = [cell for cell, plain in REPAIRED.items() if plain]


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("postal_code", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("postal_code", cell) is None


def test_codes_with_letters_are_recognised_and_those_of_nine_digits():
    shown = ["02139-4307", "K1A 0B1", "k1a 0b1", "SW1A 2AA", "M1 1AE"]
    assert recognised("postal_code", shown) == shown
    others = ["02139", "8001", "110001", "00-950", "114 55", "100-0001", "K1A0B1", "1012 AB", "2024", "2024-01-05"]
    assert recognised("postal_code", [*others, *FAULTS]) == []


def test_others_are_recognised_in_a_column_that_says_so():
    assert recognised("postal_code", SAMPLES, named=True) == [cell for cell in SAMPLES if "–" not in cell]
    assert recognised("postal_code", FAULTS, named=True) == []


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({"02139": 50, "02139-4307": 40, "2139": 5}, "99999"),
        ({"02139": 50, "K1A 0B1": 40}, ""),
        ({"SW1A 2AA": 10, "M1 1AE": 10}, "A9 9AA"),
        ({"8001": 1}, "9999"),
        ({}, ""),
    ],
)
def test_a_column_of_one_country_has_its_shape(counts, found):
    assert form("postal_code", counts) == found


def test_a_code_that_may_have_lost_a_zero_is_a_fault_and_nothing_is_added():
    assert repaired("postal_code", "2139") == "2139"
    assert repaired("postal_code", "2139", "99999") is None
    assert repaired("postal_code", "021394307", "99999") == "02139-4307"
    with pytest.raises(ValueError, match="'99' is no format of postal_code; there are 9999, 99999"):
        repaired("postal_code", "02139", "99")
