"""The networks of one protocol and largest sum, side by side: where each errs, and its weights."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from models.adders.network import Adder
from reports.error_surface import error_map
from reports.numbers import compact
from reports.style import BLUE, INK, PAPER, SMALL, SOFT, TEXT, VERMILION, add_axes, heading, new_figure

_WIDTH, _MAP, _SKETCH = 2.75, 2.1, 1.9  # inches: a column, its map, its sketch
_INPUTS, _OUTPUT = ((0.0, 0.7), (0.0, 0.3)), (2.0, 0.5)  # where the nodes are drawn; the hidden ones stand at x = 1


def networks_figure(adders: Sequence[Adder]) -> Figure:
    """Draw a column for each network: a map of its error that goes beyond the trained range, and its weights.

    Args:
        adders: One or more networks of one protocol and largest sum, in ascending order of their hidden units.

    Returns:
        The figure.
    """
    first = adders[0]
    figure = new_figure(
        max(0.5 + _WIDTH * len(adders), 8.6),
        _MAP + _SKETCH + 1.9,
        f"Protocol {first.protocol}, sums to {first.largest_sum:,}: where the networks err, and their weights",
        "Absolute error of a + b, dark where it is largest; the dashed square is the trained range. Weights are blue "
        "where positive,\norange where negative, thick where large. Of the seeds, the network of median error.",
    )
    for place, adder in enumerate(adders):
        left = 0.75 + _WIDTH * place
        axes = add_axes(figure, left, _SKETCH + 0.75, _MAP - 0.1, _MAP - 0.1)
        error_map(axes, adder)
        nodes = "1 node" if adder.hidden_units == 1 else f"{adder.hidden_units} nodes"
        heading(axes, f"{nodes}, seed {adder.seed}")
        _sketch(add_axes(figure, left, 0.15, _MAP - 0.1, _SKETCH), adder)
    return figure


def _sketch(axes: Axes, adder: Adder) -> None:
    axes.set(xlim=(-0.2, 2.3), ylim=(0, 1))
    axes.set_axis_off()
    places = (np.arange(adder.hidden_units) + 0.5) / adder.hidden_units
    hidden = [(1.0, float(y)) for y in 0.08 + 0.84 * places]
    for weights, edges in (
        (adder.input_weights.ravel(), [(start, end) for start in _INPUTS for end in hidden]),
        (adder.output_weights, [(start, _OUTPUT) for start in hidden]),
    ):
        sizes = np.nan_to_num(np.abs(weights), posinf=0.0)
        axes.add_collection(
            LineCollection(
                edges,
                colors=[VERMILION if weight < 0 else BLUE for weight in weights],
                linewidths=0.3 + 2.7 * sizes / max(float(sizes.max()), np.finfo(float).tiny),
                alpha=0.6,
                zorder=1,
            )
        )
    nodes = np.array([*_INPUTS, *hidden, _OUTPUT])
    axes.scatter(nodes[:, 0], nodes[:, 1], s=28, facecolor=PAPER, edgecolor=INK, linewidth=0.9, zorder=2)
    for (x, y), name in zip(_INPUTS, "ab", strict=True):
        axes.text(x - 0.12, y, name, size=TEXT, color=SOFT, ha="right", va="center")
    if adder.output_bias:
        axes.text(2.0, 0.42, f"bias\n{compact(adder.output_bias)}", size=SMALL, color=SOFT, ha="center", va="top")
