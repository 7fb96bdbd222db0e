"""Files that lie beside data and are no part of it: nobody misses them if they are not read."""

from dataclasses import dataclass
from pathlib import PurePosixPath

HIDDEN, SYSTEM, TEXT = "a hidden file", "a file of the operating system", "a text about the data"
DATABASE, EMPTY_SHEET = "a part of a database", "an empty sheet"
REASONS = frozenset({HIDDEN, SYSTEM, TEXT, DATABASE, EMPTY_SHEET})
_SYSTEM_NAMES = frozenset(("thumbs.db", "desktop.ini", "icon\r", "_success", "_metadata", "_common_metadata"))
_TEXT_STEMS = frozenset(("readme", "license", "licence", "copying", "notice", "attribution", "authors", "changelog"))
_TEXT_SUFFIXES = frozenset(("", ".md", ".txt", ".rst", ".html", ".htm", ".pdf"))


@dataclass(frozen=True)
class Unread:
    """Something below a source that is not read.

    Args:
        name: of a file, folder, member or sheet, as in row ids.
        reason: why.
    """

    name: str
    reason: str


def reason_beside(name: str) -> str:
    """Why a file is no part of the data, by its path; empty if its name does not show it.

    >>> reason_beside("a/.DS_Store"), reason_beside("Thumbs.db"), reason_beside("README.md"), reason_beside("a.csv")
    ('a hidden file', 'a file of the operating system', 'a text about the data', '')
    """
    path = PurePosixPath(name)
    if "__MACOSX" in path.parts or path.name.lower() in _SYSTEM_NAMES:
        return SYSTEM
    if any(part.startswith(".") for part in path.parts if part != ".."):
        return HIDDEN
    if path.name.endswith(("-wal", "-shm", "-journal")):  # of SQLite
        return DATABASE
    is_text = path.stem.lower() in _TEXT_STEMS and path.suffix.lower() in _TEXT_SUFFIXES
    return TEXT if is_text else ""
