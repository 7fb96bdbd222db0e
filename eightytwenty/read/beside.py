"""Files that lie beside data and are no part of it: nobody misses them if they are not read."""

from pathlib import PurePosixPath

HIDDEN, SYSTEM, TEXT = "a hidden file", "a file of the operating system", "a text about the data"
REASONS = frozenset({HIDDEN, SYSTEM, TEXT})
_SYSTEM_STEMS = frozenset(("thumbs", "desktop", "icon\r", "_success", "_metadata", "_common_metadata"))
_TEXT_STEMS = frozenset(("readme", "license", "licence", "copying", "notice", "attribution", "authors", "changelog"))


def reason_beside(name: str) -> str:
    """Why a file is no part of the data, by its path; empty if its name does not show it.

    >>> reason_beside("a/.DS_Store"), reason_beside("Thumbs.db"), reason_beside("README.md"), reason_beside("a.csv")
    ('a hidden file', 'a file of the operating system', 'a text about the data', '')
    """
    path = PurePosixPath(name)
    if "__MACOSX" in path.parts or path.stem.lower() in _SYSTEM_STEMS:
        return SYSTEM
    if any(part.startswith(".") for part in path.parts if part != ".."):
        return HIDDEN
    return TEXT if path.stem.lower() in _TEXT_STEMS else ""
