"""Tables in Markdown, for every report."""

import re
from collections.abc import Collection, Iterable, Sequence


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
