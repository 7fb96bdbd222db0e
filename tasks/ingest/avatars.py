"""Draws cartoon heads with given attributes, offline: DiceBear's style ToonHead as SVG, resvg for the pixels."""

import io
import json
import math
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image

from eightytwenty.engine.executor import in_threads
from eightytwenty.errors import UserError
from schemas.attributes import AVATARS

if TYPE_CHECKING:
    from dicebear import Style

ATTRIBUTION = """\
The pictures are drawn with DiceBear (https://www.dicebear.com), style Toon Head:
a remix of "ToonHead" (https://www.figma.com/community/file/1589627891082866389) by Johan Melin
(https://www.johanmelin.com), licensed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/).
The colours were changed and the pictures rasterised. Anyone who passes on these pictures, or pictures
that a network learned from them, must name the author and the licence.
"""

_Options = dict[str, object]


def _part(name: str, variant: str) -> _Options:
    return {f"{name}Variant": variant, f"{name}Probability": 100}


def _no(name: str) -> _Options:
    return {f"{name}Probability": 0}


def _colour(name: str, value: str) -> _Options:
    return {f"{name}Color": [value]}


# Attribute -> value -> its options in the style. Variants that look alike in small pictures are left out. Colours are
# far apart, also across attributes: no hair has the colour of a skin, nor clothes that of the white background.
_OPTIONS: dict[str, dict[str, _Options]] = {
    "hair": {
        "short": _part("hair", "sideComed") | _no("rearHair"),
        "spiky": _part("hair", "spiky") | _no("rearHair"),
        "undercut": _part("hair", "undercut") | _no("rearHair"),
        "bun": _part("hair", "bun") | _no("rearHair"),
        "bob": _part("hair", "sideComed") | _part("rearHair", "neckHigh"),
        "long-straight": _part("hair", "sideComed") | _part("rearHair", "longStraight"),
        "long-wavy": _part("hair", "sideComed") | _part("rearHair", "longWavy"),
    },
    "hair_colour": {
        "black": _colour("hair", "#16120f"),
        "brown": _colour("hair", "#8b5a1e"),
        "ginger": _colour("hair", "#d2521a"),
        "blond": _colour("hair", "#ecc846"),
        "grey": _colour("hair", "#a7adb5"),
    },
    "skin": {
        "light": _colour("skin", "#f8d8c2"),
        "tan": _colour("skin", "#dfab86"),
        "brown": _colour("skin", "#b07252"),
        "dark": _colour("skin", "#643f33"),
    },
    "beard": {
        "none": _no("beard"),
        "moustache": _part("beard", "moustacheTwirl"),
        "full": _part("beard", "fullBeard"),
        "long": _part("beard", "longBeard"),
    },
    "eyes": {
        "round": _part("eyes", "wide"),
        "lashes": _part("eyes", "happy"),
        "closed": _part("eyes", "humble"),
        "winking": _part("eyes", "wink"),
    },
    "eyebrows": {
        "neutral": _part("eyebrows", "neutral"),
        "lowered": _part("eyebrows", "angry"),
        "lifted": _part("eyebrows", "happy"),
        "one-lifted": _part("eyebrows", "raised"),
    },
    "mouth": {
        "smile": _part("mouth", "smile"),
        "laugh": _part("mouth", "laugh"),
        "angry": _part("mouth", "angry"),
        "open": _part("mouth", "agape"),
    },
    "clothes": {
        "t-shirt": _part("clothes", "tShirt"),
        "shirt": _part("clothes", "shirt"),
        "turtleneck": _part("clothes", "turtleNeck"),
        "jacket": _part("clothes", "openJacket"),
        "dress": _part("clothes", "dress"),
    },
    "clothes_colour": {
        "red": _colour("clothes", "#d11f26"),
        "yellow": _colour("clothes", "#f5b800"),
        "green": _colour("clothes", "#1d9a4b"),
        "blue": _colour("clothes", "#2454d6"),
        "purple": _colour("clothes", "#8424c4"),
        "black": _colour("clothes", "#24262b"),
    },
}


def draw_attributes(rows: int, seed: int) -> pl.DataFrame:
    """Attributes of avatars: each combination at most once, all equally likely, so that no picture is a copy.

    Returns:
        one String column for each of `schemas.attributes.AVATARS`, `rows` long.

    Raises:
        UserError: more rows than there are combinations.
    """
    counts = tuple(len(attribute.values) for attribute in AVATARS)
    if rows > math.prod(counts):
        raise UserError(f"There are only {math.prod(counts):,} different avatars; ask for at most that many.")
    combinations = np.random.default_rng([seed, len(AVATARS)]).choice(math.prod(counts), rows, replace=False)
    return pl.DataFrame(
        {
            attribute.name: np.array(attribute.values)[codes]
            for attribute, codes in zip(AVATARS, np.unravel_index(combinations, counts), strict=True)
        },
        schema={attribute.name: pl.String for attribute in AVATARS},
    )


def draw_avatar(attributes: dict[str, str], size: int) -> npt.NDArray[np.uint8]:
    """The head with these attributes, on white.

    Args:
        attributes: name -> value, all of `schemas.attributes.AVATARS`.
        size: side in pixels.

    Returns:
        uint8, (size, size, 3), RGB.
    """
    import resvg_py
    from dicebear import Avatar

    options: _Options = {"backgroundColor": ["#ffffff"]}
    for name, value in attributes.items():
        options |= _OPTIONS[name][value]
    svg = Avatar(_style(), options).to_string()
    png = resvg_py.svg_to_bytes(svg_string=svg, width=size, height=size, skip_system_fonts=True)
    with Image.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"))


def draw_avatars(
    rows: int, size: int, seed: int, progress: Callable[[int, int], None] | None = None
) -> tuple[npt.NDArray[np.uint8], pl.DataFrame]:
    """Avatars with random attributes.

    Args:
        rows: number of pictures.
        size: side in pixels.
        seed: the same seed gives the same pictures.
        progress: called with (done, total).

    Returns:
        pictures (uint8, (rows, size, size, 3), RGB) and their attributes (see `draw_attributes`).
    """
    attributes = draw_attributes(rows, seed)
    pictures = np.empty((rows, size, size, 3), np.uint8)
    _style()  # once, before the threads ask for it
    for row, picture in enumerate(
        in_threads(lambda values: draw_avatar(values, size), attributes.iter_rows(named=True))
    ):
        pictures[row] = picture
        if progress:
            progress(row + 1, rows)
    return pictures, attributes


@cache
def _style() -> "Style":
    from dicebear import Style

    return Style(json.loads(files("dicebear_styles").joinpath("toon-head.json").read_text("utf-8")))
