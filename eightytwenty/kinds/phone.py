"""Phone numbers, as written: a number of an unknown country stays without a country code.

A format is the shape of most numbers of a column, with 9 for a digit, such as `(999) 999-9999`, or `E.164` for
+12125550100. An extension stays after the number, as in `212-555-0100 x12`.
"""

import re
from dataclasses import replace
from functools import lru_cache, partial

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_FEWEST, _MOST = 7, 15  # digits: a local number, and the longest that E.164 has
_LONGEST = 60  # characters of such a number with its extension, and space within
_EXTENSION = r" x[0-9]{1,6}"
# After a mark come two digits at least, so that 5551234567.0 is no phone number.
_TIDY = rf"(?:\+?[0-9]{{1,3}}[ .-]?)?(?:\([0-9]{{1,5}}\)[ .-]?)?[0-9]+(?:[ ./-][0-9]{{2,}})*(?:{_EXTENSION})?"
_IS_TIDY = re.compile(_TIDY)
_ENDS_WITH_EXTENSION = re.compile(rf"{_EXTENSION}$")
_ANY_EXTENSION = re.compile(r" ?[,;]? ?(?:x|ext\.?|extension|#) ?[:.]? ?([0-9]{1,6})", re.IGNORECASE)
_SPACES_AROUND_MARKS = re.compile(r" ?([-./]) ?")
_DECIMAL = re.compile(rf"([0-9]{{{_FEWEST},{_MOST}}})\.0")
# A shape may begin with a country code, which is itself.
_SHAPE = re.compile(r"(\+[1-9][0-9]{0,2}(?=[ .(/-]))?([9 ()./-]+)")
_E164 = "E.164"
_IS_E164 = re.compile(rf"\+[1-9][0-9]{{{_FEWEST},{_MOST - 1}}}(?:{_EXTENSION})?")
# Before a number of North America, as people dial it from there: in no area does a number begin with 1.
_LONG_DISTANCE = re.compile(r"1[ .-](\(?[2-9][0-9]{2}\)?[ .-]?[2-9][0-9]{2}[ .-][0-9]{4})")
_AMERICAN_DIGITS = 10

_WRITTEN = "shape of a phone number"
_WRITTEN_REASON = "the same digits as most numbers of the column have them"

_MARK = r"(?: ?[-./] ?| )"
_AREA = rf"(?:\([1-9][0-9]{{2}}\)(?: ?[-./])? ?|[1-9][0-9]{{2}}{_MARK})"
_ANY = r"(?: *(?:x|ext\.?|extension|#) *[0-9]{1,6})?"
# What shows a phone number by itself. Groups of other lengths may be any numbers.
_NOTATIONS = "|".join(
    [
        rf"(?:(?:\+|00)?1{_MARK}?)?{_AREA}[0-9]{{3}}{_MARK}[0-9]{{4}}",  # North America
        r"\+ ?[1-9](?:[ ()./-]{0,2}[0-9]){7,14}",  # with a country code
        r"\(0[0-9]{1,4}\) ?[0-9]{2,4}(?:[ -]?[0-9]{2,4}){1,3}",  # with the zero of long-distance calls
        r"\([1-9][0-9]\) ?9? ?[0-9]{4}[- ][0-9]{4}",  # Brazil
        r"0[1-9](?:[ .][0-9]{2}){4}",  # France
        r"0[1-9][0-9]{1,3} [0-9]{3,4} [0-9]{3,4}",  # Britain
    ]
)
_SHOWN = rf"(?i)^\s*(?:tel:)?\s*(?:{_NOTATIONS}){_ANY}\s*$"
_MAYBE = rf"(?i)^\s*(?:tel:)?\s*[+(]?[0-9](?:[ ()./-]{{0,3}}[0-9]){{{_FEWEST - 1},{_MOST - 1}}}(?:\.0)?{_ANY}\s*$"
_BARE = r"^\s*[0-9]+(?:\.0)?\s*$"
_OTHER = "|".join(
    [
        r"\+?[0-9]+\.(?:[0-9]{2,}|[1-9])",  # decimals
        *(r"[12][0-9]{3}[-./ ][0-9]{1,2}[-./ ][0-9]{1,2}", r"[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ][12][0-9]{3}"),  # dates
    ]
)
_OTHER = rf"^\s*(?:{_OTHER})\s*$"


def is_plain(cell: str) -> bool:
    """Whether a cell is 7 to 15 digits in tidy groups, with or without an extension.

    >>> is_plain("(212) 555-0100"), is_plain("+44 20 7946 0018"), is_plain("2125550100"), is_plain("212-555-0100 x12")
    (True, True, True, True)
    >>> is_plain("212 - 555 - 0100"), is_plain("911"), is_plain("1-800-FLOWERS"), is_plain("212-555-0100 ext. 12")
    (False, False, False, False)
    """
    return (
        len(cell) <= _LONGEST
        and _IS_TIDY.fullmatch(cell) is not None
        and _FEWEST <= len(_digits(_split(cell)[0])) <= _MOST
    )


