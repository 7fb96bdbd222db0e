"""Formats of durations, which look like the cells that have them.

| format | cells |
|---|---|
| `H:MM:SS` | `0:05:00`, `30:05:00.25`: the plain form |
| `HH:MM:SS` | `00:05:00`, `30:05:00` |
| `H:MM` `HH:MM` | `30:05`, hours and minutes |
| `M:SS` `MM:SS` | `90:05`, `90:05.25`, minutes and seconds |
| `[H:]M:SS` `[H:]MM:SS` | `4:05`, `1:04:05`, hours only where there are any |
| `D days HH:MM:SS` | `2 days 03:00:00`, `0 days 03:00:00.5`, as pandas writes them |
| `D days, H:MM:SS` | `3:00:00`, `1 day, 3:00:00`, as Python writes them |
| `PT1H30M` | `P1DT2H`, `PT30S`, as ISO 8601 writes them |
| `1h 30m` `1h30m` `1 h 30 min` `1 hour, 30 minutes` | `45m`, `2h 5m`, with the units and spaces of the format |
| `90 min` `90min` `90 hours` | `1.5 min`, a number of one unit |

Months and years have no fixed length. A day has 24 hours.
"""

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

_SECOND = 1_000_000
_UNITS = {"days": 86_400 * _SECOND, "hours": 3_600 * _SECOND, "minutes": 60 * _SECOND, "seconds": _SECOND}
_WEEK = 7 * _UNITS["days"]
_FRACTION = r"(?:[.](?P<fraction>[0-9]{1,6}))?"
# What a pattern cannot say: it begins with a number or ISO's P, and no separator is left at its end.
_WHOLE = r"^[0-9P].*[^T ,]\z"
_FAMILIES = (
    (("d", "h", "m", "s"), ""),
    (("d", "h", "min", "s"), ""),
    (("day", "hr", "min", "sec"), "s"),
    (("day", "hour", "minute", "second"), "s"),
)


