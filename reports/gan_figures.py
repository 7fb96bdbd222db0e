"""How a GAN learned, whether it draws the attributes it is given, and how its ellipses are distributed."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator
from numpy.typing import NDArray

from eightytwenty.printable import visible
from reports.numbers import compact, percent
from reports.style import (
    BLUE,
    GREEN,
    GREY,
    HAIRLINE,
    INK,
    ORANGE,
    PAPER,
    SKY,
    SMALL,
    SOFT,
    TEXT,
    VERMILION,
    add_axes,
    apart,
    gridlines,
    heading,
    new_figure,
)

if TYPE_CHECKING:
    from models.gans.quality.collapse import Alarm
    from models.gans.quality.ellipses import EllipseTest

_PANELS = {  # heading -> measures, as they are logged, with the names and colours of their lines
    "Losses": {"discriminator_loss": ("discriminator", BLUE), "generator_loss": ("generator", ORANGE)},
    "FID": {"fid": ("FID", BLUE)},
    "Coverage": {"coverage": ("coverage", BLUE)},
    "Diversity": {"diversity": ("diversity", BLUE)},
    "Attributes": {
        "fidelity": ("as requested", BLUE),
        "modes_captured": ("modes", ORANGE),
    },
    "Ellipses": {"ellipses": ("ellipses", BLUE)},
}
_SHARES = ("Coverage", "Attributes", "Ellipses")  # measures that end at 1
_WATCHED = ("coverage", "diversity")  # measures that can raise an alarm
_PANEL_WIDTH, _PANEL_HEIGHT, _COLUMNS = 2.55, 1.75, 3  # inches, and panels in a row
_MARGIN, _GAP, _ROW_GAP = 0.75, 1.75, 0.95

End = tuple[str, str, float]  # of a line: its name, its colour and its last value


def training_curves(
    history: Mapping[str, Sequence[float]],
    real: Mapping[str, float],
    alarms: Sequence["Alarm"] = (),
    share: float = 0.5,
) -> Figure:
    """Draw the losses and the measured quality by epoch, a small panel for each measure that the history has.

    Args:
        history: Measure ("generator_loss", "fid", "coverage", ...) -> its values after epochs 1, 2, 3, ...; NaN where
            it was not measured.
        real: What real pictures reach against real ones, "real_fid", "real_coverage", "real_diversity"; a grey line.
        alarms: Alarms, marked at their epochs.
        share: The share of the real value that is the limit of coverage and diversity; a dashed line.

    Returns:
        The figure.

    Raises:
        ValueError: The history has none of the measures.
    """
    panels = [title for title, lines in _PANELS.items() if any(len(history.get(name, ())) for name in lines)]
    if not panels:
        raise ValueError("the history has no loss and no measure: give what was logged by epoch")
    rows, columns = math.ceil(len(panels) / _COLUMNS), min(len(panels), _COLUMNS)
    height = 0.95 + rows * (_PANEL_HEIGHT + _ROW_GAP)
    width = max(_MARGIN + columns * (_PANEL_WIDTH + _GAP), 6.6)
    alarm_count = f"{len(alarms)} alarm{'s' if len(alarms) != 1 else ''}" if alarms else "No alarm"
    figure = new_figure(
        width,
        height,
        "How the generator learned",
        "By epoch. Grey: real pictures against real ones. Dashed: the limit of coverage and diversity.\n"
        "An epoch below it raises an alarm (a red triangle) once the limit was reached or the first epochs are over. "
        f"{alarm_count}.",
    )
    for place, title in enumerate(panels):
        left = _MARGIN + place % _COLUMNS * (_PANEL_WIDTH + _GAP)
        bottom = height - 1.2 - (place // _COLUMNS + 1) * _PANEL_HEIGHT - place // _COLUMNS * _ROW_GAP
        axes = add_axes(figure, left, bottom, _PANEL_WIDTH, _PANEL_HEIGHT)
        heading(axes, "FID, logarithmic" if title == "FID" else title)
        lines = {name: line for name, line in _PANELS[title].items() if len(history.get(name, ()))}
        ends = [_curve(axes, line, history[name], logarithmic=title == "FID") for name, line in lines.items()]
        for name in lines:
            if f"real_{name}" in real:
                floor = real[f"real_{name}"]
                axes.axhline(floor, color=GREY, linewidth=1.2, zorder=1)
                ends.append(("real", SOFT, floor))
                if name in _WATCHED:
                    axes.axhline(share * floor, color=VERMILION, linewidth=0.9, linestyle=(0, (4, 2)), zorder=1)
            if own_alarms := [alarm for alarm in alarms if alarm.measure == name]:
                _mark(axes, own_alarms)
        _scale(axes, title, max(len(history[name]) for name in lines))
        _name_ends(axes, ends)
    return figure


def _curve(axes: Axes, line: tuple[str, str], values: Sequence[float], logarithmic: bool) -> End:
    """Draw a measure by epoch; values that were not measured or cannot be drawn are left out."""
    name, colour = line
    drawn = np.asarray(values, dtype=float)
    epochs = np.flatnonzero(np.isfinite(drawn) & ((drawn > 0) | (not logarithmic)))
    # a line between the epochs in which it was measured; a dot if there is only one
    axes.plot(
        epochs + 1,
        drawn[epochs],
        color=colour,
        linewidth=1.4,
        marker="o" if len(epochs) == 1 else None,
        markersize=4,
    )
    return name, colour, float(drawn[epochs[-1]]) if len(epochs) else math.nan


def _name_ends(axes: Axes, ends: Sequence[End]) -> None:
    """Write the name and last value of each line to its right; called last, when the scale is fixed."""
    to_axes = axes.transData + axes.transAxes.inverted()
    ends = [end for end in ends if math.isfinite(end[2])]
    heights = [min(max(float(to_axes.transform((1.0, value))[1]), 0.0), 1.0) for _, _, value in ends]
    for (name, colour, value), place in zip(ends, apart(heights, 0.12), strict=True):
        label = f"{name} {compact(value)}"
        axes.text(1.03, place, label, transform=axes.transAxes, color=colour, size=SMALL, weight="bold", va="center")


def _scale(axes: Axes, title: str, epochs: int) -> None:
    axes.margins(y=0.12)
    axes.autoscale_view()
    if title == "FID":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.minorticks_off()
    elif title in _SHARES:
        axes.set_ylim(0, 1.05)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    else:
        if title == "Diversity":
            axes.set_ylim(bottom=0)
        axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    axes.set_xlim(0, max(epochs, 2) * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.set_xlabel("epoch", size=SMALL, color=SOFT)
    gridlines(axes, "y")


def _mark(axes: Axes, alarms: Sequence["Alarm"]) -> None:
    axes.plot(
        [alarm.epoch for alarm in alarms],
        [alarm.value for alarm in alarms],
        linestyle="none",
        marker="^",
        color=VERMILION,
        markersize=7,
        markeredgecolor=PAPER,
        zorder=3,
    )


def fidelity_figure(fidelity: Mapping[str, float], real: Mapping[str, float]) -> Figure:
    """Draw for each attribute how often a drawn picture is recognised as requested.

    Args:
        fidelity: Attribute -> share of the drawn pictures in which the classifier sees the requested value.
        real: Attribute -> the classifier's accuracy on held-out real pictures; a mark.

    Returns:
        The figure.

    Raises:
        ValueError: There are no attributes.
    """
    if not fidelity:
        raise ValueError("there are no attributes to draw: give the fidelity of at least one")
    row, left, width = 0.32, 1.9, 4.2
    height = 1.35 + row * len(fidelity)
    mean, best = float(np.mean(list(fidelity.values()))), float(np.mean([real[name] for name in fidelity]))
    figure = new_figure(
        left + width + 1.6,
        height,
        "Does the generator draw the attributes that it is given?",
        f"Share recognised as requested by the classifier trained on real pictures, on average {percent(mean)}.\n"
        f"The mark is its accuracy on held-out real pictures, on average {percent(best)}.",
    )
    axes = add_axes(figure, left, 0.35, width, row * len(fidelity))
    for place, (name, value) in enumerate(fidelity.items()):
        axes.barh(place, value, height=0.62, color=SKY)
        axes.plot([real[name]] * 2, [place - 0.42, place + 0.42], color=INK, linewidth=2)
        axes.text(1.03, place, percent(value), size=SMALL, color=INK, va="center")
    axes.set(xlim=(0, 1), ylim=(len(fidelity) - 0.4, -0.6))
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    names = [visible(name.replace("_", " ")) for name in fidelity]
    axes.set_yticks(range(len(fidelity)), names, size=TEXT, color=INK, parse_math=False)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    gridlines(axes, "x")
    return figure


def distributions(real: "EllipseTest", generated: "EllipseTest") -> Figure:
    """Draw how colours and sizes of ellipses are distributed, the generated ones over the real ones.

    Args:
        real: The test of real pictures.
        generated: The test of generated ones; there may be more or fewer.

    Returns:
        The figure: histograms of red, green, blue and area as shares of the pictures.
    """
    width, height, gap, margin = 1.8, 1.7, 0.65, 0.65
    panels: list[tuple[str, str, NDArray[np.float32], NDArray[np.float32], float]] = [
        (name, colour, real.colour[:, place], generated.colour[:, place], 255.0)
        for place, (name, colour) in enumerate((("Red", VERMILION), ("Green", GREEN), ("Blue", BLUE)))
    ]
    largest = float(max(real.area.max(initial=0.01), generated.area.max(initial=0.01)))
    panels.append(("Area", INK, real.area, generated.area, largest))
    figure = new_figure(
        margin + 4 * (width + gap),
        height + 1.75,
        "How colours and sizes are distributed",
        "Share of the pictures. Grey area: real. Line: generated. Area: of the picture, holes filled.",
    )
    for place, (name, colour, real_values, generated_values, end) in enumerate(panels):
        axes = add_axes(figure, margin + place * (width + gap), 0.5, width, height)
        heading(axes, name)
        edges = np.linspace(0, end, 25)
        shares = [np.histogram(values, edges)[0] / max(len(values), 1) for values in (real_values, generated_values)]
        axes.stairs(shares[0], edges, color=HAIRLINE, fill=True)
        axes.stairs(shares[1], edges, color=colour, linewidth=1.6, baseline=None)
        axes.set_xlim(0, end)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_locator(MaxNLocator(3))
        formatter = (lambda value, _: percent(value)) if name == "Area" else (lambda value, _: compact(value))
        axes.xaxis.set_major_formatter(FuncFormatter(formatter))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: percent(value)))
        gridlines(axes, "y")
    return figure