def _split(cell: str) -> tuple[str, str]:
    """A number and its extension."""
    match = _ENDS_WITH_EXTENSION.search(cell)
    return (cell[: match.start()], match[0]) if match else (cell, "")


def _digits(number: str) -> str:
    return "".join(character for character in number if character in "0123456789")


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain numbers as text."""
    return cells.set(~_is_plain(cells), None)


def _is_plain(cells: pl.Series) -> pl.Series:
    """The same as `is_plain`, in a fraction of the time."""
    digits = cells.str.replace(rf"{_EXTENSION}\z", "").str.count_matches("[0-9]")
    is_short = cells.str.len_bytes() <= _LONGEST
    return is_short & digits.is_between(_FEWEST, _MOST) & cells.str.contains(rf"^(?:{_TIDY})\z")


def tidy(cell: str) -> str:
    """Removes `tel:`, and spaces beside other marks and beside each other; a hyphen of its own kind is one.

    >>> tidy("tel:+1-212-555-0100"), tidy("( 212 )  555 - 0100")
    ('+1-212-555-0100', '(212) 555-0100')
    """
    if len(cell) > 2 * _LONGEST:
        return cell
    number = cell[4:] if cell.lower().startswith("tel:") else cell
    number = " ".join(number.replace("\u2010", "-").split()).replace("( ", "(").replace(" )", ")").replace("+ ", "+")
    number = _SPACES_AROUND_MARKS.sub(r"\1", number)
    return number if is_plain(extension(number)) else cell


def extension(cell: str) -> str:
    """Writes an extension as `x12`.

    >>> extension("212-555-0100 ext. 12"), extension("212-555-0100x12"), extension("212-555-0100")
    ('212-555-0100 x12', '212-555-0100 x12', '212-555-0100')
    """
    match = _ANY_EXTENSION.search(cell) if len(cell) <= 2 * _LONGEST else None
    return f"{cell[: match.start()]} x{match[1]}" if match and match.end() == len(cell) else cell


def decimal_form(cell: str) -> str:
    """Removes the empty fraction of digits that were taken for a number.

    >>> decimal_form("2125550100.0"), decimal_form("212.0")
    ('2125550100', '212.0')
    """
    match = _DECIMAL.fullmatch(cell)
    return match[1] if match else cell


def in_shape(cell: str, shape: str) -> str:
    """Writes a number in a shape with as many digits; one of another country stays as it is.

    >>> in_shape("212.555.0100 x12", "(999) 999-9999"), in_shape("1-212-555-0100", "(999) 999-9999")
    ('(212) 555-0100 x12', '(212) 555-0100')
    >>> in_shape("+1 (212) 555-0100", "+1 999 999 9999"), in_shape("+44 20 7946 0018", "(999) 999-9999")
    ('+1 212 555 0100', '+44 20 7946 0018')
    """
    if not is_plain(cell):
        return cell
    number, extension = _split(cell)
    country, form = _parts(shape)
    wanted = form.count("9")
    if country:
        rest = _digits(number).removeprefix(country[1:])
        is_same = len(rest) == wanted and len(_digits(number)) == wanted + len(country) - 1
    else:
        match = _LONG_DISTANCE.fullmatch(number) if wanted == _AMERICAN_DIGITS else None
        rest = _digits(match[1] if match else number)
        is_same = len(rest) == wanted and not number.startswith("+")
    if not is_same:
        return cell
    digits = iter(rest)
    return country + "".join(next(digits) if character == "9" else character for character in form) + extension


def international(cell: str) -> str:
    """Writes a number that has a country code as E.164 has it.

    >>> international("+44 (0)20 7946 0018"), international("0044 20 7946 0018"), international("020 7946 0018")
    ('+442079460018', '+442079460018', '020 7946 0018')
    """
    number, extension = _split(cell)
    if not is_plain(cell) or not number.startswith(("+", "00")):
        return cell
    import phonenumbers

    try:
        parsed = phonenumbers.parse("+" + number.removeprefix("+").removeprefix("00"), None)
    except phonenumbers.NumberParseException:
        return cell
    if not phonenumbers.is_possible_number(parsed):
        return cell
    return str(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)) + extension


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells show by their marks that they are phone numbers.

    >>> recognise(pl.Series(["(212) 555-0100", "+44 20 7946 0018", "2125550100", "2024-01-05"])).to_list()
    [True, True, False, False]
    """
    return _readable(cells, cells.str.contains(_SHOWN) & ~cells.str.contains(_OTHER))


def _readable(cells: pl.Series, maybe: pl.Series) -> pl.Series:
    """(n,) Boolean, which of the cells that may be numbers the repairs bring to plain form."""
    if not maybe.any():
        return maybe
    is_tidy = _is_plain(cells)
    others = cells.filter(maybe & ~is_tidy)
    return maybe & (
        is_tidy | cells.is_in([cell for cell in others if is_plain(extension(tidy(decimal_form(cell.strip()))))])
    )