@dataclass(frozen=True)
class DurationFormat:
    """A way to write durations.

    Args:
        text: as a column states it.
        pattern: of its texts, with groups for weeks, days, hours, minutes, seconds, and the fraction of the last unit.
        text_of: microseconds -> their text, in which what the format cannot hold may be missing.
        meaning: what two numbers with a colon between them are; in a column of such a format, all of them are that.
    """

    text: str
    pattern: str
    text_of: Callable[[int], str]
    meaning: str = ""

    def write(self, microseconds: int) -> str | None:
        """A duration in this format; None if the format does not hold all of it.

        >>> FORMATS["1h 30m"].write(5_400_000_000), FORMATS["H:MM"].write(30_000_000)
        ('1h 30m', None)
        """
        text = self.text_of(microseconds)
        return text if self.read(text) == microseconds else None

    def read(self, cell: str) -> int | None:
        """The microseconds of a cell in this format.

        >>> FORMATS["M:SS"].read("83:10"), FORMATS["PT1H30M"].read("P1DT2H"), FORMATS["90 min"].read("1.5 min")
        (4990000000, 93600000000, 90000000)
        """
        match = re.fullmatch(self.pattern, cell)
        if not match or not re.search(_WHOLE.replace(r"\z", r"\Z"), cell):
            return None
        texts = {name: text for name, text in match.groupdict().items() if text}
        fraction = int(texts.pop("fraction", "").ljust(6, "0")) * self._last_unit() // _SECOND
        return sum(int(text) * _unit(name) for name, text in texts.items()) + fraction if texts else None

    def parse(self, cells: pl.Series) -> pl.Series:
        """Reads (n,) String as Duration in microseconds: exactly what `read` reads; null for all else."""
        is_whole = cells.str.contains(_WHOLE)
        groups = cells.set(~is_whole, None).str.extract_groups(rf"^(?:{self.pattern})\z").struct.unnest()
        names = [name for name in groups.columns if name != "fraction"]
        total = pl.sum_horizontal(pl.col(name).cast(pl.Int64) * _unit(name) for name in names)
        if "fraction" in groups.columns:
            digits = pl.col("fraction").str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
            total += digits * (self._last_unit() // _SECOND)
        is_read = pl.any_horizontal(pl.col(name).is_not_null() for name in names)
        return groups.select(pl.when(is_read).then(total).cast(pl.Duration("us"))).to_series()

    def _last_unit(self) -> int:
        return _unit([name for name in re.findall(r"\?P<([a-z_]+)>", self.pattern) if name != "fraction"][-1])


def _unit(group: str) -> int:
    """The microseconds of a group's unit; a pattern has `minutes_` as the second group of minutes."""
    name = group.rstrip("_")
    return _WEEK if name == "weeks" else _UNITS[name]


def _number(name: str, pattern: str) -> str:
    return f"(?P<{name}>{pattern})"


# 999,999 hours are 114 years.
_LARGE, _LARGE_PADDED, _OF_SIXTY = "0|[1-9][0-9]{0,5}", "[0-9]{2}|[1-9][0-9]{2,5}", "[0-5][0-9]"
_HOURS_IF_ANY = _number("hours", "[1-9][0-9]{0,5}")
_MINUTES, _SECONDS = _number("minutes", _OF_SIXTY), _number("seconds", _OF_SIXTY)


def _split(microseconds: int, *units: str) -> list[int]:
    """How many of each unit, from the largest to the smallest, and the microseconds that are left."""
    parts = []
    for unit in units:
        part, microseconds = divmod(microseconds, _UNITS[unit])
        parts.append(part)
    return [*parts, microseconds]


def _point(microseconds: int) -> str:
    """A fraction behind seconds, nothing if it is zero."""
    return f".{microseconds:06}".rstrip("0").rstrip(".")


def _clock(width: int) -> Callable[[int], str]:
    def write(value: int) -> str:
        hours, minutes, seconds, rest = _split(value, "hours", "minutes", "seconds")
        return f"{hours:0{width}}:{minutes:02}:{seconds:02}{_point(rest)}"

    return write


def _hours(width: int) -> Callable[[int], str]:
    def write(value: int) -> str:
        hours, minutes, _ = _split(value, "hours", "minutes")
        return f"{hours:0{width}}:{minutes:02}"

    return write


def _minutes(width: int) -> Callable[[int], str]:
    def write(value: int) -> str:
        minutes, seconds, rest = _split(value, "minutes", "seconds")
        return f"{minutes:0{width}}:{seconds:02}{_point(rest)}"

    return write


def _stopwatch(width: int) -> Callable[[int], str]:
    return lambda value: _clock(1)(value) if value >= _UNITS["hours"] else _minutes(width)(value)


def _days(separator: str, width: int, *, always: bool) -> Callable[[int], str]:
    def write(value: int) -> str:
        days, rest = _split(value, "days")
        plural = "" if days == 1 and not always else "s"
        return (f"{days} day{plural}{separator}" if days or always else "") + _clock(width)(rest)

    return write


def _iso(value: int) -> str:
    days, hours, minutes, seconds, rest = _split(value, "days", "hours", "minutes", "seconds")
    clock = "".join(f"{number}{letter}" for number, letter in ((hours, "H"), (minutes, "M")) if number)
    clock += f"{seconds}{_point(rest)}S" if seconds or rest or not (days or clock) else ""
    return f"P{f'{days}D' if days else ''}{f'T{clock}' if clock else ''}"


def _words(gap: str, separator: str, words: tuple[str, ...], plural: str) -> DurationFormat:
    """Numbers with their units, such as `1h 30m`."""
    parts = (
        f"(?:(?:^|{separator}){_number(name, '[0-9]{1,6}')}{_FRACTION if name == 'seconds' else ''}{gap}{word}"
        + (f"{plural}?)?" if plural else ")?")
        for name, word in zip(_UNITS, words, strict=True)
    )

    def write(value: int) -> str:
        *numbers, rest = _split(value, *_UNITS)
        texts = [str(number) for number in numbers[:-1]] + [f"{numbers[-1]}{_point(rest)}"]
        written = [
            f"{text}{gap}{word}{'' if text == '1' else plural}"
            for text, word in zip(texts, words, strict=True)
            if text != "0"
        ]
        return separator.join(written) or f"0{gap}{words[2]}{plural}"

    sample = f"1{gap}{words[1]}{separator}30{gap}{words[2]}{plural}"
    return DurationFormat(sample, "".join(parts), write)


def _single(gap: str, name: str, word: str) -> DurationFormat:
    """A number of one unit, such as `90 min`."""
    singular = word[:-1] if len(word) > 2 and word.endswith("s") else word
    has_plural = singular != word

    def write(value: int) -> str:
        whole, rest = divmod(value, _UNITS[name])
        number = f"{whole}{_point(rest * _SECOND // _UNITS[name])}"
        return f"{number}{gap}{singular if number == '1' else word}"

    pattern = f"{_number(name, _LARGE)}{_FRACTION}{gap}{singular}{'s?' if has_plural else ''}"
    return DurationFormat(f"90{gap}{word}", pattern, write)


_ISO = (
    rf"P(?:{_number('weeks', '[0-9]{1,4}')}W)?(?:{_number('days', '[0-9]{1,5}')}D)?"
    rf"(?:T(?:{_number('hours', '[0-9]{1,6}')}H)?(?:{_number('minutes', '[0-9]{1,8}')}M)?"
    rf"(?:{_number('seconds', '[0-9]{1,9}')}{_FRACTION}S)?)?"
)
PLAIN = DurationFormat(
    "H:MM:SS", rf"{_number('hours', _LARGE)}:{_MINUTES}:{_SECONDS}{_FRACTION}", _clock(1), "hours, minutes, seconds"
)
_CLOCKS = (
    PLAIN,
    DurationFormat("HH:MM:SS", PLAIN.pattern.replace(_LARGE, _LARGE_PADDED), _clock(2), PLAIN.meaning),
    DurationFormat("M:SS", rf"{_number('minutes', _LARGE)}:{_SECONDS}{_FRACTION}", _minutes(1), "minutes, seconds"),
    DurationFormat(
        "MM:SS", rf"{_number('minutes', _LARGE_PADDED)}:{_SECONDS}{_FRACTION}", _minutes(2), "minutes, seconds"
    ),
    DurationFormat(
        "[H:]M:SS",
        rf"(?:{_HOURS_IF_ANY}:{_MINUTES}|{_number('minutes_', '[0-9]|[1-5][0-9]')}):{_SECONDS}{_FRACTION}",
        _stopwatch(1),
        "minutes, seconds",
    ),
    DurationFormat(
        "[H:]MM:SS",
        rf"(?:{_HOURS_IF_ANY}:)?{_MINUTES}:{_SECONDS}{_FRACTION}",
        _stopwatch(2),
        "minutes, seconds",
    ),
    DurationFormat("H:MM", rf"{_number('hours', _LARGE)}:{_MINUTES}", _hours(1), "hours, minutes"),
    DurationFormat("HH:MM", rf"{_number('hours', _LARGE_PADDED)}:{_MINUTES}", _hours(2), "hours, minutes"),
)
_OF_DAY = rf"{_number('hours', '[01][0-9]|2[0-3]')}:{_MINUTES}:{_SECONDS}{_FRACTION}"
_OF_DAY_UNPADDED = _OF_DAY.replace("[01][0-9]", "[0-9]|1[0-9]")
_DAYS = (
    DurationFormat(
        "D days HH:MM:SS",
        rf"{_number('days', _LARGE)} days? {_OF_DAY}",
        _days(" ", 2, always=True),
    ),
    DurationFormat(
        "D days, H:MM:SS",
        rf"(?:{_number('days', '[1-9][0-9]{0,5}')} days?, )?{_OF_DAY_UNPADDED}",
        _days(", ", 1, always=False),
    ),
)
_SINGLE = {
    "days": ("days", "d"),
    "hours": ("h", "hr", "hrs", "hours"),
    "minutes": ("min", "mins", "minutes", "m"),
    "seconds": ("sec", "secs", "seconds", "s"),
}
FORMATS = {
    format_.text: format_
    for format_ in (
        *_CLOCKS,
        *_DAYS,
        DurationFormat("PT1H30M", _ISO, _iso),
        *(_single(gap, name, word) for gap in (" ", "") for name, words in _SINGLE.items() for word in words),
        *(
            _words(gap, separator, *family)
            for gap, separator, family in itertools.product(("", " "), (" ", "", ", "), _FAMILIES)
        ),
    )
}
