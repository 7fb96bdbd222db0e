import pytest

from tests.eightytwenty.kinds.formats import recognised, repaired

REPAIRED = {
    "https://example.org/A?b=C#D": "https://example.org/A?b=C#D",
    "HTTP://Example.org/A": "HTTP://Example.org/A",
    "ftp://Ann:Secret@Example.org:21/x": "ftp://Ann:Secret@Example.org:21/x",
    "http://[2001:DB8::1]/": "http://[2001:DB8::1]/",
    "http://localhost:8080/x": "http://localhost:8080/x",
    "https://münchen.de/straße": "https://münchen.de/straße",
    "www.Example.org/X": "www.Example.org/X",
    "www.example.org": "www.example.org",
    "example.org/x": "example.org/x",
    "<https://example.org>": "https://example.org",
    "<HTTPS://Example.org>": "HTTPS://Example.org",
    "HTTP:\\\\Example.org/x": "HTTP://Example.org/x",
    " https://example.org ": "https://example.org",
    "https://example.org/a–b": "https://example.org/a–b",
    "N/A": None,
}
FAULTS = [
    *("https://", "http:///x", "http:/example.org", "htpts://example.org", "mailto:ann@example.org", "https://a b.org"),
    *(
        "https://example.org/a b",
        "https://example.org https://example.com",
        "www.",
        "readme",
        "3.14",
        "a.b",
    ),
    *("javascript:alert(1)", "//example.org", "<a href='https://example.org'>", "https://example.org:port/"),
]
SAMPLES = [cell for cell, plain in REPAIRED.items() if plain]


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("url", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("url", cell) is None


def test_addresses_with_a_scheme_or_www_are_recognised():
    shown = [cell for cell in SAMPLES if cell != "example.org/x"]
    assert recognised("url", SAMPLES) == shown
    assert recognised("url", FAULTS) == []


def test_hosts_alone_are_recognised_in_a_column_that_says_so():
    hosts = ["example.org", "Example.org/x", "data.csv", "sub.example.co.uk:8080"]
    assert recognised("url", hosts) == []
    assert recognised("url", hosts, named=True) == hosts
    assert recognised("url", [*FAULTS, "e.g", "ann@example.org", "7.5", "N.A."], named=True) == []
