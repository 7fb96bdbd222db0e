"""`check` and `eightytwenty check`: a source fails on conditions; and `clean --dry-run`."""

import json
import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eightytwenty import Check, Column, Table, UserError, check
from eightytwenty.checks import Condition
from tests.eightytwenty.test_cli import READINGS, run_light

TABLE = Table(
    "readings",
    (Column("sensor", "text"), Column("kelvin", "integer"), Column("note", "text", nullable=True)),
    (
        Check("kelvin <= 400", "no sensor survives that"),
        Check("note <> 'a, b [c]'", "nobody writes so", 'a, b [c] "d" {e}', action="flag"),
        Check("kelvin <> 1", "one is doubtful", "rows", action="flag"),
    ),
)
# 8 rows: 5 clean, of which 2 are repaired and 2 flagged; 3 in quarantine
ROWS = 'sensor,kelvin,note\nA,300,x\n A,300.0,\nB, 1,"a, b [c]"\nB,1,y\nC,2,z\nC,500,\nC,401,\nD,,\n'


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "raw.csv").write_text(ROWS)
    return tmp_path / "raw.csv"


@pytest.mark.parametrize(
    "condition",
    [
        "rows = 8",
        "rows<1000",
        "clean == 5",
        "clean < 99%",
        "quarantine > 1%",
        "quarantine >= 37.5%",
        "duplicates <= 0",
        "duplicates = 0%",
        "flagged != 0",
        "flagged = 2",
        "repaired > 24.9%",
        "repaired = 2",
        "not_read = 0",
        "missing cell > 0",
        "'missing cell' = 1",
        '"missing cell" <= 12.5%',
        "kelvin <= 400 > 1",
        "'kelvin <= 400' = 2",
        "'rows' = 2",
        "'quarantine' = 3",
        'a, b [c] "d" {e} = 1',
        "broken quotes = 0",
    ],
)
def test_a_condition_that_is_met_fails(raw: Path, condition: str) -> None:
    checked = check(raw, TABLE, (condition,))
    assert not checked.ok
    assert checked.failed[0].startswith(f"The check fails because {condition}: ")


@pytest.mark.parametrize(
    "condition",
    [
        "rows > 8",
        "clean > 99%",
        "quarantine > 37.5%",
        "duplicates >= 10",
        "flagged > 2",
        "repaired >= 26%",
        "not_read > 0",
        "missing cell > 1",
        "kelvin <= 400 > 2",
        "'rows' = 8",
        "broken quotes > 0",
    ],
)
def test_a_condition_that_is_not_met_does_not_fail(raw: Path, condition: str) -> None:
    assert check(raw, TABLE, (condition,)).ok


def test_without_conditions_of_ones_own_quarantine_fails(raw: Path, tmp_path: Path) -> None:
    assert check(raw, TABLE).failed == ("The check fails because quarantine > 0: 3 of 8 rows (37.5%).",)
    (tmp_path / "good.csv").write_text("sensor,kelvin,note\nA,300,x\n")
    assert check(tmp_path / "good.csv", TABLE).ok


def test_rows_that_are_flagged_twice_count_once(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text('sensor,kelvin,note\n A,1.0,"a, b [c]"\nA,2,\n')
    checked = check(tmp_path / "raw.csv", TABLE)
    assert (checked.flagged, checked.repaired) == (1, 1)
    assert sum(checked.summary.flagged.values()) == sum(checked.summary.repaired.values()) == 2


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        ("", "'' is no condition; give one such as"),
        ("quarantine", "'quarantine' is no condition"),
        ("quarantine > many", "'quarantine > many' is no condition"),
        ("> 3", "'> 3' is no condition"),
        ("quarantine >> 3", "there is no rule quarantine >; did you mean quarantine?"),
        ("quarantin > 1%", "quarantin > 1%: there is no rule quarantin; did you mean quarantine?"),
        ("mising cell > 1", "did you mean missing cell"),
        ("rows < 5%", "rows is no share of the rows; give a number without %"),
        ("not_read > 5%", "not_read is no share of the rows"),
    ],
)
def test_a_condition_that_cannot_be_read_is_one_sentence(raw: Path, condition: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        check(raw, TABLE, ("rows > 0", condition))
    assert sentence in str(caught.value)


@given(st.text(min_size=1), st.integers(0, 10**6), st.sampled_from(["", "%"]))
def test_any_quoted_name_is_read_back(name: str, number: int, percent: str) -> None:
    if "'" in name or "\n" in name or name != name.strip() or name in ("rows", "not_read"):
        return
    condition = Condition.parse(f"'{name}' >= {number}{percent}")
    assert (condition.name, condition.comparison, condition.limit) == (name, ">=", Fraction(number))


def test_the_command_fails_with_1_and_a_sentence_for_each_condition(raw: Path) -> None:
    (raw.parent / "readings.py").write_text(READINGS)
    conditions = ("--fail-if", "quarantine > 1%", "--fail='too hot' > 1", "--fail-if", "rows < 3")
    done = run_light(raw.parent, "check", "raw.csv", "--schema", "readings.py:readings", *conditions)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "eightytwenty: The check fails because quarantine > 1%: 3 of 8 rows (37.5%).",
        "eightytwenty: The check fails because 'too hot' > 1: 2 of 8 rows (25%).",
    ]
    assert "too hot" in done.stdout


