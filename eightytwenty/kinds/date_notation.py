"""Notations of dates and times: the formats that a cell can have.

Cells are grouped by their layout, which is a cell with a zero for each digit. A column has few layouts, and each allows
one format, or two where day and month may change places, or none.
"""

import datetime
import re
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from eightytwenty.kinds.date_directives import MARKERS, WEEKDAYS
from eightytwenty.kinds.date_format import DateFormat, compile_format
from eightytwenty.kinds.last_result import keep_last
from eightytwenty.kinds.month_names import FOREIGN, MONTHS, in_english, languages_of, standard

# "Wednesday, September 30th, 2024 at 10:00:00.123456 A.M. +00:00" has 61 characters.
_LONGEST = 64


def _names(names: tuple[str, ...]) -> str:
    return "|".join(form for name in names for form in (name, name[:3]))


_ENGLISH_MONTHS = _names(MONTHS["en"]["B"])
_WORDS = "|".join((_ENGLISH_MONTHS, "Sept", _names(WEEKDAYS), "[AP][.]?M?", "[AP][.]M", "UTC|GMT|AT|T|Z|ST|ND|RD|TH"))
_MAY_BE_DATE = rf"^(?i:{_WORDS}|[0-9 ,./:'+-]){{2,{_LONGEST}}}\z"

_WEEKDAY = rf"(?:(?P<weekday>{_names(WEEKDAYS)})[.,]? )?"
_MONTH = rf"(?P<month>{_ENGLISH_MONTHS})"
_NUMBERED_DAY = r"(?P<day>00?(?:st|nd|rd|th)?|(?<= ) 0)"
_YEAR = r"(?P<year>0000|'?00)"
_DAYS = tuple(
    _WEEKDAY + pattern
    for pattern in (
        r"(?P<year>0000)(?P<between>[-/. ])(?P<month>00?)(?P=between)(?P<day>00?)",
        r"(?P<year>0000)(?P<month>00)(?P<day>00)",
        rf"(?P<year>0000)(?P<between>[-/. ]){_MONTH}(?P=between)(?P<day>00?)",
        # three numbers of two digits with spaces between them are no date
        r"(?P<day>00?)(?P<between>[-/. ])(?P<month>00?)(?P=between)(?P<year>0000|(?<! )00)",
        rf"{_NUMBERED_DAY}(?:[.,]?[-/ ]|[.,]| de |){_MONTH}(?:[.,]?[-/ ]|[.,]| de |){_YEAR}",
        rf"{_MONTH}[.]?[-/ ]{_NUMBERED_DAY}(?:,? |,|[-/]){_YEAR}",
    )
)
_MARKER = (
    "|".join(sorted((re.escape(marker) for marker in MARKERS), reverse=True)).replace("a", "[ap]").replace("A", "[AP]")
)
_CLOCKS = (
    rf"(?P<hour>00?):(?P<minute>00)(?::(?P<second>00)(?:[.,](?P<fraction>0{{1,6}}))?)?(?: ?(?P<half>{_MARKER}))?",
    rf"(?P<hour>00?) ?(?P<half>(?:{_MARKER})(?<=[mM.]))",
)
_ZONE = r"(?: ?(?:Z|UTC|GMT)| ?(?P<offset>[-+]00(?::?00)?))?"
_BETWEEN = r"(?:,? | at | - )"
_LAYOUTS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        *_DAYS,
        *_CLOCKS,
        *(rf"{day}(?:T|{_BETWEEN}){clock}{_ZONE}" for day in _DAYS for clock in _CLOCKS),
        *(rf"{clock}{_BETWEEN}{day}" for day in _DAYS for clock in _CLOCKS),
        rf"{_DAYS[1]}T(?P<hour>00)(?P<minute>00)(?P<second>00)(?:[.](?P<fraction>0{{1,6}}))?{_ZONE}",
        rf"{_WEEKDAY}{_MONTH} {_NUMBERED_DAY} {_CLOCKS[0]}{_ZONE} (?P<year>0000)",
    )
)


