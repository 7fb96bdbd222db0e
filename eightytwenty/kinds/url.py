"""Addresses on the web: http, https and ftp, or without a scheme, such as www.example.org/a."""

import re

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import INVISIBLE, MISSING_MARKS

_CHARACTER = rf"[^\s\x00-\x1f\x7f-\x9f<>\"{INVISIBLE}]"
_PATH = rf"(?:[/?#]{_CHARACTER}*)?"
_USER = rf"(?:[^\s\x00-\x1f\x7f-\x9f<>\"{INVISIBLE}/?#@]*@)?"
# Letters, digits, hyphens and low lines: of ASCII, small letters alone; of other scripts, whatever there is.
_ANY_LABEL = rf"[^\s\x00-\x2c./:-@\[-^`{{-\x9f{INVISIBLE}]+"
_LABEL = _ANY_LABEL.replace(":-@", ":-Z")
_BARE_HOST = r"(?:[a-z0-9_-]+\.)+[a-z]{2,63}"
_PORT = r"(?::[0-9]{1,5})?"


def _shown(label: str, slashes: str) -> str:
    """A pattern for what a scheme, or `www.`, shows to be an address."""
    host = rf"(?:{label}(?:\.{label})*\.?|\[[0-9a-f:.]+\])"
    return rf"(?:(?:https?|ftp):{slashes}{_USER}{host}|www(?:\.{label}){{2,}}){_PORT}{_PATH}"


_PLAIN = rf"(?:{_shown(_LABEL, '//')}|{_BARE_HOST}{_PORT}{_PATH})"
_IS_PLAIN = re.compile(_PLAIN)
_PARTS = re.compile(r"(?:([a-z]+):[/\\]{2})?([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
# A bare host may be the name of a file.
_SLASHES = r"[/\\]{2}"
_SHOWN = rf"(?i)^\s*<?{_shown(_ANY_LABEL, _SLASHES)}>?\s*$"
_NAMED = rf"(?i)^\s*<?{_BARE_HOST}{_PORT}{_PATH}>?\s*$"


def is_plain(cell: str) -> bool:
    """Whether a cell is an address whose scheme and host are in small letters.

    >>> is_plain("https://example.org/A?b=C"), is_plain("www.example.org/x"), is_plain("example.org")
    (True, True, True)
    >>> is_plain("HTTP://example.org"), is_plain("https://Example.org"), is_plain("https://"), is_plain("a b")
    (False, False, False, False)
    """
    return _IS_PLAIN.fullmatch(cell) is not None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain addresses as text."""
    return cells.set(~cells.str.contains(rf"^(?:{_PLAIN})\z"), None)


def angle_brackets(cell: str) -> str:
    """Removes the angle brackets around an address.

    >>> angle_brackets("<https://example.org>"), angle_brackets("<b>")
    ('https://example.org', '<b>')
    """
    address = cell.removeprefix("<").removesuffix(">")
    return address if is_plain(small_host(address)) else cell


def small_host(cell: str) -> str:
    r"""Writes scheme and host in small letters, and backslashes between them as slashes.

    >>> small_host("HTTPS://Example.org/A"), small_host("http:\\\\example.org"), small_host("No. 7")
    ('https://example.org/A', 'http://example.org', 'No. 7')
    """
    match = _PARTS.fullmatch(cell)
    if not match:
        return cell
    scheme, host, path = match.groups()
    user, at, host = host.rpartition("@")
    address = (f"{scheme.lower()}://" if scheme else "") + user + at + host.lower() + path
    return address if is_plain(address) else cell


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are addresses with a scheme, or begin with `www.`.

    >>> recognise(pl.Series(["HTTP://example.org", "www.example.org", "example.org", "readme.txt"])).to_list()
    [True, True, False, False]
    """
    return cells.str.contains(_SHOWN)


def recognise_named(cells: pl.Series) -> pl.Series:
    """Which cells are addresses if the name of their column says so: also hosts without `www.`."""
    return recognise(cells) | cells.str.contains(_NAMED)


URL = register(
    Kind(
        name="url",
        dtype=pl.String(),
        fault="not a web address",
        fault_reason="a cell is not one address of http, https or ftp",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(
            Repair("around an address", "angle brackets are no part of an address", angle_brackets),
            Repair("letter case of a host", "capital letters mean nothing in a scheme or a host", small_host),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        names=frozenset({"url", "urls", "website", "webpage", "homepage", "link", "domain", "host", "hostname"}),
        recognise_named=recognise_named,
    )
)
