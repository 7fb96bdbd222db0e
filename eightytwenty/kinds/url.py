"""Addresses on the web: http, https and ftp, or without a scheme, such as www.example.org/a."""

import re

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import INVISIBLE, MISSING_MARKS

_CHARACTER = rf"[^\s\x00-\x1f\x7f-\x9f<>\"{INVISIBLE}]"
_PATH = rf"(?:[/?#]{_CHARACTER}*)?"
_USER = rf"(?:[^\s\x00-\x1f\x7f-\x9f<>\"{INVISIBLE}/?#@]*@)?"
# Letters, digits, hyphens and low lines of ASCII; of other scripts, whatever there is.
_LABEL = rf"[^\s\x00-\x2c./:-@\[-^`{{-\x9f{INVISIBLE}]+"
_BARE_HOST = r"(?:[A-Za-z0-9_-]+\.)+[A-Za-z]{2,63}"
_PORT = r"(?::[0-9]{1,5})?"


def _shown(slashes: str) -> str:
    """A pattern for what a scheme, or `www.`, shows to be an address."""
    host = rf"(?:{_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])"
    return rf"(?:(?i:https?|ftp):{slashes}{_USER}{host}|(?i:www)(?:\.{_LABEL}){{2,}}){_PORT}{_PATH}"


_PLAIN = rf"(?:{_shown('//')}|{_BARE_HOST}{_PORT}{_PATH})"
_IS_PLAIN = re.compile(_PLAIN)
_SCHEME = re.compile(r"([a-z]+):[/\\]{2}", re.IGNORECASE)
# A bare host may be the name of a file.
_SLASHES = r"[/\\]{2}"
_SHOWN = rf"(?i)^\s*<?{_shown(_SLASHES)}>?\s*$"
_NAMED = rf"(?i)^\s*<?{_BARE_HOST}{_PORT}{_PATH}>?\s*$"


def is_plain(cell: str) -> bool:
    """Whether a cell is an address. Capital letters mean nothing in a scheme and a host, and stay.

    >>> is_plain("https://example.org/A?b=C"), is_plain("www.example.org/x"), is_plain("example.org")
    (True, True, True)
    >>> is_plain("HTTP://example.org"), is_plain("https://Example.org"), is_plain("https://"), is_plain("a b")
    (True, True, False, False)
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
    return address if is_plain(slashes(address)) else cell


def slashes(cell: str) -> str:
    r"""Writes backslashes behind a scheme as slashes.

    >>> slashes("http:\\\\example.org"), slashes("No. 7")
    ('http://example.org', 'No. 7')
    """
    match = _SCHEME.match(cell)
    address = f"{match[1]}://{cell[match.end() :]}" if match else cell
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
            Repair("slashes of an address", "slashes stand behind a scheme, and no backslashes", slashes),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs=".:/",
        names=frozenset({"url", "urls", "website", "webpage", "homepage", "link", "domain", "host", "hostname"}),
        recognise_named=recognise_named,
    )
)