def _directive(field: str, text: str, of_twelve: bool) -> str:
    """The directive that reads a part of a layout; raises KeyError if none does."""
    if field == "half":
        return text.replace("p", "a").replace("P", "A").replace("AM", "%p")
    if field == "offset":
        return {3: "%#z", 5: "%z", 6: "%:z"}[len(text)]
    if field == "fraction":
        return f"%{len(text)}f"
    if text[-1].isalpha() and field != "day":
        letter = {"month": "bB", "weekday": "aA"}[field][len(text) > 3]
        cases = {str.title(text): "", str.upper(text): "^", str.lower(text): "#"}
        return f"%{cases[text]}{letter}"
    if field == "year":
        # no cell has a year of one digit, but a column may whose other cells have two
        return {4: "%Y", 1: "%y"}.get(len(text), text.replace("00", "%y"))
    letter = {"month": "m", "day": "d", "hour": "I" if of_twelve else "H", "minute": "M", "second": "S"}[field]
    if text.startswith(" "):
        return "%e"
    if text[-1].isalpha():
        return "%-dth"
    return f"%{letter}" if text == "00" else f"%-{letter}"


def _format(match: re.Match[str], changed: dict[str, str]) -> str | None:
    """The layout with a directive for each of its fields, some of which are taken for others."""
    groups = {field: match.span(field) for field, text in match.groupdict().items() if text and field != "between"}
    text, position = "", 0
    for field, (start, end) in sorted(groups.items(), key=lambda group: group[1]):
        try:
            directive = _directive(changed.get(field, field), match[field], "half" in groups)
        except KeyError:  # in capitals and small letters, such as "jAN"
            return None
        text, position = text + match.string[position:start] + directive, end
    return text + match.string[position:]


@lru_cache(maxsize=10_000)
def formats_of_layout(layout: str, language: str = "en") -> tuple[DateFormat, ...]:
    """The formats that the cells of a layout can have; of several, the one with the day first is the first.

    A year of two digits may be the last number or the first.

    A layout of moments may also be one of days with midnight behind them.

    Args:
        layout: of the cells.
        language: of the month that it names.

    >>> [format.text for format in formats_of_layout("00/0/0000")]
    ['%d/%-m/%Y', '%m/%-d/%Y']
    >>> [format.text for format in formats_of_layout("00-00-00")]
    ['%d-%m-%y', '%m-%d-%y', '%y-%m-%d']
    >>> [format.text for format in formats_of_layout("Thu Jan 00, 0000 0:00 p.m.")]
    ['%a %b %d, %Y %-I:%M a.m.', '%a %b %d, %Y 12:00 a.m.']
    >>> [format.text for format in formats_of_layout("0 de enero de 0000", "es")]
    ['%-d de %{es}#B de %Y']
    """
    if language != "en":
        english, letter = in_english(layout, language)
        texts = [format_.text for format_ in formats_of_layout(english)]
        foreign = (re.sub(r"%([\^#]?)[bB]", rf"%{{{language}}}\1{letter}", text) for text in texts)
        return tuple(filter(None, map(_compiled, foreign)))
    found: list[str | None] = []
    for match in filter(None, (pattern.fullmatch(layout) for pattern in _LAYOUTS)):
        found.append(_format(match, {}))
        ends = [match.end(field) for field in ("day", "month", "year") if field in match.re.groupindex]
        if ends and ends == sorted(ends) and match["month"].isdigit():
            found.append(_format(match, {"day": "month", "month": "day"}))
            if match["year"] == "00":
                found.append(_format(match, {"day": "year", "year": "day"}))
    formats = list(filter(None, map(_compiled, dict.fromkeys(found))))
    return (*formats, *filter(None, map(_at_midnight, formats)))


def _compiled(text: str | None) -> DateFormat | None:
    try:
        return compile_format(text or "")
    except ValueError:
        return None


