"""Checks whether a file is complete without decoding it: decoders accept much that a file's own marks reveal."""

import re
import zlib

from eightytwenty.pictures.schema import DAMAGED, MISSING_END, TRUNCATED

_PNG_START, _PNG_FRAME = 8, 12  # bytes: the signature; length, name and checksum around the data of a chunk
_JPEG_MARKER = re.compile(rb"\xff+([^\x00\xff])")  # in compressed data each 0xFF is followed by 0x00
_JPEG_END, _JPEG_ALONE = 0xD9, {0x01, *range(0xD0, 0xD9)}  # the latter are markers without a length after them


def structure_fault(content: bytes, format: str) -> str:  # noqa: A002 - Pillow's word
    """Finds a fault in the frame of a file.

    Args:
        content: the file.
        format: its name in Pillow. Only PNG and JPEG have marks of their own to check.

    Returns:
        "truncated", "damaged" or "missing end"; empty if there is no fault. A file that is cut off exactly between two
        parts also lacks its end: only decoding shows whether pixels are missing as well.
    """
    if format == "PNG":
        return _png_fault(content)
    return _jpeg_fault(content) if format == "JPEG" else ""


def _png_fault(content: bytes) -> str:
    """Walks from chunk to chunk. Bytes after the last chunk do not matter."""
    view, position = memoryview(content), _PNG_START
    while position + _PNG_FRAME <= len(content):
        end = position + _PNG_FRAME + int.from_bytes(content[position : position + 4])
        if end > len(content):
            return TRUNCATED
        if zlib.crc32(view[position + 4 : end - 4]) != int.from_bytes(content[end - 4 : end]):
            return DAMAGED
        if content[position + 4 : position + 8] == b"IEND":
            return ""
        position = end
    return MISSING_END


def _jpeg_fault(content: bytes) -> str:
    """Walks from marker to marker, so that a thumbnail's end within a segment does not count."""
    position = 2
    while match := _JPEG_MARKER.search(content, position):
        marker, position = match[1][0], match.end()
        if marker == _JPEG_END:
            return ""
        if marker not in _JPEG_ALONE:
            position += int.from_bytes(content[position : position + 2])
    return MISSING_END
