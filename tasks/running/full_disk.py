"""One sentence for a full disk, whatever failed because of it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eightytwenty.errors import UserError

_LEAST_FREE_BYTES, _FEWEST_FREE_FILES = 1 << 20, 10
"""Databases give up before the last one."""


@contextmanager
def explain_full_disk(data: Path) -> Iterator[None]:
    """Turns any error into one sentence if the disk is full; databases and servers have many names for that."""
    try:
        yield
    except Exception as error:
        place = next(folder for folder in (data, *data.parents) if folder.is_dir())
        if not _is_full(place):
            raise
        raise UserError(
            f"The disk of {data} is full; free some space and run again: finished stages are kept."
        ) from error


def _is_full(folder: Path) -> bool:
    """Whether the disk of a folder has no bytes left, or no more files."""
    disk = os.statvfs(folder)
    has_no_files = disk.f_files and disk.f_favail < _FEWEST_FREE_FILES  # some file systems have no such limit
    return bool(has_no_files) or disk.f_bavail * disk.f_frsize < _LEAST_FREE_BYTES
