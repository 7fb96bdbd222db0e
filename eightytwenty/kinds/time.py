"""Times of day: hours, minutes and seconds, as ISO 8601 writes them."""

import re

import polars as pl

from eightytwenty.kinds import Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

PLAIN = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,6})?"
_PLAIN = re.compile(PLAIN)
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


TIME = register(
    Kind(
        name="time",
        dtype=pl.Time(),
        fault="not a time",
        fault_reason="a cell is not a time of day",
        is_plain=is_plain,
        parse=parse,
        repairs=(UNICODE_VARIANTS, Repair("clock", "a time in another notation", clock)),
        missing_marks=MISSING_MARKS,
    )
)
