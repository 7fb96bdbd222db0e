"""Reads pictures of more than 8 bits a channel: Pillow alone keeps the upper byte, which is black for 12 bits in 16."""

import re
import sys
from dataclasses import dataclass
from io import BytesIO
from typing import IO, cast

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

_Samples = npt.NDArray[np.uint16]
_GREY = {"I;16", "I;16L", "I;16B", "I;16N"}
_COLOURS = re.compile(r"(RGB|RGBX|RGBA|RGBa|CMYK);16([BLN])")  # channels and byte order
# The decoder of the other byte order keeps the lower byte of each channel.
_OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
_GREY_AND_OPACITY = "LA;16B"  # which has as many bytes as RGBA with 8 bits
_WITH_OPACITY = {"LA", "RGBA", "RGBa"}
# Bits that sensors have, and the byte that some programs widen. As 16 bits, so dark a picture would be black.
_USUAL_BITS = (8, 10, 12)
_DOUBTFUL_BITS = 14  # a picture without larger samples may have fewer than 16 bits
_BLOCK = 256  # rows to look up at once
_BITS_PER_SAMPLE, _PHOTOMETRIC, _MAXIMA = 258, 262, (281, 341)  # tags of TIFF
_WHITE_IS_ZERO = 0
_PNG_START, _PNG_FRAME = 8, 12  # bytes: the signature; length, name and checksum around the data of a chunk


@dataclass(frozen=True)
class Shallow:
    """A picture reduced to 8 bits a channel.

    Args:
        image: the picture; its mode is L, LA, RGB, RGBA, RGBa (colours multiplied by their opacity) or CMYK.
        bits: how many of the 16 bits of a channel were in use.
        is_assumed: whether only its largest sample says so, and leaves a doubt.
    """

    image: Image.Image
    bits: int
    is_assumed: bool


