"""The tables that a command can name: those that other distributions install, and those in a Python file."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from eightytwenty.errors import UserError
from eightytwenty.options import DEFAULT_TABLE, CleanOptions
from eightytwenty.plugins import load_all
from eightytwenty.schema import Table

if TYPE_CHECKING:
    from eightytwenty.engine.summary import Summary
    from eightytwenty.pictures.schema import PictureTable


@dataclass(frozen=True)
class InstalledTable:
    """What an entry point of the group `eightytwenty.tables` names.

    Args:
        options: the options that the table adds to the command `clean`.
        build: makes the table from the command's options, which have those fields too.
    """

    options: type[BaseModel]
    build: "Callable[[Any], Table | PictureTable]"


def installed_tables() -> dict[str, InstalledTable]:
    """The tables of the installed distributions, by name. The one named `default` needs no naming."""
    return load_all("eightytwenty.tables")


def load_table(options: CleanOptions) -> "Table | PictureTable":
    """The table that the options name.

    Raises:
        UserError: there is no such table, or its file cannot be run.
    """
    file, colon, name = options.table.rpartition(":")
    if colon:
        return _from_file(Path(file), name)
    tables = installed_tables()
    if options.table not in tables:
        names = sorted(tables.keys() - {DEFAULT_TABLE})
        choices = ", ".join([*names, "or FILE.py:NAME for one of your own"])
        raise UserError(f"--schema {options.table}: there is no such table; choose {choices}.")
    return tables[options.table].build(options)


def require_clean_pictures(table: "Table | PictureTable", summary: "Summary", out: Path) -> None:
    """Says so where no picture is clean. A table without a clean row says so by its counts.

    Raises:
        UserError: none of the pictures is clean.
    """
    if not isinstance(table, Table) and not summary.clean:
        raise UserError(f"None of the {summary.rows:,} files is a clean picture; {out / 'report.md'} says why.")


def _from_file(file: Path, name: str) -> "Table | PictureTable":
    from eightytwenty.pictures.schema import PictureTable

    tables = {key: value for key, value in vars(_run(file)).items() if isinstance(value, Table | PictureTable)}
    if name not in tables:
        there = f"it has {', '.join(sorted(tables))}" if tables else "it has none"
        raise UserError(f"{file} has no table named {name}; {there}.")
    return tables[name]


def _run(file: Path) -> ModuleType:
    """Runs a Python file as a module; what stands beside it can be imported."""
    spec = spec_from_file_location(file.stem, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise UserError(f"{file} is no Python file; give FILE.py:NAME, such as readings.py:readings.")
    module = module_from_spec(spec)
    sys.path.insert(0, str(file.resolve().parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - the file is its user's, and may raise anything
        raise UserError(f"{file} cannot be run ({type(error).__name__}: {error}); correct it.") from None
    finally:
        sys.path.pop(0)
    return module
