"""Finished stages are found, damaged or outdated ones are made anew, unfinished ones leave nothing."""

import threading
from pathlib import Path

import pytest

from tasks.running.stages import run_stage


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
    monkeypatch.setattr("tasks.running.stages._code_digest", lambda: "another version of the rules")
    run_stage(tmp_path, "clean", {}, {}, writer("two", calls))
    assert calls == ["one", "two"]


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
