"""Formats of dates and times, in the notation of strptime and GNU date, such as `%d.%m.%Y` and `%-I:%M %p`.

| directive | meaning |
|---|---|
| `%Y` `%y` | year in four digits, from 1000 on; in two, as POSIX has them: 69 to 99 are 19xx, the others 20xx |
| `%m` `%b` `%B` | month as a number, as `Jan`, as `January` |
| `%d` `%-dth` `%a` `%A` | day of the month, as `1st`; day of the week as `Mon`, as `Monday` |
| `%H` `%I` `%p` | hour of 24, of 12, and `AM` or `PM` |
| `%M` `%S` `%f` `%3f` | minute, second, and its fraction in one to six digits, in three digits |
| `%z` `%:z` `%#z` | distance from UTC as `+0200`, as `+02:00`, as `+02` |

`%-d`, `%-m`, `%-H` and `%-I` have no leading zeros, and `%e` is a day with a leading space. `%^b` is `JAN` and `%#b` is
`jan`; so for the other names. `%{de}B` is `Januar`, and `%{fr}#b` is `janv`: `eightytwenty.kinds.month_names` has the
languages. Instead of `%p`, a format may show how the column writes it: `am`, `a.m.`, `A.M.`, `a`. Z, UTC and GMT stand
for themselves, and so does midnight behind a day, such as `%d/%m/%Y 00:00:00`.
"""

import datetime
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from eightytwenty.kinds.date_directives import (
    MIDNIGHT,
    OPEN_ENDED,
    UTC,
    WEEKDAYS,
    Token,
    tokenise,
    without_padding,
)

_DAY, _CLOCK = ("year", "month", "day"), ("hour", "minute", "second")


class DateFormat:
    """A way to write days, times of day, or both.

    Args:
        text: the format, as a column states it.
        tokens: of which it consists.
    """

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text, self.tokens = text, tuple(tokens)
        self.fields = {token.field: token.text for token in tokens if token.field}
        self._months = next((token.names for token in tokens if token.field == "month"), ())
        self._is_foreign = any(token.is_foreign for token in tokens)
        self.has_day, self.has_time = "year" in self.fields, "hour" in self.fields
        # whether it says how far its times are from UTC
        self.has_zone = "offset" in self.fields or any(token.text in UTC for token in tokens)
        groups = (f"(?P<{token.field}>{token.pattern})" if token.field else token.pattern for token in tokens)
        self._pattern = re.compile("".join(groups))

    @property
    def order(self) -> str:
        """How it writes the numbers of a day, in which order and with which separators; empty if it has none."""
        fields = [index for index, token in enumerate(self.tokens) if token.field in _DAY]
        between = self.tokens[fields[0] : fields[-1] + 1] if fields else ()
        return without_padding("".join(token.text for token in between))

    def read(self, cell: str) -> datetime.datetime | None:
        """What a cell in this format says, in UTC if it says how far it is from it; 1970-01-01 if it says no day.

        >>> compile_format("%-d-%b-%y").read("5-Jan-99"), compile_format("%d/%m/%Y").read("31/02/2024")
        (datetime.datetime(1999, 1, 5, 0, 0), None)
        """
        match = self._pattern.fullmatch(cell)
        if not match:
            return None
        texts = match.groupdict()
        year, month, day = (self._number(field, texts[field]) if field in texts else 1 for field in _DAY)
        hour, minute, second = (int(texts.get(field, 0)) for field in _CLOCK)
        if "half" in texts:
            hour = hour % 12 + (12 if texts["half"][0] in "pP" else 0)
        fraction = int(texts.get("fraction", "").ljust(6, "0"))
        try:
            moment = datetime.datetime(year if self.has_day else 1970, month, day, hour, minute, second, fraction)
            if "weekday" in texts and WEEKDAYS[moment.weekday()][:3].lower() != texts["weekday"][:3].lower():
                return None
            if "offset" in texts:
                sign, hours, minutes = re.findall("[-+]|[0-9]{2}", texts["offset"] + "00")[:3]
                moment -= datetime.timedelta(hours=int(sign + hours), minutes=int(sign + minutes))
        except (ValueError, OverflowError):  # no day of the calendar, or one after the year 9999
            return None
        return moment if moment.year >= 1000 else None

    def _number(self, field: str, text: str) -> int:
        token = self.fields[field]
        if self._months and field == "month":
            return self._months.index(text) + 1
        number = int(text.rstrip("stndrh"))
        return number + (1900 if number >= 69 else 2000) if token == "%y" else number  # noqa: S105 - of a format

    def write(self, moment: datetime.datetime) -> str | None:
        """A moment in this format; None if the format does not hold all of it.

        >>> compile_format("%-I:%M a.m.").write(datetime.datetime(1970, 1, 1, 19, 10))
        '7:10 p.m.'
        >>> compile_format("%d/%m/%y").write(datetime.datetime(1950, 1, 1)) is None
        True
        """
        text = "".join(token.write(moment) for token in self.tokens)
        return text if self.read(text) == moment else None

    def parse(self, cells: pl.Series) -> pl.Series:
        """Reads (n,) String as Date, Time or Datetime in microseconds: exactly what `read` reads; null for all else."""
        pattern = "".join(f"(?:{token.pattern})" for token in self.tokens)
        cells = cells.set(~cells.str.contains(rf"^{pattern}\z"), None)
        if self._is_foreign:
            english = compile_format(re.sub(r"\{[a-z]+\}", "", self.text))
            months = dict(zip(self._months, english._months, strict=True))
            longest_first = sorted(months, key=len, reverse=True)
            english_names = [months[name] for name in longest_first]
            return english.parse(cells.str.replace_many(longest_first, english_names, leftmost=True))
        if self.fields.get("year") != "%y":
            return self._parse_matching(cells, self._parts())
        # polars reads 69 as 2069
        in_1969 = self._parts(before_70="69")
        is_69 = cells.str.contains(_whole(in_1969)).fill_null(value=False)
        values = self._parse_matching(cells.set(is_69, None), self._parts())
        return values.scatter(is_69.arg_true(), self._parse_matching(cells.filter(is_69), in_1969))

    def _parts(self, before_70: str = "") -> "list[_Part]":
        """How polars reads each token; a year of two digits only if it is the given one, and as one before 1970."""
        parts = []
        for token, following in itertools.zip_longest(self.tokens, self.tokens[1:]):
            directive = token.text if token.field in ("", "offset") else re.sub("[-^#1-6]", "", token.text)
            part = _Part(f"({token.pattern})", directive)
            if token.text in {"%p", "am", "AM"}:
                part = _Part(part.pattern, "%p")
            elif token.field == "half":
                letter, rest = token.pattern[:4], token.pattern[4:]
                part = _Part(f"({letter}){rest}", "%p", after="m")
            elif token.text == "%-dth":
                part = _Part("([0-9]+)[a-z]+", "%d")
            elif token.text == "%y" and before_70:
                part = _Part(f"({before_70})", "%Y", before="19")
            elif token.field == "hour" and "minute" not in self.fields:
                part = _Part(part.pattern, f"{directive}:%M", after=":00")
            elif token.text == "," and following and following.field == "fraction":
                part = _Part("(),", ".", after=".")
            parts.append(part)
        return parts

    def _parse_matching(self, cells: pl.Series, parts: "list[_Part]") -> pl.Series:
        """Reads cells that match the pattern; their days need not exist."""
        if any(part.pattern[-1] != ")" or part.before or part.after for part in parts):
            texts = (f"{part.before}${{{number}}}{part.after}" for number, part in enumerate(parts, 1))
            cells = cells.str.replace(_whole(parts), "".join(texts))
        directives = "".join(part.directive for part in parts).replace(".%f", "%.f")
        if not self.has_day:
            return cells.str.to_time(directives, strict=False, cache=False)
        if not self.has_time:
            return cells.str.to_date(directives, strict=False, cache=False)
        values = cells.str.to_datetime(directives, time_unit="us", strict=False, cache=False)
        if "offset" not in self.fields:
            return values
        values = values.dt.replace_time_zone(None)
        return values.set(~values.dt.year().is_between(1000, 9999), None)


