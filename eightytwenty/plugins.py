"""Loads what other installed distributions add: entry points of the command line, and libraries that not all need."""

from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from eightytwenty.errors import UserError


def load_all(group: str) -> dict[str, Any]:
    """Loads the entry points of a group, by name.

    Raises:
        UserError: an entry point cannot be loaded; the sentence says which package it came from.
    """
    return {entry.name: _load(entry) for entry in sorted(entry_points(group=group), key=lambda entry: entry.name)}


def package_folder(name: str) -> Path | None:
    """The folder, or the module file, that an import of a top-level package would find; None if there is nothing."""
    spec = find_spec(name)
    locations = spec and (spec.submodule_search_locations or [spec.origin or ""])
    return next((Path(location) for location in locations or () if location), None)


def require_library(name: str, what: str, extra: str) -> None:
    """Checks that a library is installed.

    Raises:
        UserError: it is missing; the sentence names the extra to install.
    """
    try:
        import_module(name)
    except ModuleNotFoundError as error:
        raise UserError(f"{what} needs {error.name}: install eightytwenty[{extra}].") from None


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        package = entry.module.partition(".")[0]
        is_foreign = isinstance(error, AttributeError) or (error.name or "").partition(".")[0] == package
        remedy = "install it again"
        if is_foreign and (folder := package_folder(package)):
            remedy = f"{folder} hides its package {package}: uninstall that one, or take its folder off PYTHONPATH"
        distribution = entry.dist.name if entry.dist else entry.value
        raise UserError(f"{distribution} cannot be loaded ({error}); {remedy}.") from error
