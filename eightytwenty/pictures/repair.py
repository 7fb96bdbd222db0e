"""Makes a picture square, RGB and of one size, and lists the changes."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageFile

from eightytwenty.pictures.colour import find_conversion
from eightytwenty.pictures.depth import can_read_deep, is_deep, read_deep
from eightytwenty.pictures.schema import (
    CROP,
    DEPTH,
    GREY,
    INKS,
    PALETTE,
    PROFILE,
    RESIZE,
    ROTATION,
    TRANSPARENCY,
    Step,
)

Pixels = npt.NDArray[np.uint8]
_ORIENTATION = 0x0112  # the EXIF tag
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_TO_RGB = {"1": GREY, "L": GREY, "P": PALETTE, "CMYK": INKS, "YCbCr": INKS}
_GREY = {"1", "L", "LA", "La"}
# In a PNG of 2 or 4 bits a channel, Pillow scales the pixels to 8 bits, but not the shade that is transparent.
_SHADES = {"L;2": 85, "L;4": 17}
_INTEROPERABILITY, _ADOBE_RGB = (
    1,
    "R03",
)  # an EXIF tag, and its value for Adobe RGB (Design rule for Camera File system)
_SRGB_GAMMA, _MOST_GAMMA = 1 / 2.2, 0.02  # the exponent in a PNG that stands for sRGB, and how far it may be off
# Averaging whole pixels stops at this multiple of the target size. From 500 pixels to 64 it averages 4x4 pixels, which
# is .9 levels of 255 (RMS) off the exact method; with 2 instead of 1.9 it would be .5, with 1.5 it would be 1.4.
_REDUCING_GAP = 1.9


@dataclass(frozen=True)
class Change:
    """A line of the ledger."""

    step: Step
    before: str
    after: str


class Repaired(NamedTuple):
    """A picture after its repairs.

    Args:
        pixels: uint8 (size, size, 3).
        changes: the repairs, in order.
        bits_assumed: nothing in the file says how many of its 16 bits are in use.
        colours_assumed: the file has a colour profile or a gamma that cannot be applied, so its colours count as sRGB.
    """

    pixels: Pixels
    changes: list[Change]
    bits_assumed: bool
    colours_assumed: bool


def has_known_mode(image: ImageFile.ImageFile) -> bool:
    """Whether the channels of a picture can be turned into red, green and blue."""
    if is_deep(image):
        return can_read_deep(image)
    return image.mode in {"RGB", *_TO_RGB} or image.has_transparency_data


def draft_size(size: int) -> int:
    """The side to which a JPEG may be decoded on the way to a picture of `size` pixels."""
    return round(_REDUCING_GAP * size)


def repair_picture(opened: ImageFile.ImageFile, size: int) -> Repaired:
    """Decodes a picture once and repairs it.

    A picture that is already right is not changed. Linear steps may run in another order than in the ledger, where that
    gives the same picture faster.

    Args:
        opened: a picture with a known mode, not yet loaded.
        size: side of the result in pixels; no side of the picture is shorter.

    Raises:
        Exception: whatever Pillow raises for damaged files, see `eightytwenty.pictures.observe.REFUSALS`.
    """
    changes: list[Change] = []
    width, height = opened.size
    shallow = read_deep(opened) if is_deep(opened) else None
    if not shallow:
        _scale_transparent_shade(opened)
        # lets a JPEG decode at a half, a quarter or an eighth of its size; other formats ignore it
        opened.draft(None, (draft_size(size),) * 2)
        opened.load()
    image: Image.Image = shallow.image if shallow else opened
    orientation = opened.getexif().get(_ORIENTATION, 1)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
        changes.append(Change(ROTATION, f"orientation {orientation}", "orientation 1"))
        width, height = (height, width) if orientation >= 5 else (width, height)
    if shallow:
        before = "16 bits" if shallow.bits == 16 else f"{shallow.bits} bits in 16"
        changes.append(Change(DEPTH, before, "8 bits"))
    image, colours_assumed = _to_colours(image, opened, changes)
    if width != height:
        changes.append(Change(CROP, f"{width}x{height}", "{0}x{0}".format(min(width, height))))
    if min(width, height) != size:
        changes.append(Change(RESIZE, "{0}x{0}".format(min(width, height)), f"{size}x{size}"))
    bits_assumed = shallow.is_assumed if shallow else False
    return Repaired(_flat(_resized(image, size)), changes, bits_assumed, colours_assumed)


def _scale_transparent_shade(image: ImageFile.ImageFile) -> None:
    shade = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "L" and isinstance(shade, int):
        image.info["transparency"] = shade * _SHADES.get(str(image.tile[0].args), 1)


def _to_colours(image: Image.Image, opened: ImageFile.ImageFile, changes: list[Change]) -> tuple[Image.Image, bool]:
    """The picture as RGB, or with colours multiplied by their opacity ("RGBa"), and whether it only counts as sRGB.

    Args:
        image: the picture.
        opened: its file, which may carry a colour profile.
        changes: those so far; further ones are added.
    """
    mode, is_transparent = image.mode, image.has_transparency_data
    if is_transparent:
        changes.append(Change(TRANSPARENCY, mode, "RGB"))
        image = _in_mode(_in_mode(image, "LA") if mode == "La" else image, "RGBA")
    elif mode != "RGB":
        changes.append(Change(_TO_RGB[mode], mode, "RGB"))
    has_profile = "icc_profile" in opened.info
    conversion = find_conversion(opened.info["icc_profile"], mode in _GREY, mode == "CMYK") if has_profile else None
    if conversion and conversion.transform:
        changes.append(Change(PROFILE, conversion.name, "sRGB"))
        converted = conversion.transform.apply(_in_mode(image, conversion.mode))
        if is_transparent:
            converted.putalpha(image.getchannel("A"))
        image = converted
    assumed = conversion is None if has_profile else _states_other_colours(opened)
    return _in_mode(image, "RGBa" if is_transparent else "RGB"), assumed


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _states_other_colours(opened: ImageFile.ImageFile) -> bool:
    """Whether a file without a profile says that its colours are not those of sRGB: by a gamma, or as Adobe RGB."""
    gamma = opened.info.get("gamma", _SRGB_GAMMA)
    if "srgb" not in opened.info and abs(gamma - _SRGB_GAMMA) > _MOST_GAMMA:
        return True
    exif = opened.getexif()
    return bool(exif) and exif.get_ifd(ExifTags.IFD.Interop).get(_INTEROPERABILITY) == _ADOBE_RGB


def _resized(image: Image.Image, size: int) -> Image.Image:
    """The centre of the picture, at the target size."""
    side = min(image.size)
    left, upper = (image.width - side) // 2, (image.height - side) // 2
    box = (left, upper, left + side, upper + side)
    if side == size:
        return image.crop(box) if image.size != (size, size) else image
    return image.resize((size, size), Image.Resampling.LANCZOS, box, reducing_gap=_REDUCING_GAP)


def _flat(image: Image.Image) -> Pixels:
    """The pixels, on white where they are transparent."""
    pixels = np.asarray(image)
    if image.mode == "RGB":
        return pixels
    premultiplied, opacity = pixels[..., :3].astype(np.int16), pixels[..., 3:].astype(np.int16)
    flat: Pixels = np.minimum(premultiplied + 255 - opacity, 255).astype(np.uint8)
    return flat