@dataclass(frozen=True)
class _Part:
    """How polars reads the text of a token.

    Args:
        pattern: of the text, with a group.
        directive: by which polars reads it.
        before: what stands before the text of the group when polars reads it.
        after: what stands behind it.
    """

    pattern: str
    directive: str
    before: str = ""
    after: str = ""


def _whole(parts: list[_Part]) -> str:
    return rf"^{''.join(part.pattern for part in parts)}\z"


@lru_cache(maxsize=10_000)
def compile_format(text: str) -> DateFormat:
    """Reads a format.

    Raises:
        ValueError: it has no meaning, or more than one; the message says why.
    """
    try:
        tokens = tokenise(text)
        _require_sense(tokens)
    except ValueError as error:
        raise ValueError(f"{text!r} is no format of dates or times: {error}") from None
    return DateFormat(text, tokens)


def _require_sense(tokens: list[Token]) -> None:
    """Raises ValueError if tokens do not say one thing."""
    if fault := _fault(tokens):
        raise ValueError(fault)


def _fault(tokens: list[Token]) -> str:
    """Why tokens are no format; empty if they are one."""
    fields = [token.field for token in tokens if token.field]
    texts = {token.text for token in tokens}
    if again := next((field for field in fields if fields.count(field) > 1), None):
        return f"it has the {again} twice"
    missing = [field for field in _DAY if field not in fields]
    if not {*_DAY, "weekday"}.isdisjoint(fields) and missing:
        return f"it has no {missing[0]}"
    if missing and "hour" not in fields:
        return "it has neither a day nor an hour"
    needs = {"minute": "hour", "second": "minute", "half": "hour", "offset": "hour"}
    if wrong := next((field for field in fields if needs.get(field, field) not in fields), None):
        return f"it has the {wrong} without the {needs[wrong]}"
    if ("half" in fields) != (not {"%I", "%-I"}.isdisjoint(texts)):
        return "an hour of twelve, %I, and %p belong together"
    if "hour" in fields and not {"minute", "half"} & set(fields):
        return "it has no minute"
    if "hour" not in fields and not texts.isdisjoint(UTC):
        return "a day has no distance from UTC"
    if re.search(MIDNIGHT + "$", tokens[-1].text) and "hour" in fields:
        return "it has two times"
    for index, token in enumerate(tokens):
        before = [other.text for other in tokens[max(index - 2, 0) : index]]
        if token.field == "fraction" and before not in (["%S", "."], ["%S", ","]):
            return "a fraction stands behind the seconds and a point or comma"
        if before and before[-1] in OPEN_ENDED and re.match(r"\(?\[?[0-9]", token.pattern):
            return f"nothing says where {before[-1]} ends"
    return ""
