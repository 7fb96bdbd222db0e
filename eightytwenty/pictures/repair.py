"""Makes a picture square, RGB and of one size, and lists the changes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps

from eightytwenty.pictures.schema import CROP, DEPTH, GREY, INKS, PALETTE, RESIZE, ROTATION, TRANSPARENCY, Step

Pixels = npt.NDArray[np.uint8]
_ORIENTATION = 0x0112  # the EXIF tag
_TO_RGB = {"1": GREY, "L": GREY, "P": PALETTE, "CMYK": INKS, "YCbCr": INKS}
# Two bytes a channel. "I" is what Pillow makes of some such PNGs; in other formats it may hold any range of numbers.
_DEEP = {"I;16", "I;16L", "I;16B", "I;16N"}
# Averaging whole pixels stops at this multiple of the target size. From 500 pixels to 64 it averages 4x4 pixels, which
# is .9 levels of 255 (RMS) off the exact method; with 2 instead of 1.9 it would be .5, with 1.5 it would be 1.4.
_REDUCING_GAP = 1.9


@dataclass(frozen=True)
class Change:
    """A line of the ledger."""

    step: Step
    before: str
    after: str


def has_known_mode(image: ImageFile.ImageFile) -> bool:
    """Whether the channels of a picture can be turned into red, green and blue."""
    return image.mode in {"RGB", *_TO_RGB, *_DEEP} or image.has_transparency_data or _is_deep(image)


def repair_picture(opened: ImageFile.ImageFile, size: int) -> tuple[Pixels, list[Change]]:
    """Decodes a picture once and repairs it.

    A picture that is already right is not changed. Linear steps may run in another order than in the ledger, where that
    gives the same picture faster.

    Args:
        opened: a picture with a known mode, not yet loaded.
        size: side of the result in pixels; no side of the picture is shorter.

    Returns:
        uint8 (size, size, 3), and the changes in order.

    Raises:
        Exception: whatever Pillow raises for damaged files, see `eightytwenty.pictures.observe.REFUSALS`.
    """
    changes: list[Change] = []
    width, height = opened.size
    deep = _is_deep(opened)
    # lets a JPEG decode at a half, a quarter or an eighth of its size; other formats ignore it
    opened.draft(None, (round(_REDUCING_GAP * size),) * 2)
    opened.load()
    image: Image.Image = opened
    orientation = image.getexif().get(_ORIENTATION, 1)
    if orientation in range(2, 9):
        image = ImageOps.exif_transpose(image)
        changes.append(Change(ROTATION, f"orientation {orientation}", "orientation 1"))
        width, height = (height, width) if orientation >= 5 else (width, height)
    if deep:
        changes.append(Change(DEPTH, "16 bits", "8 bits"))
        image = _shallow(image)
    image = _to_colours(image, changes)
    if width != height:
        changes.append(Change(CROP, f"{width}x{height}", "{0}x{0}".format(min(width, height))))
    if min(width, height) != size:
        changes.append(Change(RESIZE, "{0}x{0}".format(min(width, height)), f"{size}x{size}"))
    return _flat(_resized(image, size)), changes


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has two bytes a channel, which Pillow shows only in the name of its decoder's input."""
    if image.mode == "I":
        return image.format == "PNG"
    return image.mode in _DEEP or any(";16" in str(tile[3]) for tile in image.tile)


def _shallow(image: Image.Image) -> Image.Image:
    """The upper byte of each channel, which Pillow itself takes for pictures with several channels."""
    if image.mode not in _DEEP | {"I"}:
        return image
    return Image.fromarray((np.asarray(image).astype(np.int32) >> 8).astype(np.uint8))


def _to_colours(image: Image.Image, changes: list[Change]) -> Image.Image:
    """The picture as RGB, or with colours multiplied by their opacity ("RGBa")."""
    if image.has_transparency_data:
        changes.append(Change(TRANSPARENCY, image.mode, "RGB"))
        image = image if image.mode == "RGBA" else image.convert("RGBA")
        return image.convert("RGBa")
    if image.mode != "RGB":
        changes.append(Change(_TO_RGB[image.mode], image.mode, "RGB"))
        return image.convert("RGB")
    return image


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
