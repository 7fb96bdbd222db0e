"""One look for all figures: colours, sizes, bare axes, direct labels, and how a figure becomes a file.

Everything is set on the artists themselves. Matplotlib's global settings and pyplot's list of open figures are left
alone, so figures can be drawn in several threads at once.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Literal

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from eightytwenty.files import write_whole

DPI = 110
TITLE, TEXT, SMALL = 13.0, 10.0, 8.5  # font sizes in points

INK, SOFT, HAIRLINE, PAPER = "#222222", "#666666", "#d9d9d9", "#ffffff"

# The palette of Okabe and Ito ("Color Universal Design", 2008), distinct for every common kind of colour vision.
BLUE, ORANGE, GREEN, VERMILION, SKY, GREY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#b3b3b3"

KIND_COLOURS = {"cleaning": BLUE, "modelling": ORANGE, "other": GREY}
FATE_COLOURS = {"clean": GREEN, "quarantine": VERMILION, "duplicates": GREY}
ACTION_COLOURS = {"repair": SKY, "quarantine": VERMILION, "deduplicate": GREY}


def new_figure(width: float, height: float, title: str, subtitle: str = "") -> Figure:
    """Make an empty figure with a left-aligned title.

    Args:
        width: In inches.
        height: In inches.
        title: What the figure shows, one line.
        subtitle: How to read it, one line or two.

    Returns:
        The figure, without axes; the title takes up about the top 0.8 inch.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor=PAPER)
    figure.text(0.3 / width, 1 - 0.2 / height, title, size=TITLE, weight="bold", color=INK, va="top")
    if subtitle:
        figure.text(0.3 / width, 1 - 0.48 / height, subtitle, size=TEXT - 0.5, color=SOFT, va="top", linespacing=1.35)
    return figure


def add_axes(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """Add bare axes at a position in inches from the lower left corner of the figure."""
    across, up = figure.get_size_inches()
    axes = figure.add_axes((left / across, bottom / up, width / across, height / up))
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
        axes.spines[side].set_linewidth(0.8)
    axes.tick_params(colors=SOFT, labelsize=SMALL, width=0.8, length=3)
    axes.set_axisbelow(True)
    return axes


def heading(axes: Axes, text: str) -> None:
    """Put a left-aligned heading on top of the axes."""
    axes.set_title(text, loc="left", size=TEXT + 0.5, weight="bold", color=INK, pad=8)


def gridlines(axes: Axes, axis: Literal["x", "y", "both"]) -> None:
    """Draw hairlines at the major ticks."""
    axes.grid(True, axis=axis, which="major", color=HAIRLINE, linewidth=0.6)


def ordered_colours(values: Iterable[int]) -> dict[int, str]:
    """Give each value a colour, from dark to light in order of size (viridis without its pale end)."""
    ordered = sorted(set(values))
    last = max(len(ordered) - 1, 1)
    return {value: to_hex(colormaps["viridis"](0.86 * place / last)) for place, value in enumerate(ordered)}


def apart(places: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Move labels a little so that neighbours are at least `gap` apart, within [low, high].

    Args:
        places: Desired positions along one axis.
        gap: Smallest distance between two labels; made smaller if they would not fit otherwise.
        low: Lowest allowed position.
        high: Highest allowed position.

    Returns:
        The positions in the order of `places`.
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    gap = min(gap, (high - low) / max(len(places) - 1, 1))
    moved = list(places)
    floor = low
    for index in order:
        moved[index] = floor = max(places[index], floor)
        floor += gap
    ceiling = high
    for index in reversed(order):
        moved[index] = ceiling = min(moved[index], ceiling)
        ceiling -= gap
    return moved


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG: whole or not at all, and the same bytes for the same data.

    Args:
        figure: The figure.
        path: The file to write.

    Raises:
        UserError: The file cannot be written.
    """
    content = BytesIO()
    # Matplotlib would write its version into the file, which is not part of the data
    figure.savefig(content, format="png", metadata={"Software": None})
    write_whole(path, content.getvalue())
