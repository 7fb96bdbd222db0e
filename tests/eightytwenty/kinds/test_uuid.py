import pytest

from tests.eightytwenty.kinds.formats import form, recognised, repaired

LOWER = "c0ffee00-1234-4abc-8def-001122334455"
UPPER = LOWER.upper()
REPAIRED = {
    LOWER: LOWER,
    UPPER: LOWER,
    f"{{{UPPER}}}": LOWER,
    f"urn:uuid:{LOWER}": LOWER,
    f"URN:UUID:{UPPER}": LOWER,
    f" {LOWER}\n": LOWER,
    LOWER.replace("-", ""): LOWER,
    UPPER.replace("-", "–"): LOWER,
    "N/A": None,
}
FAULTS = [LOWER[:-1], LOWER + "0", LOWER.replace("c", "g"), "c0ffee00-12344abc-8def-001122334455", "c0ffee", "1" * 31]
SAMPLES = [cell for cell, plain in REPAIRED.items() if plain]


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("uuid", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("uuid", cell) is None


def test_uuids_are_recognised():
    assert recognised("uuid", SAMPLES) == [cell for cell in SAMPLES if "–" not in cell]
    assert recognised("uuid", FAULTS) == []


def test_hashes_are_not_recognised():
    assert recognised("uuid", ["d41d8cd98f00b204e9800998ecf8427e", "c0ffee0012344abc8def001122334455"]) == []
    assert recognised("uuid", [LOWER, "d41d8cd98f00b204e9800998ecf8427e"]) == [LOWER]


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({LOWER: 1}, ""),
        ({UPPER: 2, LOWER: 1}, "upper"),
        ({f"{{{LOWER}}}": 2, UPPER: 1}, "{lower}"),
        ({f"{{{UPPER}}}": 2}, "{upper}"),
        ({"00000000-0000-0000-0000-000000000000": 1}, ""),
    ],
)
def test_a_column_keeps_its_notation(counts, found):
    assert form("uuid", counts) == found


def test_a_column_of_a_notation_has_it_throughout():
    assert repaired("uuid", LOWER, "{upper}") == f"{{{UPPER}}}"
    assert repaired("uuid", f"{{{UPPER}}}", "upper") == UPPER
    with pytest.raises(ValueError, match="'Upper' is no format of uuid; there are lower, upper"):
        repaired("uuid", UPPER, "Upper")
