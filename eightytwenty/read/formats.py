"""Tells files that are no tables by how they begin, so that each gets a true sentence."""

import re

from eightytwenty.errors import UserError
from eightytwenty.read.encoding import is_binary

# how it begins, what it is, and what to do
_BINARY = (
    (b"%PDF", "a PDF", "export its table as CSV"),
    (b"\x89PNG", "a picture", "give a schema of pictures, or a table"),
    (b"\xff\xd8\xff", "a picture", "give a schema of pictures, or a table"),
    (b"GIF87a", "a picture", "give a schema of pictures, or a table"),
    (b"GIF89a", "a picture", "give a schema of pictures, or a table"),
    (b"ORC", "an ORC file", "write it as Parquet"),  # if it is no text that begins so
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"\x89HDF", "an HDF5 file", "write its table as Parquet"),
    (b"\x93NUMPY", "a NumPy array", "write it as Parquet"),
    (b"\x80\x04", "a pickle, which could run any program", "write its table as Parquet"),
    (b"\x80\x05", "a pickle, which could run any program", "write its table as Parquet"),
    (b"FEA1", "a Feather file of version 1", "write it as Feather 2 or Parquet"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it"),
    (b"$FL2@(#)", "an SPSS file", "write its table as CSV"),
    (b"<stata_dta>", "a Stata file", "write its table as CSV"),
)
_WORDS = {b"ORC", b"FEA1"}  # the name of a column may be such a word
_TAR, _TAR_PLACE = b"ustar", 257
_TEXTS = (
    (
        re.compile(rb"\s*(?:<!doctype html|<html)", re.I),
        "an HTML page, perhaps to sign in",
        "download the table itself",
    ),
    (re.compile(rb"\s*<\?xml"), "an XML file", "write its table as CSV or JSON"),
    (re.compile(rb"version https://git-lfs"), "a pointer of Git LFS, not the file", "fetch it with git lfs pull"),
    (re.compile(rb"\{\\rtf"), "a text document", "save its table as CSV"),
)


def refuse_other_formats(sample: bytes, name: str) -> None:
    """Refuses a file whose first bytes show that it is no table.

    Raises:
        UserError: what it is, and what to do.
    """
    for what, remedy in _found(sample):
        raise UserError(f"{name} is {what}; {remedy}.")


def _found(sample: bytes) -> list[tuple[str, str]]:
    is_text = not is_binary(sample)
    found = [
        (what, remedy)
        for start, what, remedy in _BINARY
        if sample.startswith(start) and not (is_text and start in _WORDS)
    ]
    if sample[_TAR_PLACE:].startswith(_TAR):
        found.append(("a tar archive", "unpack it, or pack it as zip"))
    return found + [(what, remedy) for pattern, what, remedy in _TEXTS if pattern.match(sample)]
