"""The inbox: a folder in which every entry, a file or a folder of files, is one delivery, known by its content."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import UserError
from tasks.files import sha256, writing

QUIET_SECONDS = 5  # a delivery that was changed since may still be on its way


@dataclass(frozen=True)
class Delivery:
    """Something to take in: what it is called, where it lies, and the digest of its content."""

    name: str
    path: Path
    sha256: str

    @classmethod
    def at(cls, path: Path) -> "Delivery":
        """The file or folder at a path.

        Raises:
            UserError: there is none, or it cannot be read.
        """
        try:
            return cls(path.name, path.resolve(), sha256(path))
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}); give a file or folder.") from None


@dataclass(frozen=True)
class Inbox:
    """What lies in an inbox.

    Attributes:
        new: deliveries that were never seen, by name; of equal ones the first.
        waiting: names of those that were changed a moment ago, and are left for the next time.
    """

    new: tuple[Delivery, ...]
    waiting: tuple[str, ...]


def look_into(folder: Path, seen: Collection[str]) -> Inbox:
    """Lists the deliveries of a folder, which is made if it is not there. Hidden entries and links are passed over.

    Args:
        folder: the inbox.
        seen: digests of deliveries that are known.

    Raises:
        UserError: the folder cannot be made, or something in it cannot be read.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    new: dict[str, Delivery] = {}
    waiting = []
    for entry in sorted(folder.iterdir()):
        try:
            if entry.name.startswith(".") or entry.is_symlink() or not any(_files(entry)):
                continue
            if abs(time.time() - max(file.stat().st_mtime for file in _files(entry))) < QUIET_SECONDS:
                waiting.append(entry.name)
                continue
            digest = sha256(entry)
        except OSError as error:
            raise UserError(
                f"{error.filename or entry} in the inbox cannot be read ({error.strerror}); "
                "change its permissions or remove it."
            ) from None
        if digest not in seen:
            new.setdefault(digest, Delivery(entry.name, entry.resolve(), digest))
    return Inbox(tuple(new.values()), tuple(waiting))


def _files(entry: Path) -> Iterator[Path]:
    """The files of a delivery."""
    if entry.is_file():
        yield entry
    elif entry.is_dir():
        yield from (file for file in entry.rglob("*") if file.is_file() and not file.is_symlink())
