"""docs/reliability.md and the tests of faults: each row names a test or that of Compose, and each test has a row."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
TEST_NAME = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[str]:
    """The rows of the page's table, without the header."""
    return [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][1:]


def names_of_tests(file: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE))


def test_every_row_names_tests_that_exist() -> None:
    assert len(rows()) > 15
    for row in rows():
        names = TEST_NAME.findall(row)
        assert names or "`make compose-test`" in row, row
        for file, test in names:
            assert test in names_of_tests(ROOT / file), row


def test_every_test_of_a_fault_has_a_row() -> None:
    tests_with_a_row = {test for row in rows() for _, test in TEST_NAME.findall(row)}
    for file in Path(__file__).parent.glob("test_faults_*.py"):
        if file != Path(__file__):
            assert names_of_tests(file) <= tests_with_a_row, file.name