def is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has more than 8 bits a channel, which Pillow may show only in the input of its decoder."""
    return image.mode in _GREY or any(";16" in _raw_mode(tile) for tile in image.tile)


def can_read_deep(image: ImageFile.ImageFile) -> bool:
    """Whether `read_deep` can read a deep picture: not one whose samples have a sign, or whose channels lie apart."""
    raw_modes = {_raw_mode(tile) for tile in image.tile}
    return image.mode in _GREY or all(raw == _GREY_AND_OPACITY or _COLOURS.fullmatch(raw) for raw in raw_modes)


def read_deep(image: ImageFile.ImageFile) -> Shallow:
    """Decodes a deep picture and scales its samples by the bits that are in use.

    The file may say how many these are: in the chunk sBIT of PNG; in BitsPerSample or the largest sample of TIFF. Where
    samples go beyond these bits, they were scaled up to 16, as the PNG standard has it. Where the file says nothing,
    samples that all fit into 8, 10 or 12 bits are taken to have as many.

    Args:
        image: not yet loaded; it is loaded.
    """
    stated = _stated_bits(image)
    is_inverted = image.format == "TIFF" and image.tag_v2.get(_PHOTOMETRIC) == _WHITE_IS_ZERO  # type: ignore[attr-defined]
    mode, samples = _samples(image)
    opacity = samples.shape[2] - (mode in _WITH_OPACITY)  # its channel, if there is one
    largest = int(samples[..., :opacity].max())
    bits = stated if stated and largest < 1 << stated else 16 if stated else _bits(largest)
    scaled = np.empty(samples.shape, np.uint8)
    _scale(samples[..., :opacity], bits, scaled[..., :opacity])
    if is_inverted:
        np.subtract(255, scaled[..., :opacity], out=scaled[..., :opacity])
    if mode in _WITH_OPACITY:
        _scale(samples[..., opacity:], bits if samples[..., opacity:].max() < 1 << bits else 16, scaled[..., opacity:])
    shape = samples.shape[1], samples.shape[0]
    shallow = Image.frombuffer(mode, shape, scaled, "raw", mode, 0, 1)
    return Shallow(shallow, bits, not stated and largest < 1 << _DOUBTFUL_BITS)


def _raw_mode(tile: ImageFile._Tile) -> str:
    return str(tile.args[0] if isinstance(tile.args, tuple) else tile.args)


def _samples(image: ImageFile.ImageFile) -> tuple[str, _Samples]:
    """The channels, uint16 (height, width, channels), with a channel of opacity where one colour is transparent."""
    transparent = image.info.get("transparency") if image.format == "PNG" else None
    if image.mode in _GREY:
        image.load()
        mode, samples = "L", np.asarray(image).astype(np.uint16, copy=False)[..., None]
    elif _raw_mode(image.tile[0]) == _GREY_AND_OPACITY:
        mode, samples = "LA", _decoded(image, "RGBA").view(">u2")
    else:
        channels, order = cast("re.Match[str]", _COLOURS.fullmatch(_raw_mode(image.tile[0]))).groups()
        mode = channels.removesuffix("X")
        channels = "RGBA" if channels == "RGBa" else channels  # otherwise Pillow would divide by the opacity
        other = type(image)(BytesIO(_content(image)))
        upper = _decoded(image, f"{channels};16{order}")
        samples = upper.astype(np.uint16)
        del upper
        samples <<= 8
        samples |= _decoded(other, f"{channels};16{_OTHER_ORDER[order]}")
    if transparent is not None:
        opaque = (samples != np.asarray(transparent, np.uint16)).any(axis=2, keepdims=True)
        return f"{mode}A", np.concatenate([samples, np.where(opaque, np.uint16(0xFFFF), np.uint16(0))], axis=2)
    return mode, samples


def _content(image: ImageFile.ImageFile) -> bytes:
    """The whole file of a picture that is not yet loaded."""
    stream = cast("IO[bytes]", image.fp)
    position = stream.tell()
    stream.seek(0)
    content = stream.read()
    stream.seek(position)
    return content


def _decoded(image: ImageFile.ImageFile, raw_mode: str) -> npt.NDArray[np.uint8]:
    """The bytes that Pillow decodes when it takes the channels for `raw_mode`."""
    image.tile = [
        tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)
        for tile in image.tile
    ]
    image.load()
    return np.asarray(image)


def _bits(largest: int) -> int:
    return next((bits for bits in _USUAL_BITS if largest < 1 << bits), 16)


def _scale(samples: _Samples, bits: int, into: npt.NDArray[np.uint8]) -> None:
    """Scales samples of so many bits to 8, rounded to the nearest."""
    most = (1 << bits) - 1
    table = ((np.arange(most + 1) * 510 + most) // (2 * most)).astype(np.uint8)
    for start in range(0, len(samples), _BLOCK):
        into[start : start + _BLOCK] = table[samples[start : start + _BLOCK]]


def _stated_bits(image: ImageFile.ImageFile) -> int | None:
    """How many bits a channel has, as the file says; None if it does not say so."""
    if image.format == "PNG":
        return _png_bits(image)
    if image.format != "TIFF":
        return None
    tags = image.tag_v2  # type: ignore[attr-defined]
    largest = [float(np.max(tags[tag])) for tag in _MAXIMA if tag in tags]
    widths = range(8, 16)
    return next((bits for bits in widths if bits in tags.get(_BITS_PER_SAMPLE, ()) or (1 << bits) - 1 in largest), None)


def _png_bits(image: ImageFile.ImageFile) -> int | None:
    """The largest number in the chunk sBIT, which comes before the pixels."""
    content, at = _content(image), _PNG_START
    while (name := content[at + 4 : at + 8]) not in {b"IDAT", b""}:
        length = int.from_bytes(content[at : at + 4])
        if name == b"sBIT":
            return max(content[at + 8 : at + 8 + length], default=0) or None
        at += _PNG_FRAME + length
    return None
