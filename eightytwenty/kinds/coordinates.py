"""Coordinates of places: latitude and longitude in degrees, such as `41.88, -87.62`.

Two numbers are latitude and longitude, in this order. The `POINT (-87.62 41.88)` of well-known text has them the other
way round, as its standard says. Nothing else changes their order.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_LATITUDE = r"-?(?:90(?:\.0+)?|[1-8]?[0-9](?:\.[0-9]+)?)"
_LONGITUDE = r"-?(?:180(?:\.0+)?|(?:1[0-7][0-9]|[1-9]?[0-9])(?:\.[0-9]+)?)"
_PAIR, _BRACKETS, _POINT = "41.88, -87.62", "(41.88, -87.62)", "POINT (-87.62 41.88)"
_ANGLE_SIGNS = "41°52'48\"N 87°37'12\"W"  # degrees, minutes and seconds, or degrees alone, with N or S and E or W
_FORMATS = {
    _PAIR: f"{_LATITUDE}, {_LONGITUDE}",
    _BRACKETS: rf"\({_LATITUDE}, {_LONGITUDE}\)",
    _POINT: rf"POINT ?\({_LONGITUDE} {_LATITUDE}\)",
}
_WRITTEN: dict[str, Callable[[str, str], str]] = {
    _PAIR: "{0}, {1}".format,
    _BRACKETS: "({0}, {1})".format,
    _POINT: "POINT ({1} {0})".format,
}
_PATTERNS = {written: re.compile(pattern) for written, pattern in _FORMATS.items()}
_NUMBER = r"[-+]?[0-9]{1,3}(?:\.[0-9]{1,20})?"
_TWO_NUMBERS = re.compile(rf"[\[(]? ?({_NUMBER})(?: ?[,;] ?| )({_NUMBER}) ?[\])]?")
_WELL_KNOWN = re.compile(rf"POINT ?\( ?({_NUMBER}) ({_NUMBER}) ?\)", re.IGNORECASE)
# Degrees, minutes and seconds. Only with their signs, and with the letters that tell which is which.
_ANGLE = r"""([0-9]{1,3}(?:\.[0-9]{1,20})?) ?(?:[°ºd] ?(?:([0-5]?[0-9](?:\.[0-9]{1,8})?) ?['′’] ?)?"""
_ANGLE += r"""(?:([0-5]?[0-9](?:\.[0-9]{1,8})?) ?(?:["″”]|''|′′) ?)?)?"""
_ANGLES = re.compile(rf"\(?{_ANGLE}([NS])(?: ?[,;] ?| )?{_ANGLE}([EW])\)?", re.IGNORECASE)
# The fifth decimal of a degree is a thirtieth of a second of arc, and a metre.
_DECIMALS_OF_SECONDS = 5
# Two numbers of few decimals may be an interval or a size. The fourth decimal is ten metres; where a column has four,
# one number in ten has three, because the last is zero.
_BETWEEN = r"\s*[,;]\s*[-+]?[0-9]{1,3}\."
_SHOWN = rf"^\s*[\[(]?\s*[-+]?[0-9]{{1,3}}\.(?:[0-9]{{3,}}{_BETWEEN}[0-9]{{4}}|[0-9]{{4,}}{_BETWEEN}[0-9]{{3}})"
# No land is within one degree of 0, 0. Intervals of shares and of probabilities are.
_SEA = r"^\s*[\[(]?\s*[-+]?0\.[0-9]+\s*[,;]\s*[-+]?0\."
_LETTERS = r"(?i)^\s*POINT\s*\(|[0-9°ºd'’′\"″”]\s*[NS]\b.*[EW]\s*\)?\s*$"
_MAYBE = r"(?i)^\s*(?:POINT\s*)?[\[(]?\s*[-+0-9].*[,; NS].*[0-9EW\])]\s*$"
_BEGINS = {_PAIR: r"^\s*[-+0-9]", _BRACKETS: r"^\s*[\[(]", _POINT: r"(?i)^\s*POINT"}
_BEGINS[_ANGLE_SIGNS] = r"(?i)[NS].*[EW]\s*\)?\s*$"
_LONGEST = 100  # characters of both numbers, their signs, and space


def is_plain(cell: str, format: str = _PAIR) -> bool:  # noqa: A002 - as columns call it
    """Whether a cell is a latitude and a longitude in a format; of angles, in any signs and with any space.

    >>> is_plain("41.88, -87.62"), is_plain("41.88,-87.62"), is_plain("-91, 0"), is_plain("(1, 2)", "(41.88, -87.62)")
    (True, False, False, True)
    """
    if format == _ANGLE_SIGNS:
        return len(cell) <= _LONGEST and _ANGLES.fullmatch(cell) is not None and is_plain(notation(cell))
    return _PATTERNS[format].fullmatch(cell) is not None


def parse(cells: pl.Series, format: str = _PAIR) -> pl.Series:  # noqa: A002 - as columns call it
    """Reads plain coordinates as text."""
    if format == _ANGLE_SIGNS:
        maybe = cells.filter(cells.str.contains("[NnSs].*[EeWw]").fill_null(value=False)).unique()
        return cells.set(~cells.is_in([cell for cell in maybe if is_plain(cell, format)]), None)
    return cells.set(~cells.str.contains(rf"^{_FORMATS[format]}\z"), None)


def notation(cell: str, format: str = _PAIR) -> str:  # noqa: A002 - as columns call it
    r"""Writes coordinates of other notations in a format.

    >>> notation("(41.88,-87.62)"), notation("POINT(-87.62 41.88)"), notation("41.88° N, 87.62° W"), notation("41.88")
    ('41.88, -87.62', '41.88, -87.62', '41.88, -87.62', '41.88')
    >>> notation("41°52'48\"N 87°37'12\"W", "POINT (-87.62 41.88)"), notation("-122.42, 37.77")
    ('POINT (-87.62 41.88)', '-122.42, 37.77')
    """
    pair = _read(cell)
    written = _WRITTEN[format](*pair) if pair and format in _WRITTEN else cell
    return written if is_plain(written, format) else cell


def _read(cell: str) -> tuple[str, str] | None:
    """Latitude and longitude, as they are written; None for what is no pair of numbers."""
    if len(cell) > _LONGEST:
        return None
    spaced = " ".join(cell.split())
    if match := _TWO_NUMBERS.fullmatch(spaced):
        return match[1].removeprefix("+"), match[2].removeprefix("+")
    if match := _WELL_KNOWN.fullmatch(spaced):
        return match[2].removeprefix("+"), match[1].removeprefix("+")
    if match := _ANGLES.fullmatch(spaced):
        return _degrees(*match.groups()[:4]), _degrees(*match.groups()[4:])
    return None


def _degrees(degrees: str, minutes: str | None, seconds: str | None, direction: str) -> str:
    """An angle in degrees, with as many decimals as tell it from the next."""
    sign = "-" if direction in "SsWw" else ""
    if minutes is None and seconds is None:
        return sign + degrees
    angle = Fraction(degrees) + Fraction(minutes or 0) / 60 + Fraction(seconds or 0) / 3600
    decimals = _DECIMALS_OF_SECONDS + len((seconds or minutes or "").partition(".")[2])
    whole, fraction = divmod(round(angle * 10**decimals), 10**decimals)
    return f"{sign}{whole}.{fraction:0{decimals}}".rstrip("0").rstrip(".")


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are coordinates: those with letters, and two numbers of enough decimals.

    >>> cells = pl.Series(["41.8781, -87.6298", "POINT (-87.62 41.88)", "41°52'N 87°37'W", "41.88, -87.62", "0.2, 0.5"])
    >>> recognise(cells).to_list(), recognise_named(cells).to_list()
    ([True, True, True, False, False], [True, True, True, True, True])
    """
    maybe = cells.filter(cells.str.contains(_MAYBE))
    maybe = maybe.filter(maybe.str.contains(_LETTERS) | (maybe.str.contains(_SHOWN) & ~maybe.str.contains(_SEA)))
    return cells.is_in([cell for cell in maybe if is_plain(notation(cell))])


def recognise_named(cells: pl.Series) -> pl.Series:
    """Which cells are coordinates if the name of their column says so: any two numbers that can be."""
    maybe = cells.filter(cells.str.contains(_MAYBE))
    return cells.is_in([cell for cell in maybe if is_plain(notation(cell))])


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The notation that most cells have.

    >>> find_form(pl.Series(["POINT (1 2)", "3, 4"]), pl.Series([2, 1])).format
    'POINT (-87.62 41.88)'
    """
    of_format: dict[str, int] = {}
    rest = pl.repeat(value=True, n=len(cells), eager=True)
    for written in (_ANGLE_SIGNS, *_FORMATS):
        is_of_format = rest & cells.str.contains(_BEGINS[written])
        of_format[written], rest = int(counts.filter(is_of_format).sum()), rest & ~is_of_format
    most = max((*_FORMATS, _ANGLE_SIGNS), key=of_format.__getitem__)
    return Form("" if most == _PAIR else most)


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Coordinates as columns write them in another notation.

    Raises:
        ValueError: there is no such notation; the message names those there are.
    """
    if format not in _BEGINS:
        raise ValueError(f"{format!r} is no format of coordinates; there are {' and '.join(_BEGINS)}")
    return replace(
        COORDINATES,
        is_plain=partial(is_plain, format=format),
        parse=partial(parse, format=format),
        repairs=_repairs(format),
    )


def _repairs(format: str) -> tuple[Repair, ...]:  # noqa: A002 - as columns call it
    written = Repair("notation", "coordinates in another notation are the same place", partial(notation, format=format))
    # the signs of degrees and minutes come first: to Unicode, some are variants of letters and quotes
    return written, UNICODE_VARIANTS, written


COORDINATES = register(
    Kind(
        name="coordinates",
        dtype=pl.String(),
        fault="not coordinates",
        fault_reason="a cell is not a latitude from -90 to 90 and a longitude from -180 to 180",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=_repairs(_PAIR),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        find_form=find_form,
        in_format=in_format,
        names=frozenset(
            {"coordinates", "coordinate", "coords", "coord", "latlon", "latlng", "latlong", "lat", "location"}
            | {"geolocation", "geopoint", "geo", "gps"}
        ),
        recognise_named=recognise_named,
    )
)
