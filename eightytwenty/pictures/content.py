"""Tells from the first bytes of a file which kind of picture it is, or what it is in place of one."""

import re

from eightytwenty.pictures.schema import GIT_LFS_POINTER, OTHER_PICTURE, WEB_PAGE

# In order: the first that matches counts. Names in capitals are those of `eightytwenty.pictures.schema.FORMATS`.
_MARKS = tuple(
    (re.compile(pattern, re.DOTALL | re.IGNORECASE if name == WEB_PAGE else re.DOTALL), name)
    for pattern, name in (
        (rb"\x89PNG\r\n\x1a\n", "PNG"),
        (rb"\xff\xd8\xff", "JPEG"),
        (rb"GIF8[79]a", "GIF"),
        (rb"BM", "BMP"),
        (rb"RIFF....WEBP", "WEBP"),
        (rb"II(\*\0|\+\0|\0\*)|MM(\0\*|\0\+|\*\0)", "TIFF"),
        (rb"version https://git-lfs\.github\.com/spec/", GIT_LFS_POINTER),
        # HEIC, AVIF, camera raw; Photoshop; icons; JPEG 2000 and XL; PNM; EXR; DDS; QOI; DICOM; FITS
        (rb"....ftyp(hei|hev|mif|msf|avi|crx)|8BPS|\0\0[\x01\x02]\0.\0|\0\0\0\x0c(jP  |JXL )", OTHER_PICTURE),
        (
            rb"\xff\x4f\xff\x51|\xff\x0a|P[1-7]\s|\x76\x2f\x31\x01|DDS |qoif|FUJIFILMCCD|.{128}DICM|SIMPLE  =",
            OTHER_PICTURE,
        ),
        (rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<(!doctype html|html|head|body)\b", WEB_PAGE),
        (rb"(\xef\xbb\xbf)?\s*(<[?!].*)?<svg\b", OTHER_PICTURE),
    )
)


def content_kind(start: bytes) -> str:
    """What a file is, by its start: Pillow's name of a format, one of the kinds above, or nothing.

    >>> content_kind(b"GIF89a"), content_kind(b"<html>403</html>"), content_kind(b"see the other folder")
    ('GIF', 'web page', '')
    """
    return next((name for pattern, name in _MARKS if pattern.match(start)), "")