def recognise_named(cells: pl.Series) -> pl.Series:
    """Which cells are phone numbers if the name of their column says so.

    Bare digits are, if they are as many as in most such cells: those of a count of phones are more, or fewer.

    >>> recognise_named(pl.Series(["2125550100", "2125550101", "555-0100", "123", "2024-01-05"])).to_list()
    [True, True, True, False, False]
    """
    maybe = _readable(cells, cells.str.contains(_MAYBE) & ~cells.str.contains(_OTHER))
    is_bare = maybe & cells.str.contains(_BARE)
    lengths = cells.str.strip_chars().str.strip_suffix(".0").str.len_bytes()
    return maybe & (~is_bare | lengths.is_in(lengths.filter(is_bare).mode().sort().head(1).to_list()))


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The shape that more than half of the cells have; none if they are written in many ways.

    >>> find_form(pl.Series(["(212) 555-0100", "(212) 555-0101 x12", "212-555-0102"]), pl.Series([1, 1, 1])).format
    '(999) 999-9999'
    """
    is_tidy = _is_plain(cells)
    numbers = cells.filter(is_tidy).str.replace(rf"{_EXTENSION}\z", "")
    country = numbers.str.extract(r"^(\+[1-9][0-9]{0,2})[ .(/-]").fill_null("")
    shapes = country + numbers.str.slice(country.str.len_bytes()).str.replace_all("[0-9]", "9")
    shapes = shapes.set(numbers.str.contains(r"^\+[0-9]+\z"), _E164)
    by_shape = pl.DataFrame({"shape": shapes, "count": counts.filter(is_tidy)}).group_by("shape").sum()
    for shape, count in by_shape.rows():
        if 2 * count > counts.sum() and (shape == _E164 or _SHAPE.fullmatch(shape)):
            return Form(shape)
    return Form()


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Phone numbers of one shape; those with a country code that cannot have it stay as they are.

    Raises:
        ValueError: it is no shape of a phone number.
    """
    if format == _E164:
        return replace(
            PHONE,
            is_plain=lambda cell: _IS_E164.fullmatch(cell) is not None,
            parse=lambda cells: cells.set(~cells.str.contains(rf"^{_IS_E164.pattern}\z"), None),
            repairs=(*PHONE.repairs, Repair(_WRITTEN, _WRITTEN_REASON, international)),
        )
    if not _SHAPE.fullmatch(format) or not is_plain(format):
        raise ValueError(f"{format!r} is no format of phone; give a shape such as (999) 999-9999, or {_E164}")
    return replace(
        PHONE,
        is_plain=partial(_is_in_shape, shape=format),
        parse=partial(_parse_shape, shape=format),
        repairs=(*PHONE.repairs, Repair(_WRITTEN, _WRITTEN_REASON, partial(in_shape, shape=format))),
    )


def _is_in_shape(cell: str, shape: str) -> bool:
    """Whether a number has a shape, or has a country code and cannot have that shape."""
    if not is_plain(cell) or in_shape(cell, shape) != cell:
        return False
    return cell.startswith("+") or _pattern(shape).fullmatch(cell) is not None


def _parse_shape(cells: pl.Series, shape: str) -> pl.Series:
    has_shape = cells.str.contains(rf"^{_pattern(shape).pattern}\z")
    others = cells.filter(~has_shape & cells.str.starts_with("+")).unique()
    return cells.set(
        ~(has_shape | cells.is_in([cell for cell in others.drop_nulls() if _is_in_shape(cell, shape)])), None
    )


@lru_cache
def _pattern(shape: str) -> re.Pattern[str]:
    country, form = _parts(shape)
    number = "".join("[0-9]" if character == "9" else f"[{character}]" for character in form)
    return re.compile(rf"{country.replace('+', '[+]')}{number}(?:{_EXTENSION})?")


def _parts(shape: str) -> tuple[str, str]:
    """The country code of a shape, and the rest of it."""
    match = _SHAPE.fullmatch(shape)
    return (match[1] or "", match[2]) if match else ("", "")


PHONE = register(
    Kind(
        name="phone",
        dtype=pl.String(),
        fault="not a phone number",
        fault_reason="a cell is not a phone number, or has more or fewer digits than the others of its column",
        is_plain=is_plain,
        parse=parse,
        has_one_form=True,
        repairs=(
            UNICODE_VARIANTS,
            Repair("decimal form", "a phone number that was taken for a number has a fraction of zeros", decimal_form),
            Repair("marks of a phone number", "spaces beside other marks, and tel:, have no meaning", tidy),
            Repair("extension", "an extension in another spelling", extension),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        find_form=find_form,
        in_format=in_format,
        names=frozenset(
            {"phone", "phones", "phonenumber", "telephone", "tel", "telefon", "telefono", "téléphone", "fax"}
            | {"mobile", "cellphone", "mobilephone", "homephone", "workphone"}
        ),
        recognise_named=recognise_named,
    )
)
