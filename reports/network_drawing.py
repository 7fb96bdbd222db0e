"""One adding network drawn with its weights while it adds one pair."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from models.adders.network import Adder
from reports.numbers import compact
from reports.style import BLUE, INK, PAPER, SMALL, SOFT, TEXT, VERMILION, add_axes, new_figure

_WIDTH = 9.6  # inches, like all positions below
_INPUT, _HIDDEN, _OUTPUT = 0.9, 4.9, 7.9
_FIRST, _SECOND, _OUT = 0.45, 0.72, 0.27  # where along its edge a weight is written, from the left node
_RADIUS = 0.32


def network_drawing(adder: Adder, pair: tuple[int, int] = (2, 2)) -> Figure:
    """Draw inputs, hidden nodes and output, with weights along the edges and activations in the nodes.

    An edge is blue for a positive weight and vermilion for a negative one, and thicker the larger the weight is
    relative to the others of its layer.

    Args:
        adder: The network.
        pair: The two numbers that it adds in the drawing.

    Returns:
        The figure.
    """
    inputs = np.array([pair])
    activations = np.asarray(adder.hidden(inputs), dtype=float)[0]
    prediction = float(adder.predict(inputs)[0])
    row = 0.9 if adder.hidden_units <= 6 else 0.5
    height = max(3.0, row * adder.hidden_units)
    nodes = "1 node" if adder.hidden_units == 1 else f"{adder.hidden_units} nodes"
    figure = new_figure(
        _WIDTH,
        height + 1.5,
        f"{pair[0]:,} + {pair[1]:,} = {_rounded(prediction)}, says the network with {nodes}",
        f"Protocol {adder.protocol}, sums to {adder.largest_sum:,}, seed {adder.seed}. In the nodes: activations. "
        "Along the edges: weights,\nblue where positive, orange where negative, thick where large."
        + _scale_text(adder),
    )
    axes = add_axes(figure, 0, 0.2, _WIDTH, height)
    axes.set(xlim=(0, _WIDTH), ylim=(0, height))
    axes.set_axis_off()
    middle = height / 2
    reach = min(middle - 0.5, 1.9)
    hidden = [middle + row * ((adder.hidden_units - 1) / 2 - place) for place in range(adder.hidden_units)]
    small = row < 2 * _RADIUS
    _input_edges(axes, adder, (middle + reach, middle - reach), hidden)
    _output_edges(axes, adder, hidden, middle)
    for value, name, y in zip(pair, "ab", (middle + reach, middle - reach), strict=True):
        _node(axes, _INPUT, y, f"{value:,}", _RADIUS + 0.06, bold=True)
        axes.text(_INPUT - 0.52, y, name, size=TEXT + 1, color=SOFT, ha="center", va="center")
    for activation, y in zip(activations, hidden, strict=True):
        _node(axes, _HIDDEN, y, _activation(activation), 0.22 if small else _RADIUS)
    _node(axes, _OUTPUT, middle, compact(prediction), 0.44, bold=True)
    right = _rounded(prediction) == f"{sum(pair):,}"
    axes.text(
        _OUTPUT + 0.55, middle + 0.02, _verdict(prediction, right), size=TEXT, color=INK, va="center", linespacing=1.5
    )
    return figure


def _input_edges(axes: Axes, adder: Adder, inputs: tuple[float, float], hidden: list[float]) -> None:
    largest = _largest(adder.input_weights)
    for weights, start, share in zip(adder.input_weights, inputs, (_FIRST, _SECOND), strict=True):
        for weight, end in zip(weights, hidden, strict=True):
            _edge(axes, (_INPUT, start), (_HIDDEN, end), float(weight), largest, share)


def _output_edges(axes: Axes, adder: Adder, hidden: list[float], middle: float) -> None:
    largest = _largest(np.append(adder.output_weights, adder.output_bias))
    for weight, start in zip(adder.output_weights, hidden, strict=True):
        _edge(axes, (_HIDDEN, start), (_OUTPUT, middle), float(weight), largest, _OUT)
    if adder.output_bias:
        below = middle - 1.2
        _edge(axes, (_OUTPUT, below), (_OUTPUT, middle), adder.output_bias, largest, 0.42)
        _node(axes, _OUTPUT, below, "1", 0.22)
        axes.text(_OUTPUT + 0.32, below, "bias", size=TEXT, color=SOFT, va="center")


def _edge(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], weight: float, largest: float, share: float
) -> None:
    """Draw one weight as a line and write it at a share of the way."""
    colour = SOFT if math.isnan(weight) else BLUE if weight >= 0 else VERMILION
    size = abs(weight) / largest if math.isfinite(weight) else 0.0
    axes.plot(
        *zip(start, end, strict=True), color=colour, linewidth=0.4 + 4.2 * size, alpha=0.35 + 0.4 * size, zorder=1
    )
    x, y = (first + share * (last - first) for first, last in zip(start, end, strict=True))
    box = {"boxstyle": "round,pad=0.12", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.9}
    axes.text(x, y, compact(weight), size=SMALL, color=colour, ha="center", va="center", bbox=box, zorder=2)


def _node(axes: Axes, x: float, y: float, text: str, radius: float, bold: bool = False) -> None:
    axes.add_patch(Circle((x, y), radius, facecolor=PAPER, edgecolor=INK, linewidth=1.1, zorder=3))
    size = SMALL if radius < _RADIUS or len(text) > 7 else TEXT
    axes.text(x, y, text, size=size, weight="bold" if bold else "normal", color=INK, ha="center", va="center", zorder=4)


def _largest(weights: np.ndarray) -> float:
    finite = np.abs(weights[np.isfinite(weights)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def _rounded(prediction: float) -> str:
    return f"{round(prediction):,}".replace("-", "−") if abs(prediction) < 1e12 else compact(prediction)


def _activation(value: float) -> str:
    """Write an activation between 0 and 1 with two decimals, or "≈ 0", "≈ 1" where those would round to 0 or 1."""
    if 0 < value < 0.005 or 0.995 <= value < 1:
        return f"≈ {round(value)}"
    return compact(value) if value in (0.0, 1.0) or math.isnan(value) else f"{value:.2f}"


def _verdict(prediction: float, right: bool) -> str:
    return f"rounded {_rounded(prediction)}:\n{'right' if right else 'wrong'}"


def _scale_text(adder: Adder) -> str:
    if adder.scale == 1:
        return ""
    return f" Inputs are divided by {adder.scale:,.0f} first, the output is multiplied by it."
