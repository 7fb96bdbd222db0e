"""Addresses of email: one in a cell, its domain in letters of any case. Nothing is asked of the network."""

import re

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_LONGEST = 254  # RFC 5321 has paths of 256 bytes, two of which are the angle brackets
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:[A-Za-z]{2,63}|[Xx][Nn]--[A-Za-z0-9-]*[A-Za-z0-9])"
_SIMPLE = re.compile(f"{_LOCAL}@{_DOMAIN}")
_WRAPPED = re.compile(r"(?:mailto:)?<?(?:mailto:)?([^<>@]+@[^<>@]+?)[>.,;]*", re.IGNORECASE)
# what the repairs bring to plain form, if all of it is ASCII
_RECOGNISED = rf"(?i)^\s*(?:mailto:)?<?\s*(?:mailto:)?{_LOCAL} ?@ ?{_DOMAIN}\s*[>.,;]*\s*$"


def is_plain(cell: str) -> bool:
    """Whether a cell is an address. Capital letters mean nothing in a domain, and stay.

    >>> is_plain("Ann.B@example.org"), is_plain("ann@Example.org"), is_plain("ann@example"), is_plain("ann@münchen.de")
    (True, True, False, True)
    """
    if len(cell.encode()) > _LONGEST:
        return False
    if _SIMPLE.fullmatch(cell):
        return True
    return not cell.isascii() and _is_international(cell)


def _is_international(cell: str) -> bool:
    """Whether an address in any script is written as it should be."""
    from email_validator import EmailNotValidError, validate_email

    try:
        return str(validate_email(cell, check_deliverability=False).normalized) == _small_domain(cell)
    except EmailNotValidError:
        return False


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain addresses as text."""
    plain = cells.str.contains(rf"^(?:{_SIMPLE.pattern})\z") & (cells.str.len_bytes() <= _LONGEST)
    return cells.set(~(plain | _international(cells)), None)


def _international(cells: pl.Series) -> pl.Series:
    """(n,) Boolean, which cells are addresses that are not ASCII."""
    others = cells.filter(cells.str.contains("@", literal=True)).unique()
    others = others.filter(others.str.contains(r"[^\x00-\x7f]"))
    return cells.is_in([cell for cell in others.drop_nulls() if is_plain(cell)])


def unwrap(cell: str) -> str:
    """Removes `mailto:`, angle brackets around an address, spaces around its @, and marks after it.

    >>> unwrap("<ann@example.org>"), unwrap("mailto:ann@example.org"), unwrap("ann @ example.org;")
    ('ann@example.org', 'ann@example.org', 'ann@example.org')
    """
    match = _WRAPPED.fullmatch(cell) if len(cell) <= 2 * _LONGEST else None
    if not match:
        return cell
    address = "@".join(part.strip() for part in match[1].split("@"))
    return address if is_plain(address) else cell


def _small_domain(cell: str) -> str:
    """An address with its domain in small letters, which means the same."""
    local, at, domain = cell.rpartition("@")
    return local + at + domain.lower()


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are one address each.

    >>> recognise(pl.Series(["<Ann@Example.org>", "@ann", "a@x.org, b@x.org"])).to_list()
    [True, False, False]
    """
    has_at = cells.str.contains("@", literal=True)
    if not has_at.any():
        return has_at
    return has_at & (cells.str.contains(_RECOGNISED) | _international(cells))


EMAIL = register(
    Kind(
        name="email",
        dtype=pl.String(),
        fault="not an email address",
        fault_reason="a cell is not one address of email",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(
            UNICODE_VARIANTS,
            Repair("around an address", "mailto:, brackets, spaces and marks are no part of an address", unwrap),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs="@",
    )
)
