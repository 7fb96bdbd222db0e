"""SIGTERM becomes an exception, in the main thread only, and it is not lost where Python loses exceptions."""

import signal
import sys
import threading
import time
import weakref

import pytest

from eightytwenty.signals import sigterm_raises


class Thing:
    """An object to finalize."""


def raise_in_finalizer(number: signal.Signals) -> None:
    thing = Thing()
    witness = weakref.ref(thing, lambda _: signal.raise_signal(number))
    del thing
    assert witness() is None  # the exception is lost
    time.sleep(10)


@pytest.mark.parametrize(("number", "stop"), [(signal.SIGTERM, SystemExit), (signal.SIGINT, KeyboardInterrupt)])
def test_an_exception_that_is_lost_is_raised_again(number: signal.Signals, stop: type[BaseException]) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(stop), sigterm_raises():
            raise_in_finalizer(number)
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_lost_exceptions_are_reported_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    reported = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: reported.append(unraisable.exc_type))
    thing = Thing()
    witness = weakref.ref(thing, lambda _: 1 / 0)
    with sigterm_raises():
        del thing
    assert witness() is None
    assert reported == [ZeroDivisionError]


def test_sigterm_gets_its_old_meaning_back_and_threads_do_not_touch_it() -> None:
    def in_thread() -> None:
        with sigterm_raises():
            handlers.append(signal.getsignal(signal.SIGTERM))

    handlers: list[object] = []
    before = signal.getsignal(signal.SIGTERM), sys.unraisablehook
    thread = threading.Thread(target=in_thread)
    thread.start()
    thread.join()
    assert handlers == [before[0]]
    with pytest.raises(SystemExit) as error, sigterm_raises():
        signal.raise_signal(signal.SIGTERM)
    assert error.value.code == 143
    assert (signal.getsignal(signal.SIGTERM), sys.unraisablehook) == before
