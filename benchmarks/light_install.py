"""The library alone, as `pip install .` brings it, against the environment of the whole workflow.

Claim: an eighth of its size, and `from eightytwenty import clean` in less than 0.3 s. The library is installed in a
fresh virtual environment, which needs the package registry; then a table of one's own is cleaned there. Nine tenths of
its size are polars, Arrow and NumPy.

    python -m benchmarks.light_install
"""

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.harness import Result, Size, command_line, run

_ROOT = Path(__file__).parents[1]
_IMPORT = "import time; t = time.perf_counter(); from eightytwenty import clean; print(time.perf_counter() - t)"
_TABLE = """
from eightytwenty import Column, Table

names = Table("names", (Column("name", "text"),))
"""


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.set_defaults(imports=Size(9, quick=3))
    run(install, parser)


def install(imports: int) -> Result:
    """Installs the library, and prints its megabytes and seconds beside those of the workflow."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        python = folder / "venv" / "bin" / "python"
        started = time.perf_counter()
        _call(sys.executable, "-m", "venv", str(folder / "venv"))
        empty = _megabytes(folder / "venv")
        library = copy_library(folder / "library")
        _call(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(library))
        seconds = time.perf_counter() - started
        megabytes, workflow = (_megabytes(place) - empty for place in (folder / "venv", Path(sys.prefix)))
        load = min(float(_call(str(python), "-c", _IMPORT, folder=folder)) for _ in range(imports))
        (folder / "names.py").write_text(_TABLE)
        (folder / "raw.csv").write_text("name\nAda\nGrace\n")
        command = [str(python.with_name("eightytwenty")), "clean", "raw.csv", "--schema", "names.py:names"]
        _call(*command, "--out", "cleaned", folder=folder)
    print(
        f"installed in {seconds:.0f} s, {megabytes:.0f} MB (goal: at most 450); the workflow takes {workflow:,.0f} MB"
    )
    print(f"from eightytwenty import clean: {load:.3f} s (goal: less than 0.3)")
    return {
        "install_seconds": seconds,
        "megabytes": megabytes,
        "workflow_megabytes": workflow,
        "ratio": workflow / megabytes,
        "import_seconds": load,
    }


def copy_library(folder: Path) -> Path:
    """Copy what the library is built from, because a build leaves files behind that would enter the next one."""
    shutil.copytree(_ROOT / "eightytwenty", folder / "eightytwenty", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(_ROOT / name, folder)
    return folder


def _call(*command: str, folder: Path | None = None) -> str:
    """Runs a command and returns what it printed."""
    return subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True).stdout


def _megabytes(folder: Path) -> float:
    """What a folder takes on disk, compiled files included."""
    return sum(file.lstat().st_blocks for file in folder.rglob("*") if not file.is_symlink()) * 512 / 1e6


if __name__ == "__main__":
    main()
