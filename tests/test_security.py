"""What no line of the project may do, and whether docs/security.md names tests that exist."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [
    file
    for folder in ("eightytwenty", "flows", "models", "reports", "schemas", "tasks")
    for file in sorted((ROOT / folder).rglob("*.py"))
]
EXECUTES = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
EXECUTABLE_FORMATS = {"pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}


def nodes() -> Iterator[tuple[Path, ast.AST]]:
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            yield file, node


def test_no_parameter_reaches_a_shell_or_is_executed() -> None:
    for file, node in nodes():
        if isinstance(node, ast.Call):
            assert not [word for word in node.keywords if word.arg == "shell"], file
            assert ast.unparse(node.func) not in EXECUTES, f"{file}:{node.lineno}"


def test_no_format_that_can_hold_code_is_read() -> None:
    # the workers of a cluster exchange functions and results as Dask does, in a folder that their user alone may write
    for file, node in (found for found in nodes() if found[0] != ROOT / "eightytwenty" / "cluster.py"):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        module = getattr(node, "module", None) or ""
        assert not EXECUTABLE_FORMATS & {name.split(".")[0] for name in [module, *names]}, file
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant), file
            assert node.value.value is False, file


PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize(
    "line", [line for page in PAGES for line in page.read_text().splitlines() if "`tests/" in line and "::" in line]
)
def test_every_promise_names_a_test_that_exists(line: str) -> None:
    for word in line.split("`")[1::2]:
        if "::" in word:
            file, _, test = word.partition("::")
            assert f"def {test}(" in (ROOT / file).read_text()
