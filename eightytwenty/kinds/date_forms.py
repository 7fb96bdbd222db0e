"""What columns of dates, times and timestamps have in common: finding their format, and bringing cells to it."""

import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair
from eightytwenty.kinds.date_directives import without_padding
from eightytwenty.kinds.date_format import DateFormat, compile_format
from eightytwenty.kinds.date_notation import formats_of, readings, tidy
from eightytwenty.kinds.spelling import UNICODE_VARIANTS

Belongs = Callable[[DateFormat], bool]
_EITHER = " or "
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
    return Form("" if texts == [plain] else _EITHER.join(texts), doubt="; ".join(doubts))


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


def rewriting(
    targets: Sequence[DateFormat], belongs: Belongs, *, swapped: bool = False, offset: bool = False
) -> Callable[[str], str]:
    """A repair that writes in a column's format, or in one of several, what a cell can only mean.

    A cell with the numbers in the order of the column, and with its separators, has the meaning that the column's
    format gives it. The century of a year of two digits is known only where the column itself has such years.

    Args:
        targets: the format of the column, or several.
        belongs: which formats are of the kind.
        swapped: whether day and month may stand in the other order than in the column, which is more often a slip.
        offset: whether a cell may say how far it is from UTC in a column that does not.
    """

    def rewrite(cell: str) -> str:
        tidied = tidy(cell)
        found = [(format_, format_.read(tidied)) for format_ in formats_of(tidied) if belongs(format_)]
        texts: set[str | None] = set()
        is_swapped = is_offset = False
        for target in targets:
            in_order = [pair for pair in found if target.order and pair[0].order == target.order and pair[1]]
            for format_, moment in in_order or found:
                if moment is not None:
                    is_swapped |= len(targets) == 1 and _is_swapped(format_, target)
                    is_offset |= format_.has_zone and not target.has_zone
                    texts.add(target.write(moment) if _says_all(format_, target, moment.hour) else None)
        if len(texts) != 1 or (is_swapped and not swapped) or (is_offset and not offset):
            return cell
        return texts.pop() or cell

    return rewrite


def _is_swapped(format_: DateFormat, target: DateFormat) -> bool:
    """Whether both write a day in numbers, in another order; no other number is taken for a year of four digits."""
    orders = {"".join(re.findall("[a-zA-Z]", one.order)) for one in (format_, target)}
    return orders <= {"dmy", "dmY", "mdy", "mdY", "ymd"} and len({order.lower() for order in orders}) > 1


def format_repairs(name: str, targets: Sequence[DateFormat], belongs: Belongs) -> tuple[Repair, ...]:
    """The repairs of a kind that write in the format of a column."""
    reason = f"a {name} in another notation, in that of its column"
    own = Repair(f"{name} format", reason, rewriting(targets, belongs))
    if not any(target.order for target in targets):
        return (own,)
    repairs = [own]
    if targets[0].has_time and not targets[0].has_zone:
        utc = rewriting(targets, belongs, offset=True)
        repairs.append(Repair("offset from UTC", "the same moment, in UTC", utc))
    other = "day and month can only stand in the other order than in the column"
    swapped = rewriting(targets, belongs, swapped=True, offset=True)
    return *repairs, Repair("day and month swapped", other, swapped)


def _says_all(format_: DateFormat, target: DateFormat, hour: int) -> bool:
    """Whether a cell in one format says all that a cell in another one does."""
    has_century = format_.fields.get("year") != "%y" or target.fields.get("year") == "%y"
    has_half = "half" in format_.fields or "half" not in target.fields or not 1 <= hour <= 12
    return has_century and has_half and (format_.has_zone or not target.has_zone)


def in_format(kind: Kind, text: str, belongs: Belongs, noun: str) -> Kind:
    """A kind as the columns of a format have it; of one of several formats, such as `%d/%m/%Y or %m/%d/%Y`.

    Raises:
        ValueError: it is no format of the kind.
    """
    targets = [compile_format(part) for part in text.split(_EITHER)]
    if wrong := next((target for target in targets if not belongs(target)), None):
        raise ValueError(f"{wrong.text!r} is no format of {noun}")
    if len({_unordered(target) for target in targets}) > 1 or len(set(targets)) < len(targets):
        raise ValueError(f"{text!r} is no format of {noun}: the two may only differ in the order of day and month")
    repairs = (UNICODE_VARIANTS, *format_repairs(kind.name, targets, belongs))
    if len(targets) == 1:
        (target,) = targets
        if target.fields.get("year") == "%y":
            kind = replace(
                kind,
                doubt=lambda cells: target.parse(cells).dt.year() > LAST_CLEAR_YEAR,
                doubt_name="century unclear",
                doubt_reason="the two digits of its year may be those of the last century",
            )
        return replace(
            kind,
            is_plain=lambda cell: target.read(cell) is not None,
            parse=target.parse,
            repairs=repairs,
            has_one_form=False,
        )

    def moments(cells: pl.Series) -> pl.DataFrame:
        return pl.DataFrame([target.parse(cells).cast(pl.Datetime).alias(target.text) for target in targets])

    def parse(cells: pl.Series) -> pl.Series:
        return cells.set(moments(cells).select(pl.all_horizontal(pl.all().is_null())).to_series(), None)

    def is_open(cells: pl.Series) -> pl.Series:
        differ = pl.min_horizontal(pl.all()) != pl.max_horizontal(pl.all())
        return moments(cells).select(differ).to_series().fill_null(value=False)

    return replace(
        kind,
        dtype=pl.String(),
        is_plain=lambda cell: any(target.read(cell) is not None for target in targets),
        parse=parse,
        repairs=repairs,
        has_one_form=False,
        doubt=is_open,
        doubt_name="day or month first",
        doubt_reason="nothing in the column says which of the numbers is the day; state its format",
    )


def _unordered(target: DateFormat) -> str:
    return re.sub("%[my]", "%d", without_padding(target.text))
