"""docs/reliability.md and the tests of faults: each row has its test, each test its row."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[str]:
    """The rows of the page's table, without its head."""
    return [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]


def named_in(file: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE))


def test_every_row_names_tests_that_exist() -> None:
    assert len(rows()) > 15
    for row in rows():
        named = NAMED.findall(row)
        assert named, row
        for file, test in named:
            assert test in named_in(ROOT / file), row


def test_every_test_of_a_fault_has_a_row() -> None:
    named = {test for row in rows() for _, test in NAMED.findall(row)}
    for file in Path(__file__).parent.glob("test_faults_*.py"):
        if file != Path(__file__):
            assert named_in(file) <= named, file.name
