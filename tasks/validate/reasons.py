"""Why rows are in quarantine, in the words of the rules, with examples."""

from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl

from eightytwenty.engine.summary import Summary
from eightytwenty.printable import visible

_MOST_RULES, _EXAMPLES = 3, 3
_LONGEST_CELL = 24  # characters
Row = Mapping[str, object]


def quarantine_reasons(folder: Path, unit: str, show: Callable[[Row], str]) -> tuple[str, ...]:
    """The rules that most rows failed: "200 of 200 rows: wrong sum, e.g. line 8: 1 + 1 = 3", for example.

    Args:
        folder: what a cleaning wrote.
        unit: the word for rows, such as "pictures".
        show: an example in a few words.

    Returns:
        a sentence for each of up to three rules, each with up to three examples.
    """
    summary, quarantine = Summary.load(folder), pl.scan_parquet(folder / "quarantine.parquet")
    sentences = []
    for rule, count in list(summary.failed.items())[:_MOST_RULES]:
        rows = quarantine.filter(pl.col("rules").list.contains(rule)).head(_EXAMPLES)
        examples = "; ".join(show(row) for row in rows.collect(engine="streaming").iter_rows(named=True))
        sentences.append(f"{count:,} of {summary.rows:,} {unit}: {rule}, e.g. {examples}.")
    return tuple(sentences)


def show_pair(row: Row) -> str:
    """A row as "line 8: 1 + 1 = 3". No other cell is quoted, and nothing of a record that is not a row."""
    place = f"line {row['line']}" if row["line"] is not None else f"record {row['record']}"
    cells = [row[column] for column in ("a", "b", "sum")]
    if all(cell is None for cell in cells):
        return place
    a, b, total = ("nothing" if cell is None else shorten_cell(str(cell)) for cell in cells)
    return f"{place}: {a} + {b} = {total}"


def show_picture(row: Row) -> str:
    """The name of its file."""
    return shorten_cell(str(row["source"]))


def shorten_cell(text: str) -> str:
    """A text from data that fits into a sentence: its start, with control characters written out."""
    return visible(text[:_LONGEST_CELL]) + ("..." if len(text) > _LONGEST_CELL else "")
