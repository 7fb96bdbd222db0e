"""The command line: fast help, one sentence for bad input, and the cleaning of a file."""

import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from eightytwenty.cli import all_commands

HEAVY = ("tensorflow", "mlflow", "prefect", "great_expectations", "pandas", "polars", "matplotlib")
GOOD = "id,a,b,sum\n1,2,3,5\n2,seven,1,8\n3,1,1,3\n1,2,3,5\n"


@pytest.mark.parametrize("arguments", [["--help"], ["adders", "--help"], ["gan", "--help"], ["clean", "--help"], []])
def test_help_loads_none_of_the_heavy_libraries(arguments):
    code = (
        "import sys; from eightytwenty.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        f"loaded = sorted(set({HEAVY!r}) & set(sys.modules)); assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage: eightytwenty" in done.stdout


def test_every_command_that_prints_results_prints_them_as_json():
    without = {command.name for command in all_commands() if "as_json" not in command.options.model_fields}
    # two write text for other programs, and one runs until it is stopped, with its addresses in status
    assert without == {"schema", "completion", "up"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fly"], "there is no command fly; there is clean, check, explain and"),
        (["adders", "--wings", "2"], "adders has no option --wings; see eightytwenty adders --help"),
        (["adders", "--rows", "3"], "--rows 3: Input should be greater than or equal to 100"),
        (["adders", "--dirt", "1.5"], "--dirt 1.5: Input should be less than or equal to 1"),
        (["adders", "--hidden-units", "two"], "--hidden-units two: Input should be a valid integer"),
        (["adders", "--hidden-units", "2,2"], "hidden_units holds a number twice"),
        (["adders", "--largest-sums", "15"], "--largest-sums 15: Input should be a multiple of 2"),
        (["adders", "--protocol", "luck"], "--protocol luck: Input should be 'both', 'article' or 'solved'"),
        (["gan", "--size", "50"], "--size 50: Input should be 32, 64 or 128"),
        (["gan", "--recipe", "luck"], "--recipe luck: Input should be 'stable' or 'dcgan'"),
        (["gan", "--source", "nowhere.zip"], "nowhere.zip does not exist"),
        (["gan", "--model", "a@b"], "--model a@b: String should match pattern"),
        (["clean", "pairs.csv"], "clean needs --out"),
        (
            ["clean", "pairs.csv", "--out", "clean", "--schema", "cats"],
            "--schema cats: there is no such table; choose pairs or pictures or FILE.yaml or FILE.py:NAME",
        ),
        (["clean", "nowhere.csv", "--out", "clean"], "nowhere.csv does not exist"),
        (["clean", "ftp://example.org/pairs.csv", "--out", "clean"], "not an http or https address"),
        (["clean", "http://127.0.0.1:9/pairs.csv", "--out", "clean"], "cannot be downloaded"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(command, tmp_path, arguments, sentence):
    done = command(tmp_path / "data", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert [line for line in done.stderr.splitlines() if "eightytwenty:" in line] == [done.stderr.splitlines()[-1]]
    assert not (tmp_path / "clean").exists()


def test_clean_accounts_for_every_row_of_a_file(command, tmp_path):
    (tmp_path / "pairs.csv").write_text(GOOD)
    done = command(
        tmp_path / "data", "clean", "pairs.csv", "--schema", "pairs", "--out", "clean", "--largest-sum", "16"
    )
    assert done.returncode == 0, done.stderr
    out = tmp_path / "clean"
    report = json.loads((out / "report.json").read_text())
    assert (report["rows"], report["clean"], report["quarantine"], report["duplicates"]) == (4, 2, 1, 1)
    assert pl.read_parquet(out / "clean.parquet")["a"].to_list() == [2, 7]
    assert (out / "quarantine" / "pairs.csv").read_text() == "id,a,b,sum\n3,1,1,3\n"
    assert "wrong sum" in done.stdout
    assert "- **number word**, 1: " in (out / "report.md").read_text()


def test_clean_reads_an_address(command, tmp_path):
    (tmp_path / "pairs.csv").write_text(GOOD)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        done = command(tmp_path / "data", "clean", f"{address}/pairs.csv", "--schema", "pairs", "--out", "clean")
        missing = command(tmp_path / "data", "clean", f"{address}/cats.csv?token=secret", "--out", "cats")
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert pl.read_parquet(tmp_path / "clean" / "clean.parquet").height == 2
    assert missing.returncode == 2
    assert "answered 404" in missing.stderr
    assert "secret" not in missing.stderr


def test_a_folder_that_is_no_result_is_left_alone(command, tmp_path):
    (tmp_path / "pairs.csv").write_text(GOOD)
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "thesis.txt").write_text("years of work")
    done = command(tmp_path / "data", "clean", "pairs.csv", "--out", "clean")
    assert done.returncode == 2
    assert (tmp_path / "clean" / "thesis.txt").read_text() == "years of work"
    again = [command(tmp_path / "data", "clean", "pairs.csv", "--out", "new") for _ in range(2)]
    assert [done.returncode for done in again] == [0, 0]
    assert Path(tmp_path / "new" / "clean.parquet").is_file()


def test_reporting_is_off_before_any_library_is_loaded():
    code = (
        "import flows, os, sys\n"
        f"assert not set({HEAVY!r}) & set(sys.modules)\n"
        "off = {'DO_NOT_TRACK': '1', 'PREFECT_SERVER_ANALYTICS_ENABLED': 'false', 'MLFLOW_DISABLE_TELEMETRY': 'true',\n"
        "       'GX_ANALYTICS_ENABLED': 'false'}\n"
        "assert off.items() <= os.environ.items()"
    )
    kept = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME"}}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=kept)
    assert done.returncode == 0, done.stderr
