"""Draws how far the confidence of proposals can be trusted."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from eightytwenty.evaluate.cell_score import lower_bound
from eightytwenty.inference.groups import Floats, Mask
from reports.style import BLUE, GREEN, HAIRLINE, INK, ORANGE, SMALL, SOFT, VERMILION, add_axes, gridlines, new_figure

_BINS = 10  # of confidence, equally wide
_WIDTH, _HEIGHT = 5.6, 5.2  # inches
_PLACE = (0.75, 0.65, 4.5, 3.45)  # of the axes: left, bottom, width, height in inches
_STYLES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (VERMILION, ":"))
_MARKS = ("o", "s", "D")  # of the confidences


def reliability_figure(confidence: Floats, is_right: Mask) -> Figure:
    """Draws which share of proposals is right, by their confidence.

    Args:
        confidence: (n,) of the proposals.
        is_right: (n,) whether they are.
    """
    figure = new_figure(
        *(_WIDTH, _HEIGHT, "How often proposals are right"),
        "Tables that the weights were not fitted to. Bars: 95 % intervals;\nnumbers: proposals.",
    )
    axes = add_axes(figure, *_PLACE)
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle="--")
    of_bin = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    for place in np.unique(of_bin):
        is_in = of_bin == place
        number, right = int(is_in.sum()), int(is_right[is_in].sum())
        at, share = confidence[is_in].mean(), right / number
        low, high = lower_bound(right, number), 1 - lower_bound(number - right, number)
        axes.plot([at, at], [low, high], color=BLUE, linewidth=1.5)
        axes.plot(at, share, "o", color=BLUE, markersize=6)
        axes.annotate(
            f"{number:,}", (at, high), (0, 4), textcoords="offset points", size=SMALL - 1, color=INK, ha="center"
        )
    axes.set(xlim=(0, 1.03), ylim=(0, 1.06), xlabel="confidence", ylabel="share that is right")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
        axis.label.set(size=SMALL, color=SOFT)
    gridlines(axes, "both")
    return figure


def precision_recall_figure(groups: Mapping[str, tuple[Floats, Mask, int]], confidences: Sequence[float]) -> Figure:
    """Draws the precision and the recall of repairs, from the most to the least confident one.

    Args:
        groups: name -> (n,) confidence of its proposals, (n,) whether they are right, and how many errors there are.
        confidences: that get a mark.
    """
    marks = ", ".join(f"{mark} {least:.0%}" for mark, least in zip("●■◆", confidences, strict=False))
    figure = new_figure(
        *(_WIDTH, _HEIGHT, "What repairs find, and how many are right"),
        f"Tables that the weights were not fitted to, without what sources tell.\nMarks: least confidence, {marks}.",
    )
    axes = add_axes(figure, *_PLACE)
    for (group, (confidence, is_right, errors)), (colour, line) in zip(groups.items(), _STYLES, strict=False):
        order = np.argsort(-confidence, kind="stable")
        right, number = is_right[order].cumsum(), np.arange(1, len(order) + 1)
        axes.plot(right / errors, right / number, color=colour, linestyle=line, linewidth=1.6, label=group)
        for least, mark in zip(confidences, _MARKS, strict=False):
            last = int((confidence >= least).sum()) - 1
            if last >= 0:
                axes.plot(right[last] / errors, right[last] / number[last], mark, color=colour, markersize=6)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.03), xlabel="errors that are repaired rightly", ylabel="repairs that are right")
    axes.legend(fontsize=SMALL, loc="lower left", edgecolor=HAIRLINE, labelcolor=INK)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
        axis.label.set(size=SMALL, color=SOFT)
    gridlines(axes, "both")
    return figure
