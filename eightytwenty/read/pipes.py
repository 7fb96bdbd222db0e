"""Stores what comes through a pipe, because it can be read once only."""

import shutil
import sys
from pathlib import Path

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors

STANDARD_INPUT = "-"


def is_pipe(source: str | Path) -> bool:
    """Whether a source is a named pipe, or the standard input."""
    return str(source) == STANDARD_INPUT or Path(source).is_fifo()


def store(source: str | Path, folder: Path) -> Path:
    """Stores the content of a pipe as a file, of about its name, in a folder.

    Raises:
        UserError: the pipe cannot be read, or the disk is full.
    """
    path = folder / ("stdin" if str(source) == STANDARD_INPUT else Path(source).name)
    try:
        stream = sys.stdin.buffer if str(source) == STANDARD_INPUT else Path(source).open("rb")  # noqa: SIM115
    except OSError as error:
        raise UserError(
            f"{source} cannot be read ({error.strerror}); change its permissions or give another."
        ) from None
    with stream, explain_write_errors(path), path.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    return path
