"""What the last line of a real terminal shows, and that elsewhere nothing is drawn."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
import threading

import pytest

WORK = """
import sys, time
from eightytwenty import progress
progress._SECOND = 0.05
with progress.waiting("load") as line:
    time.sleep(0.3)
    line.say("train")
    time.sleep(0.3)
    with progress.progress_bar("epochs", "epochs") as show:
        print("BAR", file=sys.stderr, flush=True)
        show(1, 2)
        time.sleep(0.3)
        print("END", file=sys.stderr, flush=True)
    results = progress.stage_bar("route unit", iter("abc"), 3)
    next(results)
    next(results)
    time.sleep(0.3)
    assert list(results) == ["c"]
print("done")
"""


@pytest.fixture(scope="module")
def shown() -> str:
    """What the terminal got; its lines end in carriage returns."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    read: list[bytes] = []

    def collect() -> None:
        while True:
            try:
                read.append(os.read(main, 4096))
            except OSError:  # the other end is closed
                return

    reader = threading.Thread(target=collect)
    reader.start()
    subprocess.run([sys.executable, "-c", WORK], stdout=terminal, stderr=terminal, check=True, timeout=60)
    os.close(terminal)
    reader.join()
    os.close(main)
    return b"".join(read).decode()


def test_it_says_what_goes_on_and_is_gone_at_the_end(shown: str) -> None:
    assert "load, 0 s" in shown
    assert shown.index("load, 0 s") < shown.index("train, 0 s")
    assert shown.endswith("\r\x1b[Kdone\r\n")


def test_a_bar_takes_its_place_and_its_clock_goes_on(shown: str) -> None:
    _, _, during = shown.partition("BAR")
    during, _, _ = during.partition("END")
    assert "train" not in during
    assert during.count("epochs:  50%") > 2


def test_outside_a_terminal_nothing_is_drawn() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("done\n", "BAR\nEND\n")


def test_a_stage_shows_how_many_of_its_results_there_are(shown: str) -> None:
    _, _, during = shown.partition("route unit:  67%")
    assert "2/3" in during
