"""SIGTERM as an exception, so that the work clears up after itself."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_AGAIN_SECONDS = 0.01
_LOST = {SystemExit: signal.SIGTERM, KeyboardInterrupt: signal.SIGINT}


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Raises SystemExit with 128 and its number on SIGTERM, which by default ends Python on the spot.

    Somebody else's handler, such as the one of a Prefect worker, raises as well and is left alone. Only the main thread
    may set handlers. An exception that Python loses, because the signal struck while an object was being cleared up, is
    raised again a moment later; so is that of Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    report = sys.unraisablehook

    def again(lost: "sys.UnraisableHookArgs") -> None:
        number = _LOST.get(lost.exc_type)
        if number is None:
            report(lost)
        else:
            threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()

    signal.signal(signal.SIGTERM, _exit)
    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = report
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
