"""Text from data stays text: one hostile table goes through the command line, and every output is looked at."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from eightytwenty.pages.markdown import code, markdown_table, plain
from eightytwenty.printable import for_spreadsheet
from tests.flows.conftest import command  # noqa: F401
from tests.hostile import HOSTILE, PICTURE, is_visible, links, tags

NAME = "![p](http:a) \x1b[31m\u202e [bold]<b>.csv"


@pytest.fixture
def cleaned(command: Any, tmp_path: Path) -> tuple[Path, str]:  # noqa: F811
    """The folder of a cleaned table with such names and cells, and what the terminal showed."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["a", "b", "sum", *HOSTILE, "lines"])
    writer.writerows([str(row), cell, "3", *HOSTILE, "two\nlines"] for row, cell in enumerate(HOSTILE))
    writer.writerow(["seven", "2", "9", *HOSTILE, "two\nlines"])
    (tmp_path / NAME).write_text(stream.getvalue())
    done = command(tmp_path / "data", "clean", NAME, "--schema", "pairs", "--out", "clean")
    assert done.returncode == 0, done.stderr
    return tmp_path / "clean", done.stdout + done.stderr


def test_the_report_and_the_terminal_show_it(cleaned: tuple[Path, str]) -> None:
    folder, output = cleaned
    report = (folder / "report.md").read_text()
    assert is_visible(report)
    assert not tags(report) & {"img", "a", "script", "b"}
    assert not links(report)
    assert code(PICTURE) in report
    assert report.count("\n| ") == report.count("|\n") == len([line for line in report.splitlines() if "|" in line])
    assert is_visible(output)
    assert NAME.replace("\x1b", r"\x1b").replace("\u202e", r"\u202e") + ": utf-8" in output


def test_a_spreadsheet_gets_no_formula_and_the_original_stays(cleaned: tuple[Path, str]) -> None:
    folder, _ = cleaned
    (original,), (copy,) = ((folder / name).iterdir() for name in ("quarantine", "quarantine-for-spreadsheets"))
    assert original.name == copy.name
    rows, copied = (list(csv.reader(io.StringIO(file.read_text("utf-8-sig")))) for file in (original, copy))
    assert len(rows) == len(copied) == len(HOSTILE) + 1
    assert "=HYPERLINK(1)" in rows[1]
    assert [[cell.replace("'=", "=") for cell in row] for row in copied] == rows
    assert not [cell for row in copied for cell in row if cell.startswith(tuple("=+-@\t\r"))]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1", '"=1"', "-1-", "+", "=", "x;=1", "x|=1"]
)
def test_formulas_are_made_harmless(cell: str) -> None:
    copy = for_spreadsheet(f"1,{cell},2\n{cell}\n")
    assert copy.replace("'", "") == f"1,{cell},2\n{cell}\n"
    assert copy.count("'") == 2


@pytest.mark.parametrize("cell", ["-1", "+1.5", "-1 ", "a-b", "a = b", "me@a.example", "", "1"])
def test_what_is_no_formula_stays(cell: str) -> None:
    assert for_spreadsheet(f"1,{cell},2\r\n{cell}\t{cell}\n") == f"1,{cell},2\r\n{cell}\t{cell}\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_it_in_one_cell(text: str) -> None:
    for shown in (plain(text), code(text), plain(f"a\n\n# {text}"), code(f"a\n\n# {text}")):
        table = markdown_table(("name", "count"), [(shown, "1")])
        assert tags(table) - {"code"} == {"table", "thead", "tbody", "tr", "th", "td"}
        assert len(table.splitlines()) == 3
        assert is_visible(table)
        assert not links(table)


def test_a_sentence_for_the_user_is_one_line(command: Any, tmp_path: Path) -> None:  # noqa: F811
    done = command(tmp_path / "data", "clean", "no\x1b[2J\nfile: all is well", "--schema", "pairs", "--out", "clean")
    assert done.returncode == 2
    assert done.stderr.startswith("eightytwenty: no\\x1b[2J\\nfile: all is well")
    assert done.stderr.count("\n") == 1
