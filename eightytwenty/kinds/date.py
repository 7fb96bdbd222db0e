"""Days: year, month and day, as ISO 8601 writes them."""

import calendar
import datetime
import re

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, date_forms, formatted_dates, register
from eightytwenty.kinds.date_format import compile_format
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

PLAIN = r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_PLAIN = re.compile(PLAIN)
_YEAR_FIRST = re.compile(r"([1-9][0-9]{3})(?:([-/. ])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{2})([0-9]{2}))")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([1-9][0-9]{3})")
_MIDNIGHT = re.compile(rf"({PLAIN})[T ]00:00(?::00(?:[.]0+)?)?Z?")
_MONTHS = tuple(name.lower() for name in calendar.month_name if name)
_NAME = r"([A-Za-z]{3,9})[.]?"
_DAY_NAME_YEAR = re.compile(rf"([0-9]{{1,2}})(?:st|nd|rd|th)?[- ]{_NAME},?[- ]([1-9][0-9]{{3}})")
_NAME_DAY_YEAR = re.compile(rf"{_NAME}[- ]([0-9]{{1,2}})(?:st|nd|rd|th)?,?[- ]([1-9][0-9]{{3}})")


def is_plain(cell: str) -> bool:
    """Whether a cell is a day as ISO 8601 writes it, from the year 1000 on.

    >>> is_plain("2024-02-29"), is_plain("2023-02-29"), is_plain("2024-2-9")
    (True, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None and _day(*cell.split("-")) is not None


def parse(cells: pl.Series) -> pl.Series:
    """Reads ISO 8601 days as Date."""
    return cells.set(~cells.str.contains(rf"^(?:{PLAIN})\z"), None).str.to_date("%Y-%m-%d", strict=False)


def year_first(cell: str) -> str:
    """Reads a year, month and day with other separators, with none, or without leading zeros.

    >>> year_first("2024/1/5"), year_first("20240105"), year_first("2024-13-01")
    ('2024-01-05', '2024-01-05', '2024-13-01')
    """
    match = _YEAR_FIRST.fullmatch(cell)
    return (match and _day(match[1], match[3] or match[5], match[4] or match[6])) or cell


def month_name(cell: str) -> str:
    """Reads a day whose month is an English name.

    >>> month_name("5 Jan 2024"), month_name("March 1st, 2024"), month_name("5 Janvier 2024")
    ('2024-01-05', '2024-03-01', '5 Janvier 2024')
    """
    if match := _DAY_NAME_YEAR.fullmatch(cell):
        day, name, year = match.groups()
    elif match := _NAME_DAY_YEAR.fullmatch(cell):
        name, day, year = match.groups()
    else:
        return cell
    word = name.lower()
    months = [month for month in _MONTHS if word in (month, month[:3]) or (word == "sept" and month == "september")]
    return (months and _day(year, str(_MONTHS.index(months[0]) + 1), day)) or cell


def year_last(cell: str) -> str:
    """Reads numbers that end with the year if only one of them can be the month; "05/01/2024" is left alone.

    >>> year_last("31/12/2024"), year_last("12/31/2024"), year_last("05.05.2024"), year_last("05/01/2024")
    ('2024-12-31', '2024-12-31', '2024-05-05', '05/01/2024')
    """
    match = _YEAR_LAST.fullmatch(cell)
    days = match and {_day(match[4], match[1], match[3]), _day(match[4], match[3], match[1])} - {None}
    return (days and len(days) == 1 and days.pop()) or cell


def midnight(cell: str) -> str:
    """Removes midnight, as spreadsheets and databases write it behind a day.

    >>> midnight("2024-01-05 00:00:00"), midnight("2024-01-05 10:00")
    ('2024-01-05', '2024-01-05 10:00')
    """
    match = _MIDNIGHT.fullmatch(cell)
    return match[1] if match else cell


def _day(year: str, month: str, day: str) -> str | None:
    """The plain form of a day, None if the calendar has no such day."""
    try:
        return datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are days, in any order of day and month.

    Moments are days if all in the column are midnights. Whole numbers are days only if all in the column are days of
    the years 1900 to 2100 in eight digits, as one in a thousand of such numbers is by chance.

    >>> recognise(pl.Series(["05/01/2024", "5 Jan 24", "Jan 2024", "1/2", "20240105"])).to_list()
    [True, True, False, False, True]
    >>> recognise(pl.Series(["2024-01-05", "20240105", "2024"])).to_list()
    [True, False, False]
    """
    is_date, _ = date_forms.days_and_moments(cells)
    if not is_date.any():
        return is_date
    stripped = cells.str.strip_chars()
    is_number = stripped.str.contains(r"^[0-9]+\z")
    is_likely = is_date & stripped.str.slice(0, 4).cast(pl.Int64, strict=False).is_between(1900, 2100)
    return is_date & ~is_number if (is_number & ~is_likely).any() else is_date


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The format of most days, such as `%m/%d/%Y`; two where day and month cannot be told apart.

    >>> find_form(pl.Series(["5/1/2024", "31/12/2024"]), pl.Series([9, 1]))
    Form(format='%-d/%-m/%Y', unit='', doubt='')
    >>> find_form(pl.Series(["05/01/2024"]), pl.Series([9])).format
    '%d/%m/%Y or %m/%d/%Y'
    """
    return date_forms.find_form(cells, counts, date_forms.is_day, "%Y-%m-%d")


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Days in a format, or in either of two that differ in the order of day and month, which are texts then.

    >>> in_format("%-d.%-m.%Y").is_plain("5.1.2024"), in_format("%d/%m/%Y or %m/%d/%Y").is_plain("05/31/2024")
    (True, True)
    """
    return formatted_dates.in_format(DATE, format, date_forms.is_day, "dates")


REPAIRS = (
    Repair("year first", "year, month and day in another notation", year_first),
    Repair("month name", "an English name says which number is the month", month_name),
    Repair("year last", "only one of the two numbers can be the month", year_last),
)

DATE = register(
    Kind(
        name="date",
        dtype=pl.Date(),
        fault="not a date",
        fault_reason="a cell is not a day of the calendar in any notation with a single meaning",
        is_plain=is_plain,
        parse=parse,
        repairs=(
            UNICODE_VARIANTS,
            Repair("midnight", "midnight behind a day says nothing", midnight),
            *REPAIRS,
            *formatted_dates.format_repairs("date", [compile_format("%Y-%m-%d")], date_forms.is_day),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        find_form=find_form,
        in_format=in_format,
    )
)
