"""Faults in flows that record in their own data folder. docs/reliability.md says what is promised for each."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

import pytest

from tests.flows.conftest import stages
from tests.system.faults import FLOW, LOGGING, TRAINING, half_written, run, running, runs, unfinished

pytestmark = pytest.mark.timeout(900)  # several processes at once, on a machine that may have other work
OTHER = [*FLOW, "--seed", "1"]


@pytest.fixture
def warm(undisturbed: Path, tmp_path: Path) -> Path:
    """A data folder in which all stages are finished, so that a flow soon reaches its tracking."""
    shutil.copytree(undisturbed / "stages", tmp_path / "data" / "stages")
    return tmp_path / "data"


@pytest.mark.soak
def test_flows_at_once_do_not_disturb_each_other(undisturbed: Path, tmp_path: Path) -> None:
    """The same flow twice, and another one, over one new data folder."""
    data = tmp_path / "data"
    with ExitStack() as stack:
        flows = [stack.enter_context(running(data, *arguments)) for arguments in (FLOW, FLOW, OTHER)]
        for flow in flows:
            assert flow.exit_code() == 0, flow.log.read_text()
    digests = stages(data)
    expected = stages(undisturbed)
    assert expected.items() <= digests.items()
    assert len(digests) == 2 * len(expected)  # the two equal flows did no stage twice
    assert not half_written(data)
    states = runs(data)
    assert {state for states_of_run in states.values() for state in states_of_run} == {"COMPLETED", "FINISHED"}
    assert len(states["adders"]) == 3
    assert not (data / "prefect" / "server.log").read_text().count("database is locked")


@pytest.mark.soak
def test_a_killed_private_prefect_server_ends_the_flow_with_a_sentence(undisturbed: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    # by default Prefect retries for more than a minute when the server is gone
    with running(data, PREFECT_CLIENT_MAX_RETRIES="1") as flow:
        flow.wait_until(lambda: list(data.glob(TRAINING)))
        children = Path(f"/proc/{flow.process.pid}/task").glob("*/children")
        for child in {int(pid) for listing in children for pid in listing.read_text().split()}:
            if b"tasks.servers.prefect_process" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(child, signal.SIGKILL)
        assert "the private Prefect server ended in the middle of the run" in flow.error()
    assert runs(data)["adders"] == ["FAILED"]
    run(data)
    assert not unfinished(data)
    assert stages(data) == stages(undisturbed)
    assert not half_written(data)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A data folder on its own disk of 64 MB and 3,000 files."""
    folder = tmp_path / "data"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=3000", "tmpfs", str(folder)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small disk is not allowed here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.soak
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_becomes_full_ends_the_flow_with_a_sentence(undisturbed: Path, disk: Path) -> None:
    with running(disk) as flow:
        flow.wait_until(lambda: list(disk.glob(TRAINING)))
        fill(disk / "filler")
        assert "is full; free some space" in flow.error()
    assert not half_written(disk)
    (disk / "filler").unlink()
    run(disk)
    assert not unfinished(disk)
    assert stages(disk) == stages(undisturbed)


@pytest.mark.soak
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_disk_without_room_for_another_file_ends_the_flow_with_a_sentence(undisturbed: Path, disk: Path) -> None:
    with running(disk) as flow:
        flow.wait_until(lambda: list(disk.glob(LOGGING)))
        (disk / "filler").mkdir()
        with suppress(OSError):
            for number in count():
                (disk / "filler" / str(number)).touch()
        assert "is full; free some space" in flow.error()
    assert not half_written(disk)
    shutil.rmtree(disk / "filler")
    run(disk)
    assert not unfinished(disk)
    assert stages(disk) == stages(undisturbed)


def fill(path: Path) -> None:
    """Write a file until its disk has no byte left."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1):
            while True:
                try:
                    file.write(b"x" * size)
                except OSError:
                    break


@pytest.mark.soak
def test_a_removed_artifact_folder_costs_only_what_was_in_it(undisturbed: Path, warm: Path) -> None:
    run(warm)
    shutil.rmtree(warm / "mlflow" / "artifacts")
    with running(warm) as flow:
        flow.wait_until(lambda: list(warm.glob(LOGGING)))
        shutil.rmtree(warm / "mlflow" / "artifacts", ignore_errors=True)
        assert flow.exit_code() == 0, flow.log.read_text()
    assert not unfinished(warm)
    assert runs(warm)["adders"].count("FINISHED") == 2
    assert list((warm / "mlflow" / "artifacts").rglob("results.json"))
    assert stages(warm) == stages(undisturbed)
