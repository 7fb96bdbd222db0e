"""Finished stages are used again, damaged or outdated ones are done again, unfinished ones leave nothing."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tasks.running.stages import _package_digest, run_stage

ROOT = Path(__file__).parents[3]


def writer(text: str, calls: list[str]):
    def make(folder: Path) -> None:
        calls.append(text)
        (folder / "out.txt").write_text(text)

    return make


def test_a_finished_stage_is_not_done_twice(tmp_path):
    calls: list[str] = []
    first = run_stage(tmp_path, "clean", {"raw": "abc"}, {"rows": 1}, writer("one", calls))
    second = run_stage(tmp_path, "clean", {"raw": "abc"}, {"rows": 1}, writer("two", calls))
    assert calls == ["one"]
    assert (first.fresh, second.fresh) == (True, False)
    assert (second.folder / "out.txt").read_text() == "one"
    assert (second.sha256, second.seconds) == (first.sha256, first.seconds)


@pytest.mark.parametrize(
    ("name", "inputs", "parameters"),
    [
        ("check", {"raw": "abc"}, {"rows": 1}),
        ("clean", {"raw": "abd"}, {"rows": 1}),
        ("clean", {"raw": "abc"}, {"rows": 2}),
    ],
)
def test_another_name_input_or_parameter_is_another_stage(tmp_path, name, inputs, parameters):
    calls: list[str] = []
    run_stage(tmp_path, "clean", {"raw": "abc"}, {"rows": 1}, writer("one", calls))
    run_stage(tmp_path, name, inputs, parameters, writer("two", calls))
    assert calls == ["one", "two"]


def test_other_code_is_another_stage(tmp_path, monkeypatch):
    calls: list[str] = []
    run_stage(tmp_path, "clean", {}, {}, writer("one", calls))
    monkeypatch.setattr("tasks.running.stages.code_digest", lambda: "another version of the rules")
    run_stage(tmp_path, "clean", {}, {}, writer("two", calls))
    assert calls == ["one", "two"]


STAGE = """
import sys
from pathlib import Path
from tasks.running.stages import run_stage
print(run_stage(Path("data"), "check", {}, {}, lambda folder: (folder / "out.txt").touch()).fresh)
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the code that stages run."""
    for name in ("eightytwenty", "models", "reports", "schemas", "tasks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def is_fresh(checkout: Path) -> bool:
    done = subprocess.run([sys.executable, "-c", STAGE], cwd=checkout, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout == "True\n"


@pytest.mark.parametrize("name", ["reports/templates/data_docs.html.jinja", "eightytwenty/errors.py"])
def test_a_stage_is_made_anew_when_a_file_of_the_code_changes(checkout: Path, name: str) -> None:
    assert is_fresh(checkout)
    assert not is_fresh(checkout)
    with (checkout / name).open("a") as file:
        file.write("\n")
    assert is_fresh(checkout)
    assert not is_fresh(checkout)


def test_an_empty_package_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hollow" / "__pycache__").mkdir(parents=True)
    (tmp_path / "hollow" / "__pycache__" / "left.pyc").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match="the package hollow has no file in"):
        _package_digest("hollow")


@pytest.mark.parametrize("damage", ["changed", "gone", "no card"])
def test_a_damaged_stage_is_made_anew(tmp_path, damage):
    calls: list[str] = []
    stage = run_stage(tmp_path, "clean", {}, {}, writer("one", calls))
    if damage == "changed":
        (stage.folder / "out.txt").write_text("0ne")
    elif damage == "gone":
        (stage.folder / "out.txt").unlink()
    else:
        (stage.folder.parent / "stage.json").write_text("{")
    again = run_stage(tmp_path, "clean", {}, {}, writer("one", calls))
    assert calls == ["one", "one"]
    assert again.sha256 == stage.sha256


def test_a_stage_that_fails_leaves_nothing_and_is_tried_again(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "half.txt").write_text("half")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        run_stage(tmp_path, "clean", {}, {}, fail)
    assert [path.name for path in (tmp_path / "stages").iterdir()] == ["locks"]
    assert run_stage(tmp_path, "clean", {}, {}, writer("one", [])).fresh


def test_two_runs_at_once_do_a_stage_once(tmp_path):
    calls: list[str] = []
    threads = [
        threading.Thread(target=run_stage, args=(tmp_path, "clean", {}, {}, writer("one", calls))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls == ["one"]
