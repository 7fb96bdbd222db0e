"""The inbox: a folder in which every entry, a file or a folder of files, is one delivery, known by its content."""

import os
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from prefect import task

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, find_irregular, sha256
from tasks.running.retries import RETRIES

QUIET_SECONDS = 5  # a delivery that was changed more recently may still be arriving


@dataclass(frozen=True)
class Delivery:
    """New data: its name, where it lies, and the digest of its content."""

    name: str
    path: Path
    sha256: str

    @classmethod
    def at(cls, path: Path) -> "Delivery":
        """The file or folder at a path.

        Raises:
            UserError: it does not exist, cannot be read, or holds links or the like.
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
        new: deliveries that were never seen before, by name; of equal ones the first.
        waiting: names of those that were changed a moment ago, and are left for the next time.
        unfit: a sentence for each that cannot be read, or holds links or the like. These have no digest to be
            remembered by, so the sentence is repeated until they are corrected or removed.
    """

    new: tuple[Delivery, ...]
    waiting: tuple[str, ...]
    unfit: tuple[str, ...]


def look_into(folder: Path, known_digests: Collection[str]) -> Inbox:
    """Lists the deliveries in a folder, which is made if needed. Hidden entries and links are ignored.

    Args:
        folder: the inbox.
        known_digests: of the deliveries that are not new.

    Raises:
        UserError: the folder cannot be made or read.
    """
    with explain_write_errors(folder):
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
            if digest not in known_digests:
                new.setdefault(digest, Delivery(entry.name, entry.resolve(), digest))
    return Inbox(tuple(new.values()), tuple(waiting), tuple(unfit))


@task(**RETRIES)
def fetch(delivery: Delivery, folder: Path) -> Delivery | None:
    """Copies a delivery into a folder, so that later changes in the inbox do not matter.

    Returns:
        the copy; None if the delivery was changed after its digest was taken.
    """
    source, place = delivery.path, folder / delivery.sha256 / delivery.name
    shutil.rmtree(place.parent, ignore_errors=True)  # left by an attempt that failed
    with explain_write_errors(place):
        try:
            files = [file for file in source.rglob("*") if file.is_file()] if source.is_dir() else [source]
            for file in files:
                target = place / file.relative_to(source)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target, follow_symlinks=False)
            intact = find_irregular(place) is None and sha256(place) == delivery.sha256
        except FileNotFoundError:
            intact = False
    return replace(delivery, path=place) if intact else None


def refuse_irregular(place: Path) -> None:
    """Checks that a delivery consists of files and folders only.

    Raises:
        UserError: a link, a pipe or a device is in it.
    """
    if irregular_path := find_irregular(place):
        raise UserError(
            f"{irregular_path} is a link or not a regular file; replace it by the file itself, or remove it."
        )


def _entries(folder: Path) -> list[Path]:
    """The entries of an inbox that may be deliveries."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}); change its permissions.") from None
    return [entry for entry in entries if not entry.name.startswith(".") and not entry.is_symlink()]


def _files(entry: Path) -> list[Path]:
    """Everything in a delivery except folders; a folder that cannot be read is an error, not an empty one."""

    def refuse(error: OSError) -> None:
        raise error

    if not entry.is_dir():
        return [entry] if entry.is_file() else []
    return [Path(parent, name) for parent, _, names in os.walk(entry, onerror=refuse) for name in names]
