"""Reads what others sent in a process of its own, within bounds of memory and time.

A hostile or damaged file can make a reader grow, hang or crash. Here that ends a child process, never the flow. The
child imports neither TensorFlow, MLflow nor Prefect, and ends with this process, however this one ends.
"""

import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from eightytwenty.errors import UserError
from eightytwenty.files import UnwritableError

MOST_MEMORY = 2 << 30  # bytes of the child's own, without the libraries that it shares with others
# what an honest source needs on a busy machine is far less
_SECONDS, _BYTES_PER_SECOND = 600.0, 1 << 20
_WATCH_SECONDS = 0.02
_TOO_MUCH = "reading it takes more than {} of memory; split it"


def run_confined(function: Callable[..., object], *arguments: str | int, size: int) -> None:
    """Calls a function in a process of its own, which is killed when it needs too much.

    Args:
        function: importable by its name. What it returns is dropped; it leaves its result on disk.
        arguments: for it.
        size: bytes that it reads. It gets ten minutes, and one second more for each MB of them.

    Raises:
        UserError: the function raised it, or the process needed too much memory or time, or crashed.
        UnwritableError: the function raised it.
        OSError: the same.
    """
    seconds = _SECONDS + size / _BYTES_PER_SECOND
    call = json.dumps([function.__module__, function.__qualname__, *arguments])
    # the child ends when its input does, which is when this process ends
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-m", __name__, call],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C reaches this process only
    ) as child:
        try:
            excess = _watch(child, seconds)
        finally:
            child.kill()
        answer = child.stdout.read() if child.stdout else b""
    if excess:
        raise UserError(f"{excess[0].upper()}{excess[1:]}.")
    if child.returncode:
        _raise(answer, child.returncode)


def _watch(child: subprocess.Popen[bytes], seconds: float) -> str:
    """Waits until the child ends, or needs too much; says what that is."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(subprocess.TimeoutExpired):
            child.wait(_WATCH_SECONDS)
            return ""
        if _memory(child.pid) > MOST_MEMORY:
            return _TOO_MUCH.format(f"{MOST_MEMORY / (1 << 30):.2g} GB")
        if time.monotonic() > deadline:
            return f"reading it takes longer than {seconds / 60:.0f} minutes; split it"


def _memory(pid: int) -> int:
    """Bytes of a process that belong to no file. 0 where the system does not say, as on macOS: there is no bound."""
    with suppress(OSError, StopIteration):
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        return int(next(line for line in status if line.startswith("RssAnon:")).split()[1]) << 10
    return 0


def _raise(answer: bytes, code: int) -> None:
    """Raises the error of the child again, or says how it ended."""
    if not answer:
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise UserError(f"The process that read it {how}; it is damaged or malicious: ask for it again.")
    kind, sentence, redacted, number = json.loads(answer)
    if kind == "UnwritableError":
        raise UnwritableError(sentence)
    if kind == "OSError":
        raise OSError(number, sentence)
    raise UserError(sentence, redacted=redacted)


def _answer(error: BaseException) -> tuple[str, str, str, int]:
    """What to tell of an error: its kind, its sentence, the sentence to store, and the number of an OSError."""
    if isinstance(error, UserError):
        return type(error).__name__, str(error), error.redacted, 0
    if isinstance(error, OSError):
        return "OSError", error.strerror or type(error).__name__, "", error.errno or 0
    if isinstance(error, MemoryError):
        sentence = "Reading it takes more memory than there is; split it."
    else:  # its text may quote the file
        sentence = f"It cannot be read ({type(error).__name__}); it is damaged or malicious: ask for it again."
    return "UserError", sentence, sentence, 0


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


def _main(call: str) -> None:
    with suppress(OSError):  # if the machine runs out of memory, this is the process to end
        Path("/proc/self/oom_score_adj").write_text("1000")
    answers: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, name, *arguments = json.loads(call)
    try:
        getattr(importlib.import_module(module), name)(*arguments)
    except BaseException as error:  # noqa: BLE001 - a panic of polars too
        answers.write(json.dumps(_answer(error)).encode())
        answers.flush()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    _main(sys.argv[1])
