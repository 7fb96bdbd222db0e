"""Looks whether a file is whole, without decoding it: decoders let much pass that a file's own marks tell."""

import re
import zlib

from eightytwenty.pictures.schema import DAMAGED, MISSING_END, TRUNCATED

_PNG_START, _PNG_FRAME = 8, 12  # bytes: the signature; length, name and checksum around the data of a chunk
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])")  # in compressed data each 0xFF is followed by 0x00
_JPEG_END, _JPEG_ALONE = 0xD9, {0x01, *range(0xD0, 0xD9)}  # the latter are markers without a length behind them


def structure_fault(content: bytes, format: str) -> str:  # noqa: A002 - Pillow's word
    """What is wrong with the frame of a file.

    Args:
        content: the file.
        format: Pillow's name of it. Only PNG and JPEG have marks of their own to look at.

    Returns:
        "truncated", "damaged" or "missing end", empty where nothing is wrong. A file that is cut off exactly between
        two parts lacks its end too: only decoding tells whether pixels are missing as well.
    """
    if format == "PNG":
        return _png_fault(content)
    return _jpeg_fault(content) if format == "JPEG" else ""


def _png_fault(content: bytes) -> str:
    """Walks from chunk to chunk. What comes behind the last one is nobody's business."""
    view, at = memoryview(content), _PNG_START
    while at + _PNG_FRAME <= len(content):
        end = at + _PNG_FRAME + int.from_bytes(content[at : at + 4])
        if end > len(content):
            return TRUNCATED
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(content[end - 4 : end]):
            return DAMAGED
        if content[at + 4 : at + 8] == b"IEND":
            return ""
        at = end
    return MISSING_END


def _jpeg_fault(content: bytes) -> str:
    """Walks from marker to marker, so that a thumbnail's end within a segment does not count."""
    at = 2
    while found := _JPEG_MARKER.search(content, at):
        marker, at = found[1][0], found.end()
        if marker == _JPEG_END:
            return ""
        if marker not in _JPEG_ALONE:
            at += int.from_bytes(content[at : at + 2])
    return MISSING_END
