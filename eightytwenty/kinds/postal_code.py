"""Postal codes of many countries. Their leading zeros stay, and none is added.

A format is a shape, with 9 for a digit and A for a letter, such as `99999` for five digits with or without four more
after a hyphen. A column of this shape has no codes of four digits, which may have lost a leading zero.
"""

import re
from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

# Letters that look like others, or like digits, have no place in some codes.
_CANADA = "[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z]", "[0-9][ABCEGHJ-NPRSTV-Z][0-9]"
_BRITAIN = "[A-Z]{1,2}[0-9][A-Z0-9]?", "[0-9][ABD-HJLNP-UW-Z]{2}"
_NETHERLANDS = "[1-9][0-9]{3}", "[A-Z]{2}"
_SHAPES = {
    "9999": "[0-9]{4}",
    "99999": "[0-9]{5}(?:-[0-9]{4})?",  # the United States, and many others that have the first five only
    "999999": "[0-9]{6}",
    "A9A 9A9": " ".join(_CANADA),
    "A9 9AA": " ".join(_BRITAIN),  # and A99, AA9, AA99, A9A, AA9A before the space
    "9999 AA": " ".join(_NETHERLANDS),
    "99-999": "[0-9]{2}-[0-9]{3}",  # Poland
    "999 99": "[0-9]{3} [0-9]{2}",  # Sweden, Greece, Czechia, Slovakia
    "999-9999": "[0-9]{3}-[0-9]{4}",  # Japan
    "99999-999": "[0-9]{5}-[0-9]{3}",  # Brazil
    "9999-999": "[0-9]{4}-[0-9]{3}",  # Portugal
}
_PLAIN = "|".join(_SHAPES.values())
_IS_PLAIN = re.compile(_PLAIN)
# The parts of these codes tell where the space or the hyphen between them is.
_PARTS = [
    *((re.compile(f"({first})[ -]*({last})", re.IGNORECASE), " ") for first, last in (_CANADA, _BRITAIN, _NETHERLANDS)),
    (re.compile("([0-9]{5})[ -]*([0-9]{4})"), "-"),
]
_DECIMAL = re.compile("([0-9]{5}|[0-9]{6}|[0-9]{9})[.]0")
# Codes of digits with a hyphen may be any numbers, except those of nine digits.
_SHOWN = rf"^\s*(?i:{' '.join(_CANADA)}|{' '.join(_BRITAIN)}|[0-9]{{5}}-[0-9]{{4}})\s*$"
_NAMED = rf"^\s*(?i:{'|'.join([_PLAIN, _DECIMAL.pattern, *(parts.pattern for parts, _ in _PARTS)])})\s*$"
_LONGEST = 30  # the longest code has ten characters; the rest is space within it and around it
_LEAST_SHARE = 0.9  # of the cells of a column have its shape; one of many countries has none


def is_plain(cell: str) -> bool:
    """Whether a cell is a postal code as its country writes it.

    >>> [is_plain(cell) for cell in ("02139", "02139-4307", "K1A 0B1", "SW1A 2AA", "k1a0b1", "123", "02139.0")]
    [True, True, True, True, False, False, False]
    """
    return _IS_PLAIN.fullmatch(cell) is not None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain codes as text."""
    return cells.set(~_has_shape(cells, _PLAIN), None)


def _has_shape(cells: pl.Series, shape: str) -> pl.Series:
    return cells.str.contains(rf"^(?:{shape})\z")


def decimal_form(cell: str) -> str:
    """Removes the empty fraction of a code that was taken for a number, if it cannot have lost a leading zero.

    >>> decimal_form("90210.0"), decimal_form("2139.0")
    ('90210', '2139.0')
    """
    match = _DECIMAL.fullmatch(cell)
    return match[1] if match else cell


def parts(cell: str) -> str:
    """Writes the letters of a code large, and the space or hyphen between its parts where they can only be those.

    >>> parts("k1a0b1"), parts("sw1a  2aa"), parts("1012-ab"), parts("021394307"), parts("12-345")
    ('K1A 0B1', 'SW1A 2AA', '1012 AB', '02139-4307', '12-345')
    """
    if len(cell) <= _LONGEST:
        for pattern, mark in _PARTS:
            if match := pattern.fullmatch(cell):
                return f"{match[1]}{mark}{match[2]}".upper()
    return cell


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are postal codes whatever their column is called: those with letters, and those of nine digits.

    >>> recognise(pl.Series(["K1A 0B1", "SW1A 2AA", "02139-4307", "02139"])).to_list()
    [True, True, True, False]
    """
    return cells.str.contains(_SHOWN)


def recognise_named(cells: pl.Series) -> pl.Series:
    """Which cells are postal codes if the name of their column says so.

    >>> recognise_named(pl.Series(["02139", "k1a0b1", "02139.0", "Boston"])).to_list()
    [True, True, True, False]
    """
    return cells.str.contains(_NAMED)


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The shape that nearly all cells have; none for a column of many countries.

    >>> find_form(pl.Series(["02139", "90210", "2139"]), pl.Series([50, 40, 2])).format
    '99999'
    """
    total = int(counts.sum())
    for shape, pattern in _SHAPES.items():
        if int(counts.filter(_has_shape(cells, pattern)).sum()) > _LEAST_SHARE * total:
            return Form(shape)
    return Form()


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Postal codes of one shape.

    Raises:
        ValueError: there is no such shape; the message names those there are.
    """
    if format not in _SHAPES:
        raise ValueError(f"{format!r} is no format of postal_code; there are {', '.join(_SHAPES)}")
    pattern = re.compile(_SHAPES[format])
    return replace(
        POSTAL_CODE,
        is_plain=lambda cell: pattern.fullmatch(cell) is not None,
        parse=lambda cells: cells.set(~_has_shape(cells, pattern.pattern), None),
    )


POSTAL_CODE = register(
    Kind(
        name="postal_code",
        dtype=pl.String(),
        fault="not a postal code",
        fault_reason="a cell is not a postal code as countries write it, or not one of its column's country",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(
            UNICODE_VARIANTS,
            Repair("decimal form", "a code that was taken for a number has a fraction of zeros", decimal_form),
            Repair("parts of a code", "letter case, and what is between the parts of a code, have no meaning", parts),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        find_form=find_form,
        in_format=in_format,
        names=frozenset({"zip", "zips", "zipcode", "zipcodes", "postal", "postalcode", "postcode", "plz", "cep"}),
        recognise_named=recognise_named,
    )
)
