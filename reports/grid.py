"""Many small pictures in one grid, with labels if wanted."""

import math
from collections.abc import Collection, Sequence
from functools import cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

PictureArray = NDArray[np.uint8]

BACKGROUND = (246, 246, 246)  # light, but white pictures stand out from it
INK = (34, 34, 34)
ALARM = (213, 94, 0)
TEXT_SIZE = 16  # pixels, of labels
CAPTION_SIZE = 24  # pixels, of captions: pictures are often shown at half their size
_LEAST_WIDTH = 112  # pixels, of an enlarged picture
_GAP = 4
_PAD = 8


def grid(
    images: PictureArray,
    columns: int | None = None,
    scale: int | None = None,
    *,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> PictureArray:
    """Lays pictures out row by row on a light background.

    Args:
        images: (n, s, s, 3), uint8, RGB; n at least 1.
        columns: pictures in a row; by default the grid is about square.
        scale: whole factor by which pixels are enlarged; by default large enough to see small pictures.
        row_labels: written left of the rows; none, or one for each row.
        column_labels: written above the columns; none, or one for each column.

    Returns:
        (height, width, 3), uint8.

    Raises:
        ValueError: there are no pictures, or labels do not fit the rows or columns.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or not len(images):
        raise ValueError(f"a grid needs (n, s, s, 3) uint8 pictures, not {images.shape} {images.dtype}")
    count, height, width, _ = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    for labels, expected in ((row_labels, rows), (column_labels, columns)):
        if labels and len(labels) != expected:
            raise ValueError(f"{len(labels)} labels for {expected} rows or columns")
    scale = scale or math.ceil(_LEAST_WIDTH / width)

    across, down = (side * scale + _GAP for side in (width, height))
    left = _GAP + (max(map(text_width, row_labels)) + _PAD if row_labels else 0)
    lines = [_wrapped(label, across - _GAP) for label in column_labels]
    top = _GAP + (max(map(len, lines)) * _line_height() + _GAP if lines else 0)
    picture = np.full((top + rows * down, left + columns * across, 3), BACKGROUND, dtype=np.uint8)
    for index, image in enumerate(images):
        y, x = top + index // columns * down, left + index % columns * across
        picture[y : y + down - _GAP, x : x + across - _GAP] = image.repeat(scale, axis=0).repeat(scale, axis=1)
    if not (row_labels or column_labels):
        return picture

    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    for row, label in enumerate(row_labels):
        middle = top + row * down + (down - _GAP) / 2
        draw.text((left - _PAD, middle), label, fill=INK, font=_font(), anchor="rm")
    for column, words in enumerate(lines):
        middle = left + column * across + (across - _GAP) / 2
        for number, line in enumerate(reversed(words)):
            draw.text((middle, top - _GAP - number * _line_height()), line, fill=INK, font=_font(), anchor="md")
    return np.asarray(canvas)


def side_by_side(samples: PictureArray, real: PictureArray, epoch: int, columns: int | None = None) -> PictureArray:
    """Sets a grid of generated pictures beside one of real ones, with captions that say how large the pictures are.

    Args:
        samples: (n, s, s, 3), uint8.
        real: (m, s, s, 3), uint8.
        epoch: the one after which the samples were generated.
        columns: of each of the two grids.

    Returns:
        (height, width, 3), uint8.
    """
    size = f"{samples.shape[2]}x{samples.shape[1]} pixels"
    captions = (f"drawn by the GAN after epoch {epoch}, {size}", f"real, {size}")
    halves = [
        captioned(grid(pictures, columns), caption, size=2 * CAPTION_SIZE)
        for pictures, caption in zip((samples, real), captions, strict=True)
    ]
    height = max(half.shape[0] for half in halves)
    gap = np.full((height, 4 * _GAP, 3), 255, dtype=np.uint8)
    left, right = (
        np.pad(half, ((0, height - half.shape[0]), (0, 0), (0, 0)), constant_values=BACKGROUND[0]) for half in halves
    )
    return np.concatenate([left, gap, right], axis=1)


def captioned(
    picture: PictureArray, caption: str, *, size: int = CAPTION_SIZE, colour: tuple[int, int, int] = INK
) -> PictureArray:
    """Puts a line of text above a picture, which gets wider if the text needs it.

    Args:
        picture: (height, width, 3), uint8.
        caption: one line.
        size: of the text in pixels.
        colour: of the text.

    Returns:
        (height of both, width or more, 3), uint8.
    """
    height, width, _ = picture.shape
    strip = _line_height(size) + _PAD
    canvas = Image.new("RGB", (max(width, text_width(caption, size) + 2 * _GAP), height + strip), BACKGROUND)
    canvas.paste(Image.fromarray(picture), (0, strip))
    ImageDraw.Draw(canvas).text((_GAP, strip - _GAP), caption, fill=colour, font=_font(size), anchor="ld")
    return np.asarray(canvas)


def png(picture: PictureArray) -> bytes:
    """A picture, (height, width, 3) uint8, as a PNG file: the same bytes for the same pixels."""
    content = BytesIO()
    Image.fromarray(picture).save(content, format="PNG", optimize=True)
    return content.getvalue()


def text_width(text: str, size: int = TEXT_SIZE) -> int:
    """The width of a line of text of a size in pixels."""
    return math.ceil(_font(size).getlength(text))


def select_evenly(count: int, limit: int, required: Collection[int] = ()) -> list[int]:
    """Selects from 0 ... count - 1 at even distances, always with the first, the last and those that are required.

    Args:
        count: how many there are.
        limit: how many to select at most; those that always belong may exceed it.
        required: always selected.

    Returns:
        ascending numbers, without repetition.
    """
    if count <= limit:
        return list(range(count))
    fixed = {0, count - 1, *required}
    # the largest even selection that fits together with the fixed ones
    for size in range(limit, 1, -1):
        selection = fixed | {round(position) for position in np.linspace(0, count - 1, size)}
        if len(selection) <= limit:
            return sorted(selection)
    return sorted(fixed)


@cache
def _font(size: int = TEXT_SIZE) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _line_height(size: int = TEXT_SIZE) -> int:
    return round(1.3 * size)


def _wrapped(text: str, width: int) -> list[str]:
    """Breaks a label between words if it is wider than its column; a single long word is cut."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [_cut(line, width) for line in lines]


def _cut(text: str, width: int) -> str:
    if text_width(text) <= width:
        return text
    while text and text_width(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
