"""Turns SIGTERM into an exception, so that the work cleans up after itself."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_DELAY_SECONDS = 0.01
_SIGNALS = {SystemExit: signal.SIGTERM, KeyboardInterrupt: signal.SIGINT}


@contextmanager
def sigterm_raises() -> Iterator[None]:
    """Raises SystemExit with 128 and its number on SIGTERM, which by default ends Python on the spot.

    Another handler, such as that of a Prefect worker, raises too and is left in place. Only the main thread may set
    handlers. Python loses an exception that is raised while an object is being finalized; it is raised again a moment
    later, and so is that of Ctrl-C.
    """
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return
    default_hook = sys.unraisablehook

    def raise_again(unraisable: "sys.UnraisableHookArgs") -> None:
        number = _SIGNALS.get(unraisable.exc_type)
        if number is None:
            default_hook(unraisable)
        else:
            threading.Timer(_DELAY_SECONDS, os.kill, (os.getpid(), number)).start()

    signal.signal(signal.SIGTERM, _exit)
    sys.unraisablehook = raise_again
    try:
        yield
    finally:
        sys.unraisablehook = default_hook
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
