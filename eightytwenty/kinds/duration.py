"""Durations: hours, minutes and seconds, `30:05:00`, also of more than a day.

Months and years have no fixed length, and are none.
"""

from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, nearest, register, time
from eightytwenty.kinds.duration_format import FORMATS, PLAIN, DurationFormat
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_MAY_BE_DURATION = (
    r"^(?:P[0-9DHMSTW.]+|(?:[0-9]+ days?,? )?[0-9]+:[0-9:.]+"
    r"|(?:[0-9.]+ ?(?:d|h|m|s|days?|hrs?|hours?|mins?|minutes?|secs?|seconds?),? ?)+)\z"
)
# In a column by themselves, these are metres and centuries as well.
_ONE_LETTER = r"^[0-9.]+ ?[dms]\z"
_SEVERAL_UNITS = r"^[0-9]+ ?[a-z]+,? ?[0-9]"
# "time" is not among them, which may be a time of day
_NAMES = frozenset(
    {"duration", "elapsed", "runtime", "length", "lap", "pace", "split", "min", "mins", "minutes", "hours", "seconds"}
)
# of numbers with one colon, which names say that the first are minutes, and which that they are hours
_OF_MINUTES = frozenset({"lap", "pace", "split", "min", "mins", "minutes", "seconds"})
_OF_HOURS = frozenset({"hours"})
_EITHER = " or "
_HOURS_OF = {"M:SS": "H:MM", "MM:SS": "HH:MM"}
_THREE_PARTS = r"^[0-9]+:[0-9]{2}[:.][0-9]"


def is_plain(cell: str) -> bool:
    """Whether a cell is hours, minutes and seconds, with at most six digits of a fraction of them.

    >>> is_plain("0:05:00"), is_plain("30:05:00.25"), is_plain("30:05"), is_plain("0:65:00")
    (True, True, False, False)
    """
    return PLAIN.read(cell) is not None


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are durations; none that may be a time of day, unless too many beside them are longer than a day.

    >>> recognise(pl.Series(["83:10", "7:46"])).to_list(), recognise(pl.Series(["19:10", "7:46"])).to_list()
    ([True, True], [False, False])
    >>> recognise(pl.Series(["1h 30m", "90 min", "PT30S", "2 months"])).to_list()
    [True, True, True, False]
    """
    found = recognise_named(cells)
    return found & ~time.recognise(cells) if found.any() else found


def recognise_named(cells: pl.Series) -> pl.Series:
    """Which cells may be durations, if the name of the column says that they are none of the day.

    >>> recognise_named(pl.Series(["19:10", "7:46", "7:46 p.m."])).to_list()
    [True, True, False]
    """
    stripped = cells.str.strip_chars()
    rows = stripped.str.contains(_MAY_BE_DURATION).arg_true()
    found = pl.repeat(value=False, n=cells.len(), dtype=pl.Boolean, eager=True)
    if rows.is_empty():
        return found
    for format_ in FORMATS.values():
        if rows.is_empty():
            break
        is_read = format_.parse(stripped.gather(rows)).is_not_null()
        found, rows = found.scatter(rows.filter(is_read), True), rows.filter(~is_read)
    if not (found & stripped.str.contains(_SEVERAL_UNITS)).any():
        found &= ~stripped.str.contains(_ONE_LETTER)
    return found


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The format of most durations; two where nothing tells whether `83:10` is minutes and seconds, or hours.

    >>> find_form(pl.Series(["1h 30m", "45m"]), pl.Series([1, 1])).format
    '1h 30m'
    >>> find_form(pl.Series(["44:44.1", "1:06:34"]), pl.Series([1, 1]))
    Form(format='[H:]M:SS', unit='', doubt='')
    >>> find_form(pl.Series(["31:52", "8:05"]), pl.Series([1, 1]))
    Form(format='M:SS or H:MM', unit='', doubt='minutes and seconds cannot be told from hours and minutes')
    """
    return find_form_named(cells, counts, "")


