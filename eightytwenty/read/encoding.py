"""Detects the encoding of a text from its first bytes."""

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
# Up to this share of lines that are not UTF-8, those lines are damaged; above it, the file has another encoding.
_DAMAGED_SHARE = 0.05
# Of the characters beyond ASCII, the share that must be usual in a language for the encoding to be taken for it. In a
# wrong encoding, a text turns into symbols, rare letters and words such as "пРИВЕТ": names and headers stay above .9 in
# the right one and mostly below .5 in a wrong one.
_USUAL_SHARE = 0.8
_SIGNS = "’‘“”„–—…•€§°©®™²·½«»´\xa0"
# Encodings of one byte a character, and what is usual beyond ASCII in texts of their languages. Of equals, the first.
_WESTERN = "àáâãäåæçèéêëìíîïñòóôõöøùúûüßœÿ£µ" + _SIGNS
_CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžäôĺľŕăâîșşțţđőűöüß" + _SIGNS
_LATIN = {
    "cp1252": _WESTERN,
    "cp1250": _CENTRAL,
    "iso8859_2": _CENTRAL,
    "cp1254": "çğıöşüâîûi̇" + _SIGNS,
    "cp1257": "āčēģīķļņšūžąęėįųõäöü" + _SIGNS,
    "cp850": _WESTERN,  # of DOS
    "cp852": _CENTRAL,
    "mac_roman": _WESTERN,
}
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэєіїё" + _SIGNS
_OTHER_SCRIPTS = {
    "cp1255": "".join(map(chr, range(0x5D0, 0x5EB))) + _SIGNS,  # the narrowest; Cyrillic has letters outside its range
    "cp1251": _CYRILLIC,
    "koi8_r": _CYRILLIC,
    "cp866": _CYRILLIC,
    "iso8859_5": _CYRILLIC,
    "mac_cyrillic": _CYRILLIC,
    "cp1253": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώ" + _SIGNS,
    "cp1256": "".join(map(chr, range(0x621, 0x64B))) + _SIGNS,
    "cp874": "".join(map(chr, range(0xE01, 0xE4F))) + _SIGNS,
}
# The share of bytes beyond ASCII that stand next to another one: in Latin text less, in other scripts nearly all.
_TOGETHER = 0.8
# Encodings of several bytes a character: the character set behind each, and the first bytes there of the characters
# that make up most of a text (Hangul, kana and frequent kanji, frequent hanzi). The narrower a range, the less it is
# met by chance, so the narrowest comes first.
_WIDE = {
    "cp949": ("euc_kr", frozenset(range(0xB0, 0xC9))),
    "cp932": ("euc_jp", frozenset([0xA1, 0xA3, 0xA4, 0xA5, *range(0xB0, 0xD0)])),
    "euc_jp": ("euc_jp", frozenset([0xA1, 0xA3, 0xA4, 0xA5, *range(0xB0, 0xD0)])),
    "big5": ("big5", frozenset(range(0xA4, 0xC7))),
    "gb18030": ("gb2312", frozenset([0xA1, 0xA3, *range(0xB0, 0xD8)])),
}
_GUESSED_LINES, _GUESSED_BYTES = 1_000, 1 << 12  # to guess an encoding from
_FEW = 8  # different characters; with fewer of them, a narrow range is met by chance
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1a\x1b"))
_BINARY_SHARE = 0.05  # of control characters; text has hardly any


@dataclass(frozen=True)
class Encoding:
    """The encoding of a text.

    Args:
        name: of the codec.
        mark_length: of the byte order marks before the text, in bytes.
        is_guess: whether other encodings are possible.
        others: some of these, the likeliest first.
    """

    name: str
    mark_length: int = 0
    is_guess: bool = False
    others: tuple[str, ...] = ()

    @property
    def is_wide(self) -> bool:
        """Whether each character takes two or four bytes."""
        return self.name.startswith(("utf-16", "utf-32"))


def is_binary(sample: bytes) -> bool:
    """Whether bytes are no text in any encoding."""
    if detect_encoding(sample).is_wide:
        return False
    sample = sample.rstrip(b"\0")  # a file may be padded
    return len(sample) - len(sample.translate(None, _CONTROL)) > _BINARY_SHARE * len(sample)


