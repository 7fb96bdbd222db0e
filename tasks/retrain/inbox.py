"""The inbox: a folder in which every entry, a file or a folder of files, is one delivery, known by its content."""

import os
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from prefect import task

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, find_irregular, name_as_text, sha256
from tasks.experiment import Ingest, Raw
from tasks.running.allowed_paths import require_allowed_to_copy
from tasks.running.retries import RETRIES

QUIET_SECONDS = 5  # a delivery that was changed more recently may still be arriving
MOST_BYTES = 5 << 30  # of all its files
_LONGEST_NAME, _LONGEST_PATH = 200, 1024  # bytes: room for what the program adds to a name when it makes a copy


@dataclass(frozen=True)
class Delivery(Raw):
    """New data: its name, where it lies, and the digest of its content."""

    @classmethod
    def at(cls, path: Path) -> "Delivery":
        """The file or folder at a path.

        Raises:
            UserError: it does not exist, cannot be read or copied, or holds links or the like.
        """
        try:
            place = path.resolve(strict=True)
            _require_regular(place, _files(place))
            return cls(path.name, place, sha256(place))
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror}); give a file or folder.") from None


@dataclass(frozen=True)
class Inbox:
    """What lies in an inbox.

    Attributes:
        new: deliveries that were never seen before, by name; of equal ones the first.
        waiting: names of those that were changed a moment ago, and are left for the next time.
        unfit: a sentence for each that cannot be read or copied, is too large, or holds links or the like. These have
            no digest to be remembered by, so the sentence is repeated until they are corrected or removed.
    """

    new: tuple[Delivery, ...]
    waiting: tuple[str, ...]
    unfit: tuple[str, ...]


def start_with(path: str) -> Ingest | None:
    """The stage `ingest` of a dataset that begins with a file or folder of the user's; None if there is none."""

    def find(path: str) -> Raw:
        return Delivery.at(require_allowed_to_copy(path))

    return partial(find, path) if path else None


def look_into(folder: Path, known_digests: Collection[str], now: float | None = None) -> Inbox:
    """Lists the deliveries in a folder, which is made if needed. Hidden entries and links are ignored.

    Args:
        folder: the inbox.
        known_digests: of the deliveries that are not new.
        now: seconds since 1970; the system's time if not given.

    Raises:
        UserError: the folder cannot be made or read.
    """
    now = time.time() if now is None else now
    with explain_write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    new: dict[str, Delivery] = {}
    waiting, unfit = [], []
    for entry in _entries(folder):
        name = name_as_text(entry.name)
        try:
            files = _files(entry)
            if not files:
                continue
            if _changed(entry, now):
                waiting.append(name)
                continue
            _require_regular(entry, files)
            digest = sha256(entry)
        except UserError as error:
            unfit.append(f"{name}: refused. {error}")
        except FileNotFoundError:  # somebody is moving it
            waiting.append(name)
        except OSError as error:
            unfit.append(
                f"{name}: refused. {name_as_text(str(error.filename or entry))} cannot be read ({error.strerror}); "
                "change its permissions or remove it."
            )
        else:
            if digest not in known_digests:
                new.setdefault(digest, Delivery(entry.name, entry.resolve(), digest))
    return Inbox(tuple(new.values()), tuple(waiting), tuple(unfit))


@task(task_run_name="fetch {delivery.name}", **RETRIES)
def fetch(delivery: Raw, folder: Path) -> Raw | None:
    """Copies a delivery into a folder, so that later changes in the inbox do not matter.

    Returns:
        the copy; None if the delivery was changed after its digest was taken.

    Raises:
        UnwritableError: the copy cannot be written.
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


def _require_regular(place: Path, files: Collection[Path]) -> None:
    """Checks that a delivery consists of files and folders that can be copied, and is not too large.

    Raises:
        UserError: a link, a pipe or a device is in it, a name is too long or no text, or there are too many bytes.
    """
    for file in files:
        path = file.relative_to(place.parent)
        if any(len(os.fsencode(part)) > _LONGEST_NAME for part in path.parts) or len(os.fsencode(path)) > _LONGEST_PATH:
            raise UserError(
                f"The name {name_as_text(file.name)[:40]}... or its path is too long; give it a shorter one."
            )
        if name_as_text(str(path)) != str(path):
            raise UserError(f"The name {name_as_text(str(path))} is not UTF-8; rename it.")
    if irregular_path := find_irregular(place):
        raise UserError(
            f"{irregular_path} is a link or not a regular file; replace it by the file itself, or remove it."
        )
    size = sum(file.lstat().st_size for file in files)
    if size > MOST_BYTES:
        raise UserError(f"{place} has {size:,} bytes, and at most {MOST_BYTES >> 30} GB are read; split it.")


def _changed(entry: Path, now: float) -> bool:
    """Whether a delivery was changed a moment ago.

    A copy may keep the modification times of its original, so the times at which the system noted a change count too.
    """
    folders = [Path(parent) for parent, _, _ in os.walk(entry)]
    states = [place.lstat() for place in (entry, *folders, *_files(entry))]
    return any(abs(now - moment) < QUIET_SECONDS for state in states for moment in (state.st_mtime, state.st_ctime))


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
