"""What all benchmarks share: the option --quick, and a result as one line of JSON at the end."""

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

Result = dict[str, Any]  # names -> numbers, or lists and dicts of them


class Size(NamedTuple):
    """The default of an option, without and with --quick."""

    full: Any
    quick: Any


def command_line(description: str | None) -> argparse.ArgumentParser:
    """Return a parser with --quick; its other defaults may be sizes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, in seconds: shows that the benchmark runs; its numbers mean nothing",
    )
    return parser


def run(benchmark: Callable[..., Result], parser: argparse.ArgumentParser) -> None:
    """Call a benchmark with its options as keyword arguments; print its title first and its result last."""
    options = vars(parser.parse_args())
    quick = options.pop("quick")
    for option, value in options.items():
        if isinstance(value, Size):
            options[option] = value.quick if quick else value.full
    name = Path(sys.argv[0]).stem
    print(f"== {name}: {(parser.description or '').splitlines()[0]}", flush=True)
    print_json({"benchmark": name, "quick": quick, **benchmark(**options)})


def run_python(code: str, *arguments: object) -> str:
    """Run Python code in a process of its own, without progress bars, and return what it printed."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"TQDM_DISABLE": "1"}
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment).stdout


def print_json(numbers: Result) -> None:
    """Print one line of JSON, with six digits of each fraction; null stands for infinity and NaN."""
    print(json.dumps(_plain(numbers), allow_nan=False), flush=True)


def _plain(value: Any) -> Any:
    """Return the same value in types that JSON knows."""
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if hasattr(value, "item"):  # a number of NumPy
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value
