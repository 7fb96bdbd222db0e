"""The result table of the experiment with adding networks: as Markdown and for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from eightytwenty.pages.markdown import markdown_table
from reports.numbers import compact, percent, spread

if TYPE_CHECKING:
    from rich.table import Table

    from models.adders.network import Score

# What a network predicts in the end, by (largest sum, hidden units): David Lebech, "2 + 2 with neural networks" (2020).
# It cannot be an error: predictions of at most 4,000 miss sums around 32,768 by more than that.
ARTICLE_PREDICTIONS = {(65536, 16): 3746.0}


@dataclass(frozen=True)
class CellResult:
    """All networks of one protocol, largest sum and number of hidden units.

    Attributes:
        protocol: "article" or "solved".
        largest_sum: The largest sum of the pairs that the networks were trained on.
        hidden_units: Number of hidden nodes.
        scores: One score per seed on pairs of the trained range.
        beyond: One score per seed on pairs beyond the trained range; may be empty.
        predictions: One median prediction per seed in the trained range; may be empty.
    """

    protocol: str
    largest_sum: int
    hidden_units: int
    scores: tuple[Score, ...]
    beyond: tuple[Score, ...] = ()
    predictions: tuple[float, ...] = ()

    @property
    def accuracy(self) -> tuple[float, float, float]:
        """Minimum, median and maximum over the seeds of the share of right sums."""
        return spread([score.accuracy for score in self.scores])

    @property
    def error(self) -> tuple[float, float, float]:
        """Minimum, median and maximum over the seeds of the mean absolute error."""
        return spread([score.mean_absolute_error for score in self.scores])

    @property
    def accuracy_beyond(self) -> tuple[float, float, float]:
        """Minimum, median and maximum over the seeds of the share of right sums beyond the trained range."""
        return spread([score.accuracy for score in self.beyond])

    @property
    def article_prediction(self) -> float | None:
        """What the article's network of this cell predicted in the end, if that and our own prediction are known."""
        comparable = self.protocol == "article" and self.predictions
        return ARTICLE_PREDICTIONS.get((self.largest_sum, self.hidden_units)) if comparable else None


_HEADERS = ("protocol", "sums to", "nodes", "accuracy", "mean absolute error", "beyond")  # as much as a page holds


def results_markdown(results: Sequence[CellResult]) -> str:
    """Write the results as one Markdown table, a line per cell, with a newline at the end.

    Args:
        results: The cells, in the order of the lines.

    Returns:
        What the numbers are, the table, and the predictions that can be compared with the article's.
    """
    sentence = (
        f"{seeds_sentence(results)} Accuracy: share of pairs whose rounded prediction is the sum; beyond: its median "
        "for sums beyond those that were trained."
    )
    table = markdown_table(_HEADERS, map(_columns, results), right=_HEADERS[1:])
    comparisons = [_comparison(cell, article) for cell in results if (article := cell.article_prediction) is not None]
    return "\n\n".join([sentence, table, *comparisons]) + "\n"


def results_rich(results: Sequence[CellResult]) -> Table:
    """Build the table for the terminal: a row per protocol and largest sum, a column per number of hidden units.

    Args:
        results: At least one cell; cells that are missing in the grid stay empty.

    Returns:
        A table for `rich.console.Console.print`, for 80 columns and five numbers of hidden units.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    units = sorted({cell.hidden_units for cell in results})
    rows = dict.fromkeys((cell.protocol, cell.largest_sum) for cell in results)
    cells = {(cell.protocol, cell.largest_sum, cell.hidden_units): cell for cell in results}
    caption = "Percent: pairs whose rounded prediction is the sum. Below: mean absolute error."
    table = Table(box=box.HORIZONTALS, show_lines=True, pad_edge=False, padding=0)
    table.caption, table.caption_justify = f"{seeds_sentence(results)} {caption}", "left"
    table.add_column("sums to")
    for hidden_units in units:
        table.add_column("1 node" if hidden_units == 1 else f"{hidden_units} nodes", justify="right")
    for protocol, largest_sum in rows:
        texts = [Text(f"{largest_sum:,}\n{protocol}")]
        for hidden_units in units:
            cell = cells.get((protocol, largest_sum, hidden_units))
            lines = cell_lines(cell) if cell else []
            styles = {"accuracy": "bold green" if cell and cell.accuracy[1] == 1 else "bold", "range": "dim"}
            parts = [(line.text, styles.get(line.role, "")) for line in lines if line.role != "beyond"]
            texts.append(Text("\n").join(Text(text, style=style) for text, style in parts))
        table.add_row(*texts)
    return table


class Line(NamedTuple):
    """A line of text in a cell of the table, and what it is."""

    role: Literal["accuracy", "range", "error", "article", "beyond"]
    text: str


def cell_lines(cell: CellResult) -> list[Line]:
    """Write what a cell of the table shows; ranges only where the seeds differ."""
    accuracies, errors = [percent(value) for value in cell.accuracy], [_error_text(value) for value in cell.error]
    lines = [Line("accuracy", accuracies[1])]
    if accuracies[0] != accuracies[2]:
        lines.append(Line("range", f"{accuracies[0].removesuffix(' %')}–{accuracies[2]}"))
    lines.append(Line("error", errors[1]))
    if errors[0] != errors[2]:
        lines.append(Line("range", f"{errors[0]}–{errors[2]}"))
    if cell.article_prediction is not None:
        lines.append(Line("article", f"predicts {compact(spread(cell.predictions)[1])}"))
        lines.append(Line("article", f"the article's {compact(cell.article_prediction)}"))
    if cell.beyond:
        lines.append(Line("beyond", f"beyond range {percent(cell.accuracy_beyond[1])}"))
    return lines


def seeds_sentence(results: Sequence[CellResult]) -> str:
    """Say what the numbers of the cells are: of one seed, or a range over several."""
    counts = sorted({len(cell.scores) for cell in results})
    seeds = f"{counts[0]} to {counts[-1]} seeds" if len(counts) > 1 else f"{(counts or [1])[0]} seeds"
    sentence = "One seed." if counts in ([], [1]) else f"Median, and minimum to maximum, over {seeds}."
    if any((cell.protocol, cell.hidden_units) == ("solved", 1) for cell in results):
        sentence += " The solved network of 1 node has an output bias."
    return sentence


def _error_text(error: float) -> str:
    """An error too small to change any rounding is as good as none; the Markdown table has its digits."""
    return "< 0.001" if 0 < error < 1e-3 else compact(error)


def _columns(cell: CellResult) -> list[str]:
    return [
        cell.protocol,
        f"{cell.largest_sum:,}",
        str(cell.hidden_units),
        _spread_text([percent(value) for value in cell.accuracy]),
        _spread_text([compact(value) for value in cell.error]),
        percent(cell.accuracy_beyond[1]) if cell.beyond else "",
    ]


def _comparison(cell: CellResult, article: float) -> str:
    ours = compact(spread(cell.predictions)[1])
    network = f"the article's network of {cell.hidden_units} nodes with sums to {cell.largest_sum:,}"
    return f"In the end {network} predicted {compact(article)}; ours typically predicts {ours}."


def _spread_text(texts: Sequence[str]) -> str:
    least, middle, most = texts
    return middle if least == most else f"{middle} ({least.removesuffix(' %')}–{most})"
