"""Odd environments: no home, no folder for temporary files, a locale without UTF-8, a path with every odd character."""

import subprocess
from pathlib import Path

import pytest

from tests.flows.conftest import COMMAND, environment
from tests.system.faults import FLOW, unfinished

BARE = {
    "HOME": "/nonexistent",
    "TMPDIR": "/nonexistent",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
}


def run(data: Path, *arguments: str) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(data) | BARE,
        cwd=data.parent,
        capture_output=True,
        encoding="utf-8",
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_clean_works(tmp_path: Path) -> None:
    source = tmp_path / "pärchen #1?.csv"
    source.write_text("a,b,sum\n1,2,3\nzwölf,2,14\n", encoding="utf-8")
    output = run(tmp_path / "data", "clean", source.name, "--schema", "pairs", "--out", "süß")
    assert "süß/clean.parquet" in output
    assert not (tmp_path / "data").exists()


def test_a_flow_and_predict_work_and_everything_stays_in_the_data_folder(tmp_path: Path) -> None:
    data = tmp_path / "place" / "dätä ?a=1&b%20%2e#c 'd' \"e\";"
    data.parent.mkdir()
    output = run(data, *FLOW)
    assert str(data / "reports") in output
    assert not unfinished(data)
    assert run(data, "predict", "2", "2").startswith("2 + 2 = ")
    assert list(data.parent.iterdir()) == [data]
    assert not Path(BARE["HOME"]).exists()


@pytest.mark.parametrize("command", [["predict", "2", "2"], ["adders"]], ids=lambda command: command[0])
def test_no_folder_for_temporary_files_is_a_sentence_before_anything_is_written(
    tmp_path: Path, command: list[str]
) -> None:
    data = tmp_path / "data"
    mounts = "for d in /tmp /var/tmp; do mount --bind $d $d && mount -o remount,bind,ro $d || exit 77; done"
    kept = {name: value for name, value in environment(data).items() if name not in {"TMPDIR", "TEMP", "TMP"}}
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{mounts}; cd /proc && exec "$@"', "sh", *COMMAND, *command],
        env=kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if done.returncode in {1, 77}:
        pytest.skip("mounting a folder is not allowed here")
    assert done.returncode == 2
    assert done.stderr == ("eightytwenty: no folder for temporary files can be written: set TMPDIR to one that can.\n")
    assert not data.exists()