def find_form_named(cells: pl.Series, counts: pl.Series, word: str) -> Form:
    """The format of most durations in a column whose name has a word, which may say what two numbers are.

    >>> find_form_named(pl.Series(["62:10", "1:05"]), pl.Series([1, 1]), "lap")
    Form(format='M:SS', unit='', doubt='')
    """
    stripped = cells.str.strip_chars()
    totals = {
        text: int(counts.filter(format_.parse(stripped).is_not_null()).sum()) for text, format_ in FORMATS.items()
    }
    text = max(totals, key=lambda text: totals[text])  # the first of equal ones
    doubt = ""
    if text in _HOURS_OF and word in _OF_HOURS:
        text = _HOURS_OF[text]
    elif text in _HOURS_OF and word not in _OF_MINUTES and not stripped.str.contains(_THREE_PARTS).any():
        doubt = "minutes and seconds cannot be told from hours and minutes"
        text += _EITHER + _HOURS_OF[text]
    return Form("" if text == PLAIN.text else text, doubt=doubt)


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Durations in a format; in either of two, such as `M:SS or H:MM`, they are texts.

    `eightytwenty.kinds.duration_format` lists them.

    Raises:
        ValueError: there is no such format.

    >>> in_format("M:SS").parse(pl.Series(["83:10"]))[0]
    datetime.timedelta(seconds=4990)
    """
    minutes, _, hours = format.partition(_EITHER)
    if hours and _HOURS_OF.get(minutes) == hours:
        return _in_either(FORMATS[minutes], FORMATS[hours])
    if format not in FORMATS:
        raise ValueError(f"{format!r} is no format of durations; {nearest(format, list(FORMATS))}")
    target = FORMATS[format]
    return replace(
        DURATION,
        is_plain=lambda cell: target.read(cell) is not None,
        parse=target.parse,
        repairs=(UNICODE_VARIANTS, _format_repair(target)),
    )


def _in_either(minutes: DurationFormat, hours: DurationFormat) -> Kind:
    """Durations of which nothing tells whether their two numbers are minutes and seconds, or hours and minutes."""

    def parse(cells: pl.Series) -> pl.Series:
        return cells.set(minutes.parse(cells).is_null() & hours.parse(cells).is_null(), None)

    return replace(
        DURATION,
        dtype=pl.String(),
        is_plain=lambda cell: minutes.read(cell) is not None or hours.read(cell) is not None,
        parse=parse,
        repairs=(UNICODE_VARIANTS,),
        doubt=lambda cells: (minutes.parse(cells) != hours.parse(cells)).fill_null(value=False),
        doubt_name="minutes or hours first",
        doubt_reason="nothing in the column says whether the first number is minutes or hours; state its format",
    )


def _format_repair(target: DurationFormat) -> Repair:
    def rewrite(cell: str) -> str:
        """Two numbers, such as 83:10, are what they are in the column's format, if it has two."""
        values = [(format_.meaning, value) for format_ in FORMATS.values() if (value := format_.read(cell)) is not None]
        alike = {value for meaning, value in values if meaning and meaning == target.meaning}
        possible = alike or {value for _, value in values}
        return (target.write(possible.pop()) or cell) if len(possible) == 1 else cell

    return Repair("duration format", "a duration in another notation, in that of its column", rewrite)


DURATION = register(
    Kind(
        name="duration",
        dtype=pl.Duration("us"),
        fault="not a duration",
        fault_reason="a cell is not a duration in any notation with a single meaning",
        is_plain=is_plain,
        parse=PLAIN.parse,
        repairs=(UNICODE_VARIANTS, _format_repair(PLAIN)),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs=":dhmsDHMSPT",
        names=_NAMES,
        recognise_named=recognise_named,
        find_form=find_form,
        find_form_named=find_form_named,
        in_format=in_format,
    )
)
