"""Times of day: hours, minutes and seconds, as ISO 8601 writes them."""

import re
from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, date_forms, formatted_dates, register
from eightytwenty.kinds.date_format import DateFormat, compile_format
from eightytwenty.kinds.date_notation import formats_of, tidy
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

PLAIN = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?"
_PLAIN = re.compile(PLAIN)
# What looks like a time of day and is longer than a day, or has a fraction of two numbers, is a duration.
_LONGER = (
    r"^\s*(?:(?:[0-9]{3,}|2[4-9]|[3-9][0-9]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]+)?)?"
    r"|[0-9]+:[0-5][0-9][.][0-9]+|[0-9]+ days?,? [0-9]{1,2}:[0-5][0-9]:[0-5][0-9](?:[.][0-9]+)?)\s*\z"
)
# A slip of the pen also makes 29:10 of 19:10; where more than one in twenty is like that, it is none.
SLIPS = 0.05
# Timetables count on after midnight: 25:30. Durations of one day or more are seldom all shorter than 30 hours.
_AFTER_MIDNIGHT = r"^\s*2[4-9]:[0-5][0-9](?::[0-5][0-9])?\s*\z"
_END_OF_DAY = r"^\s*24:00(?::00)?\s*\z"
_FEW = 0.2
_WITHIN = re.compile(
    r"(?<![0-9:.])[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?![0-9:])(?: ?[aApP](?:[.][mM][.]?|[mM]\b)|[aApP](?![a-z]))?"
)
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})([.][0-9]{1,6})?)?(?: ?([ap])[.]?m[.]?)?", re.IGNORECASE)


def is_plain(cell: str) -> bool:
    """Whether a cell is a time of day with seconds, and at most six digits of a fraction of them.

    >>> is_plain("09:05:00"), is_plain("09:05:00.25"), is_plain("9:05"), is_plain("24:00:00")
    (True, True, False, False)
    """
    return _PLAIN.fullmatch(cell) is not None


def parse(cells: pl.Series) -> pl.Series:
    """Reads plain times as Time."""
    return cells.set(~cells.str.contains(rf"^(?:{PLAIN})\z"), None).str.to_time("%H:%M:%S%.f", strict=False)


def clock(cell: str) -> str:
    """Reads a time without seconds or leading zeros, or with "am" or "pm".

    >>> [clock(cell) for cell in ("9:05", "9:05 pm", "12:00 AM", "13:00 pm", "25:00")]
    ['09:05:00', '21:05:00', '00:00:00', '13:00 pm', '25:00']
    """
    match = _CLOCK.fullmatch(cell)
    if not match:
        return cell
    hour, minute, second, fraction, half = match.groups()
    number = int(hour)
    if half:
        if not 1 <= number <= 12:
            return cell
        number = number % 12 + (12 if half.lower() == "p" else 0)
    plain = f"{number:02}:{minute}:{second or '00'}{fraction or ''}"
    return plain if is_plain(plain) else cell


def time_within(cell: str) -> str | None:
    """The only time of day in a longer cell, as the cell writes it; None if there is none, or more than one.

    >>> time_within("12/02/2011 7:10 a.m."), time_within("7:10aDec 1"), time_within("from 7:10 to 8:15")
    ('7:10 a.m.', '7:10a', None)
    """
    found = _WITHIN.findall(cell)
    return found[0] if len(found) == 1 and _reads_as_time(found[0]) and found[0] != cell else None


def _reads_as_time(cell: str) -> bool:
    text = tidy(cell)
    return any(_is_time(format_) and format_.read(text) is not None for format_ in formats_of(text))


def _is_time(format_: DateFormat) -> bool:
    return format_.has_time and not format_.has_day and not format_.has_zone


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are times of day; none if too many beside them are longer than a day, for then all are durations.

    24:00 is the end of a day, and 25:30 may be half past one in the night. Neither is a time of day, but a few of them
    do not make durations of the others.

    >>> recognise(pl.Series(["7:10 a.m.", "19:10", "1530"])).to_list()
    [True, True, False]
    >>> recognise(pl.Series(["23:10", "83:10"])).to_list()
    [False, False]
    >>> recognise(pl.Series(["23:59", "24:00", "00:15"])).to_list()
    [True, False, True]
    """
    is_time = date_forms.recognise(cells, _is_time)
    if not is_time.any():
        return is_time
    is_longer = cells.str.contains(_LONGER) & ~is_time & ~cells.str.contains(_END_OF_DAY)
    is_night = is_longer & cells.str.contains(_AFTER_MIDNIGHT)
    n_longer, n_night = int(is_longer.sum()), int(is_night.sum())
    total = int(is_time.sum()) + n_longer
    return is_time & (n_longer - n_night <= SLIPS * total and n_longer <= _FEW * total)


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The format of most times, such as `%H:%M` or `%-I:%M a.m.`.

    >>> find_form(pl.Series(["7:10 a.m.", "11:30 p.m."]), pl.Series([1, 1]))
    Form(format='%-I:%M a.m.', unit='', doubt='')
    """
    form = date_forms.find_form(cells, counts, _is_time, "%H:%M:%S")
    if not form.format.startswith("%-H"):
        return form
    return replace(
        form, doubt="times of day cannot be told from durations, which are also written without leading zeros"
    )


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Times of day in a format.

    >>> in_format("%-I:%M a.m.").is_plain("7:10 p.m.")
    True
    """
    return formatted_dates.in_format(TIME, format, _is_time, "times of day")


TIME = register(
    Kind(
        name="time",
        dtype=pl.Time(),
        fault="not a time",
        fault_reason="a cell is not a time of day",
        is_plain=is_plain,
        parse=parse,
        repairs=(
            UNICODE_VARIANTS,
            Repair("clock", "a time in another notation", clock),
            *formatted_dates.format_repairs("time", [compile_format("%H:%M:%S")], _is_time),
        ),
        missing_marks=MISSING_MARKS,
        guesses=(
            Repair("time within", "the only time of day in a longer cell", lambda cell: time_within(cell) or cell),
        ),
        recognise=recognise,
        signs=":mM",
        find_form=find_form,
        in_format=in_format,
    )
)
