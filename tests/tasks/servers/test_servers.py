"""Child processes that end with their owner, and ports that are in use."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from tasks.servers.children import Children
from tasks.servers.loopback import listen

# a child and a grandchild
FAMILY = ["sh", "-c", "sleep 300 & echo $!; wait"]
OWNER = f"""
import sys
from pathlib import Path
from tasks.servers.children import Children
with Children() as children:
    print(children.start({FAMILY}, {{}}, Path(sys.argv[1])).pid, flush=True)
    sys.stdin.readline()
"""


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def grandchild_of(log: Path) -> int:
    while not (log.exists() and log.read_text().endswith("\n")):
        time.sleep(0.01)
    return int(log.read_text())


def test_at_the_end_of_the_block_children_and_grandchildren_are_gone(tmp_path: Path) -> None:
    with Children() as children:
        child = children.start(FAMILY, {}, tmp_path / "log")
        grandchild = grandchild_of(tmp_path / "log")
        assert child.poll() is None
    assert child.poll() == -signal.SIGTERM
    assert not is_alive(grandchild)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_they_are_gone_when_their_owner_is_killed(tmp_path: Path, number: int) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "log")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout
    child = int(owner.stdout.readline())
    grandchild = grandchild_of(tmp_path / "log")
    assert is_alive(child)
    assert is_alive(grandchild)
    os.kill(owner.pid, number)
    owner.communicate()
    deadline = time.monotonic() + 60
    while (is_alive(child) or is_alive(grandchild)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)
    assert not is_alive(grandchild)


def test_a_port_in_use_is_a_sentence_that_names_the_option() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} is taken: .* with --mlflow-port"):
            listen(port, "--mlflow-port")


def test_a_checkout_under_a_path_with_a_space_runs_its_own_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.utilities.processutils import command_from_string

    from tasks.servers.deployments import _job_template

    monkeypatch.setattr(sys, "executable", "/a folder/python")
    command = command_from_string(_job_template()["job_configuration"]["command"])
    assert command[-3:] == ["/a folder/python", "-m", "prefect.engine"]
