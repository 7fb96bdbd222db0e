"""IP addresses, of version 4 and 6, without a port, a zone or a network.

An octet with a leading zero is left alone: 010 is ten to some programs and eight to others.
"""

import re
from ipaddress import IPv6Address

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_VERSION_4 = rf"{_OCTET}(?:\.{_OCTET}){{3}}"
_IS_VERSION_4 = re.compile(_VERSION_4)
_MAYBE_VERSION_6 = "[0-9a-fA-F:.]{2,45}"  # six groups of four digits, and four octets
_IS_MAYBE_VERSION_6 = re.compile(_MAYBE_VERSION_6)
# The numbers of versions, such as 1.0.12.4, are small. Of addresses drawn by chance, two in a hundred have no octet of
# three digits; of those in use, 10.0.0.5 and the like. So a column needs that many that have one.
_LARGE_OCTET = r"[0-9]{3}"
_LEAST_LARGE = 0.25


def is_plain(cell: str) -> bool:
    """Whether a cell is an address, of version 6 in its shortest form, as RFC 5952 has it.

    >>> is_plain("192.0.2.1"), is_plain("192.0.2.01"), is_plain("2001:db8::1"), is_plain("2001:DB8::1")
    (True, False, True, False)
    """
    return _IS_VERSION_4.fullmatch(cell) is not None or (":" in cell and _version_6(cell) == cell)


def _version_6(cell: str) -> str | None:
    """The shortest form of an address of version 6; None for what is none."""
    if not _IS_MAYBE_VERSION_6.fullmatch(cell):
        return None
    try:
        address = IPv6Address(cell)
    except ValueError:
        return None
    # as RFC 5952 has it, and not all versions of Python
    return f"::ffff:{address.ipv4_mapped}" if address.ipv4_mapped else str(address)


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain addresses as text."""
    plain = cells.str.contains(rf"^{_VERSION_4}\z")
    return cells.set(~(plain | cells.is_in(_distinct_version_6(cells, plain))), None)


def _distinct_version_6(cells: pl.Series, others: pl.Series) -> list[str]:
    """The distinct plain addresses of version 6 among cells that are no others."""
    maybe = cells.filter(~others).unique()
    maybe = maybe.filter(maybe.str.contains(rf"^{_MAYBE_VERSION_6}\z"))
    return [cell for cell in maybe.drop_nulls() if is_plain(cell)]


def brackets(cell: str) -> str:
    """Removes the brackets that an address of version 6 has within a web address.

    >>> brackets("[2001:db8::1]"), brackets("[1]")
    ('2001:db8::1', '[1]')
    """
    address = cell.removeprefix("[").removesuffix("]")
    return address if len(address) == len(cell) - 2 and _version_6(address) else cell


def shortest_form(cell: str) -> str:
    """Writes an address of version 6 in small letters, and without the zeros that it can do without.

    >>> shortest_form("2001:0DB8:0:0:0:0:0:1"), shortest_form("010.0.0.1")
    ('2001:db8::1', '010.0.0.1')
    """
    return _version_6(cell) or cell


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are addresses; not those of version 4 if nearly all their numbers are small.

    >>> recognise(pl.Series(["192.0.2.1", "::1", "1.5"])).to_list(), recognise(pl.Series(["1.0.12.4"])).to_list()
    ([True, True, False], [False])
    """
    recognised, is_version_4 = _recognise(cells)
    version_4 = cells.filter(is_version_4)
    if version_4.str.contains(_LARGE_OCTET).sum() < _LEAST_LARGE * len(version_4):
        return recognised & ~is_version_4
    return recognised


def recognise_named(cells: pl.Series) -> pl.Series:
    """Which cells are addresses if the name of their column says so."""
    return _recognise(cells)[0]


def _recognise(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(n,) Boolean, which cells are addresses, and which of version 4."""
    is_version_4 = cells.str.contains(rf"^\s*{_VERSION_4}\s*$")
    maybe = cells.filter(
        cells.str.contains(rf"^\s*\[?{_MAYBE_VERSION_6}\]?\s*$") & cells.str.contains(":", literal=True)
    )
    return is_version_4 | cells.is_in([cell for cell in maybe if _version_6(brackets(cell.strip()))]), is_version_4


IP_ADDRESS = register(
    Kind(
        name="ip_address",
        dtype=pl.String(),
        fault="not an IP address",
        fault_reason="a cell is not an address of IP version 4 or 6, or its numbers have leading zeros",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(
            UNICODE_VARIANTS,
            Repair("brackets", "the brackets of web addresses are no part of an IP address", brackets),
            Repair(
                "shortest form", "letter case and such zeros change nothing in an address of version 6", shortest_form
            ),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs=".:",
        names=frozenset({"ip", "ips", "ipv4", "ipv6", "ipaddress", "ipaddr"}),
        recognise_named=recognise_named,
    )
)
