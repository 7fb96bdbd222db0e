"""UUIDs: 32 hexadecimal digits in five groups, in small letters without braces unless most of a column has others."""

import re
from dataclasses import replace
from functools import partial

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_GROUPS = (8, 4, 4, 4, 12)
_PLAIN = "-".join(f"[0-9a-f]{{{length}}}" for length in _GROUPS)
_IS_PLAIN = re.compile(_PLAIN)
_UPPER = _PLAIN.replace("a-f", "A-F")
_FORMATS = "lower", "upper", "{lower}", "{upper}"
_WRAPPED = re.compile(rf"(?:urn:)?(?:uuid:)?\{{?({_PLAIN})\}}?", re.IGNORECASE)
_BARE = re.compile("".join(f"([0-9a-f]{{{length}}})" for length in _GROUPS), re.IGNORECASE)
_RECOGNISED = rf"(?i)^\s*{_WRAPPED.pattern}\s*$"
# 32 digits may be any hash. These have the version and the variant of a UUID (RFC 9562), as one hash in eight has.
_RECOGNISED_BARE = r"(?i)^\s*[0-9a-f]{12}[1-8][0-9a-f]{3}[89ab][0-9a-f]{15}\s*$"
_FEWEST = 32  # digits


def is_plain(cell: str) -> bool:
    """Whether a cell is a UUID in small letters with hyphens.

    >>> is_plain("c0ffee00-1234-4abc-8def-001122334455"), is_plain("C0FFEE00-1234-4ABC-8DEF-001122334455")
    (True, False)
    """
    return _IS_PLAIN.fullmatch(cell) is not None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain UUIDs as text."""
    return cells.set(~cells.str.contains(rf"^{_PLAIN}\z"), None)


def unwrap(cell: str) -> str:
    """Removes braces around a UUID, and `urn:uuid:` before it.

    >>> unwrap("{c0ffee00-1234-4abc-8def-001122334455}"), unwrap("urn:uuid:C0FFEE00-1234-4ABC-8DEF-001122334455")
    ('c0ffee00-1234-4abc-8def-001122334455', 'C0FFEE00-1234-4ABC-8DEF-001122334455')
    """
    match = _WRAPPED.fullmatch(cell)
    return match[1] if match else cell


def hyphens(cell: str) -> str:
    """Adds the hyphens that are missing between the groups of digits.

    >>> hyphens("c0ffee0012344abc8def001122334455")
    'c0ffee00-1234-4abc-8def-001122334455'
    """
    match = _BARE.fullmatch(cell)
    return "-".join(match.groups()) if match else cell


def written(cell: str, form: str) -> str:
    """Writes a UUID in small or capital letters, and in braces if its column has them.

    >>> written("c0ffee00-1234-4abc-8def-001122334455", "{upper}")
    '{C0FFEE00-1234-4ABC-8DEF-001122334455}'
    """
    if not is_plain(cell.lower()):
        return cell
    return form.replace("lower", cell.lower()).replace("upper", cell.upper())


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are UUIDs; those without hyphens only where as many have some, for they may be hashes.

    >>> recognise(pl.Series(["{C0FFEE00-1234-4ABC-8DEF-001122334455}", "c0ffee0012344abc8def001122334455"])).to_list()
    [True, True]
    """
    is_long = cells.str.len_bytes() >= _FEWEST
    if not is_long.any():
        return is_long
    recognised, bare = cells.str.contains(_RECOGNISED), cells.str.contains(_RECOGNISED_BARE)
    return recognised | bare if recognised.sum() >= bare.sum() else recognised


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """Whether most cells are in braces, and whether most of those with letters have capital ones.

    >>> find_form(pl.Series(["C0FFEE00-1234-4ABC-8DEF-001122334455"]), pl.Series([1])).format
    'upper'
    """
    upper, lower, braces = (counts.filter(cells.str.contains(found)).sum() for found in ("[A-F]", "[a-f]", r"^\s*\{"))
    form = "upper" if upper > lower else "lower"
    form = f"{{{form}}}" if 2 * braces > counts.sum() else form
    return Form("" if form == _FORMATS[0] else form)


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """UUIDs as columns write them in capital letters, in braces, or both.

    Raises:
        ValueError: there is no such format; the message names those there are.
    """
    if format not in _FORMATS:
        raise ValueError(f"{format!r} is no format of uuid; there are {', '.join(_FORMATS)}")
    braces = r"\{", r"\}"
    digits = _UPPER if "upper" in format else _PLAIN
    pattern = re.compile(digits.join(braces) if "{" in format else digits)
    return replace(
        UUID,
        is_plain=lambda cell: pattern.fullmatch(cell) is not None,
        parse=lambda cells: cells.set(~cells.str.contains(rf"^{pattern.pattern}\z"), None),
        repairs=_repairs(format),
    )


def _repairs(form: str) -> tuple[Repair, ...]:
    return (
        UNICODE_VARIANTS,
        Repair("around a UUID", "braces and urn:uuid: are no part of a UUID", unwrap),
        Repair("hyphens of a UUID", "32 hexadecimal digits are a UUID without its hyphens", hyphens),
        Repair("notation of a UUID", "letter case and braces mean nothing in a UUID", partial(written, form=form)),
    )


UUID = register(
    Kind(
        name="uuid",
        dtype=pl.String(),
        fault="not a UUID",
        fault_reason="a cell is not 32 hexadecimal digits in the groups of a UUID",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=_repairs(_FORMATS[0]),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs="-",
        find_form=find_form,
        in_format=in_format,
    )
)
