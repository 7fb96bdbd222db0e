"""A reader in a process of its own may grow, hang, crash or be killed: that is an error with one sentence."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from eightytwenty.files import UnwritableError
from tasks.running import confined
from tasks.running.confined import run_confined


def write(path: str, number: int) -> None:
    Path(path).write_text(f"{number} {[name for name in ('tensorflow', 'mlflow', 'prefect') if name in sys.modules]}")


def end(how: str) -> None:
    print("what a library prints is no answer")  # noqa: T201
    if how == "grow":
        blocks = []
        while True:
            blocks.append(os.urandom(1 << 24))
    if how == "hang":
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        time.sleep(600)
    if how.startswith("SIG"):
        os.kill(os.getpid(), getattr(signal, how))
    if how == "exit":
        os._exit(3)
    raise {
        "user": UserError("'secret' is no table.", redacted="It is no table."),
        "disk": UnwritableError("The disk is full."),
        "network": OSError(5, "Input/output error"),
        "memory": MemoryError(),
        "mistake": ValueError("secret"),
    }[how]


def write_pid_and_wait(path: str) -> None:
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def test_its_result_is_on_disk_and_it_loads_no_large_library(tmp_path: Path) -> None:
    run_confined(write, str(tmp_path / "out"), 7, size=1)
    assert (tmp_path / "out").read_text() == "7 []"


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ("grow", "Reading it takes more than 0.2 GB of memory; split it."),
        ("hang", "Reading it takes longer than 0 minutes; split it."),
        ("SIGKILL", "The process that read it was ended by SIGKILL; it is damaged or malicious: ask for it again."),
        ("SIGSEGV", "The process that read it was ended by SIGSEGV; it is damaged or malicious: ask for it again."),
        ("exit", "The process that read it ended with exit code 3; it is damaged or malicious: ask for it again."),
        ("memory", "Reading it takes more memory than there is; split it."),
        ("mistake", "It cannot be read (ValueError); it is damaged or malicious: ask for it again."),
        ("user", "'secret' is no table."),
    ],
)
def test_however_it_ends_it_is_one_sentence(monkeypatch: pytest.MonkeyPatch, how: str, sentence: str) -> None:
    monkeypatch.setattr(confined, "MOST_MEMORY", int(0.2 * (1 << 30)))
    if how == "hang":
        monkeypatch.setattr(confined, "_SECONDS", 2.0)
    with pytest.raises(UserError) as error:
        run_confined(end, how, size=1)
    assert str(error.value) == sentence
    assert "secret" not in error.value.redacted


def test_a_fault_of_the_disk_is_no_fault_of_the_delivery() -> None:
    with pytest.raises(UnwritableError, match="The disk is full"):
        run_confined(end, "disk", size=1)
    with pytest.raises(OSError, match="Input/output error") as error:
        run_confined(end, "network", size=1)
    assert error.value.errno == 5


def test_it_does_not_outlive_a_flow_that_is_killed(tmp_path: Path) -> None:
    code = (
        "from tasks.running.confined import run_confined; from tests.tasks.running.test_confined import *;"
        f"run_confined(write_pid_and_wait, {str(tmp_path / 'pid')!r}, size=1)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as flow:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        flow.kill()
    pid, deadline = int((tmp_path / "pid").read_text()), time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{pid}").exists()
