"""A page of small pictures in rows, for people to look at: each row has a heading, a few words and some examples."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from reports.style import GREY, HAIRLINE, INK, SMALL, SOFT, TEXT, VERMILION, add_axes, new_figure

_MARGIN, _GUTTER = 0.3, 0.35  # inches, like all positions and sizes below
_TILE, _GAP = 1.06, 0.12  # a tile, and the space to the next
_WORDS = 0.62  # room for the words above the tiles
_ROW, _HEAD, _TITLE = 2.24, 0.55, 1.0  # a row, the head of a band, the title of the page
_COLUMNS, _TILES = 2, 4  # of rows side by side, and of tiles in each
_COLUMN = _TILES * (_TILE + _GAP)
_WIDTH = 2 * _MARGIN + _COLUMNS * _COLUMN + (_COLUMNS - 1) * _GUTTER
_HEADING, _LINE = 44, 72  # characters of the title, and in a line of the note
_LINES = 2  # of the note
_CAPTION = 16  # characters in a line below a tile
_SMOOTH = 172  # pixels of a side from which a picture is drawn smoothly, not as squares


@dataclass(frozen=True)
class Tile:
    """One small picture.

    Args:
        picture: uint8 (height, width, 3), of any shape; None for a grey tile with words.
        words: on the grey tile.
        caption: below.
        arrow: an arrow points from this tile to the next.
        fault: what is wrong with it, in red below the caption.
    """

    picture: NDArray[np.uint8] | None
    words: str = ""
    caption: str = ""
    arrow: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Row:
    """Examples of one thing: what it is, how many there are, a sentence, and at most four tiles."""

    title: str
    count: str
    note: str
    tiles: Sequence[Tile]


@dataclass(frozen=True)
class Band:
    """Rows under a heading, in a colour."""

    title: str
    colour: str
    rows: Sequence[Row]


def gallery_figure(title: str, subtitle: str, bands: Sequence[Band]) -> Figure:
    """Draw the page.

    Args:
        title: What is shown, one line.
        subtitle: How to read it.
        bands: From top to bottom; their rows stand in two columns.

    Returns:
        The figure, as tall as its rows need.
    """
    height = _TITLE + sum(_HEAD + _ROW * -(-len(band.rows) // _COLUMNS) for band in bands) + _MARGIN / 2
    figure = new_figure(_WIDTH, height, title, subtitle)
    axes = add_axes(figure, 0, 0, _WIDTH, height)
    axes.set_axis_off()
    axes.set(xlim=(0, _WIDTH), ylim=(0, height), autoscale_on=False)
    top = height - _TITLE
    for band in bands:
        axes.text(_MARGIN, top - 0.22, band.title, size=TEXT + 2, weight="bold", color=INK, va="center")
        axes.plot((_MARGIN, _WIDTH - _MARGIN), (top - 0.38,) * 2, color=band.colour, linewidth=1)
        top -= _HEAD
        for place, row in enumerate(band.rows):
            down, across = divmod(place, _COLUMNS)
            _row(axes, _MARGIN + across * (_COLUMN + _GUTTER), top - down * _ROW, row)
        top -= _ROW * -(-len(band.rows) // _COLUMNS)
    return figure


def _row(axes: Axes, left: float, top: float, row: Row) -> None:
    """Draw a row whose upper left corner is given."""
    title = textwrap.shorten(row.title, _HEADING, placeholder=" …")
    _write(axes, left, top - 0.02, title, size=TEXT + 0.5, weight="bold", color=INK)
    right = left + _COLUMN - _GAP
    axes.text(right, top - 0.03, row.count, size=SMALL + 0.5, color=INK, ha="right", va="top", parse_math=False)
    note = textwrap.wrap(row.note, _LINE, max_lines=_LINES, placeholder=" …")
    _write(axes, left, top - 0.24, "\n".join(note), size=SMALL, color=SOFT)
    top -= _WORDS
    for place, tile in enumerate(row.tiles[:_TILES]):
        x = left + place * (_TILE + _GAP)
        _tile(axes, x, top - _TILE, tile)
        if tile.arrow:
            axes.text(x + _TILE + _GAP / 2, top - _TILE / 2, "▸", size=TEXT, color=INK, ha="center", va="center")


def _tile(axes: Axes, x: float, y: float, tile: Tile) -> None:
    """Draw a tile whose lower left corner is given; a picture keeps its shape within it."""
    if tile.picture is None:
        axes.add_patch(Rectangle((x, y), _TILE, _TILE, facecolor=HAIRLINE, edgecolor=GREY, linewidth=0.6))
        words = textwrap.wrap(tile.words, 15, max_lines=6, placeholder=" …")
        where, size = (x + _TILE / 2, y + _TILE / 2), SMALL - 0.5
        axes.text(
            *where, "\n".join(words), size=size, color=SOFT, ha="center", va="center", parse_math=False, clip_on=True
        )
    else:
        height, width = tile.picture.shape[:2]
        scale = _TILE / max(height, width)
        across, down = (_TILE - width * scale) / 2, (_TILE - height * scale) / 2
        edges = (x + across, x + _TILE - across, y + down, y + _TILE - down)
        interpolation = "nearest" if max(height, width) < _SMOOTH else "antialiased"
        axes.imshow(tile.picture, extent=edges, interpolation=interpolation, aspect="auto", zorder=2)
        axes.add_patch(
            Rectangle(
                (edges[0], edges[2]),
                edges[1] - edges[0],
                edges[3] - edges[2],
                facecolor="none",
                edgecolor=GREY,
                linewidth=0.6,
                zorder=3,
            )
        )
    caption = tile.caption if len(tile.caption) <= _CAPTION else f"…{tile.caption[1 - _CAPTION :]}"
    fault = tile.fault if len(tile.fault) <= _CAPTION else f"{tile.fault[: _CAPTION - 1]}…"
    for line, (text, colour) in enumerate(((caption, SOFT), (fault, VERMILION))):
        where = (x + _TILE / 2, y - 0.04 - 0.15 * line)
        axes.text(*where, text, size=SMALL - 0.5, color=colour, ha="center", va="top", parse_math=False)


def _write(axes: Axes, x: float, y: float, text: str, size: float, color: str, weight: str = "normal") -> None:
    axes.text(x, y, text, size=size, color=color, weight=weight, va="top", linespacing=1.25, parse_math=False)
