"""Observes a file: its format, whether it is complete, and the picture that can be made of it."""

import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath

from PIL import Image, ImageFile, UnidentifiedImageError

from eightytwenty.pictures.repair import Change, Pixels, has_known_mode, repair_picture
from eightytwenty.pictures.schema import DAMAGED, FORMATS, MISSING_END, MOST_BYTES, MOST_PIXELS, TRUNCATED
from eightytwenty.pictures.structure import structure_fault

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
    width: int | None = None
    height: int | None = None
    bomb: bool = False
    animated: bool = False
    mode_known: bool = True
    fault: str = ""
    pixels: Pixels | None = None
    changes: list[Change] = field(default_factory=list)


def observe(name: str, content: bytes, size: int) -> Observation:
    """Observes a file and repairs the picture in it; never raises, whatever the content.

    Args:
        name: of the file.
        content: of the file.
        size: side of the clean picture in pixels.
    """
    observation = Observation(len(content), suffix_format=_SUFFIX_FORMATS.get(PurePosixPath(name).suffix.lower(), ""))
    if not 0 < len(content) <= MOST_BYTES:
        return observation
    try:
        with Image.open(BytesIO(content), formats=list(FORMATS)) as image:
            _inspect(observation, image, content, size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        observation.bomb = True
    except REFUSALS as error:
        if observation.format:
            is_cut = observation.fault == MISSING_END or isinstance(error, EOFError) or "truncated" in str(error)
            observation.fault = TRUNCATED if is_cut else DAMAGED
    return observation


def _inspect(observation: Observation, image: ImageFile.ImageFile, content: bytes, size: int) -> None:
    """Reads the header, then checks the frame, and decodes only a file that can become a clean picture."""
    # Pillow calls a JPEG that is followed by more pictures, such as a depth map, an MPO: only the first one counts
    observation.format = "JPEG" if image.format == "MPO" else str(image.format)
    observation.width, observation.height = image.size
    observation.bomb = image.width * image.height > MOST_PIXELS
    observation.fault = structure_fault(content, observation.format)
    observation.animated = image.format != "MPO" and getattr(image, "is_animated", False)
    observation.mode_known = has_known_mode(image)
    is_broken = observation.bomb or observation.fault in {TRUNCATED, DAMAGED}
    if not is_broken and not observation.animated and observation.mode_known and min(image.size) >= size:
        observation.pixels, observation.changes = repair_picture(image, size)
