"""Converts pictures by the colour profile that their file carries (ICC, International Color Consortium) to sRGB."""

from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

# Levels of 255: profiles of sRGB differ by their rounding, and one that changes nothing more is none to speak of.
_MOST_ROUNDING = 2
_MOST_PROFILES = 8  # to remember; a camera or a program writes the same one into all its pictures
_LONGEST_NAME = 60
_SPACES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}  # of a profile -> the mode of its pictures
_STEPS = np.arange(0, 256, 15, dtype=np.uint8)
_PROBES = {
    "L": Image.fromarray(np.arange(256, dtype=np.uint8)[None]),
    "RGB": Image.fromarray(np.stack(np.meshgrid(_STEPS, _STEPS, _STEPS), axis=-1).reshape(len(_STEPS), -1, 3)),
}


@dataclass(frozen=True)
class Conversion:
    """What a profile does to a picture.

    Args:
        name: of the profile, as it says itself; any profile may say that it is sRGB.
        mode: of the pictures that it describes: L, RGB or CMYK.
        transform: to sRGB; None if it would change nothing.
    """

    name: str
    mode: str
    transform: ImageCms.ImageCmsTransform | None


@lru_cache(_MOST_PROFILES)
def find_conversion(profile: bytes | None, is_grey: bool, is_cmyk: bool) -> Conversion | None:
    """The conversion of a picture by its profile; None if the profile is damaged or made for other channels.

    Grey in a space of red, green and blue means three equal channels.

    Args:
        profile: as the file has it; None if it cannot be read from the file.
        is_grey: whether the picture has no colours.
        is_cmyk: whether its channels are inks.
    """
    if not profile:
        return None
    try:
        opened = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = _SPACES.get(opened.profile.xcolor_space, "")
        name = "".join(filter(str.isprintable, opened.profile.profile_description or "without a name"))[:_LONGEST_NAME]
        if not mode or is_cmyk != (mode == "CMYK") or (mode == "L" and not is_grey):
            return None
        transform = ImageCms.ImageCmsTransform(
            opened, ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")), mode, "RGB"
        )
        return Conversion(name, mode, None if _changes_nothing(transform, mode) else transform)
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):  # the errors of LittleCMS
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    if mode not in _PROBES:
        return False
    before, after = (
        np.asarray(image, np.int16) for image in (_PROBES[mode].convert("RGB"), transform.apply(_PROBES[mode]))
    )
    return int(np.abs(after - before).max()) <= _MOST_ROUNDING
