import pytest

from tests.eightytwenty.kinds.formats import flags_of, recognised, repaired

REPAIRED = {
    "Ann.B+c@example.org": "Ann.B+c@example.org",
    "ann@EXAMPLE.Org": "ann@EXAMPLE.Org",
    " ann@example.org\t": "ann@example.org",
    "<ann@example.org>": "ann@example.org",
    "mailto:ann@example.org": "ann@example.org",
    "MAILTO:<Ann@Example.org>": "Ann@Example.org",
    "ann @ example.org": "ann@example.org",
    "ann@example.org;": "ann@example.org",
    "ann@example.org.": "ann@example.org",
    "ann\u200b@example.org": "ann@example.org",
    "jörg@example.org": "jörg@example.org",
    "ann@München.de": "ann@München.de",
    "ann@xn--mnchen-3ya.de": "ann@xn--mnchen-3ya.de",
    "N/A": None,
}
FAULTS = [
    *(
        "ann",
        "ann@",
        "@ann",
        "ann@example",
        "ann@@example.org",
        "ann@exa mple.org",
        "ann@example..org",
        ".ann@example.org",
    ),
    *(
        "a@example.org, b@example.org",
        "Ann <ann@example.org>",
        "ann at example.org",
        "ann@-example.org",
        "ann@192.0.2.1",
    ),
    *(
        "mailto:ann@example.org?subject=x",
        "ann@example.org" + "x" * 300,
        "ann(at)example.org",
        "jörg@",
        "ann@exa\u2028mple.de",
    ),
]
SAMPLES = [cell for cell, plain in REPAIRED.items() if plain]


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("email", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("email", cell) is None


def test_a_column_keeps_the_letter_case_of_its_domains():
    cells = [f"A{number}@EXAMPLE.COM" for number in range(20)] + ["b@x.org", "B@Example.com"]
    assert flags_of("mail", cells) == []
    assert repaired("email", cells[0]) == cells[0]


def test_addresses_are_recognised():
    assert recognised("email", SAMPLES) == [cell for cell in SAMPLES if "\u200b" not in cell]
    assert recognised("email", FAULTS) == []
    assert recognised("email", ["", "@handle", "7 @ 3.50", "3@2x", "https://example.org/@ann"]) == []
