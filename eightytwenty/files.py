"""Files and folders that appear whole or not at all, and what a full disk or a locked folder is called."""

import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eightytwenty.errors import UserError


class UnwritableError(UserError):
    """The disk is full, locked or read-only: a sentence that says where and what to do."""


_WHY = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EACCES: "it may not be written; choose another folder or change its permissions",
    errno.EPERM: "it may not be written; choose another folder or change its permissions",
    errno.EROFS: "it lies on a read-only disk; choose another folder",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
    errno.EEXIST: "a part of the path is a file; choose another folder",
    errno.ENAMETOOLONG: "its name is too long; choose another folder",
    errno.EFBIG: "the file grew beyond what may be written; raise the limit",
}


def is_permanent(error: Exception) -> bool:
    """Whether an error of the disk will be there at the next attempt, too: it is full, locked, or not what it seems."""
    return isinstance(error, OSError) and (error.errno in _WHY or isinstance(error, FileNotFoundError))


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turns the disk's refusals (full, locked, read-only) into one sentence about `place`.

    Raises:
        UnwritableError: in place of the OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _WHY:
            raise
        raise UnwritableError(f"{place} cannot be written: {_WHY[error.errno]}.") from None


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """A folder to fill, which takes its place only when the block ends without an error.

    What stood at `place` before stays until then. A run that dies leaves beside it at most hidden leftovers, which the
    next run removes or, where it died between the two renames, puts back.

    Args:
        place: where the finished folder will be.

    Yields:
        the folder to write into.
    """
    place = place.resolve()
    partial, old = (place.with_name(f".{place.name}.{os.getpid()}.{word}") for word in ("partial", "old"))
    with writing(place):
        if place.exists() and not place.is_dir():
            raise UserError(f"{place} is a file; choose another folder.")
        _prepare(partial, place)
        try:
            yield partial
            if place.exists():
                place.rename(old)
            partial.rename(place)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _prepare(partial: Path, place: Path) -> None:
    """Makes the partial folder."""
    with _on_a_disk(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        _clear_leftovers(place)
        partial.mkdir()


@contextmanager
def _on_a_disk(place: Path) -> Iterator[None]:
    """Writing on what is no real disk, such as /proc, fails in a way of its own: say so.

    Raises:
        UnwritableError: it does.
    """
    try:
        yield
    except FileNotFoundError:
        raise UnwritableError(f"{place} cannot be written: its folder cannot be made; choose another folder.") from None


def _clear_leftovers(place: Path) -> None:
    """Removes what dead processes left beside `place`."""
    for leftover in place.parent.glob(f".{glob.escape(place.name)}.*.*"):
        pid, _, word = leftover.name.removeprefix(f".{place.name}.").partition(".")
        if word in {"partial", "old"} and pid.isdigit() and not _is_alive(int(pid)):
            if word == "old" and not place.exists():
                leftover.rename(place)
            else:
                shutil.rmtree(leftover, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()


def write_whole(place: Path, content: bytes) -> None:
    """Writes a file that is there whole or not at all.

    Raises:
        UnwritableError: the disk is full, locked or read-only.
    """
    with writing(place), _on_a_disk(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        partial = place.with_name(f".{place.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(place)
        finally:
            partial.unlink(missing_ok=True)


def sha256(place: Path) -> str:
    """Digest of a file, or of a folder: of the names and digests of its files, in the order of their names.

    Returns:
        64 hexadecimal digits.
    """
    if place.is_dir():
        files = sorted(file for file in place.rglob("*") if file.is_file() and not file.is_symlink())
        listing = "".join(f"{file.relative_to(place).as_posix()}\0{sha256(file)}\n" for file in files)
        return hashlib.sha256(listing.encode()).hexdigest()
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def irregular(place: Path) -> Path | None:
    """The first link, pipe or device that a file or folder is or holds, which no digest covers; None without any."""
    inside = sorted(place.rglob("*")) if place.is_dir() and not place.is_symlink() else []
    return next((one for one in (place, *inside) if one.is_symlink() or not (one.is_file() or one.is_dir())), None)
