"""Finished work that is not done twice.

A stage writes into <data>/stages/<name>-<key>. The key is a digest of its inputs, its parameters and the code. If none
of them has changed, the folder exists already and is used again, so a run that was killed continues after its last
finished stage. The folder appears whole or not at all. Its content is checked against the digest that was written
with it; a damaged stage is done again.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, remove, sha256, whole_folder
from eightytwenty.plugins import package_folder
from tasks.running.ownership import exclusive_lock
from tasks.running.records import DamagedError, Record

_CARD = "stage.json"
_LIBRARIES = (
    "dicebear-core",
    "dicebear-styles",
    "great-expectations",
    "numpy",
    "pandas",
    "pandera",
    "pillow",
    "polars",
    "resvg-py",
    "scikit-image",
    "scipy",
    "tensorflow",
)
_PACKAGES = ("eightytwenty", "models", "reports", "schemas", "tasks")


class _Card(Record):
    """What is written beside the output of a finished stage: its digest, the seconds it took, what it was made of."""

    sha256: str
    seconds: float
    of: list[Any]


@dataclass(frozen=True)
class Stage:
    """A finished stage.

    Args:
        name: the stage's name.
        folder: holds its output.
        sha256: digest of the output.
        seconds: wall-clock seconds that it took when it was done.
        fresh: whether this run did it; otherwise an earlier run did.
    """

    name: str
    folder: Path
    sha256: str
    seconds: float
    fresh: bool


def data_folder() -> Path:
    """The folder in which runs store their results: $EIGHTYTWENTY_DATA, or `data` in the current folder.

    Raises:
        UserError: its path is no UTF-8, which the databases cannot hold.
    """
    folder = Path(os.environ.get("EIGHTYTWENTY_DATA") or "data").resolve()
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        raise UserError(
            f"the path of the data folder, {str(folder)!a}, is no UTF-8: choose another one by EIGHTYTWENTY_DATA."
        ) from None
    return folder


def run_stage(
    data: Path, name: str, inputs: Mapping[str, str], parameters: Mapping[str, object], make: Callable[[Path], None]
) -> Stage:
    """Does a stage, or uses it if it is done.

    Args:
        data: the data folder.
        name: of the stage; part of its folder's name.
        inputs: name -> digest of what it reads.
        parameters: everything else that its output depends on; anything that JSON can hold.
        make: fills the folder that it is given, an empty `<folder>/output`; it must depend on nothing else.

    Raises:
        UserError: the data folder cannot be written.
    """
    described = _description(name, inputs, parameters)
    folder = data / "stages" / stage_key(name, inputs, parameters)
    # of two runs that need the same stage, the second waits and then uses it
    with exclusive_lock(data / "stages" / "locks" / f"{folder.name}.lock"):
        if done := find_stage(data, name, inputs, parameters):
            return done
        with explain_write_errors(folder):
            remove(folder)
        started = time.perf_counter()
        with whole_folder(folder) as partial:
            (partial / "output").mkdir()
            make(partial / "output")
            seconds = round(time.perf_counter() - started, 3)
            digest = sha256(partial / "output")
            _Card(sha256=digest, seconds=seconds, of=json.loads(described)).write(partial / _CARD)
        return Stage(name, folder / "output", digest, seconds, fresh=True)


def find_stage(data: Path, name: str, inputs: Mapping[str, str], parameters: Mapping[str, object]) -> Stage | None:
    """A stage that is done; None if it is to be done. The arguments are those of `run_stage`."""
    folder = data / "stages" / stage_key(name, inputs, parameters)
    card = _read_card(folder)
    return Stage(name, folder / "output", card.sha256, card.seconds, fresh=False) if card else None


def stage_key(name: str, inputs: Mapping[str, str], parameters: Mapping[str, object]) -> str:
    """The name of a stage's folder, also for files of the stage that must survive if the process is killed in it."""
    return f"{name}-{hashlib.sha256(_description(name, inputs, parameters).encode()).hexdigest()[:16]}"


def _description(name: str, inputs: Mapping[str, str], parameters: Mapping[str, object]) -> str:
    return json.dumps([name, dict(inputs), dict(parameters), code_digest()], sort_keys=True)


def _read_card(folder: Path) -> _Card | None:
    """What a finished stage recorded; None if there is none, or if its output or the record itself has changed."""
    try:
        card = _Card.read(folder / _CARD)
        return card if sha256(folder / "output") == card.sha256 else None
    except (OSError, DamagedError):
        return None


@cache
def code_digest() -> str:
    """Digest of what stages run: the code with its templates, and the libraries' versions."""
    versions = [f"{name}={version(name)}" for name in _LIBRARIES]
    return hashlib.sha256("\n".join([*versions, *map(_package_digest, _PACKAGES)]).encode()).hexdigest()


def _package_digest(name: str) -> str:
    """Digest of every file of a package, whatever its kind; only what Python compiles and hidden files don't count.

    Raises:
        RuntimeError: the package is empty, and so a change of it would not be seen.
    """
    folder = package_folder(name)
    if folder is None:
        raise RuntimeError(f"there is no package {name}")
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part == "__pycache__" or part.startswith(".") for part in file.parts[-2:])
    )
    if not files:
        raise RuntimeError(f"the package {name} has no file in {folder}")
    listing = [f"{file.relative_to(folder).as_posix()}\0{sha256(file)}" for file in files]
    return hashlib.sha256("\n".join([name, *listing]).encode()).hexdigest()
