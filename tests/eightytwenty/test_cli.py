"""The library's command line as a light install has it: none of the workflow's libraries can be imported."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).parents[2]
READINGS = """
from __future__ import annotations
from dataclasses import dataclass
from eightytwenty import Check, Column, Table

@dataclass
class Site:
    name: str

readings = Table(
    name="readings",
    columns=(Column("sensor", "text"), Column("kelvin", "integer")),
    rules=(Check("kelvin <= 400", "no sensor survives that", "too hot"),),
)
"""
LIGHT = """
import importlib.abc, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
import importlib.metadata
importlib.metadata.entry_points = lambda **_: ()
from eightytwenty.cli import main
main()
"""
WORKFLOW = {"flows", "models", "reports", "schemas", "tasks"}
HEAVY = {"great_expectations", "matplotlib", "mlflow", "pandas", "prefect", "skimage", "tensorflow"}


def run_light(folder: Path, *arguments: str, absent: set[str] = WORKFLOW | HEAVY) -> subprocess.CompletedProcess[str]:
    code = LIGHT.format(absent=sorted(absent))
    return subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True)


def test_a_table_in_a_python_file_is_cleaned_without_the_workflow(tmp_path: Path) -> None:
    (tmp_path / "readings.py").write_text(READINGS)
    (tmp_path / "raw.csv").write_text("sensor,kelvin\nA,300\nB,500\nC,x\n")
    result = run_light(tmp_path, "clean", "raw.csv", "--schema", "readings.py:readings", "--out", "out")
    assert result.returncode == 0, result.stderr
    assert pl.read_parquet(tmp_path / "out/clean.parquet")["kelvin"].to_list() == [300]
    assert (tmp_path / "out/quarantine/raw.csv").read_text() == "sensor,kelvin\nB,500\nC,x\n"
    assert "too hot" in result.stdout


def test_without_a_table_it_finds_out_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("sensor,kelvin\nA,300\nB,310\nC,x\n")
    done = run_light(tmp_path, "clean", "raw.csv", "--out", "out")
    assert done.returncode == 0, done.stderr
    assert "what the table is" in done.stdout
    again = run_light(tmp_path, "clean", "raw.csv", "--schema", "out/schema.yaml", "--out", "again")
    assert again.returncode == 0, again.stderr
    for name in ("clean.csv", "clean.parquet", "flags.parquet"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


def test_what_is_doubtful_about_columns_is_said(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("day,[red]mass\n05/01/2024,12 kg\n06/02/2024,300 g\n")
    done = run_light(tmp_path, "infer", "raw.csv", "--out", "seen")
    assert done.returncode == 0, done.stderr
    assert "\nday: day and month cannot be told apart: no cell has a day after the 12th\n" in done.stdout
    assert "\n[red]mass: the numbers are in kg and g, and none is converted\n" in done.stdout


def test_what_a_table_is_can_be_asked_for_alone(tmp_path: Path) -> None:
    lines = [f"Ann Lee {n},$12.50,{('calm', 'glad')[n % 2]}" for n in range(200)]
    (tmp_path / "raw.csv").write_text("\n".join(["name,paid,mood", *lines]) + "\n")
    done = run_light(tmp_path, "infer", "raw.csv", "--out", "seen", "--mask")
    assert done.returncode == 0, done.stderr
    assert "quantity" in done.stdout
    assert "are not kept" in done.stdout
    assert "told apart" not in done.stdout
    schema = (tmp_path / "seen/schema.yaml").read_text()
    assert "paid: {kind: quantity" in schema
    texts = [schema, *(path.read_text() for path in (tmp_path / "seen/evidence").iterdir())]
    assert len(texts) == 4
    assert not any("Ann" in text or "12.5" in text or "glad" in text for text in texts)
    again = run_light(tmp_path, "infer", "raw.csv", "--out", "seen")
    assert again.returncode == 2
    assert "holds schema.yaml; give --update to keep what you wrote" in again.stderr


def test_help_lists_the_librarys_commands_alone_in_groups_with_an_example(tmp_path: Path) -> None:
    result = run_light(tmp_path, "--help", absent=WORKFLOW | HEAVY | {"numpy", "polars", "pyarrow", "shtab", "tqdm"})
    assert result.returncode == 0, result.stderr
    listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ") and line[2].isalpha()]
    assert listed == ["clean", "check", "explain", "infer", "schema", "merge", "completion"]
    assert "\nYour data\n" in result.stdout
    assert "example: eightytwenty clean messy.csv --out cleaned\n" in result.stdout


def test_help_of_a_command_says_what_to_write_and_ends_with_an_example(tmp_path: Path) -> None:
    text = run_light(tmp_path, "clean", "--help").stdout
    assert "--min-confidence X" in text
    assert "--out OUT" in text
    assert not re.search(r"\b(str|int|float|list\[)", text)
    assert "(default: )" not in text
    assert "(default: None)" not in text
    assert text.endswith("\n\nexample: eightytwenty clean messy.csv --out cleaned\n")


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert run_light(tmp_path, "--version").stdout == f"eightytwenty {version('eightytwenty')}\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["claen"], "there is no command claen; did you mean clean? See eightytwenty --help"),
        (["fly"], "there is no command fly; there is clean, check, explain and 4 more. See eightytwenty --help"),
        (["clean", "raw.csv", "--otu", "x"], "clean has no option --otu; did you mean --out? See"),
        (["--out", "x"], "there is no option --out without a command; see eightytwenty --help"),
        (["clean", "raw.csv", "--out", "x", "--format", "csv"], "--format csv: choose parquet or parquet,csv; see"),
    ],
)
def test_a_name_that_is_misspelt_is_one_sentence(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    result = run_light(tmp_path, *arguments)
    assert result.returncode == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


def test_quiet_prints_errors_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("sensor,kelvin\nA,300\n")
    done = run_light(tmp_path, "clean", "raw.csv", "--out", "out", "-q")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "out/clean.parquet").exists()
    failed = run_light(tmp_path, "check", "raw.csv", "--fail-if", "rows < 9", "--quiet")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "rows < 9: 1 row." in failed.stderr


def test_what_is_printed_can_be_json(tmp_path: Path) -> None:
    (tmp_path / "readings.py").write_text(READINGS)
    (tmp_path / "raw.csv").write_text("sensor,kelvin\nA,300\nB,500\n")
    arguments = ("clean", "raw.csv", "--schema", "readings.py:readings", "--out", "out", "--json", "--quiet")
    cleaned = json.loads(run_light(tmp_path, *arguments).stdout)
    assert (cleaned["folder"], cleaned["clean"], cleaned["rules"]) == ("out", 1, {"too hot": {"quarantine": 1}})
    why = json.loads(run_light(tmp_path, "explain", "out", "2", "--json").stdout)
    assert (why["fate"], why["reasons"]) == ("quarantine", {"too hot": "no sensor survives that"})
    seen = json.loads(run_light(tmp_path, "infer", "raw.csv", "--out", "seen", "--json").stdout)
    assert seen["columns"]["kelvin"]["kind"] == "integer"


def test_clean_rows_are_written_as_text_where_one_asks(tmp_path: Path) -> None:
    (tmp_path / "readings.py").write_text(READINGS)
    (tmp_path / "raw.csv").write_text("sensor,kelvin\nA,300\nB,500\n")
    own, inferred = ("--schema", "readings.py:readings"), ()
    for schema, formats, has_text in [
        (own, "", False),
        (own, "parquet,csv", True),
        (inferred, "", True),
        (inferred, "parquet", False),
    ]:
        done = run_light(tmp_path, "clean", "raw.csv", "--out", "out", "--format", formats, *schema)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "out/clean.csv").exists() == has_text
        assert ("the same as text" in done.stdout) == has_text
        # a person opens it in a spreadsheet
        assert ("out/quarantine-for-spreadsheets/raw.csv\n" in done.stdout) == bool(schema)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands_and_options(tmp_path: Path, shell: str) -> None:
    script = run_light(tmp_path, "completion", shell).stdout
    assert "min-confidence" in script
    assert "explain" in script
    if not (program := shutil.which(shell)):
        pytest.skip(f"{shell} is not installed")
    checked = subprocess.run([program, "-n"], input=script, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_bash_completes_a_command(tmp_path: Path) -> None:
    script = run_light(tmp_path, "completion", "bash").stdout
    (tmp_path / "completion.sh").write_text(script)
    ask = r"""
    source completion.sh
    COMP_WORDS=(eightytwenty ex) COMP_CWORD=1 COMP_LINE='eightytwenty ex' COMP_POINT=15
    $(complete -p eightytwenty | sed 's/.*-F \([^ ]*\).*/\1/') eightytwenty ex eightytwenty
    echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "-c", ask], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.split() == ["explain"], done.stderr


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [
        ("nowhere.py:readings", "nowhere.py is not a Python file; give FILE.py:NAME"),
        ("raw.csv:readings", "raw.csv is not a Python file"),
        ("readings.py:writings", "readings.py has no table named writings; it has readings."),
        ("nowhere.yaml", "nowhere.yaml cannot be read (No such file or directory); give a YAML file of a table."),
        ("broken.yaml", "broken.yaml, line 2: colums is not known here; did you mean columns?"),
        ("broken.py:readings", "broken.py cannot be run (ZeroDivisionError: division by zero); correct it."),
        ("cats", "--schema cats: there is no such table; choose FILE.yaml or FILE.py:NAME for a table of your own"),
    ],
)
def test_a_table_that_cannot_be_loaded_is_one_sentence(tmp_path: Path, schema: str, sentence: str) -> None:
    (tmp_path / "readings.py").write_text(READINGS)
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "broken.yaml").write_text("table: t\ncolums: {}")
    (tmp_path / "raw.csv").write_text("sensor,kelvin\nA,300\n")
    result = run_light(tmp_path, "clean", "raw.csv", "--schema", schema, "--out", "out")
    assert result.returncode == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_pictures_without_their_libraries_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "faces.py").write_text(
        "from eightytwenty.pictures.schema import pictures_table\nfaces = pictures_table(32)"
    )
    (tmp_path / "raw").mkdir()
    absent = WORKFLOW | HEAVY | {"PIL", "scipy"}
    result = run_light(tmp_path, "clean", "raw", "--schema", "faces.py:faces", "--out", "out", absent=absent)
    assert result.returncode == 2
    assert "install eightytwenty[pictures]" in result.stderr


@pytest.mark.parametrize("name", ["flows", "models", "schemas", "tasks"])
def test_a_package_that_hides_one_of_the_workflows_is_one_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    result = subprocess.run(
        [sys.executable, "-m", "eightytwenty", "--help"], cwd="/", env=environment, capture_output=True, text=True
    )
    assert result.returncode == 2
    assert str(tmp_path / name) in result.stderr
    assert "PYTHONPATH" in result.stderr
    assert result.stderr.count("\n") == 1
