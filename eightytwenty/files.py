"""Writes files and folders whole or not at all, and explains a full disk or a locked folder in one sentence."""

import errno
import glob
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from eightytwenty.errors import UserError


class UnwritableError(UserError):
    """The disk is full, locked or read-only; the sentence says where, and what to do."""


FULL = {errno.ENOSPC, errno.EDQUOT}
_WHY = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EACCES: "it may not be written; choose another folder or change its permissions",
    errno.EPERM: "it may not be written; choose another folder or change its permissions",
    errno.EROFS: "it lies on a read-only disk; choose another folder",
    errno.ENOTDIR: "a part of the path is a file; choose another folder",
    errno.EEXIST: "a part of the path is a file; choose another folder",
    errno.EISDIR: "there is a folder of that name; choose another name or remove it",
    errno.ENAMETOOLONG: "its name is too long; choose another folder",
    errno.EFBIG: "the file grew beyond what may be written; raise the limit",
}


def is_permanent(error: Exception) -> bool:
    """Whether a disk error will occur at the next attempt too, because the disk is full, locked or not a real disk."""
    return isinstance(error, OSError) and (error.errno in _WHY or isinstance(error, FileNotFoundError))


@contextmanager
def explain_write_errors(path: Path) -> Iterator[None]:
    """Turns the disk's refusals (full, locked, read-only) into one sentence about `path`.

    Raises:
        UnwritableError: in path of the OSError.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _WHY:
            raise
        raise UnwritableError(f"{path} cannot be written: {_WHY[error.errno]}.") from None


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yields a folder to fill, which is moved to `path` only when the block ends without an error.

    A folder that was at `path` before stays there until then. A run that dies leaves at most hidden files next to it,
    which the next run removes or, if it died between the two renames, puts back.

    Args:
        path: of the finished folder.

    Yields:
        The folder to write into.
    """
    path = path.resolve()
    partial, old = (path.with_name(f".{path.name}.{os.getpid()}.{word}") for word in ("partial", "old"))
    with explain_write_errors(path):
        if path.exists() and not path.is_dir():
            raise UserError(f"{path} is a file; choose another folder.")
        _prepare(partial, path)
        try:
            yield partial
            if path.exists():
                path.rename(old)
            partial.rename(path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        shutil.rmtree(old, ignore_errors=True)


def _prepare(partial: Path, path: Path) -> None:
    """Makes the partial folder."""
    with require_real_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(path)
        partial.mkdir()


@contextmanager
def require_real_disk(path: Path) -> Iterator[None]:
    """Explains the error of writing to something that is not a real disk, such as /proc.

    Raises:
        UnwritableError: in path of the FileNotFoundError.
    """
    try:
        yield
    except FileNotFoundError:
        raise UnwritableError(f"{path} cannot be written: its folder cannot be made; choose another folder.") from None


def clear_leftovers(path: Path) -> None:
    """Removes what dead processes left next to `path`, in whose place they were about to put a file or folder."""
    for leftover in path.parent.glob(f".{glob.escape(path.name)}.*.*"):
        pid, _, word = leftover.name.removeprefix(f".{path.name}.").partition(".")
        if word in {"partial", "old"} and pid.isdigit() and not _is_alive(int(pid)):
            if word == "old" and not path.exists():
                leftover.rename(path)
            else:
                with suppress(OSError):
                    remove(leftover)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid != os.getpid()


@contextmanager
def scratch_folder(path: Path) -> Iterator[Path]:
    """Yields a hidden folder next to `path`, which is removed after the block.

    If the process dies in the block, the next one removes it.

    Raises:
        UnwritableError: the folder of `path` is full, locked or read-only.
    """
    path = path.resolve()
    folder = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with explain_write_errors(path):
        _prepare(folder, path)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def private_folder(path: Path) -> None:
    """Makes a folder that only its user may open, or checks that it is one.

    Raises:
        UserError: it is another user's, or others may open it.
        UnwritableError: it cannot be made.
    """
    with explain_write_errors(path), require_real_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
        raise UserError(f"{path} is open to other users; remove it, or choose another folder.")


def scratch_in(folder: Path) -> Path:
    """A hidden path in a folder that no other process uses, on whatever machine; nothing is there yet."""
    return folder / f".{uuid4().hex}"


def settle(partial: Path, place: Path) -> None:
    """Renames a finished folder whose name says all that is in it: if one is there already, it is equal and stays."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        partial.rename(place)
    except OSError:
        if not place.is_dir():
            raise
        shutil.rmtree(partial)


@contextmanager
def settle_file(path: Path) -> Iterator[Path]:
    """Yields a path to write, which becomes `path` when the block ends without an error."""
    partial = scratch_in(path.parent)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        UnwritableError: the disk is full, locked or read-only.
    """
    with explain_write_errors(path), require_real_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_leftovers(path)
        partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
        try:
            with partial.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def write_files(folder: Path, contents: Mapping[str, str | bytes]) -> None:
    """Writes files into a folder.

    Args:
        folder: an existing one.
        contents: path in the folder -> content; text is written as UTF-8.
    """
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def sha256(path: Path) -> str:
    """Digest of a file, or of a folder: of the names and digests of its files, in the order of their names.

    Returns:
        64 hexadecimal digits.
    """
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
        listing = "".join(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\n" for file in files)
        # names need not be UTF-8
        return hashlib.sha256(listing.encode(errors="surrogateescape")).hexdigest()
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def name_as_text(name: str) -> str:
    r"""The name of a file or member, with bytes that are not text written out: caf\xe9.png for one in Latin-1."""
    try:
        return os.fsencode(name).decode(errors="backslashreplace")
    except UnicodeEncodeError:  # half a character, which no file system returns
        return name.encode(errors="backslashreplace").decode()


def find_irregular(path: Path) -> Path | None:
    """The first link, pipe or device in a folder, or the path itself if it is one; no digest covers these."""
    entries = sorted(path.rglob("*")) if path.is_dir() and not path.is_symlink() else []
    return next(
        (entry for entry in (path, *entries) if entry.is_symlink() or not (entry.is_file() or entry.is_dir())), None
    )


def remove(path: Path) -> None:
    """Removes whatever lies at a path: a file, a link, a folder with everything in it, or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def make_way(path: Path) -> None:
    """Removes a folder that lies in the place of a file of ours.

    Raises:
        UnwritableError: it may not be removed.
    """
    with explain_write_errors(path):
        if path.is_dir():
            remove(path)


def source_mode(path: Path, expected: str) -> int:
    """The mode of a source, which tells a file from a folder.

    Args:
        path: the source.
        expected: what to give instead, for the error.

    Raises:
        UserError: it does not exist or cannot be read.
    """
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{path} does not exist; give {expected}.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); change its permissions or give another.") from None
