"""The result table of the experiment as a picture, shaded by accuracy."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.results import CellResult, cell_lines, seeds_sentence
from reports.style import HAIRLINE, INK, PAPER, SMALL, SOFT, TEXT, add_axes, new_figure

_SHADES = LinearSegmentedColormap.from_list("accuracy", ["#f4f6f8", "#a9cfe3", "#2a7fb0", "#08436b"])
_STYLES = {  # font size and weight
    "accuracy": (15.0, "bold"),
    "range": (SMALL, "normal"),
    "error": (TEXT, "bold"),
    "article": (SMALL, "normal"),
    "beyond": (SMALL, "normal"),
}
_PREFIX = {"error": "error "}
_DARK = 0.55  # from this accuracy on the text in a cell is white


def results_figure(results: Sequence[CellResult]) -> Figure:
    """Draw one grid per protocol: a row per largest sum, a column per number of hidden units.

    A cell shows the accuracy (large), the mean absolute error and the accuracy beyond the trained range, each as the
    median over the seeds with its minimum and maximum, and a typical prediction beside the article's where known.

    Args:
        results: At least one cell; cells that are missing in the grid stay empty.

    Returns:
        The figure.

    Raises:
        ValueError: There are no results.
    """
    if not results:
        raise ValueError("there are no results to draw: give at least one cell")
    protocols = list(dict.fromkeys(cell.protocol for cell in results))
    units = sorted({cell.hidden_units for cell in results})
    rows = {name: sorted({c.largest_sum for c in results if c.protocol == name}) for name in protocols}
    several_seeds = any(len(cell.scores) > 1 for cell in results)
    cell_width, cell_height = 1.72, 1.22 if several_seeds else 0.92
    heights = [cell_height * len(rows[name]) + 0.75 for name in protocols]
    left, width = 1.35, max(cell_width * len(units), 7.2)
    figure_height = sum(heights) + 1.15
    how = "Large: share of pairs whose rounded prediction is the sum. Error: mean absolute error."
    ranges = "Small: the range. " if several_seeds else ""
    figure = new_figure(
        left + width + 0.3, figure_height, "How well the networks add", f"{how}\n{ranges}{seeds_sentence(results)}"
    )
    top = figure_height - 0.95
    for name, height in zip(protocols, heights, strict=True):
        axes = add_axes(figure, left, top - height + 0.1, width, height - 0.75)
        cells = {(c.largest_sum, c.hidden_units): c for c in results if c.protocol == name}
        _grid(axes, f"{name} protocol", rows[name], units, cells, figure_height)
        top -= height
    return figure


def _grid(
    axes: Axes,
    title: str,
    sums: Sequence[int],
    units: Sequence[int],
    cells: dict[tuple[int, int], CellResult],
    figure_height: float,
) -> None:
    axes.set(xlim=(0, len(units)), ylim=(len(sums), 0))
    axes.set_xticks([place + 0.5 for place in range(len(units))], [_nodes(n) for n in units], size=TEXT, color=INK)
    axes.set_yticks(
        [place + 0.5 for place in range(len(sums))], [f"sums to\n{n:,}" for n in sums], size=TEXT, color=INK
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0, pad=6)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_title(title, loc="left", size=TEXT + 1, weight="bold", color=INK, pad=26)
    for row, largest_sum in enumerate(sums):
        for column, hidden_units in enumerate(units):
            cell = cells.get((largest_sum, hidden_units))
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=_shade(cell), edgecolor=PAPER, linewidth=2))
            if cell is None:
                axes.text(column + 0.5, row + 0.5, "not run", size=SMALL, color=SOFT, ha="center", va="center")
            else:
                _write(axes, column + 0.5, row, cell, figure_height)


def _write(axes: Axes, x: float, row: int, cell: CellResult, figure_height: float) -> None:
    """Write the lines of one cell, centred in it."""
    colour = PAPER if cell.accuracy[1] >= _DARK else INK
    lines = [(_PREFIX.get(line.role, "") + line.text, *_STYLES[line.role]) for line in cell_lines(cell)]
    rows = axes.get_ylim()[0]
    step = 1.3 / 72 * rows / (axes.get_position().height * figure_height)  # rows per point of font size
    y = row + 0.5 - step * sum(size for _, size, _ in lines) / 2
    for text, size, weight in lines:
        axes.text(x, y + step * size / 2, text, size=size, weight=weight, color=colour, ha="center", va="center")
        y += step * size


def _shade(cell: CellResult | None) -> tuple[float, float, float, float] | str:
    if cell is None or math.isnan(cell.accuracy[1]):
        return HAIRLINE
    return _SHADES(cell.accuracy[1])


def _nodes(hidden_units: int) -> str:
    return "1 node" if hidden_units == 1 else f"{hidden_units} nodes"
