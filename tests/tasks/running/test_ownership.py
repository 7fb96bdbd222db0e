import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from tasks.running.ownership import claim_owner, exclusive_lock, make_data_folder, owner_is_dead, try_lock

IMPORTS = "import sys, pathlib, tasks.running.ownership as o\n"
CLAIM = f"{IMPORTS}print(o.claim_owner(pathlib.Path(sys.argv[1])), flush=True); input()"


def start_claimant(data: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIM, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    return process, process.stdout.readline().strip()


def test_a_process_is_alive_until_it_is_killed(tmp_path: Path) -> None:
    process, owner = start_claimant(tmp_path)
    assert not owner_is_dead(tmp_path, owner)
    process.kill()
    process.communicate()
    assert owner_is_dead(tmp_path, owner)
    assert owner_is_dead(tmp_path, owner), "the first look must leave the file as it is"


def test_a_dead_owner_is_remembered_however_late_the_next_start_is(tmp_path: Path) -> None:
    process, owner = start_claimant(tmp_path)
    process.kill()
    process.communicate()
    os.utime(tmp_path / "owners" / f"{owner}.lock", (0, 0))
    claim_owner(tmp_path)
    assert owner_is_dead(tmp_path, owner)


def test_a_process_sees_itself_alive_and_keeps_its_name(tmp_path: Path) -> None:
    owner = claim_owner(tmp_path)
    assert claim_owner(tmp_path) == owner
    assert not owner_is_dead(tmp_path, owner)


@pytest.mark.parametrize("owner", ["elsewhere:1:2", "../owners/elsewhere:1:2", ""])
def test_an_owner_unknown_here_is_never_declared_dead(tmp_path: Path, owner: str) -> None:
    claim_owner(tmp_path)
    assert not owner_is_dead(tmp_path, owner)


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(UserError, match="cannot write to the data folder"):
        claim_owner(tmp_path / "data")


def test_only_one_keeps_a_second_process_waiting(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    enter = f"{IMPORTS}with o.exclusive_lock(pathlib.Path(sys.argv[1])): print('in', flush=True)"
    with exclusive_lock(lock):
        process = subprocess.Popen([sys.executable, "-c", enter, str(lock)], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
    assert process.communicate(timeout=20)[0] == "in\n"


def test_an_owner_is_alive_until_the_last_exit_handler_has_run(tmp_path: Path) -> None:
    script = f"import atexit; atexit.register(input)\n{CLAIM.removesuffix('; input()')}"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    owner = process.stdout.readline().strip()
    time.sleep(1)  # by now it is in the handler
    assert not owner_is_dead(tmp_path, owner)
    process.communicate("\n")
    assert owner_is_dead(tmp_path, owner)


def test_alone_does_not_wait_and_creates_no_folder(tmp_path: Path) -> None:
    with try_lock(tmp_path / "lock") as first, try_lock(tmp_path / "lock") as second:
        assert (first, second) == (True, False)
    with pytest.raises(FileNotFoundError), try_lock(tmp_path / "servers" / "lock"):
        pass
    assert not (tmp_path / "servers").exists()


def test_a_new_data_folder_is_its_owners_alone_and_an_old_one_stays_as_it_is(tmp_path: Path) -> None:
    data = tmp_path / "new" / "data"
    make_data_folder(data)
    assert data.stat().st_mode & 0o777 == 0o700
    data.chmod(0o750)
    make_data_folder(data)
    assert data.stat().st_mode & 0o777 == 0o750
