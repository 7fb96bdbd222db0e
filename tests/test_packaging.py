"""What `pip install .` brings: the library alone."""

import ast
import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

from benchmarks.light_install import copy_library

ROOT = Path(__file__).parents[1]
OWN = {"eightytwenty", "flows", "models", "reports", "schemas", "tasks"}
HEAVY = {"great-expectations", "matplotlib", "mlflow", "pandas", "prefect", "scikit-image", "tensorflow"}


def test_the_wheel_holds_the_library_and_nothing_else(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-index", "--no-deps"]
    subprocess.run(
        [*pip, "--no-build-isolation", "--wheel-dir", tmp_path, copy_library(tmp_path / "library")], check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    top = {name.partition("/")[0] for name in names}
    assert top == {"eightytwenty", f"eightytwenty-{distribution('eightytwenty').version}.dist-info"}
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "eightytwenty").rglob("*") if path.is_file()}
    assert {name for name in names if name.startswith("eightytwenty/")} == {
        name for name in sources if "__pycache__" not in name
    }


def test_none_of_the_workflows_libraries_is_needed() -> None:
    needed = [one for one in distribution("eightytwenty").requires or [] if "extra ==" not in one]
    assert not HEAVY & {re.split(r"[^\w.-]", one)[0].lower() for one in needed}


@pytest.mark.parametrize(
    ("name", "folders"),
    [
        ("eightytwenty", ["eightytwenty"]),
        ("eightytwenty-workflow", ["flows", "models", "reports", "schemas", "tasks"]),
    ],
)
def test_every_library_that_is_imported_is_declared(name: str, folders: list[str]) -> None:
    declared = {re.split(r"[^\w.-]", one)[0].lower() for one in distribution(name).requires or []}
    if name != "eightytwenty":
        declared |= {re.split(r"[^\w.-]", one)[0].lower() for one in distribution("eightytwenty").requires or []}
    brought_by = packages_distributions()
    for file in (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(file.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for module in {module.partition(".")[0] for module in modules} - sys.stdlib_module_names - OWN:
                brought = {one.lower().replace("_", "-") for one in brought_by.get(module, [module])}
                assert brought & declared, f"{file} imports {module}"


def test_both_distributions_have_one_version() -> None:
    assert distribution("eightytwenty").version == distribution("eightytwenty-workflow").version
