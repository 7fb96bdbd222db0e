r"""Cleans tables and pictures, with every row accounted for.

>>> import tempfile
>>> from pathlib import Path
>>> from eightytwenty import Check, Column, Table, clean
>>> readings = Table(
...     name="readings",
...     columns=(Column("sensor", "text"), Column("kelvin", "integer")),
...     rules=(Check("kelvin >= 0", "nothing is colder than 0 kelvin", name="too cold"),),
... )
>>> with tempfile.TemporaryDirectory() as folder:
...     source, out = Path(folder, "raw.csv"), Path(folder, "cleaned")
...     _ = source.write_text("sensor,kelvin\nroof,280\nroof,-1\ncellar,two hundred\n")
...     cleaned = clean(source, readings, out)
>>> cleaned.fates
{'clean': 2, 'quarantine': 1, 'duplicates': 0}

docs/cleaning.md explains how to write a table.
"""

import os
import tempfile
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eightytwenty.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eightytwenty.cleaned import Cleaned
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.progress import Progress
    from eightytwenty.read.options import ReadOptions
    from eightytwenty.schema import Check, Column, Impute, Respell, Table, Unique
    from eightytwenty.schema_file import read_table, table_yaml

# loaded on first use, because polars takes longer to load than `import eightytwenty` should take
_LAZY = {
    "Cleaned": "cleaned",
    **dict.fromkeys(("Check", "Column", "Impute", "Respell", "Table", "Unique"), "schema"),
    **dict.fromkeys(("read_table", "table_yaml"), "schema_file"),
}
__all__ = [
    "Check",
    "Cleaned",
    "Column",
    "Impute",
    "Respell",
    "Table",
    "Unique",
    "UserError",
    "clean",
    "infer",
    "read_table",
    "table_yaml",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def infer(
    source: str | Path, name: str = "", read: "ReadOptions | None" = None, progress: "Progress | None" = None
) -> "Table":
    """Finds out what a table is: its columns, their kinds, how they write values, and what means a missing one.

    Args:
        source: as for `clean`, of a table.
        name: of the table; that of the source if not given.
        read: what is known of the files; the rest is detected.
        progress: called with (records done, about how many there are in all).

    Raises:
        UserError: the source cannot be read, or has no records.
    """
    from eightytwenty.inference.table import infer_path

    scratch = Path(tempfile.gettempdir(), f"eightytwenty-{os.getpid()}")
    with _local_path(source, scratch, read) as path:
        return infer_path(path, name, read, progress).table


def infer_into(
    source: str | Path,
    out: str | Path,
    read: "ReadOptions | None" = None,
    progress: "Progress | None" = None,
    *,
    mask: bool = False,
    update: bool = False,
) -> "Table":
    """Infers a table as `infer` does, and writes schema.yaml and the evidence for it into a folder.

    Args:
        source: as for `infer`.
        out: the folder, which must be new or empty, or hold such a schema that is to be updated.
        read: what is known of the files; the rest is detected.
        progress: called with (records done, about how many there are in all).
        mask: whether letters and digits of examples are hidden.
        update: whether the folder holds a schema, of which what a person wrote is kept.

    Raises:
        UserError: the source cannot be read, or the folder holds something else, or no schema that can be updated.
    """
    from eightytwenty.files import whole_folder
    from eightytwenty.inference.schema_text import EVIDENCE, SCHEMA, inferred_files, updated_files
    from eightytwenty.inference.table import infer_path

    out = Path(out).absolute()
    present = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if update and SCHEMA not in present:
        raise UserError(f"{out} holds no {SCHEMA} to update; leave --update out.")
    if foreign := present - ({SCHEMA, EVIDENCE} if update else set()):
        remedy = "give --update to keep what you wrote, or choose" if SCHEMA in foreign else "choose"
        raise UserError(f"{out} holds {max(foreign)}; {remedy} a new or an empty folder.")
    with _local_path(source, out, read) as path:
        inferred = infer_path(path, read=read, progress=progress)
    files = updated_files(inferred, out, masked=mask) if update else inferred_files(inferred, masked=mask)
    with whole_folder(out) as folder:
        for name, text in files.items():
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
    return inferred.table


def clean(
    source: str | Path,
    table: "Table | PictureTable | ReadOptions | None",
    out: str | Path,
    progress: "Progress | None" = None,
    *,
    mask: bool = False,
) -> "Cleaned":
    """Cleans a source into a folder, which appears whole or not at all.

    Args:
        source: a file, a folder, an archive, a named pipe, `-` for the standard input, an http(s) address, or that of a
            PostgreSQL database.
        table: what its rows must be, or what its pictures must be. If it is None, or only says how the files are to be
            read, the table is inferred; the folder then holds it as schema.yaml, with the evidence for it.
        out: the folder. It will hold clean.parquet, quarantine.parquet, duplicates.parquet, flags.parquet,
            ledger.parquet, report.md and report.json. An existing folder is replaced only if it holds such a result and
            nothing else.
        progress: called with (records done, records in all).
        mask: whether letters and digits of the examples in an inferred schema are hidden.

    Returns:
        The folder, the number of rows by fate and by rule, and the tables in it.

    Raises:
        UserError: the source cannot be read, or the folder cannot be written or holds something else.
    """
    from eightytwenty.cleaned import Cleaned
    from eightytwenty.engine.run import clean_table
    from eightytwenty.inference.schema_text import inferred_files
    from eightytwenty.inference.table import infer_path
    from eightytwenty.read.options import ReadOptions
    from eightytwenty.read.source import open_source
    from eightytwenty.schema import Table

    out = Path(out).absolute()  # the result is read later, perhaps from another folder
    read = table.read if isinstance(table, Table) else table if isinstance(table, ReadOptions) else None
    with _local_path(source, out, read) as path:
        beside = None
        if table is None or isinstance(table, ReadOptions):
            inferred = infer_path(path, read=read)
            table, beside = inferred.table, inferred_files(inferred, masked=mask)
        if isinstance(table, Table):
            return Cleaned(out, clean_table(open_source(path, table), table, out, progress, beside=beside))
        _require_picture_libraries()
        from eightytwenty.pictures.run import GALLERY, clean_pictures
        from eightytwenty.pictures.source import open_pictures

        pictures = open_pictures(path, table.attribute_file, table.known_attributes)
        summary = clean_pictures(pictures, table, out, progress, as_files=True)
        if table.gallery:
            table.gallery(out, out / GALLERY, path if path.is_dir() else None)
        return Cleaned(out, summary)


@contextmanager
def _local_path(source: str | Path, out: Path, options: "ReadOptions | None" = None) -> "Iterator[Path]":
    """Yields the path of a source.

    An address is downloaded next to `out`, and what comes through a pipe or out of a database server is stored there;
    the file is deleted after the block.
    """
    from eightytwenty.files import scratch_folder
    from eightytwenty.read.databases import is_server, store_query
    from eightytwenty.read.download import download, is_address
    from eightytwenty.read.options import ReadOptions
    from eightytwenty.read.pipes import is_pipe, store

    if not is_address(str(source)) and not is_pipe(source):
        yield Path(source)
        return
    out = out.resolve()
    with scratch_folder(out.parent / f"{out.name}.download") as folder:
        if is_server(str(source)):
            yield store_query(str(source), options or ReadOptions(), folder)
        else:
            yield store(source, folder) if is_pipe(source) else download(str(source), folder)


def _require_picture_libraries() -> None:
    """Checks that Pillow and SciPy are installed.

    Raises:
        UserError: one of them is missing; the sentence names the extra to install.
    """
    try:
        import PIL  # noqa: F401
        import scipy  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError(f"cleaning pictures needs {error.name}: install eightytwenty[pictures].") from None