def test_the_command_writes_nothing_that_stays(raw: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setitem(os.environ, "TMPDIR", str(scratch))
    done = run_light(raw.parent, "check", "raw.csv", "--fail-if", "rows < 8")
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["raw.csv", "scratch"]


def test_json_is_one_document_and_nothing_else(raw: Path) -> None:
    (raw.parent / "readings.py").write_text(READINGS)
    arguments = ("raw.csv", "--schema", "readings.py:readings", "--json", "--fail-if", '"missing cell" > 0')
    done = run_light(raw.parent, "check", *arguments)
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert {name: found[name] for name in ("table", "ok", "rows", "clean", "quarantine", "duplicates")} == {
        "table": "readings",
        "ok": False,
        "rows": 8,
        "clean": 5,
        "quarantine": 3,
        "duplicates": 0,
    }
    assert found["shares"]["quarantine"] == 0.375
    assert found["rules"]["too hot"] == {"quarantine": 2}
    assert (found["repaired"], found["flagged"], found["not_read"]) == (2, 0, [])
    assert found["failed"] == ['The check fails because "missing cell" > 0: 1 of 8 rows (12.5%).']


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("raw.csv", "--fail-if", "quarantine"), "'quarantine' is no condition"),
        (("raw.csv", "--fail-if", "quarantin > 0"), "did you mean quarantine?"),
        (("raw.csv", "--fail-if"), "--fail-if needs a condition"),
        (("no.csv",), "no.csv does not exist"),
        (("raw.csv", "--schema", "no.yaml"), "no.yaml cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(raw: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = run_light(raw.parent, "check", *arguments, "--json")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not done.stdout
    assert [path.name for path in raw.parent.iterdir()] == ["raw.csv"]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(raw: Path) -> None:
    (raw.parent / "readings.py").write_text(READINGS)
    before = sorted(raw.parent.rglob("*"))
    done = run_light(raw.parent, "clean", "raw.csv", "--schema", "readings.py:readings", "--dry-run", "--out", "out")
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["stray", "spaces", "sensor", "A", "A"] in lines
    assert ["too", "hot", "raw.csv", "6"] in lines
    assert "Nothing was written." in done.stdout
    assert "Where to look" not in done.stdout
    assert sorted(raw.parent.rglob("*")) == before


def test_a_dry_run_shows_flags(raw: Path) -> None:
    raw.write_text(
        "id,day\n" + "".join(f"{number},2024-01-{number % 28 + 1:02}\n" for number in range(50)) + "50,soon\n"
    )
    done = run_light(raw.parent, "clean", "raw.csv", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert ["not", "a", "date", "day", "soon"] in [line.split() for line in done.stdout.splitlines()]


def test_a_dry_run_without_a_clean_row_fails_as_the_cleaning_would(raw: Path) -> None:
    (raw.parent / "readings.py").write_text(READINGS)
    raw.write_text("sensor,kelvin\nA,500\n")
    done = run_light(raw.parent, "clean", "raw.csv", "--schema", "readings.py:readings", "--dry-run")
    assert done.returncode == 2
    assert "None of the 1 rows is clean; correct the schema" in done.stderr


def test_clean_needs_a_folder_otherwise(raw: Path) -> None:
    done = run_light(raw.parent, "clean", "raw.csv")
    assert done.returncode == 2
    assert done.stderr == "eightytwenty: clean needs --out; see eightytwenty clean --help\n"
