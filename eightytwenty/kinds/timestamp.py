"""Moments: a day and a time of day, `2024-01-05 10:00:00`, without a zone.

A cell that states its distance from UTC is turned into UTC, which the ledger records.
"""

import datetime
import re

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, date, date_forms, formatted_dates, register, time
from eightytwenty.kinds.date_format import compile_format
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

PLAIN = rf"{date.PLAIN} {time.PLAIN}"
_PLAIN = re.compile(PLAIN)
_PARTS = re.compile(r"(.*[^ ,T])(?:T|,? )([0-9]{1,2}:.*)", re.DOTALL)
_OFFSET = re.compile(rf"({PLAIN}) ?(?:Z|UTC|([-+])([01][0-9]|2[0-3]):?([0-5][0-9]))")


def is_plain(cell: str) -> bool:
    """Whether a cell is a plain day and a plain time with a space between them.

    >>> is_plain("2024-01-05 10:00:00"), is_plain("2024-01-05T10:00:00"), is_plain("2023-02-29 10:00:00")
    (True, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None and date.is_plain(cell[:10])


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain moments as Datetime in microseconds."""
    plain = cells.set(~cells.str.contains(rf"^(?:{PLAIN})\z"), None)
    return plain.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)


def notation(cell: str) -> str:
    """Reads a day and a time in any notation that these kinds read, with an offset behind them or not.

    >>> notation("2024-01-05T10:00"), notation("5 Jan 2024, 9:05 pm"), notation("05/01/2024 10:00")
    ('2024-01-05 10:00:00', '2024-01-05 21:05:00', '05/01/2024 10:00')
    """
    match = _PARTS.fullmatch(cell)
    if not match:
        return cell
    day, clock, offset = match[1], *_split_offset(match[2])
    for repair in date.REPAIRS:
        day = day if date.is_plain(day) else repair.function(day) or day
    plain = f"{day} {clock if time.is_plain(clock) else time.clock(clock)}"
    return plain + offset if is_plain(plain) else cell


def offset(cell: str) -> str:
    """Turns a moment with its distance from UTC into UTC.

    >>> offset("2024-01-05 10:00:00+02:00"), offset("2024-01-05 10:00:00Z"), offset("2024-01-05 10:00:00")
    ('2024-01-05 08:00:00', '2024-01-05 10:00:00', '2024-01-05 10:00:00')
    """
    match = _OFFSET.fullmatch(cell)
    if not match or not is_plain(match[1]):
        return cell
    moment, sign, hours, minutes = match.groups()
    if sign is None:
        return moment
    distance = datetime.timedelta(hours=int(hours), minutes=int(minutes)) * (-1 if sign == "-" else 1)
    whole, point, fraction = moment.partition(".")
    try:
        plain = (datetime.datetime.fromisoformat(whole) - distance).isoformat(" ") + point + fraction
    except OverflowError:
        return cell
    return plain if is_plain(plain) else cell


def _split_offset(clock: str) -> tuple[str, str]:
    """A time, and the offset behind it."""
    match = re.fullmatch(r"(.*?)( ?(?:Z|UTC|[-+][0-9]{2}:?[0-9]{2}))?", clock, re.DOTALL)
    return (match[1], match[2] or "") if match else (clock, "")


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are a day and a time of day; none if all are midnights, for they are days.

    >>> recognise(pl.Series(["05/01/2024 7:10 pm", "2024-01-05T10:00Z", "2024-01-05", "1704448800"])).to_list()
    [True, True, False, False]
    >>> recognise(pl.Series(["2024-01-05 00:00:00", "2024-01-06 00:00:00"])).to_list()
    [False, False]
    """
    _, is_timestamp = date_forms.days_and_moments(cells)
    return is_timestamp


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The format of most moments, such as `%m/%d/%Y %-I:%M %p`; two where day and month cannot be told apart.

    >>> find_form(pl.Series(["2024-01-05T10:00:00.250Z", "2024-01-05T10:00:01.000Z"]), pl.Series([1, 1]))
    Form(format='%Y-%m-%dT%H:%M:%S.%3fZ', unit='', doubt='')
    """
    return date_forms.find_form(cells, counts, date_forms.is_moment, "%Y-%m-%d %H:%M:%S")


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Moments in a format, or in either of two that differ in the order of day and month, which are texts then.

    >>> in_format("%-m/%-d/%Y %-I:%M %p").parse(pl.Series(["1/5/2024 7:10 PM"]))[0]
    datetime.datetime(2024, 1, 5, 19, 10)
    """
    return formatted_dates.in_format(TIMESTAMP, format, date_forms.is_moment, "timestamps")


TIMESTAMP = register(
    Kind(
        name="timestamp",
        dtype=pl.Datetime("us"),
        fault="not a timestamp",
        fault_reason="a cell is not a day and a time in any notation with a single meaning",
        is_plain=is_plain,
        parse=parse,
        repairs=(
            UNICODE_VARIANTS,
            Repair("day and time", "a day and a time in another notation", notation),
            Repair("offset from UTC", "the same moment, in UTC", offset),
            *formatted_dates.format_repairs("timestamp", [compile_format("%Y-%m-%d %H:%M:%S")], date_forms.is_moment),
        ),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs=":T",
        find_form=find_form,
        in_format=in_format,
    )
)
