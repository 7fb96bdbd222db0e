"""Every benchmark runs from its command line, in a tiny version, and ends with its result as JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = sorted(file.stem for file in (ROOT / "benchmarks").glob("[!_]*.py") if "\ndef main(" in file.read_text("utf-8"))


# those of which other tests run nearly all, and that take long even so
SLOW = {
    "cluster",
    "cluster_pictures",
    "faces",
    "gan_modes",
    "gan_parts",
    "gan_speed",
    "gan_time",
    "light_install",
    "sweep",
    "tracking",
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak) if name in SLOW else name for name in NAMES]
)
def test_a_benchmark_ends_with_its_numbers_as_json(name: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if name == "light_install" and "No matching distribution" in done.stderr:
        pytest.skip("the package registry cannot be reached")
    assert done.returncode == 0, done.stderr
    numbers: list[str] = []
    last = done.stdout.splitlines()[-1]
    result = json.loads(last, parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    json.loads(last, parse_float=numbers.append, parse_int=numbers.append)
    assert (result["benchmark"], result["quick"]) == (name, True)
    assert numbers
