import os
import subprocess
import sys
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from eightytwenty.files import UnwritableError, explain_write_errors, scratch_folder, sha256, whole_folder, write_whole


def file_names(folder):
    return sorted(path.name for path in folder.iterdir())


def dead_pid():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_folder_appears_when_it_is_whole_and_not_before(tmp_path):
    with whole_folder(tmp_path / "new" / "out") as folder:
        (folder / "x").write_text("new")
        assert not (tmp_path / "new" / "out").exists()
    assert file_names(tmp_path / "new") == ["out"]
    assert file_names(tmp_path / "new" / "out") == ["x"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_what_was_there_and_nothing_else(tmp_path, error):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "x").write_text("old")

    def fail():
        with whole_folder(tmp_path / "out") as folder:
            (folder / "x").write_text("half")
            assert (tmp_path / "out" / "x").read_text() == "old"
            raise error

    with pytest.raises(error):
        fail()
    assert file_names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "old"


def test_a_whole_folder_replaces_an_older_one(tmp_path):
    for content in ("old", "new"):
        with whole_folder(tmp_path / "out") as folder:
            (folder / content).write_text(content)
    assert file_names(tmp_path) == ["out"]
    assert file_names(tmp_path / "out") == ["new"]


def test_a_scratch_folder_is_gone_after_the_block_and_that_of_a_dead_process_before_it(tmp_path):
    (tmp_path / f".out.{dead_pid()}.partial").mkdir()
    with scratch_folder(tmp_path / "out") as folder:
        (folder / "x").write_text("new")
        assert file_names(tmp_path) == [folder.name]
    assert not file_names(tmp_path)


def test_a_file_that_a_dead_process_did_not_finish_is_removed(tmp_path):
    dead, alive = (tmp_path / f".out.{pid}.partial" for pid in (dead_pid(), os.getppid()))
    for path in (dead, alive):
        path.write_text("half")
    write_whole(tmp_path / "out", b"whole")
    assert file_names(tmp_path) == [alive.name, "out"]


@pytest.mark.parametrize("name", ["out", "out[1]*"])
def test_leftovers_of_dead_processes_are_removed_and_those_of_living_ones_stay(tmp_path, name):
    dead, alive = dead_pid(), os.getppid()
    for pid, word in ((dead, "partial"), (dead, "old"), (alive, "partial"), (os.getpid(), "partial")):
        (tmp_path / f".{name}.{pid}.{word}").mkdir()
    (tmp_path / f".{name}.notes.old").mkdir()
    (tmp_path / name).mkdir()
    with whole_folder(tmp_path / name):
        pass
    assert file_names(tmp_path) == sorted([name, f".{name}.{alive}.partial", f".{name}.notes.old"])


def test_a_folder_lost_between_two_renames_is_put_back(tmp_path):
    (tmp_path / f".out.{dead_pid()}.old").mkdir()
    (next(tmp_path.iterdir()) / "x").write_text("old")

    def fail():
        with whole_folder(tmp_path / "out"):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        fail()
    assert file_names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "x").read_text() == "old"


def test_a_file_is_not_replaced_by_a_folder(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UserError, match=r"out is a file; choose another folder"), whole_folder(tmp_path / "out"):
        pass
    assert (tmp_path / "out").read_text() == "mine"
    with pytest.raises(UserError, match="a part of the path is a file"), whole_folder(tmp_path / "out" / "more"):
        pass


def test_the_current_folder_may_be_named_by_a_dot(tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with whole_folder(Path()) as folder:
        (folder / "x").write_text("new")
    assert file_names(tmp_path / "here") == ["x"]


def test_other_errors_of_the_system_are_not_hidden(tmp_path):
    with pytest.raises(FileNotFoundError), explain_write_errors(tmp_path):
        (tmp_path / "none").read_bytes()


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    write_whole(tmp_path / "deep" / "x", b"old")
    program = f"""
import resource
from pathlib import Path
from eightytwenty.errors import UserError
from eightytwenty.files import write_whole
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_whole(Path({str(tmp_path / "deep" / "x")!r}), b"x" * 5000)
except UserError as error:
    raise SystemExit(str(error))
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "cannot be written: the file grew beyond" in result.stderr
    assert file_names(tmp_path / "deep") == ["x"]
    assert (tmp_path / "deep" / "x").read_bytes() == b"old"


@pytest.mark.parametrize("path", ["/proc/a.png", "/proc/none/a.png"])
def test_a_file_on_what_is_no_disk_is_one_sentence(path):
    with pytest.raises(UnwritableError, match=f"{path} cannot be written: its folder cannot be made"):
        write_whole(Path(path), b"x")


def test_the_digest_of_a_folder_sees_names_and_contents(tmp_path):
    for name in ("a", "b", "c", "d"):
        (tmp_path / name / "in").mkdir(parents=True)
    (tmp_path / "a" / "in" / "x").write_text("1")
    (tmp_path / "b" / "in" / "x").write_text("1")
    (tmp_path / "c" / "in" / "y").write_text("1")
    (tmp_path / "d" / "in" / "x").write_text("2")
    digests = [sha256(tmp_path / name) for name in ("a", "b", "c", "d")]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3
    assert sha256(tmp_path / "a" / "in" / "x") == "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
