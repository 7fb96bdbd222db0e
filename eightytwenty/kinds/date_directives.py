"""The directives of which formats of dates and times consist; `eightytwenty.kinds.date_format` explains them."""

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass

from eightytwenty.kinds.month_names import MONTHS

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MARKERS = ("a.m.", "A.M.", "a.m", "A.M", "am", "AM", "a", "A")
_NAMED = re.compile(r"%(?:\{(?P<language>[a-z]{2})\})?(?P<case>[\^#]?)(?P<letter>[aAbB])")
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
    rf"%-dth|%(?:\{{[a-z]{{2}}\}})?[-:^#1-6]?[A-Za-z]|{MIDNIGHT}$"
    rf"|(?:{'|'.join((*map(re.escape, MARKERS), *UTC, 'at', 'de'))})(?![A-Za-z])|T|[-/.,:;'_() ]"
)


@dataclass(frozen=True)
class Token:
    """A directive of a format, or literal text.

    Args:
        text: as the format has it.
        field: what it stands for; empty for literal text.
        pattern: of the texts that it stands for.
        names: of months or weekdays, as the directive writes them.
    """

    text: str
    field: str
    pattern: str
    names: tuple[str, ...] = ()

    @property
    def is_foreign(self) -> bool:
        """Whether it names months in another language than English."""
        return self.text.startswith("%{")

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
        if self.names:
            return self.names[moment.weekday() if self.field == "weekday" else moment.month - 1]
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
    if match := _NAMED.fullmatch(text):
        field, names = _names(match["letter"], match["language"])
        written = tuple(map(_CASES[match["case"]], names))
        return Token(text, field, "|".join(sorted(dict.fromkeys(written), key=len, reverse=True)), written)
    raise ValueError(f"there is no directive {text}")


def _names(letter: str, language: str | None) -> tuple[str, tuple[str, ...]]:
    """The field of a directive for names, and these; raises ValueError for a language of which they are not known."""
    if letter in "bB" and (language or "en") in MONTHS:
        return "month", MONTHS[language or "en"][letter]
    if language:
        known = ", ".join(code for code in MONTHS if code != "en")
        raise ValueError(f"of other languages, it can have the months in {known}, such as %{{de}}B")
    return "weekday", WEEKDAYS if letter == "A" else tuple(name[:3] for name in WEEKDAYS)


def _afternoon(marker: str) -> str:
    """The marker of the afternoon beside one of the morning."""
    return ("p" if marker[0] == "a" else "P") + marker[1:]


def without_padding(text: str) -> str:
    """A format without what it says of leading zeros and of the digits of fractions.

    >>> without_padding("%-m/%-d/%Y %-I:%M:%S.%3f %p")
    '%m/%d/%Y %I:%M:%S.%f %p'
    """
    return re.sub(r"%[1-6]f", "%f", re.sub("%-(?!dth)", "%", text).replace("%e", "%d"))
