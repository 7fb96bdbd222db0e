"""Figures of many adding networks: their training, and their errors along one sum."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from models.adders.network import Adder, FloatArray
from reports.numbers import compact, spread
from reports.style import (
    DPI,
    GREEN,
    HAIRLINE,
    INK,
    PAPER,
    SMALL,
    SOFT,
    TEXT,
    add_axes,
    apart,
    gridlines,
    heading,
    new_figure,
    ordered_colours,
)

_RIGHT = 0.5  # a prediction is rounded, so a smaller error is none
_LABEL_GAP = 0.17  # inches between two labels beside a panel


def validation_curves(adders: Sequence[Adder]) -> Figure:
    """Draw the validation loss by epoch, a panel per largest sum, a colour per number of hidden units.

    Each line is one seed, and its dot is the epoch whose weights were kept. The losses are drawn on a logarithmic
    axis, so losses of zero and losses that are not finite are left out.

    Args:
        adders: Networks; those without a history (protocol "solved") are left out.

    Returns:
        The figure.

    Raises:
        ValueError: None of the networks has a history of "val_loss".
    """
    trained = [adder for adder in adders if len(adder.history.get("val_loss", ()))]
    if not trained:
        raise ValueError("no network has a validation loss by epoch: give networks that were trained by epochs")
    sums = sorted({adder.largest_sum for adder in trained})
    colours = ordered_colours(adder.hidden_units for adder in trained)
    left, panel_width, gap, height = 0.85, 2.1, 1.45, 3.6
    figure = new_figure(
        max(left + (panel_width + gap) * len(sums), 8.6),
        height + 1.55,
        "Validation loss by epoch",
        "Mean squared error on held-out pairs. A line per seed; the dot is the epoch whose weights were kept.",
    )
    for place, largest_sum in enumerate(sums):
        axes = add_axes(figure, left + (panel_width + gap) * place, 0.55, panel_width, height - 0.15)
        _curves(axes, [adder for adder in trained if adder.largest_sum == largest_sum], colours)
        heading(axes, f"sums to {largest_sum:,}")
    return figure


def _curves(axes: Axes, adders: Sequence[Adder], colours: dict[int, str]) -> None:
    axes.set_yscale("log")
    ends: dict[int, list[float]] = {}
    for hidden_units, colour in colours.items():
        seeds = [adder for adder in adders if adder.hidden_units == hidden_units]
        losses = [_drawable(adder.history["val_loss"]) for adder in seeds]
        lines = [np.column_stack([np.arange(1, len(loss) + 1), loss]) for loss in losses]
        best = np.array([line[adder.best_epoch] for adder, line in zip(seeds, lines, strict=True)]).reshape(-1, 2)
        size = 5.0 if len(seeds) <= 10 else 3.0
        # one artist for all seeds: a thousand single lines would take seconds
        axes.add_collection(LineCollection(lines, colors=colour, linewidths=1.1, alpha=_alpha(len(seeds))))
        axes.plot(*best.T, "o", color=colour, markersize=size, markeredgecolor=PAPER, markeredgewidth=size / 8)
        ends[hidden_units] = best[:, 1].tolist()
    axes.autoscale_view()
    if not any(math.isfinite(end) for values in ends.values() for end in values):
        axes.text(0.5, 0.5, "no finite loss", transform=axes.transAxes, size=TEXT, color=SOFT, ha="center")
    decades = float(np.diff(np.log10(axes.get_ylim()))[0])
    if decades > 0.7:
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if decades > 2 else (1.0, 2.0, 5.0)))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5))
    digits = 3 if decades > 0.05 else 6  # otherwise neighbouring ticks could get the same label
    # a factor of its own instead of ticks such as 1.235e9; powers of ten (1e9) stay as they are
    exponent = 3 * int(math.log10(axes.get_ylim()[1]) // 3) if decades <= 0.7 and axes.get_ylim()[1] >= 1e7 else 0
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value / 10**exponent, digits)))
    if exponent:
        axes.set_title(rf"$\times 10^{{{exponent}}}$", loc="right", size=TEXT, color=SOFT)
    axes.minorticks_off()
    gridlines(axes, "y")
    axes.set_xlabel("epoch", size=TEXT, color=SOFT)
    axes.set_xlim(0, max(2.0, 1.02 * max(len(adder.history["val_loss"]) for adder in adders)))
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    end_labels(axes, {units: spread(values)[1] for units, values in ends.items()}, colours)


def _drawable(loss: FloatArray) -> FloatArray:
    """Replace what a logarithmic axis cannot show by NaN."""
    return np.where(np.isfinite(loss) & (loss > 0), loss, np.nan)


def _alpha(seeds: int) -> float:
    """The more lines overlap, the more transparent each of them is."""
    return max(0.12, min(0.95, 2 / math.sqrt(max(seeds, 1))))


def end_labels(axes: Axes, ends: dict[int, float], colours: dict[int, str]) -> None:
    """Write the number of hidden units to the right of the panel, at the height where the lines end."""
    height = axes.get_window_extent().height / DPI
    to_axes = axes.transData + axes.transAxes.inverted()
    units = sorted((n for n, end in ends.items() if math.isfinite(end)), reverse=True)
    # rounded, so that ends that look the same are named in order of size
    places = [round(min(max(float(to_axes.transform((1.0, ends[n]))[1]), 0.0), 1.0), 2) for n in units]
    for n, place, label in zip(units, places, apart(places, _LABEL_GAP / height), strict=True):
        axes.plot(
            [1.01, 1.05], [place, label], transform=axes.transAxes, color=colours[n], linewidth=0.8, clip_on=False
        )
        axes.text(
            1.065,
            label,
            "1 node" if n == 1 else f"{n} nodes",
            transform=axes.transAxes,
            color=colours[n],
            size=SMALL + 0.5,
            weight="bold",
            va="center",
        )


def error_along_sum(adders: Sequence[Adder], total: int = 120) -> Figure:
    """Draw the signed error for all pairs a + b = total, a line per network, b = total - a.

    Pairs that lie beyond the trained range (a or b above half the largest sum) are drawn dashed on grey. Where the
    line is within 0.5 of zero, the rounded prediction is right.

    Args:
        adders: Networks of one largest sum.
        total: The sum, at least 1.

    Returns:
        The figure. If the band or the largest error is more than 20 times as high as the typical error, the vertical
        axis is linear up to about the typical error and logarithmic beyond, so that neither is a flat line.

    Raises:
        ValueError: There are no networks, or they were trained on different largest sums.
    """
    sums = {adder.largest_sum for adder in adders}
    if len(sums) != 1:
        raise ValueError(f"the networks of one figure must share one largest sum, not {sorted(sums) or 'none'}")
    largest = sums.pop()
    first = np.unique(np.linspace(0, total, min(total, 2000) + 1).round().astype(np.int64))
    pairs = np.column_stack([first, total - first])
    inside = pairs.max(axis=1) <= largest / 2
    colours = ordered_colours(adder.hidden_units for adder in adders)
    figure = new_figure(
        9.6,
        5.2,
        f"Error along the pairs that sum to {total:,}",
        f"Prediction minus {total:,}, by a, where b = {total:,} − a. Networks trained on sums to {largest:,}, "
        f"a line per seed.\nIn the green band the rounded prediction is right.",
    )
    axes = add_axes(figure, 1.05, 0.6, 7.3, 3.45)
    ends: dict[int, list[float]] = {}
    magnitudes = []
    count = max(sum(adder.hidden_units == units for adder in adders) for units in colours)
    for adder in adders:
        error = np.asarray(adder.predict(pairs), dtype=float) - total
        error[~np.isfinite(error)] = np.nan
        for part, dashes in ((inside, "-"), (~inside, (0, (3, 2)))):
            axes.plot(
                first,
                np.where(part, error, np.nan),
                linestyle=dashes,
                color=colours[adder.hidden_units],
                linewidth=1.5 if count == 1 else 1.0,
                alpha=_alpha(count),
            )
        ends.setdefault(adder.hidden_units, []).append(float(error[-1]))
        magnitudes.append(np.abs(error[np.isfinite(error)]))
    axes.axhspan(-_RIGHT, _RIGHT, color=GREEN, alpha=0.18, linewidth=0)
    axes.set_xlim(0, total)
    axes.margins(y=0.08)
    magnitude = np.concatenate(magnitudes)
    largest_error = max(_RIGHT, float(magnitude.max(initial=0.0)))
    smallest = _linear_decade(magnitude)
    if largest_error > 20 * 10.0**smallest:
        axes.set_yscale("asinh", linear_width=10.0**smallest)
        low, high = axes.get_ylim()
        decades = math.ceil(math.log10(largest_error)) - smallest
        step = math.ceil(decades / 6)
        powers = [10.0 ** (smallest + n) for n in range(0 if step == 1 else step, decades + 1, step)]
        axes.set_yticks([tick for tick in (*(-power for power in powers), 0.0, *powers) if low <= tick <= high])
        axes.minorticks_off()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
    _shade_beyond(axes, largest, total)
    gridlines(axes, "y")
    axes.set_xlabel("a", size=TEXT, color=SOFT)
    is_logarithmic = axes.get_yscale() == "asinh"
    axes.set_ylabel(f"prediction − sum{', logarithmic' if is_logarithmic else ''}", size=TEXT, color=SOFT)
    end_labels(axes, {units: spread(values)[1] for units, values in ends.items()}, colours)
    return figure


def _linear_decade(magnitude: FloatArray) -> int:
    """Give the exponent of the power of ten at or below the typical error, from -6 (rounding errors) to 0."""
    typical = float(np.median(magnitude)) if len(magnitude) else 1.0
    return min(0, max(-6, math.floor(math.log10(typical)))) if typical > 0 else 0


def _shade_beyond(axes: Axes, largest: int, total: int) -> None:
    """Shade where a or b is above half the largest sum."""
    low, high = total - largest / 2, largest / 2
    spans = [(0.0, float(total))] if low > high else [(0.0, low), (high, float(total))]
    for start, end in spans:
        if start < end:
            axes.axvspan(start, end, color=HAIRLINE, alpha=0.55, linewidth=0, zorder=0)
            axes.text(
                (start + end) / 2, 1.015, "beyond the trained range" if end - start > total / 4 else "beyond",
                transform=axes.get_xaxis_transform(), size=SMALL, color=INK, ha="center",
            )  # fmt: skip
