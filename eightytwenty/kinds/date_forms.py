"""Which cells are dates, times or timestamps, and which format a column of them has."""

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from eightytwenty.kinds import Form
from eightytwenty.kinds.date_directives import without_padding
from eightytwenty.kinds.date_format import DateFormat
from eightytwenty.kinds.date_notation import readings

Belongs = Callable[[DateFormat], bool]
EITHER = " or "
# One of three days and three of four months are below ten, so that fewer cells than this are slips of the pen.
_SLIPS = 0.05
# Where this many of the 31 days occur, and so many times fewer years, nothing but a day takes so many values.
_MANY_DAYS, _FEWER_YEARS = 20, 3
# The two digits of a later year may as well be those of a birth in the last century. No clock is asked.
LAST_CLEAR_YEAR = 2030
# How a number is written of which no cell is below ten: as the other one of the day.
_LETTERS = {"day": ("d", "month"), "month": ("m", "day"), "hour": ("[HI]", "")}


def recognise(cells: pl.Series, belongs: Belongs) -> pl.Series:
    """(n,) Boolean, which cells a format of a kind reads."""
    (found,) = _recognise(cells, belongs)
    return found


def days_and_moments(cells: pl.Series) -> tuple[pl.Series, pl.Series]:
    """(n,) Boolean each, which cells are days, and which are a day and a time of day.

    A midnight is a moment where there are other moments, and a day where there are none: spreadsheets and databases
    write it behind days.
    """
    days, moments = _recognise(cells, is_day, is_moment)
    if (moments & ~days).any():
        return days & ~moments, moments
    return days, moments & ~days


def is_day(format_: DateFormat) -> bool:
    """Whether a format writes a day, which may have midnight behind it."""
    return format_.has_day and not format_.has_time


def is_moment(format_: DateFormat) -> bool:
    """Whether a format writes a day and a time of day."""
    return format_.has_day and format_.has_time


def _recognise(cells: pl.Series, *belong: Belongs) -> list[pl.Series]:
    found = [pl.repeat(value=False, n=cells.len(), dtype=pl.Boolean, eager=True) for _ in belong]
    for alike in readings(cells):
        for format_, values in alike.values:
            rows = alike.rows.filter(values.is_not_null())
            found = [
                of_kind.scatter(rows, True) if belongs(format_) else of_kind
                for of_kind, belongs in zip(found, belong, strict=True)
            ]
    return found


def find_form(cells: pl.Series, counts: pl.Series, belongs: Belongs, plain: str) -> Form:
    """The format that most cells have, leading zeros apart, and then the leading zeros that most of these have.

    Args:
        cells: (n,) String, distinct.
        counts: (n,) integer, how often each occurs.
        belongs: whether a format is one of the kind.
        plain: the format of the plain form, in which any fraction of a second may stand behind the seconds.
    """
    notations: dict[tuple[str, ...], list[_Alike]] = defaultdict(list)
    totals: dict[tuple[str, ...], int] = defaultdict(int)
    for alike in readings(cells):
        values = [(format_, of_format) for format_, of_format in alike.values if belongs(format_)]
        if not values:
            continue
        notation = tuple(_family(format_, plain) for format_, _ in values)
        is_read = pl.select(pl.any_horizontal(of_format.is_not_null() for _, of_format in values)).to_series()
        weights = counts.gather(alike.rows)
        totals[notation] += int(weights.filter(is_read).sum())
        notations[notation].append((values, weights))
    if not notations:
        return Form()
    # of equally frequent notations the plain one, then the first by name: the order of the cells says nothing
    notation = min(notations, key=lambda families: (-totals[families], plain not in families, families))
    orders, doubts = _orders(notation, notations[notation])
    by_order = [[(*values[order], weights) for values, weights in notations[notation]] for order in orders]
    texts = [_with_padding(notation[order], plain, alike) for order, alike in zip(orders, by_order, strict=True)]
    doubts += _two_digit_years(by_order[0])
    return Form("" if texts == [plain] else EITHER.join(texts), doubt="; ".join(doubts))


_Reading = tuple[DateFormat, pl.Series, pl.Series]  # a format, the values that it gives cells, and how often they occur
_Alike = tuple[list[tuple[DateFormat, pl.Series]], pl.Series]


def _family(format_: DateFormat, plain: str) -> str:
    family = without_padding(format_.text)
    return plain if family == f"{plain}.%f" else family


