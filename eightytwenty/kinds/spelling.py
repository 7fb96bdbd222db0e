"""What kinds share: repairs of spaces, marks of missing values and characters, and how typed values are written."""

import re
import unicodedata

import polars as pl

from eightytwenty.kinds import Repair

# Without "nil", "none" and "-", which mean missing to some and zero to others, and without "#DIV/0!" and "#NUM!", which
# are failed computations, like "nan". The other errors of spreadsheets say that there is nothing to compute with.
MISSING_MARKS = frozenset({"na", "n/a", "null", "missing", "?", "#n/a", "#ref!", "#name?", "#value!", "#null!"})
# Soft hyphens, spaces of no width, and marks for the direction of writing.
INVISIBLE = "".join(
    map(chr, (0xAD, 0x61C, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF))
)
_SPACES = "".join(filter(str.isspace, map(chr, range(0x3001)))) + INVISIBLE
_NOTHING = dict.fromkeys(map(ord, INVISIBLE))
_DASHES = dict.fromkeys(map(ord, "−‒–"), "-")
_MARKS = r"[*^|`_\\;,\u00b4\u00a6\u2020\u2021\u00a7\u00b6\ufffd]{1,4}"
MARKS_AT_END = rf"^{_MARKS}|{_MARKS}$"
_STRAY = re.compile(rf"^{_MARKS}\s?(?=\w)|(?<=[\w.)\]])\s?{_MARKS}$")
# No number or date is written in more characters, and the time to normalise text grows with the square of its length.
_LONGEST = 200


def stray_spaces(cell: str) -> str | None:
    """Removes spaces, tabs and invisible characters around a cell; a cell of nothing else is missing.

    >>> stray_spaces(" 7 "), stray_spaces(" ")
    ('7', None)
    """
    return cell.strip(_SPACES) or None


def strip_spaces(cells: pl.Expr) -> pl.Expr:
    """The same for whole columns of String."""
    return cells.str.strip_chars(_SPACES).replace("", None)


def missing_mark(cell: str) -> str | None:
    """Turns the usual marks for a missing value into missing, but not "nan", which may be a failed computation.

    >>> missing_mark("n/a"), missing_mark("nan")
    (None, 'nan')
    """
    return None if cell.lower() in MISSING_MARKS else cell


def unicode_variants(cell: str) -> str:
    r"""Turns full-width digits and other variants into ordinary characters (Unicode NFKC), and dashes into minus signs.

    Invisible characters are removed. Numerals that are not digits (powers, fractions, numbered circles) are left alone:
    "7²" is not 72.

    >>> unicode_variants("７７"), unicode_variants("-\u200e7"), unicode_variants("7²")
    ('77', '-7', '7²')
    """
    if cell.isascii() or len(cell) > _LONGEST:
        return cell
    visible = cell.translate(_NOTHING)
    if any(unicodedata.category(character) in {"No", "Nl"} for character in visible):
        return visible
    return unicodedata.normalize("NFKC", visible).translate(_DASHES)


def without_stray_characters(cell: str) -> str:
    """Removes marks at the ends of a cell that are part of no value; signs, brackets, quotes and comparisons may be.

    >>> [without_stray_characters(cell) for cell in ("Rome***", "7 *", "^ Oslo", "<5", "300+", "(x)", "***")]
    ['Rome', '7', 'Oslo', '<5', '300+', '(x)', '***']
    """
    return _STRAY.sub("", cell)


def typed_text(values: pl.Series) -> pl.Series:
    """Values of any type as String, in the plain form of their kind.

    A whole number stored as a float is written without a fraction: that is its type, not a fault. A moment with a zone
    is written in UTC.
    """
    if values.dtype.is_float():
        whole = values.is_finite() & (values == values.round()) & (values.abs() < 2**53)
        return values.cast(pl.String).zip_with(~whole, values.cast(pl.Int64, strict=False).cast(pl.String))
    if isinstance(values.dtype, pl.Datetime):
        if values.dtype.time_zone:
            values = values.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return values.dt.to_string("%Y-%m-%d %H:%M:%S%.f")
    if values.dtype == pl.Time:
        return values.dt.to_string("%H:%M:%S%.f")
    if values.dtype == pl.Duration:
        return _clock(values.dt.total_microseconds())
    return values.cast(pl.String)


def _clock(microseconds: pl.Series) -> pl.Series:
    """Hours, minutes and seconds, such as 30:05:00.25."""
    seconds, fraction = microseconds // 1_000_000, (microseconds % 1_000_000).cast(pl.String).str.zfill(6)
    parts = [(seconds // 3600).cast(pl.String), *((seconds // n % 60).cast(pl.String).str.zfill(2) for n in (60, 1))]
    return parts[0] + ":" + parts[1] + ":" + parts[2] + ("." + fraction).str.strip_chars_end("0").str.strip_suffix(".")


SPACES_WITHIN = "spaces within"
STRAY_CHARACTERS = Repair("stray characters", "marks around a value that are no part of it", without_stray_characters)
STRAY_SPACES = Repair("stray spaces", "spaces and invisible characters around a value have no meaning", stray_spaces)
UNICODE_VARIANTS = Repair("unicode variants", "characters in another width or shape, or invisible", unicode_variants)
