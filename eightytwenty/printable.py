"""What comes from data is text wherever it is shown: names of files and columns, cells, values of attributes.

Each output has one function that all such text goes through: `visible` for messages, logs and plain text,
`for_terminal` for Rich, `for_spreadsheet` for CSV that a spreadsheet opens. `eightytwenty.pages.markdown` has those for
Markdown, and `reports.template` escapes for HTML.
"""

import json
import math
import re
import sys
from collections.abc import Mapping

_CELL_ENDS = ",;|\t\r\n"  # whatever a spreadsheet takes for a delimiter
_FORMULA = re.compile(
    r"""
    [=+\-@＝＋－＠]  # the last four are their full-width forms
    (?! (?<=[+-]) [0-9]+ (\.[0-9]+)? [ "']* ([,;|\t\r\n]|$) )  # a plain number is no formula
    """,
    re.VERBOSE,
)


def visible(text: str) -> str:
    r"""Shows the characters that would act instead of being seen, as Python writes them.

    These are line breaks, terminal sequences, characters that turn or hide text, and bytes that were no text.

    >>> print(visible("a\nb\x1b[31m\u202ec"))
    a\nb\x1b[31m\u202ec
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def masked(text: str) -> str:
    """A text of the same shape without what it says.

    >>> masked("Ann Lee, 1978")
    'Xxx Xxx, 9999'
    """
    return "".join(
        "9" if character.isdigit() else character if not character.isalpha() else "X" if character.isupper() else "x"
        for character in text
    )


def print_error(sentence: str) -> None:
    """Writes a sentence to the standard error, with the name of the command before it."""
    sys.stderr.write(f"eightytwenty: {sentence}\n")


def print_json(what: object) -> None:
    """Writes data to the standard output as JSON; what JSON does not know, such as a date, as text, and NaN as null."""
    sys.stdout.write(json.dumps(_finite(what), indent=2, ensure_ascii=False, default=str) + "\n")


def _finite(what: object) -> object:
    if isinstance(what, Mapping):
        return {key: _finite(value) for key, value in what.items()}
    if isinstance(what, list | tuple):
        return [_finite(value) for value in what]
    return None if isinstance(what, float) and not math.isfinite(what) else what


def for_terminal(text: str) -> str:
    """Text for Rich, which takes square brackets for markup."""
    from rich.markup import escape

    return escape(visible(text))


def for_spreadsheet(lines: str) -> str:
    r"""CSV in which no cell is a formula to a spreadsheet: an apostrophe makes it text.

    Cells that start with =, +, - or @, be it after a tab, a carriage return, spaces or quotes, are formulas to some of
    them; plain numbers stay. The lines may be broken, and a spreadsheet may split them at another delimiter than ours,
    so nothing is parsed.

    >>> for_spreadsheet('1,-2,"=SUM(A1:A9)"\n+1+1;@x\n')
    '1,-2,"\'=SUM(A1:A9)"\n\'+1+1;\'@x\n'
    """
    return _FORMULA.sub(lambda match: "'" * _begins_cell(match) + match[0], lines)


def _begins_cell(match: re.Match[str]) -> bool:
    lines, position = match.string, match.start()
    while position and lines[position - 1] not in _CELL_ENDS:
        position -= 1
        if lines[position] not in " \"'" and lines[position].isprintable():
            return False
    return True
