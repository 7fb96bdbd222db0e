"""Observes a file: what it is, whether it is whole, and the picture that can be made of it."""

import struct
import zlib
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import PurePosixPath

from PIL import Image, ImageFile, UnidentifiedImageError

from eightytwenty.pictures.repair import Change, Pixels, mode_known, repair
from eightytwenty.pictures.schema import DAMAGED, FORMATS, MISSING_END, MOST_BYTES, MOST_PIXELS, TRUNCATED
from eightytwenty.pictures.structure import structure_fault

_PROMISES = {suffix: name for name, suffixes in FORMATS.items() for suffix in suffixes}
# What Pillow raised while 300,000 files of the six formats, with bits flipped and bytes lost or added, were decoded;
# the last three did not come up, but its documentation and its decoders' code name them. Not MemoryError: the number of
# pixels is bounded, so that would be the machine's fault and no file's.
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
    """What is known of a file; see eightytwenty/pictures/schema.py for the fields that are columns there.

    Args:
        pixels: uint8 (size, size, 3), None where no picture can be made of the file.
        changes: how it was repaired.
    """

    bytes: int = 0
    unreadable: bool = False
    promised: str = ""
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
    """Observes a file and repairs the picture in it; never raises for what is in the file.

    Args:
        name: of the file.
        content: of the file.
        size: side of the clean picture in pixels.
    """
    seen = Observation(len(content), promised=_PROMISES.get(PurePosixPath(name).suffix.lower(), ""))
    if not 0 < len(content) <= MOST_BYTES:
        return seen
    try:
        with Image.open(BytesIO(content), formats=list(FORMATS)) as image:
            _look(seen, image, content, size)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        seen.bomb = True
    except REFUSALS as error:
        if seen.format:
            is_cut = seen.fault == MISSING_END or isinstance(error, EOFError) or "truncated" in str(error)
            seen.fault = TRUNCATED if is_cut else DAMAGED
    return seen


def _look(seen: Observation, image: ImageFile.ImageFile, content: bytes, size: int) -> None:
    """Fills in what the header says, then what the frame says, and decodes only what can become a clean picture."""
    # MPO is what Pillow calls a JPEG with further pictures behind it, such as a depth map: the first one is meant
    seen.format = "JPEG" if image.format == "MPO" else str(image.format)
    seen.width, seen.height = image.size
    seen.bomb = image.width * image.height > MOST_PIXELS
    seen.fault = structure_fault(content, seen.format)
    seen.animated = image.format != "MPO" and getattr(image, "is_animated", False)
    seen.mode_known = mode_known(image)
    broken = seen.bomb or seen.fault in {TRUNCATED, DAMAGED}
    if not broken and not seen.animated and seen.mode_known and min(image.size) >= size:
        seen.pixels, seen.changes = repair(image, size)
