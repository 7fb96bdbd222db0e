"""Observes a file: its format, whether it is complete, and the picture that can be made of it."""

import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath

from PIL import Image, ImageFile, JpegImagePlugin, UnidentifiedImageError

from eightytwenty.pictures.content import content_kind
from eightytwenty.pictures.repair import Change, Pixels, draft_size, has_known_mode, repair_picture
from eightytwenty.pictures.schema import (
    BOMB_RATIO,
    DAMAGED,
    FORMATS,
    MISSING_END,
    MOST_BYTES,
    MOST_JPEG_PIXELS,
    MOST_PIXELS,
    OTHER_PICTURE,
    PICTURE_HEADER,
    TRUNCATED,
)
from eightytwenty.pictures.structure import structure_fault

# Files of these cameras look like TIFF, but the picture that every decoder of TIFF finds in them is a thumbnail.
_RAW_SUFFIXES = {".dng", ".nef", ".cr2", ".arw", ".orf", ".pef", ".srw", ".rw2"}
_LONGEST_MARK = 512  # bytes at the start of a file, which show its format
_DRAFT_SCALES = (8, 4, 2, 1)  # of JPEG
_COEFFICIENTS = 6  # of a progressive JPEG, which are kept until its end, in the memory of a pixel: 2 bytes of 12
_SUFFIX_FORMATS = {suffix: name for name, suffixes in FORMATS.items() for suffix in suffixes}
# The errors of Pillow in decoding 300,000 files of the six formats, with bits flipped and bytes lost or added. The last
# three did not occur, but Pillow's documentation and decoders name them. MemoryError is not among them: the number of
# pixels is bounded, so it would be the fault of the machine, not of a file.
REFUSALS = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    IndexError,
    TypeError,
    struct.error,
    EOFError,
    KeyError,
    zlib.error,
)


@dataclass
class Observation:
    """The observations of a file; eightytwenty/pictures/schema.py explains the fields that are columns there.

    Args:
        pixels: uint8 (size, size, 3), None if no picture can be made of the file.
        changes: the repairs.
    """

    bytes: int = 0
    unreadable: bool = False
    suffix_format: str = ""
    format: str = ""
    content: str = ""
    width: int | None = None
    height: int | None = None
    bomb: bool = False
    too_many_pixels: bool = False
    animated: bool = False
    mode_known: bool = True
    fault: str = ""
    bits_assumed: bool = False
    colours_assumed: bool = False
    pixels: Pixels | None = None
    changes: list[Change] = field(default_factory=list)


def observe(name: str, content: bytes, size: int) -> Observation:
    """Observes a file and repairs the picture in it; never raises, whatever the content.

    Args:
        name: of the file.
        content: of the file.
        size: side of the clean picture in pixels.
    """
    suffix = PurePosixPath(name).suffix.lower()
    observation = Observation(len(content), suffix_format=_SUFFIX_FORMATS.get(suffix, ""))
    if not 0 < len(content) <= MOST_BYTES:
        return observation
    kind = content_kind(content[:_LONGEST_MARK])
    if kind not in FORMATS or (kind == "TIFF" and suffix in _RAW_SUFFIXES):
        observation.content = OTHER_PICTURE if kind in FORMATS else kind
        return observation
    try:
        with _open(content, kind) as image:
            _inspect(observation, image, content, size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # a later frame, larger than the first
        observation.bomb = True
    except REFUSALS as error:
        if observation.format:
            is_cut = observation.fault == MISSING_END or isinstance(error, EOFError) or "truncated" in str(error)
            observation.fault = TRUNCATED if is_cut else DAMAGED
        else:
            observation.content = PICTURE_HEADER
    return observation


def _open(content: bytes, kind: str) -> ImageFile.ImageFile:
    """Opens a picture like Image.open, which however knows one bound for the pixels of all formats."""
    Image.init()
    factory, _ = Image.OPEN[kind]
    return factory(BytesIO(content), "")


def _inspect(observation: Observation, image: ImageFile.ImageFile, content: bytes, size: int) -> None:
    """Reads the header, then checks the frame, and decodes only a file that can become a clean picture."""
    # Pillow calls a JPEG that is followed by more pictures, such as a depth map, an MPO: only the first one counts
    observation.format = "JPEG" if image.format == "MPO" else str(image.format)
    observation.width, observation.height = image.size
    pixels = image.width * image.height
    is_large = _pixels_held(image, size) > MOST_PIXELS or pixels > MOST_JPEG_PIXELS
    observation.bomb = is_large and pixels > BOMB_RATIO * len(content)
    observation.too_many_pixels = is_large and not observation.bomb
    observation.fault = structure_fault(content, observation.format)
    observation.animated = image.format != "MPO" and getattr(image, "is_animated", False)
    observation.mode_known = has_known_mode(image)
    is_broken = is_large or observation.fault in {TRUNCATED, DAMAGED}
    if not is_broken and not observation.animated and observation.mode_known and min(image.size) >= size:
        repaired = repair_picture(image, size)
        observation.pixels, observation.changes = repaired.pixels, repaired.changes
        observation.bits_assumed, observation.colours_assumed = repaired.bits_assumed, repaired.colours_assumed


def _pixels_held(image: ImageFile.ImageFile, size: int) -> int:
    """The pixels that decoding holds in memory: of a JPEG only a fraction, unless it is progressive."""
    pixels = image.width * image.height
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return pixels
    shrinking = min(image.size) // draft_size(size)
    reduced = pixels // next((scale for scale in _DRAFT_SCALES if shrinking >= scale), 1) ** 2
    if "progressive" not in image.info:
        return reduced
    most = max(1, *(across * down for _, across, down, _ in image.layer))  # a damaged header may have zeros
    samples = sum(pixels * across * down // most for _, across, down, _ in image.layer)
    return max(reduced, samples // _COEFFICIENTS)
