"""Faults of picture files: each takes a clean picture and gives the file that stands in its place.

What should become of such a file is said in `eightytwenty.evaluate.picture_faults`.
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_HEADER_END = 33  # signature and IHDR of a PNG
_END = 12  # bytes of IEND
_BOMB = 60_000  # pixels on a side, as the header claims
_ORIENTATION = 0x0112  # the EXIF tag
# What undoes each EXIF orientation, the other way round: how pixels must lie so that the tag makes them right.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_HTML = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body><h1>Not Found</h1></body></html>\n"


@dataclass(frozen=True)
class Clean:
    """A clean picture: its PNG file, and the side in pixels to which it will be cleaned."""

    content: bytes
    size: int

    @cached_property
    def image(self) -> Image.Image:
        """The picture on white, RGB."""
        picture = Image.open(BytesIO(self.content), formats=["PNG"]).convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """The picture, (height, width, 3)."""
        return np.asarray(self.image)

    @property
    def corner(self) -> tuple[int, int, int]:
        """The colour of the first pixel."""
        red, green, blue = self.pixels[0, 0].tolist()
        return red, green, blue

    @property
    def is_grey(self) -> bool:
        """Whether no pixel has a colour."""
        return bool((self.pixels == self.pixels[..., :1]).all())


File = tuple[str, bytes]  # suffix and content
Fault = Callable[[np.random.Generator, Clean], File]


def encode(image: Image.Image, suffix: str = ".png", **options: object) -> File:
    """Writes a picture in the format of the suffix, always to the same bytes."""
    stream = BytesIO()
    image.save(stream, format=Image.registered_extensions()[suffix], **options)
    return suffix, stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file: length, name, data, checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# -- files that are no sound picture ----------------------------------------------------------------------------------


def too_large(rng: np.random.Generator, clean: Clean) -> File:
    """More bytes than a file may have, in a private chunk that viewers skip, or after the end."""
    from eightytwenty.pictures.schema import MOST_BYTES

    padding = bytes(MOST_BYTES)
    if rng.random() < 0.5:
        return ".png", clean.content + padding
    return ".png", clean.content[:-_END] + chunk(b"prVt", padding) + clean.content[-_END:]


def empty(rng: np.random.Generator, clean: Clean) -> File:
    """No byte at all."""
    del rng, clean
    return ".png", b""


def not_an_image(rng: np.random.Generator, clean: Clean) -> File:
    """Text, noise or the error page of a server, saved under a picture's name."""
    return ".png", (b"see the other folder\n", rng.bytes(len(clean.content)), _HTML)[rng.integers(3)]


def wrong_suffix(rng: np.random.Generator, clean: Clean) -> File:
    """A sound picture of another format under the name of a PNG."""
    return ".png", encode(clean.image, (".jpg", ".bmp", ".webp")[rng.integers(3)])[1]


def truncated(rng: np.random.Generator, clean: Clean) -> File:
    """Cut off somewhere within the pixels, as by a broken download."""
    return ".png", clean.content[: rng.integers(_HEADER_END, len(clean.content) - _END - 4)]


def damaged(rng: np.random.Generator, clean: Clean) -> File:
    """One bit of the compressed pixels has flipped."""
    start = clean.content.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", clean.content[start - 8 : start - 4])
    content = bytearray(clean.content)
    content[start + rng.integers(length)] ^= 1 << int(rng.integers(8))
    return ".png", bytes(content)


def endless(rng: np.random.Generator, clean: Clean) -> File:
    """The closing chunk is missing; viewers show such a file as if nothing were wrong."""
    del rng
    return ".png", clean.content[:-_END]


def bomb(rng: np.random.Generator, clean: Clean) -> File:
    """A few bytes that claim billions of pixels."""
    del rng
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", _BOMB, _BOMB, 8, 2, 0, 0, 0))
    return ".png", clean.content[:8] + header + clean.content[_HEADER_END:]


# -- sound files of which no picture can be made ----------------------------------------------------------------------


