"""Loads what other installed distributions add to the command line by entry points."""

from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any

from eightytwenty.errors import UserError


def load_all(group: str) -> dict[str, Any]:
    """Loads the entry points of a group, by name.

    Raises:
        UserError: an entry point cannot be loaded; the sentence says which package it came from.
    """
    return {entry.name: _load(entry) for entry in sorted(entry_points(group=group), key=lambda entry: entry.name)}


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        package = entry.module.partition(".")[0]
        spec = find_spec(package)
        location = (spec.origin or next(iter(spec.submodule_search_locations or ()), None)) if spec else None
        distribution = entry.dist.name if entry.dist else "a distribution"
        where = f"the package {package} comes from {location}" if location else f"there is no package {package}"
        raise UserError(
            f"the commands of {distribution} cannot be loaded ({error}): {where}; "
            "remove the package that hides it from PYTHONPATH, or install the distribution again."
        ) from error
