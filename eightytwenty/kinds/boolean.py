"""Truth values: true or false."""

import string
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import polars as pl

from eightytwenty.kinds import Form, Kind, Repair, register
from eightytwenty.kinds.spelling import MISSING_MARKS, UNICODE_VARIANTS

_PLAIN = ("true", "false")
_PAIRS = (_PLAIN, ("t", "f"), ("yes", "no"), ("y", "n"), ("on", "off"), ("1", "0"))
# Both words of one of these show the kind. A column of 1 and 0 holds numbers.
_PAIRS_OF_WORDS = _PAIRS[1:-1]
_ALONE = ({"yes"}, {"no"})  # of a column where all answers are the same, or missing
_TRUE, _FALSE = {yes for yes, _ in _PAIRS} | {"1.0"}, {no for _, no in _PAIRS} | {"0.0"}
_STYLES: tuple[Callable[[str], str], ...] = (str.lower, str.upper, str.title)
_LONGEST = 20  # the longest word has five letters; the rest is space around it


def is_plain(cell: str, words: tuple[str, str] = _PLAIN) -> bool:
    """Whether a cell is one of the two words of its column, `true` or `false` if it has no format.

    >>> is_plain("true"), is_plain("TRUE"), is_plain("Y", ("Y", "N"))
    (True, False, True)
    """
    return cell in words


def parse(cells: pl.Series, words: tuple[str, str] = _PLAIN) -> pl.Series:
    """Reads the two words of a column as Boolean."""
    return (cells == words[0]).set(~cells.is_in(list(words)), None)


def truth_word(cell: str, words: tuple[str, str] = _PLAIN) -> str:
    """Turns other words for true and false into these two, but not what may be "no" with its letters swapped.

    >>> truth_word("Yes"), truth_word("0"), truth_word("2")
    ('true', 'false', '2')
    >>> truth_word("no", ("Y", "N")), truth_word("on", ("yes", "no"))
    ('N', 'on')
    """
    word = cell.lower()
    if word == "on" and (cell == "oN" or words[1].lower() == "no"):
        return cell
    return words[0] if word in _TRUE else words[1] if word in _FALSE else cell


def recognise(cells: pl.Series) -> pl.Series:
    """Which cells are words for true and false, if there are `true`, `false`, both words of a pair, or one answer.

    >>> recognise(pl.Series(["Y", "N", "?"])).to_list(), recognise(pl.Series(["M", "F"])).to_list()
    ([True, True, False], [False, False])
    """
    words = cells.set(cells.str.len_bytes() > _LONGEST, None).str.strip_chars().str.to_lowercase()
    is_word = words.is_in(sorted(_TRUE | _FALSE)).fill_null(value=False)
    found = set(words.filter(is_word))
    # grades and other codes of one letter have these among others
    are_codes = 2 * (is_word & (words.str.len_bytes() == 1)).sum() < (words.str.len_bytes() == 1).sum()
    pairs = [pair for pair in _PAIRS_OF_WORDS if found.issuperset(pair) and not (are_codes and len(pair[0]) == 1)]
    is_alone = is_word.all() and found in _ALONE
    if found & set(_PLAIN) or pairs or is_alone:
        return is_word
    return pl.repeat(False, len(cells), dtype=pl.Boolean, eager=True)


def find_form(cells: pl.Series, counts: pl.Series) -> Form:
    """The pair of words, and their case, that most cells have.

    >>> find_form(pl.Series(["Y", "N", "yes"]), pl.Series([5, 7, 2]))
    Form(format='Y/N', unit='', doubt='')
    """
    formats: Counter[str] = Counter()
    for cell, count in zip(cells.str.strip_chars(), counts, strict=True):
        pair = next((pair for pair in _PAIRS if cell.lower() in pair), None)
        style = next((style for style in _STYLES if style(cell) == cell), str.lower)
        if pair:
            formats["/".join(map(style, pair))] += count
    most = max(formats, key=lambda words: (formats[words], words), default="")
    return Form("" if most == "/".join(_PLAIN) else most)


def in_format(format: str) -> Kind:  # noqa: A002 - as columns call it
    """Truth values as columns write them that have two other words, such as `Y/N`.

    Raises:
        ValueError: they are not two such words in the same case.
    """
    formats = {"/".join(words): words for pair in _PAIRS for style in _STYLES for words in [tuple(map(style, pair))]}
    if format not in formats:
        known = ", ".join("/".join(pair) for pair in _PAIRS)
        raise ValueError(f"{format!r} is no format of boolean; there are {known}, in small or capital letters")
    yes, no = formats[format]
    return replace(
        BOOLEAN,
        is_plain=partial(is_plain, words=(yes, no)),
        parse=partial(parse, words=(yes, no)),
        repairs=_repairs((yes, no)),
    )


def _repairs(words: tuple[str, str]) -> tuple[Repair, ...]:
    return UNICODE_VARIANTS, Repair("truth word", "another word for true or false", partial(truth_word, words=words))


BOOLEAN = register(
    Kind(
        name="boolean",
        dtype=pl.Boolean(),
        fault="neither true nor false",
        fault_reason="a cell is no word for true or false",
        is_plain=is_plain,
        parse=parse,
        repairs=_repairs(_PLAIN),
        missing_marks=MISSING_MARKS,
        recognise=recognise,
        signs=string.ascii_letters,
        find_form=find_form,
        in_format=in_format,
    )
)
