"""Where one adding network errs: a surface over its trained range and a map that goes beyond."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D

from models.adders.network import Adder
from reports.numbers import compact
from reports.style import HAIRLINE, INK, PAPER, SMALL, SOFT, TEXT, add_axes, heading, new_figure

_COLOURS = colormaps["magma_r"]
_GRID = 65  # points along one axis
_BEYOND = 1.25  # the map ends this much above the trained range
_LEAST_SPAN = 1e-12  # of the colours, for a network without any error


def error_surface(adder: Adder) -> Figure:
    """Draw the absolute error over all pairs: as a surface, and as a map beyond the trained range.

    The colours are the same on both sides and end at the largest error within the trained range, so that the map
    shows where the network leaves its trained range. A line on the map marks the error of 0.5, within which the rounded
    prediction is right.

    Args:
        adder: The network; trained on a and b from 0 to half of its largest sum.

    Returns:
        The figure; the surface and the map have holes where predictions are not finite.
    """
    half = adder.largest_sum / 2
    nodes = "1 node" if adder.hidden_units == 1 else f"{adder.hidden_units} nodes"
    a, b, signed = _errors(adder, half)
    inside = np.abs(signed)
    finite = inside[np.isfinite(inside)]
    figure = new_figure(
        10.4,
        5.3,
        f"Where the network with {nodes} errs, sums to {adder.largest_sum:,}",
        f"Absolute error of a + b, protocol {adder.protocol}, seed {adder.seed}. The dashed square is the trained "
        "range.\n" + _rounding_note(finite),
    )
    if not finite.size:
        figure.text(0.5, 0.45, "None of the predictions is finite.", ha="center", color=SOFT, size=TEXT + 2)
        return figure
    colours = Normalize(0.0, max(float(finite.max()), _LEAST_SPAN))
    surface = figure.add_axes(Axes3D(figure, rect=(0.03, 0.02, 0.5, 0.84), auto_add_to_figure=False))
    _surface(surface, a, b, inside, colours)
    middle, worst = float(np.median(finite)), float(finite.max())
    axes = add_axes(figure, 5.85, 0.65, 3.4, 3.4)
    heading(axes, f"median error {compact(middle)}, largest {compact(worst)}")
    bar = figure.colorbar(
        _map(axes, adder, half, colours), ax=axes, extend="max", fraction=0.045, pad=0.04, format=_tick
    )
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=SOFT, labelsize=SMALL, length=2)
    bar.ax.set_facecolor(PAPER)
    return figure


def error_map(axes: Axes, adder: Adder) -> None:
    """Draw the same map alone: the absolute error within the trained range and 25 % beyond, largest at the dark end."""
    half = adder.largest_sum / 2
    inside = np.abs(_errors(adder, half)[2])
    finite = inside[np.isfinite(inside)]
    if not finite.size:
        axes.text(0.5, 0.5, "no finite prediction", ha="center", color=SOFT, size=SMALL, transform=axes.transAxes)
        return
    worst = float(finite.max())
    _map(axes, adder, half, Normalize(0.0, max(worst, _LEAST_SPAN)))
    axes.set_ylabel("")
    axes.set_xlabel(
        f"error: median {compact(float(np.median(finite)))}\nlargest {compact(worst)}", size=SMALL, color=INK
    )


def _rounding_note(errors: np.ndarray) -> str:
    if errors.size and errors.max() < 0.5:
        return "At all points shown within it the rounded prediction is right."
    if errors.size and errors.min() < 0.5:
        return "Between the thin lines (error 0.5) the rounded prediction is right."
    return "At no point shown within it is the rounded prediction right."


def _tick(value: float, _: object) -> str:
    return compact(value)


def _errors(adder: Adder, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compute prediction minus sum on a grid of whole numbers from 0 to `end`.

    Returns:
        a, b and the error, each of shape (n, n) with n at most 65, float64; NaN where a prediction is not finite.
    """
    line = np.unique(np.linspace(0, end, _GRID).round())
    a, b = np.meshgrid(line, line, indexing="ij")
    predictions = adder.predict(np.column_stack([a.ravel(), b.ravel()])).reshape(a.shape)
    error = predictions - (a + b)
    return a, b, np.where(np.isfinite(error), error, np.nan)


def _surface(axes: Axes3D, a: np.ndarray, b: np.ndarray, error: np.ndarray, colours: Normalize) -> None:
    axes.plot_surface(
        a,
        b,
        error,
        facecolors=_COLOURS(colours(error)),
        rstride=1,
        cstride=1,
        linewidth=0,
        antialiased=False,
        shade=False,
    )
    axes.view_init(elev=28, azim=-128)
    axes.set_box_aspect((1, 1, 0.7), zoom=0.94)
    axes.set_zlim(0, colours.vmax)
    for axis, name in ((axes.xaxis, "a"), (axes.yaxis, "b"), (axes.zaxis, "absolute error")):
        axis.set_pane_color((1, 1, 1, 0))
        axis._axinfo["grid"].update(color=HAIRLINE, linewidth=0.6)  # there is no public way to do this
        axis.set_label_text(name, size=TEXT, color=SOFT)
        axis.set_major_locator(MaxNLocator(5))
        axis.set_major_formatter(_tick)
    axes.tick_params(colors=SOFT, labelsize=SMALL, pad=1)


def _map(axes: Axes, adder: Adder, half: float, colours: Normalize) -> QuadMesh:
    a, b, error = _errors(adder, half * _BEYOND)
    image = axes.pcolormesh(a, b, np.abs(error), norm=colours, cmap=_COLOURS, shading="nearest", rasterized=True)
    finite = np.abs(error[np.isfinite(error)])
    if finite.size and finite.min() < 0.5 < finite.max():
        for colour, width in ((PAPER, 1.8), (INK, 0.8)):  # white underneath, to be visible on dark colours
            axes.contour(a, b, error, levels=[-0.5, 0.5], colors=[colour], linewidths=width, linestyles="-")
    for colour, width, dashes in ((PAPER, 2.6, "-"), (INK, 1.2, "--")):
        axes.add_patch(Rectangle((0, 0), half, half, fill=False, edgecolor=colour, linewidth=width, linestyle=dashes))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(5, integer=True))
        axis.set_major_formatter(_tick)
    axes.set_aspect("equal")
    axes.set_xlabel("a", size=TEXT, color=SOFT)
    axes.set_ylabel("b", size=TEXT, color=SOFT)
    return image
