"""Faults of picture files: each takes a clean picture and returns the file that replaces it."""

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
_BOMB = 60_000  # pixels on a side, according to the header
_ORIENTATION = 0x0112  # the EXIF tag
# For each EXIF orientation, the transposition of the pixels that the tag undoes.
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
class CleanPicture:
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
FileFault = Callable[[np.random.Generator, CleanPicture], File]


def encode(image: Image.Image, suffix: str = ".png", **options: object) -> File:
    """Writes a picture in the format of the suffix, always to the same bytes."""
    stream = BytesIO()
    image.save(stream, format=Image.registered_extensions()[suffix], **options)
    return suffix, stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file: length, name, data, checksum."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# -- files that are not sound pictures --------------------------------------------------------------------------------


def pad(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Adds more bytes than a file may have, in a private chunk that viewers skip, or after the end."""
    from eightytwenty.pictures.schema import MOST_BYTES

    padding = bytes(MOST_BYTES)
    if rng.random() < 0.5:
        return ".png", clean.content + padding
    return ".png", clean.content[:-_END] + chunk(b"prVt", padding) + clean.content[-_END:]


def remove_content(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Leaves no bytes."""
    del rng, clean
    return ".png", b""


def replace_content(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves text, noise or the error page of a server under the name of a picture."""
    return ".png", (b"see the other folder\n", rng.bytes(len(clean.content)), _HTML)[rng.integers(3)]


def change_format(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves the picture in another format under the name of a PNG."""
    return ".png", encode(clean.image, (".jpg", ".bmp", ".webp")[rng.integers(3)])[1]


def truncate(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Cuts the file off within the pixels, like a broken download."""
    return ".png", clean.content[: rng.integers(_HEADER_END, len(clean.content) - _END - 4)]


def flip_bit(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Flips one bit of the compressed pixels."""
    start = clean.content.index(b"IDAT") + 4
    (length,) = struct.unpack(">I", clean.content[start - 8 : start - 4])
    content = bytearray(clean.content)
    content[start + rng.integers(length)] ^= 1 << int(rng.integers(8))
    return ".png", bytes(content)


def remove_end(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Removes the last chunk; viewers show such a file as if it were complete."""
    del rng
    return ".png", clean.content[:-_END]


def claim_huge_size(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Claims billions of pixels in a few bytes."""
    del rng
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", _BOMB, _BOMB, 8, 2, 0, 0, 0))
    return ".png", clean.content[:8] + header + clean.content[_HEADER_END:]


# -- sound files that cannot become a clean picture -------------------------------------------------------------------


def shrink(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Shrinks the picture to a thumbnail."""
    side = int(rng.integers(clean.size // 4, clean.size))
    return encode(clean.image.resize((side, side), Image.Resampling.LANCZOS))


def repeat_in_strip(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Puts several pictures into one strip."""
    strip = np.concatenate([clean.pixels] * int(rng.integers(3, 6)), axis=int(rng.integers(2)))
    return encode(Image.fromarray(strip))


def animate(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Alternates the picture with its mirror image."""
    mirrored = clean.image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    frames: dict[str, object] = {"save_all": True, "append_images": [mirrored], "duration": 100, "loop": 0}
    return encode(clean.image, (".gif", ".png", ".webp")[rng.integers(3)], **frames)


def fill(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Fills the picture with one colour."""
    colour = rng.integers(0, 256, 3) if rng.random() < 0.5 else np.full(3, rng.choice([0, 255]))
    return encode(Image.fromarray(np.full_like(clean.pixels, colour)))


def fill_with_noise(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Fills the picture with one colour and the faint noise of a sensor."""
    colour = rng.integers(2, 254, 3) + rng.integers(-2, 3, clean.pixels.shape)
    return encode(Image.fromarray(colour.astype(np.uint8)))


# -- copies -----------------------------------------------------------------------------------------------------------


def save_again(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves the same picture again: compressed, with fewer shades, with one pixel changed, or enlarged."""
    way = rng.integers(4)
    if way == 0:
        return encode(clean.image, ".jpg", quality=95, subsampling=0)
    pixels = clean.pixels.astype(np.int16)
    if way == 1:
        pixels = np.minimum((pixels + 2) // 4 * 4, 255)  # six bits a channel
    elif way == 2:
        row, column = rng.integers(pixels.shape[:2])
        pixels[row, column] += np.where(pixels[row, column] < 128, 9, -9)
    image = Image.fromarray(pixels.astype(np.uint8))
    return encode(image if way < 3 else _scale(image, 2))


# -- pictures that can be repaired ------------------------------------------------------------------------------------


def to_palette(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves the pixels as places in a table of at most 256 colours."""
    del rng
    return encode(clean.image.quantize(256, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE))


def to_grey(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves one channel instead of three equal ones."""
    del rng
    return encode(clean.image.convert("L"))


def to_transparent(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Makes white transparent, with a random colour hidden beneath."""
    white = (clean.pixels == 255).all(axis=-1, keepdims=True)
    hidden = np.where(white, rng.integers(0, 256, 3), clean.pixels)
    return encode(Image.fromarray(np.concatenate([hidden, np.where(white, 0, 255)], axis=-1).astype(np.uint8), "RGBA"))


def to_sixteen_bits(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves two bytes per channel, which Pillow reads but does not write."""
    del rng
    height, width, _ = clean.pixels.shape
    pixels = clean.pixels[..., :1] if clean.is_grey else clean.pixels
    rows = (pixels.astype(">u2") * 257).reshape(height, -1).view(np.uint8)
    filtered = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)  # filter 0 before each row
    header = struct.pack(">IIBBBBB", width, height, 16, 0 if clean.is_grey else 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(filtered.tobytes())), chunk(b"IEND", b""))
    return ".png", clean.content[:8] + b"".join(parts)


def to_four_inks(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves the four channels of print."""
    del rng
    return encode(clean.image.convert("CMYK"), ".tif")


def rotate(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Saves the picture like a camera held sideways: the pixels are turned, and a tag says so."""
    orientation = int(rng.choice(list(_TURNS)))
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    return encode(clean.image.transpose(_TURNS[orientation]), ".jpg", quality=98, subsampling=0, exif=exif)


def enlarge(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Enlarges the picture by a whole factor."""
    return encode(_scale(clean.image, int(rng.integers(2, 5))))


def add_margins(rng: np.random.Generator, clean: CleanPicture) -> File:
    """Adds equal bars left and right, or above and below, in the colour of the corner."""
    bar = int(rng.integers(1, min(clean.image.size) // 2 - 1))
    across, down = (bar, 0) if rng.random() < 0.5 else (0, bar)
    canvas = Image.new("RGB", (clean.image.width + 2 * across, clean.image.height + 2 * down), clean.corner)
    canvas.paste(clean.image, (across, down))
    return encode(canvas)


def _scale(image: Image.Image, factor: int) -> Image.Image:
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.LANCZOS)


@dataclass(frozen=True)
class FileKind:
    """A kind of fault of a file.

    Args:
        function: makes the faulty file.
        fate: where it should end.
        tolerance: how far a repaired picture may differ from the true one (mean absolute difference, 0 to 255), because
            the fault itself loses detail.
    """

    function: FileFault
    fate: str = "quarantine"
    tolerance: float = 0.0


FILE_KINDS = {
    "too large a file": FileKind(pad),
    "empty file": FileKind(remove_content),
    "not an image": FileKind(replace_content),
    "wrong suffix": FileKind(change_format),
    "truncated": FileKind(truncate),
    "damaged chunk": FileKind(flip_bit),
    "missing end": FileKind(remove_end),
    "decompression bomb": FileKind(claim_huge_size),
    "too small": FileKind(shrink),
    "far from square": FileKind(repeat_in_strip),
    "animated": FileKind(animate),
    "blank": FileKind(fill),
    "nearly blank": FileKind(fill_with_noise),
    "palette": FileKind(to_palette, "clean", 2.0),
    "grey": FileKind(to_grey, "clean"),
    "transparent": FileKind(to_transparent, "clean"),
    "16-bit": FileKind(to_sixteen_bits, "clean"),
    "four inks": FileKind(to_four_inks, "clean"),
    "rotated": FileKind(rotate, "clean", 3.0),
    "larger": FileKind(enlarge, "clean", 4.0),
    "margins": FileKind(add_margins, "clean"),
}