def detect_encoding(sample: bytes) -> Encoding:
    """Detects the encoding of a text from its first bytes, which may end within a character."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            length = len(mark)
            while sample.startswith(mark, length):  # tools that do not know marks add a second one
                length += len(mark)
            return Encoding(name, length)
    if wide := _wide_unicode(sample):
        return Encoding(wide, is_guess=True)
    lines = sample.split(b"\n")
    if len(lines) > 1:
        lines = lines[:-1]  # perhaps cut off within a character
    foreign = [line for line in lines if not line.isascii()]
    damaged = [line for line in foreign if not _can_decode(line, "utf-8")]
    # no other encoding looks like UTF-8 by chance, so a file is UTF-8 if most of its lines beyond ASCII are
    if len(damaged) <= max(_DAMAGED_SHARE * len(lines), len(foreign) - len(damaged)):
        return Encoding("utf-8")
    first, *others = _legacy(_some(damaged))
    return Encoding(first, is_guess=True, others=tuple(others))


def _wide_unicode(sample: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark: every character of ASCII has its zero bytes in the same places."""
    sample = sample[: len(sample) // 4 * 4]
    zeros = [sample[place::4].count(0) for place in range(4)]
    quarter = len(sample) // 4
    for name, places in (
        ("utf-32-le", (1, 2, 3)),
        ("utf-32-be", (0, 1, 2)),
        ("utf-16-le", (1, 3)),
        ("utf-16-be", (0, 2)),
    ):
        others = [zeros[place] for place in range(4) if place not in places]
        # a pair of units beyond ASCII may have zeros in the other places, in a text of a few characters
        others = [max(0, count - 1) for count in others]
        # delimiters and digits alone are more than a tenth of the characters of a table
        if min(zeros[place] for place in places) > max(0.1 * quarter, 5 * max(others)) and _can_decode(sample, name):
            return name
    return None


def _some(lines: list[bytes]) -> bytes:
    """A few thousand bytes of different lines, which is enough for a guess."""
    some = b""
    for line in dict.fromkeys(lines[:_GUESSED_LINES]):
        if some and len(some) + len(line) > _GUESSED_BYTES:
            break
        some += line + b"\n"
    return some


def _legacy(sample: bytes) -> list[str]:
    """The encodings that came before Unicode and can be that of the sample, the likeliest first."""
    latin = {name: _share(sample, name, usual) for name, usual in _LATIN.items()}
    wide = {name: _wide_share(sample, name) for name in _WIDE}
    others = {name: _share(sample, name, usual) for name, usual in _OTHER_SCRIPTS.items()}
    ranked = sorted(latin | wide | others, key=(latin | wide | others).__getitem__, reverse=True)
    is_latin = _together(sample) < _TOGETHER * (len(sample) - len(_ascii(sample)))
    for shares in [latin, wide, others] if is_latin else [wide, others, latin]:
        likeliest = max(shares, key=shares.__getitem__)
        if shares[likeliest] >= _USUAL_SHARE:
            if shares is wide and wide["gb18030"] == wide[likeliest] and _is_short(sample, likeliest):
                likeliest = "gb18030"
            ranked.insert(0, likeliest)
            break
    return list(dict.fromkeys(name for name in ranked if _can_decode(sample, name))) or ["utf-8"]


def _ascii(sample: bytes) -> bytes:
    return sample.translate(None, bytes(range(128, 256)))


def _together(sample: bytes) -> int:
    """The number of bytes beyond ASCII that stand next to such a byte."""
    return sum(len(run) for run in re.findall(rb"[\x80-\xff]{2,}", sample))


def _is_short(sample: bytes, encoding: str) -> bool:
    return len({character for character in sample.decode(encoding, "ignore") if not character.isascii()}) < _FEW


def _share(sample: bytes, encoding: str, usual: str) -> float:
    """The share of usual characters among those beyond ASCII, 0 if the sample cannot be in this encoding."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0.0
    found, counted = 0, frozenset(usual)
    for word in re.findall(r"[^\W\d_]+|[^\x00-\x7f]", text):
        if not word.isascii() and (word in (word.lower(), word.upper()) or word.istitle()):
            found += sum(character in counted for character in word.lower() if not character.isascii())
    return found / sum(not character.isascii() for character in text)


def _wide_share(sample: bytes, encoding: str) -> float:
    """The share of usual characters among those beyond ASCII, 0 if the sample cannot be in this encoding."""
    charset, usual = _WIDE[encoding]
    try:
        foreign = [character for character in sample.decode(encoding) if ord(character) >= 128]
    except UnicodeDecodeError:
        return 0.0
    return sum(character.encode(charset, "replace")[0] in usual for character in foreign) / len(foreign)


def _can_decode(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
