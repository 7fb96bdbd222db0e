"""Markdown for every report: tables, and text from data in which nothing is markup."""

import re
from collections.abc import Collection, Iterable, Sequence

from eightytwenty.printable import visible

# what may begin markup within a line, HTML and addresses, which become links by themselves, included
_MARKUP = re.compile(r"[\\`*_\[\]{}<>&#~@$^]|(?<=[a-z]):(?=//)|(?<=www)\.", re.IGNORECASE)


def plain(text: str) -> str:
    r"""Text from data as Markdown that shows it as it is, in one line.

    >>> print(plain("![p](http://a.example/p.png)\n# <b>"))
    !\[p\](http\://a.example/p.png)\\n\# \<b\>
    """
    return _MARKUP.sub(r"\\\g<0>", visible(text))


def code(text: str) -> str:
    """A name or a cell from data as code, in one line, whatever backticks it has itself.

    >>> print(code("a"), code("`a` or ``b``"))
    `a` ``` `a` or ``b`` ```
    """
    text = visible(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if not text.strip() or "`" in (text[0], text[-1]) else ""
    return f"{fence}{space}{text}{space}{fence}"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ()) -> str:
    r"""A table whose cells may come from data: no cell can end its column or its line.

    Args:
        header: the names of the columns.
        rows: a text for each column. It may hold Markdown, such as code in backticks.
        right: names of the columns to align right.

    Returns:
        The lines of the table, the last without a line break.

    >>> print(markdown_table(("rule", "rows"), [("a | b", "3")], right=["rows"]))
    | rule | rows |
    | --- | ---: |
    | a \| b | 3 |
    """
    marks = ["---:" if name in right else "---" for name in header]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in [header, marks, *rows])


def _cell(text: str) -> str:
    line = re.sub(r"\r\n?|\n", " ", text)
    # backslashes before a pipe are doubled, because they would escape each other and leave the pipe bare
    return re.sub(r"(\\*)\|", r"\1\1\\|", line)
