"""Reports of runs are whole, and what killed runs left of theirs is removed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.running.reports import report_folder

KILLED = """
import os, signal
from tasks.running.reports import report_folder
with report_folder("first") as (folder, partial):
    (partial / "half.png").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_run_removes_what_a_killed_one_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EIGHTYTWENTY_DATA", str(tmp_path))
    (tmp_path / "owners").mkdir()
    killed = subprocess.run([sys.executable, "-c", KILLED], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path / "reports")  # noqa: PTH208
    assert left.endswith(".partial")
    with report_folder("second") as (folder, partial):
        (partial / "whole.png").write_bytes(b"whole")
    assert (folder / "whole.png").read_bytes() == b"whole"
    assert [path.name for path in (tmp_path / "reports").iterdir()] == ["second"]
