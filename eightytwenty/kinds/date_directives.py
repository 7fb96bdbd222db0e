"""The directives of which formats of dates and times consist; `eightytwenty.kinds.date_format` explains them."""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MARKERS = ("a.m.", "A.M.", "a.m", "A.M", "am", "AM", "a", "A")
NAMES = {
    "b": ("month", tuple(name[:3] for name in MONTHS)),
    "B": ("month", MONTHS),
    "a": ("weekday", tuple(name[:3] for name in WEEKDAYS)),
    "A": ("weekday", WEEKDAYS),
}
_CASES: dict[str, Callable[[str], str]] = {"": str.title, "^": str.upper, "#": str.lower}
_NUMBERS = {
    "%Y": ("year", "[1-9][0-9]{3}"),
    "%y": ("year", "[0-9]{2}"),
    "%m": ("month", "0[1-9]|1[0-2]"),
    "%-m": ("month", "[1-9]|1[0-2]"),
    "%d": ("day", "0[1-9]|[12][0-9]|3[01]"),
    "%-d": ("day", "[1-9]|[12][0-9]|3[01]"),
    "%e": ("day", " [1-9]|[12][0-9]|3[01]"),
    "%-dth": ("day", "[23]?1st|2?2nd|2?3rd|1[0-9]th|2?[4-9]th|[23]0th"),
    "%H": ("hour", "[01][0-9]|2[0-3]"),
    "%-H": ("hour", "[0-9]|1[0-9]|2[0-3]"),
    "%I": ("hour", "0[1-9]|1[0-2]"),
    "%-I": ("hour", "[1-9]|1[0-2]"),
    "%M": ("minute", "[0-5][0-9]"),
    "%S": ("second", "[0-5][0-9]"),
    "%f": ("fraction", "[0-9]{1,6}"),
    **{f"%{digits}f": ("fraction", f"[0-9]{{{digits}}}") for digits in range(1, 7)},
    "%z": ("offset", "[-+](?:[01][0-9]|2[0-3])[0-5][0-9]"),
    "%:z": ("offset", "[-+](?:[01][0-9]|2[0-3]):[0-5][0-9]"),
    "%#z": ("offset", "[-+](?:[01][0-9]|2[0-3])"),
}
# Before another digit, these do not say where they end.
OPEN_ENDED = {"%-m", "%-d", "%-H", "%-I", "%f"}
UTC = ("UTC", "GMT", "Z")
MIDNIGHT = r"(?:T|,? )(?:0?0:00(?::00(?:[.,]0{1,6})?)?|12:00(?::00)? ?(?:AM|am|A\.M\.|a\.m\.))Z?"
_TOKEN = re.compile(
    rf"%-dth|%[-:^#1-6]?[A-Za-z]|{MIDNIGHT}$"
    rf"|(?:{'|'.join((*map(re.escape, MARKERS), *UTC, 'at'))})(?![A-Za-z])|T|[-/.,:;'_() ]"
)


@dataclass(frozen=True)
class Token:
    """A directive of a format, or literal text.

    Args:
        text: as the format has it.
        field: what it stands for; empty for literal text.
        pattern: of the texts that it stands for.
    """

    text: str
    field: str
    pattern: str

    def write(self, moment: datetime.datetime) -> str:
        """The text of a moment."""
        text, letter = self.text, self.text[-1]
        if not self.field:
            return text
        if self.field == "half":
            marker = "AM" if text == "%p" else text
            return marker if moment.hour < 12 else _afternoon(marker)
        if self.field == "offset":
            return {"%z": "+0000", "%:z": "+00:00", "%#z": "+00"}[text]
        if self.field == "fraction":
            digits = f"{moment.microsecond:06}"
            return digits[: int(text[1])] if text != "%f" else digits.rstrip("0") or "0"
        if letter in NAMES:
            _, names = NAMES[letter]
            return _CASES[text[1:-1]](names[moment.weekday() if self.field == "weekday" else moment.month - 1])
        number: int = getattr(moment, self.field)
        if letter == "I":
            number = (number + 11) % 12 + 1
        if text == "%-dth":
            return f"{number}{'th' if 10 <= number <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
        if text == "%e":
            return f"{number:2}"
        return str(number) if "-" in text or letter == "Y" else f"{number % 100:02}"


def tokenise(text: str) -> list[Token]:
    """Takes a format apart.

    Raises:
        ValueError: something in it has no meaning.

    >>> [token.field for token in tokenise("%-I:%M a.m.")]
    ['hour', '', 'minute', '', 'half']
    """
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match:
            raise ValueError(f"it cannot have {text[position]!r} in it")
        tokens.append(_token(match[0]))
        position = match.end()
    return tokens


def _token(text: str) -> Token:
    if text == "%p" or text in MARKERS:
        marker = "AM" if text == "%p" else text
        return Token(text, "half", f"[{marker[0]}{_afternoon(marker)[0]}]{re.escape(marker[1:])}")
    if not text.startswith("%"):
        return Token(text, "", re.escape(text))
    if text in _NUMBERS:
        return Token(text, *_NUMBERS[text])
    flag, letter = text[1:-1], text[-1]
    if letter in NAMES and flag in _CASES:
        field, names = NAMES[letter]
        return Token(text, field, "|".join(map(_CASES[flag], names)))
    raise ValueError(f"there is no directive {text}")


def _afternoon(marker: str) -> str:
    """The marker of the afternoon beside one of the morning."""
    return ("p" if marker[0] == "a" else "P") + marker[1:]


def without_padding(text: str) -> str:
    """A format without what it says of leading zeros and of the digits of fractions.

    >>> without_padding("%-m/%-d/%Y %-I:%M:%S.%3f %p")
    '%m/%d/%Y %I:%M:%S.%f %p'
    """
    return re.sub(r"%[1-6]f", "%f", re.sub("%-(?!dth)", "%", text).replace("%e", "%d"))
