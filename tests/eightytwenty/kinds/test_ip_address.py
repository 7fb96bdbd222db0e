import pytest

from tests.eightytwenty.kinds.formats import recognised, repaired

REPAIRED = {
    "192.0.2.1": "192.0.2.1",
    "127.0.0.1": "127.0.0.1",
    "255.255.255.255": "255.255.255.255",
    " 192.0.2.1 ": "192.0.2.1",
    "１９２.0.2.1": "192.0.2.1",
    "2001:db8::1": "2001:db8::1",
    "2001:0DB8:0000:0000:0000:0000:0000:0001": "2001:db8::1",
    "[2001:db8::1]": "2001:db8::1",
    "::": "::",
    "::FFFF:192.0.2.1": "::ffff:192.0.2.1",
    "::ffff:c000:201": "::ffff:192.0.2.1",
    "N/A": None,
}
FAULTS = [
    *("192.0.2.01", "010.0.0.1", "256.0.0.1", "1.2.3", "1.2.3.4.5", "192.0.2.1:80", "192.0.2.0/24", "fe80::1%eth0"),
    *("[192.0.2.1]", "1::2::3", "12345::", "10:30:00", "00:1b:44:11:3a:b7", "3.14", "3232235777", "2001:db8::/32", ":"),
]
SAMPLES = [cell for cell, plain in REPAIRED.items() if plain]


@pytest.mark.parametrize(("cell", "plain"), REPAIRED.items())
def test_what_has_one_meaning_is_repaired(cell, plain):
    assert repaired("ip_address", cell) == plain


@pytest.mark.parametrize("cell", FAULTS)
def test_what_has_another_meaning_or_none_is_a_fault(cell):
    assert repaired("ip_address", cell) is None


def test_addresses_are_recognised():
    assert recognised("ip_address", SAMPLES) == [cell for cell in SAMPLES if cell.isascii()]
    assert recognised("ip_address", FAULTS) == []
    assert recognised("ip_address", ["10.0.0.5", "192.168.0.1"]) == ["10.0.0.5", "192.168.0.1"]


def test_versions_of_software_are_recognised_only_in_a_column_that_says_so():
    versions = ["1.0.0.0", "1.0.12.4", "2.1.0.15", "10.2.0.1", "2.0.100.1"]
    assert recognised("ip_address", versions) == []
    assert recognised("ip_address", versions, named=True) == versions
    assert recognised("ip_address", ["1.2.3", "10.0.19041.1"], named=True) == []