def _at_midnight(moments: DateFormat) -> DateFormat | None:
    """The format of days with the midnight behind them that a format of moments writes; None if it does not end so."""
    fields = [token.field for token in moments.tokens]
    start = fields.index("hour") if moments.has_day and moments.has_time else 0
    if start == 0 or not {"year", "month", "day"} <= set(fields[:start]):
        return None
    texts = [token.text for token in moments.tokens]
    clock = _compiled("".join(texts[start:]))
    midnight = clock.write(datetime.datetime(1970, 1, 1)) if clock else None
    return _compiled("".join(texts[:start]) + midnight) if midnight else None


def formats_of(cell: str) -> tuple[DateFormat, ...]:
    """The formats in which a cell may be read once it is tidy.

    >>> [format.text for format in formats_of("05/01/2024")], formats_of("1.5"), formats_of("1/2")
    (['%d/%m/%Y', '%m/%d/%Y'], (), ())
    """
    if len(cell) > _LONGEST:
        return ()
    layout = re.sub("[0-9]", "0", cell)
    return formats_of_layout(layout, next(iter(languages_of(layout)), "en"))


_TIDY = ((r"\b1er\b", "1"), (r"\b([Ss][Ee][Pp])[Tt]\b", "${1}"), (r"([0-9] ?[AP])m\b", "${1}M"))


def tidy(cell: str) -> str:
    """A cell without space around it, and with one spelling of the first of a month, of months, AM and PM.

    >>> tidy(" 2 Sept 2024 7:10 Am")
    '2 Sep 2024 7:10 AM'
    """
    for pattern, replacement in _TIDY:
        cell = re.sub(pattern, replacement.replace("${1}", r"\1"), cell)
    return standard(cell.strip())


@dataclass(frozen=True)
class Readings:
    """The cells of a column that have one layout.

    Args:
        rows: (k,) where they are.
        values: for each format that they can have, (k,) what they are in it, null for those that cannot have it.
    """

    rows: pl.Series
    values: tuple[tuple[DateFormat, pl.Series], ...]


@keep_last
def readings(cells: pl.Series) -> list[Readings]:
    """Reads (n,) String in every format that its cells can have."""
    frame = pl.DataFrame({"cell": cells.str.strip_chars()}).with_row_index("row")
    frame = frame.filter(_may_be_date(pl.col("cell")))
    if frame.is_empty():
        return []
    for pattern, replacement in _TIDY:
        frame = frame.with_columns(pl.col("cell").str.replace(pattern, replacement))
    layouts = frame.group_by(pl.col("cell").str.replace_all("[0-9]", "0").alias("layout"), maintain_order=True).all()
    language = _language(layouts["layout"], layouts["row"].list.len())
    found = []
    for layout, rows, texts in zip(layouts["layout"], layouts["row"], layouts["cell"], strict=True):
        usual, known = standard(layout), languages_of(standard(layout))
        formats = formats_of_layout(usual, language if language in known else next(iter(known), "en"))
        if usual != layout:
            texts = texts.replace_strict({text: standard(text) for text in texts.unique()}, return_dtype=pl.String)
        if formats:
            found.append(Readings(rows, tuple((format_, format_.parse(texts)) for format_ in formats)))
    return found


def _may_be_date(cells: pl.Expr) -> pl.Expr:
    """(n,) Boolean, which cells consist of what dates and times consist of, or name a month in another language."""
    words = cells.str.extract(r"(\p{L}{3,})").str.to_lowercase()
    is_foreign = words.is_in(FOREIGN) & (cells.str.len_bytes() <= _LONGEST)
    return (cells.str.contains(_MAY_BE_DATE) | is_foreign) & cells.str.contains("[0-9]")


def _language(layouts: pl.Series, counts: pl.Series) -> str:
    """The language of most months that layouts name."""
    votes = dict.fromkeys(MONTHS, 0)
    for layout, count in zip(layouts, counts, strict=True):
        for language in languages_of(standard(layout)):
            votes[language] += count
    return max(votes, key=lambda language: votes[language])  # of equals, the first
