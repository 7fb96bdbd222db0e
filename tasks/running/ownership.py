"""Who owns a run, and is that process still alive.

A process that is killed cannot say goodbye, and its runs would stay "running" for ever. So every process that
records runs holds a lock on a file of its own, <data>/owners/<owner>.lock, and writes the owner's name on its
runs. The kernel lets go of the lock when the process ends, however it ends; whoever can take the lock therefore
knows that the owner is dead. Unlike a process id this is never reused, and it holds between containers that share
the data folder. An owner without a file here may live elsewhere and is never declared dead.
"""

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eightytwenty.errors import UserError

OWNER_TAG = "eightytwenty.owner"
_KEEP_SECONDS = 30 * 24 * 3600
"""How long the file of a dead owner is kept: the time left to the next start to close its runs."""

# The open, locked files of this process by data folder. They are closed by the end of the process, never before.
_claims: dict[tuple[int, Path], tuple[str, int]] = {}


def claim_owner(data: Path) -> str:
    """Return the owner name of this process in a data folder, "host:pid:start time in ms".

    Args:
        data: The data folder; it is made if it is not there.

    Raises:
        UserError: If the data folder cannot be written.
    """
    key = (os.getpid(), data.resolve())
    if key not in _claims:
        folder = data / "owners"
        owner = f"{socket.gethostname()}:{os.getpid()}:{time.time_ns() // 1_000_000}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
            handle = os.open(folder / f"{owner}.lock", os.O_CREAT | os.O_RDWR, 0o644)
        except OSError as error:
            raise UserError(f"cannot write to the data folder {data} ({error.strerror}): choose another.") from error
        fcntl.flock(handle, fcntl.LOCK_EX)
        _claims[key] = (owner, handle)
    return _claims[key][0]


def owner_is_dead(data: Path, owner: str) -> bool:
    """Tell whether the process behind an owner name is known to be dead.

    False for a living process and for one that never claimed anything in this data folder.
    """
    path = data / "owners" / f"{owner}.lock"
    return "/" not in owner and path.is_file() and not _is_locked(path)


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Let one process at a time into the block; the others wait. The kernel frees a killed one's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def alone(path: Path) -> Iterator[bool]:
    """Tell whether no other process is in a block with this path, without waiting; if so, none gets in meanwhile."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _is_locked(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # held, or a file system without locks: nobody is declared dead there
            return True
        return False


def _sweep(folder: Path) -> None:
    for path in folder.glob("*.lock"):
        if time.time() - path.stat().st_mtime > _KEEP_SECONDS and not _is_locked(path):
            path.unlink(missing_ok=True)
