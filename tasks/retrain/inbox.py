"""The inbox: a folder in which every entry, a file or a folder of files, is one delivery, known by its content."""

import os
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.files import irregular, sha256, writing

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
            UserError: there is none, it cannot be read, or it holds links or the like.
        """
        try:
            place = path.resolve(strict=True)
            refuse_irregular(place)
            return cls(path.name, place, sha256(place))
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}); give a file or folder.") from None


@dataclass(frozen=True)
class Inbox:
    """What lies in an inbox.

    Attributes:
        new: deliveries that were never seen, by name; of equal ones the first.
        waiting: names of those that were changed a moment ago, and are left for the next time.
        unfit: a sentence for each that cannot be read, or holds links or the like. It has no digest to remember it by,
            so that it is said again until it is mended or removed.
    """

    new: tuple[Delivery, ...]
    waiting: tuple[str, ...]
    unfit: tuple[str, ...]


def look_into(folder: Path, seen: Collection[str]) -> Inbox:
    """Lists the deliveries of a folder, which is made if it is not there. Hidden entries and links are passed over.

    Args:
        folder: the inbox.
        seen: digests of deliveries that are known.

    Raises:
        UserError: the folder cannot be made or read.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    new: dict[str, Delivery] = {}
    waiting, unfit = [], []
    for entry in _entries(folder):
        try:
            files = _files(entry)
            if not files:
                continue
            if abs(time.time() - max(file.lstat().st_mtime for file in files)) < QUIET_SECONDS:
                waiting.append(entry.name)
                continue
            refuse_irregular(entry)
            digest = sha256(entry)
        except UserError as error:
            unfit.append(f"{entry.name}: refused. {error}")
        except OSError as error:
            unfit.append(
                f"{entry.name}: refused. {error.filename or entry} cannot be read ({error.strerror}); "
                "change its permissions or remove it."
            )
        else:
            if digest not in seen:
                new.setdefault(digest, Delivery(entry.name, entry.resolve(), digest))
    return Inbox(tuple(new.values()), tuple(waiting), tuple(unfit))


def refuse_irregular(place: Path) -> None:
    """Nothing where a delivery consists of files and folders only.

    Raises:
        UserError: a link, a pipe or a device is in it.
    """
    if found := irregular(place):
        raise UserError(f"{found} is a link or no file at all; put the file itself there, or remove it.")


def _entries(folder: Path) -> list[Path]:
    """The entries of an inbox that may be deliveries."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}); change its permissions.") from None
    return [entry for entry in entries if not entry.name.startswith(".") and not entry.is_symlink()]


def _files(entry: Path) -> list[Path]:
    """Whatever a delivery holds besides folders; a folder that cannot be read is an error, not an empty one."""

    def refuse(error: OSError) -> None:
        raise error

    if not entry.is_dir():
        return [entry] if entry.is_file() else []
    return [Path(parent, name) for parent, _, names in os.walk(entry, onerror=refuse) for name in names]
