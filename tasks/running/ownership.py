"""Which process owns a run, and whether that process is still alive.

A process that is killed cannot close its runs, and they would stay "running" for ever. So every process that records
runs holds a lock on its own file, <data>/owners/<owner>.lock, and tags its runs with the owner's name. The kernel
releases the lock when the process ends, however it ends, so anyone who can take the lock knows that the owner is dead.
Unlike a process id, an owner's name is never reused, and the lock works between containers that share the data folder.
An owner without a file here may be running elsewhere and is never declared dead. So the files, which are empty, are
kept: a run can be closed however late the next start is.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, lock_descriptor

from eightytwenty.errors import UserError

OWNER_TAG = "eightytwenty.owner"

# (process id, data folder) -> owner and its open, locked file, which stays open until the process ends.
_claims: dict[tuple[int, Path], tuple[str, int]] = {}


def make_data_folder(data: Path) -> None:
    """Make the data folder, if there is none, so that nobody but its owner can read what is in it.

    Raises:
        UserError: If it cannot be made.
    """
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        data.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot write to the data folder {data} ({error.strerror}): choose another one.") from error


def claim_owner(data: Path) -> str:
    """Return the owner name of this process in a data folder, "host:pid:start time in ms".

    Args:
        data: The data folder; it is created if it does not exist.

    Raises:
        UserError: If the data folder cannot be written.
    """
    key = (os.getpid(), data.resolve())
    if key not in _claims:
        folder = data / "owners"
        owner = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns() // 1_000_000}"
        make_data_folder(data)
        try:
            folder.mkdir(exist_ok=True)
            handle = os.open(folder / f"{owner}.lock", os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise UserError(
                f"cannot write to the data folder {data} ({error.strerror}): choose another one."
            ) from error
        # not a FileLock, which would be released by exit handlers and destructors, before the process ends
        lock_descriptor(handle)
        _claims[key] = (owner, handle)
    return _claims[key][0]


def owner_is_dead(data: Path, owner: str) -> bool:
    """Whether the process with this owner name is known to be dead.

    False for a living process, and for one that never claimed this data folder.
    """
    path = data / "owners" / f"{owner}.lock"
    return "/" not in owner and path.is_file() and not _is_locked(path)


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Let one process at a time into the block; the others wait. The kernel releases the lock of a killed process."""
    # preserve_lock_file also refuses a file system without locks: the marker file that FileLock would use there instead
    # stays behind when a process is killed
    with FileLock(path, thread_local=False, preserve_lock_file=True):
        yield


@contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Yield whether this process has the lock of this path for the block; False, without waiting, if another has it."""
    with path.open("a") as file:  # not a FileLock, which would create the folder even if nobody has ever used it
        yield lock_descriptor(file.fileno(), blocking=False)


def _is_locked(path: Path) -> bool:
    with path.open() as file:  # not a FileLock, which would need write access, and create the file if it is gone
        try:
            return not lock_descriptor(file.fileno(), blocking=False)
        except OSError:  # a file system without locks, where nobody is declared dead
            return True