def too_small(rng: np.random.Generator, clean: Clean) -> File:
    """A thumbnail."""
    side = int(rng.integers(clean.size // 4, clean.size))
    return encode(clean.image.resize((side, side), Image.Resampling.LANCZOS))


def far_from_square(rng: np.random.Generator, clean: Clean) -> File:
    """Several pictures in one strip."""
    strip = np.concatenate([clean.pixels] * int(rng.integers(3, 6)), axis=int(rng.integers(2)))
    return encode(Image.fromarray(strip))


def animated(rng: np.random.Generator, clean: Clean) -> File:
    """The picture and its mirror image in turn."""
    mirrored = clean.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    frames: dict[str, object] = {"save_all": True, "append_images": [mirrored], "duration": 100, "loop": 0}
    return encode(clean.image, (".gif", ".png", ".webp")[rng.integers(3)], **frames)


def blank(rng: np.random.Generator, clean: Clean) -> File:
    """One colour."""
    colour = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, rng.choice([0, 255]))
    return encode(Image.fromarray(np.full_like(clean.pixels, colour)))


def nearly_blank(rng: np.random.Generator, clean: Clean) -> File:
    """One colour and the faint noise of a sensor."""
    colour = rng.integers(2, 254, 3) + rng.integers(-2, 3, clean.pixels.shape)
    return encode(Image.fromarray(colour.astype(np.uint8)))


# -- copies -----------------------------------------------------------------------------------------------------------


def near_copy(rng: np.random.Generator, clean: Clean) -> File:
    """The same picture, saved again: compressed, with fewer shades, one pixel brighter, or enlarged."""
    how = rng.integers(4)
    if how == 0:
        return encode(clean.image, ".jpg", quality=95, subsampling=0)
    pixels = clean.pixels.astype(np.int16)
    if how == 1:
        pixels = np.minimum((pixels + 2) // 4 * 4, 255)  # six bits a channel
    elif how == 2:
        row, column = rng.integers(pixels.shape[:2])
        pixels[row, column] += np.where(pixels[row, column] < 128, 9, -9)
    image = Image.fromarray(pixels.astype(np.uint8))
    return encode(image if how < 3 else _enlarge(image, 2))


# -- pictures that can be repaired ------------------------------------------------------------------------------------


def palette(rng: np.random.Generator, clean: Clean) -> File:
    """Pixels as places in a table of at most 256 colours."""
    del rng
    return encode(clean.image.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE))


def grey(rng: np.random.Generator, clean: Clean) -> File:
    """One channel instead of three equal ones."""
    del rng
    return encode(clean.image.convert("L"))


def transparent(rng: np.random.Generator, clean: Clean) -> File:
    """White made transparent, with any colour hidden beneath."""
    white = (clean.pixels == 255).all(axis=-1, keepdims=True)
    hidden = np.where(white, rng.integers(0, 256, 3), clean.pixels)
    return encode(Image.fromarray(np.concatenate([hidden, np.where(white, 0, 255)], axis=-1).astype(np.uint8), "RGBA"))


def sixteen_bits(rng: np.random.Generator, clean: Clean) -> File:
    """Two bytes a channel, which Pillow reads but does not write."""
    del rng
    height, width, _ = clean.pixels.shape
    pixels = clean.pixels[..., :1] if clean.is_grey else clean.pixels
    rows = (pixels.astype(">u2") * 257).reshape(height, -1).view(np.uint8)
    filtered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)  # filter 0 before each row
    header = struct.pack(">IIBBBBB", width, height, 16, 0 if clean.is_grey else 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(filtered.tobytes())), chunk(b"IEND", b""))
    return ".png", clean.content[:8] + b"".join(parts)


def four_inks(rng: np.random.Generator, clean: Clean) -> File:
    """The channels of print."""
    del rng
    return encode(clean.image.convert("CMYK"), ".tif")


def rotated(rng: np.random.Generator, clean: Clean) -> File:
    """As a camera held sideways saves it: the pixels lie on their side, and a tag says so."""
    orientation = int(rng.choice(list(_TURNS)))
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return encode(clean.image.transpose(_TURNS[orientation]), ".jpg", quality=98, subsampling=0, exif=exif)


def larger(rng: np.random.Generator, clean: Clean) -> File:
    """Enlarged by a whole factor."""
    return encode(_enlarge(clean.image, int(rng.integers(2, 5))))


def margins(rng: np.random.Generator, clean: Clean) -> File:
    """Equal bars left and right, or above and below, in the colour of the corner."""
    bar = int(rng.integers(1, min(clean.image.size) // 2 - 1))
    across, down = (bar, 0) if rng.random() < 0.5 else (0, bar)
    canvas = Image.new("RGB", (clean.image.width + 2 * across, clean.image.height + 2 * down), clean.corner)
    canvas.paste(clean.image, (across, down))
    return encode(canvas)


def _enlarge(image: Image.Image, factor: int) -> Image.Image:
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class FileKind:
    """A kind of fault of a file.

    Args:
        function: makes the faulty file.
        fate: what should become of it.
        tolerance: how far a repaired picture may be from the true one (mean absolute difference, 0 to 255): what the
            fault itself takes away for good.
    """

    function: Fault
    fate: str = "quarantine"
    tolerance: float = 0.0


FILE_KINDS = {
    "too large a file": FileKind(too_large),
    "empty file": FileKind(empty),
    "not an image": FileKind(not_an_image),
    "wrong suffix": FileKind(wrong_suffix),
    "truncated": FileKind(truncated),
    "damaged chunk": FileKind(damaged),
    "missing end": FileKind(endless),
    "decompression bomb": FileKind(bomb),
    "too small": FileKind(too_small),
    "far from square": FileKind(far_from_square),
    "animated": FileKind(animated),
    "blank": FileKind(blank),
    "nearly blank": FileKind(nearly_blank),
    "palette": FileKind(palette, "clean", 2.0),
    "grey": FileKind(grey, "clean"),
    "transparent": FileKind(transparent, "clean"),
    "16-bit": FileKind(sixteen_bits, "clean"),
    "four inks": FileKind(four_inks, "clean"),
    "rotated": FileKind(rotated, "clean", 3.0),
    "larger": FileKind(larger, "clean", 4.0),
    "margins": FileKind(margins, "clean"),
}