def _orders(notation: Sequence[str], alike: Sequence[_Alike]) -> tuple[list[int], list[str]]:
    """Which of the formats of a notation may be that of the column, and what is to be said of it."""
    n = len(notation)
    if n == 1:
        return [0], []
    totals = [0] * n
    only = [[0] * n for _ in range(n)]  # how many cells the one reads, and not the other
    for values, weights in alike:
        is_read = [of_format.is_not_null() for _, of_format in values]
        totals = [total + int(weights.filter(mask).sum()) for total, mask in zip(totals, is_read, strict=True)]
        for one, other in itertools.permutations(range(n), 2):
            only[one][other] += int(weights.filter(is_read[one] & ~is_read[other]).sum())
    best = totals.index(max(totals))
    possible = [one for one in range(n) if not only[one][best] and not only[best][one]]
    parts = [_parts(family) for family in notation]
    doubts = []
    against = max(range(n), key=lambda other: only[other][best])
    if only[against][best]:
        first, second = parts[best][0], parts[against][0]
        names = " and ".join(name for name in ("day", "month", "year") if name in (first, second))
        numbers = f"in {only[best][against]} cells only the {first} can be first, in {only[against][best]} only"
        doubts.append(f"{names} stand in both orders: {numbers} the {second}")
    if (place := _place_of_day(alike, possible, parts)) is not None:
        possible = [one for one in possible if parts[one].index("day") == place]
        doubts.append("which number is the day is told by how many values it has, and the year few")
    if len(possible) == 1:
        return possible, doubts
    firsts = {parts[one][0] for one in possible}
    if firsts == {"day", "month"}:
        return possible, [*doubts, "day and month cannot be told apart: no cell has a day after the 12th"]
    names = "day, month and year" if len(firsts) > 2 else " and ".join(sorted(firsts))
    return possible, [*doubts, f"{names} cannot be told apart: the cells are days in several orders of the numbers"]


def _parts(family: str) -> list[str]:
    """What the numbers of a day are, in their order."""
    names = {"d": "day", "e": "day", "m": "month", "y": "year", "Y": "year"}
    return [names[letter] for letter in re.findall(r"%-?([demyY])", family)]


def _place_of_day(alike: Sequence[_Alike], possible: Sequence[int], parts: Sequence[list[str]]) -> int | None:
    """Which number is the day where the first or the last is the year: one that takes nearly all values, as days do.

    The years of a column are few beside its days. None if the numbers do not show it.
    """
    by_first = {parts[one][0]: one for one in possible}
    if not {"day", "year"} <= set(by_first):
        return None
    days: dict[str, set[int]] = {"day": set(), "year": set()}
    for values, _ in alike:
        for first, numbers in days.items():
            numbers.update(values[by_first[first]][1].dt.day().drop_nulls().unique())
    for first, other in (("day", "year"), ("year", "day")):
        if len(days[first]) >= _MANY_DAYS and len(days[other]) * _FEWER_YEARS <= len(days[first]):
            return 0 if first == "day" else 2
    return None


def _with_padding(family: str, plain: str, alike: Iterable[_Reading]) -> str:
    """A format without leading zeros where most numbers below ten have none, and with the usual digits of fractions."""
    votes: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for format_, values, weights in alike:
        votes["fraction"][format_.fields.get("fraction", "")] += int(weights.filter(values.is_not_null()).sum())
        for field, directive in format_.fields.items():
            if field not in _LETTERS or directive[-1] not in "dmHIe":  # a month may be a name
                continue
            number = getattr(values.dt, field)()
            number = (number + 11) % 12 + 1 if directive[-1] == "I" else number
            padding = directive[1] if directive[1] in "-e" else ""
            votes[field][padding] += int(weights.filter((number < 10).fill_null(value=False)).sum())
    fractions = votes["fraction"]
    total, text = sum(fractions.values()), family
    for field, (letters, other) in _LETTERS.items():
        style = _usual(votes[field], total)
        if style is None:
            # hours of twelve, such as 7 PM, seldom have zeros
            style = "-" if field == "hour" and "%I" in family else _usual(votes[other], total)
        if style == "-" or (style == "e" and field == "day"):
            text = re.sub(f"%({letters})", "%e" if style == "e" else r"%-\1", text)
    if text == plain:
        return text
    if "%f" not in text:  # most cells of the plain notation may have a fraction
        text = text.replace("%S", "%S.%f") if _usual(fractions, 0) else text
    digits = set(fractions) - {""}
    return text.replace("%f", digits.pop()) if len(digits) == 1 else text


def _usual(votes: dict[str, int], total: int) -> str | None:
    """The most frequent choice; None if it is too rare to say how a column is written."""
    choice = max(sorted(votes), key=lambda key: votes[key], default="")
    return choice if votes and votes[choice] > _SLIPS * total else None


def _two_digit_years(alike: Iterable[_Reading]) -> list[str]:
    """What is to be said of years of two digits, if there are some of both centuries, or some late in this one."""
    of_two = [values.dt.year().drop_nulls() for format_, values, _ in alike if format_.fields.get("year") == "%y"]
    years = pl.concat(of_two).unique() if of_two else pl.Series(dtype=pl.Int32)
    if (years // 100).n_unique() > 1:
        return ["years of two digits are taken for 1969 to 1999, and for 2000 to 2068"]
    if (years > LAST_CLEAR_YEAR).any():
        return [
            f"years of two digits are taken for years up to {years.sort()[-1]}, and may be those of the last century"
        ]
    return []
