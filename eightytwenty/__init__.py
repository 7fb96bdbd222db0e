"""Cleans tables and pictures, with every row accounted for.

    from pathlib import Path
    from eightytwenty import Check, Column, Table, clean

    summary = clean("readings.csv", readings, "cleaned")    # readings: a Table

docs/cleaning.md shows how to write a table.
"""

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from eightytwenty.errors import UserError
from eightytwenty.schema import Check, Column, Deduplicate, Impute, Repair, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eightytwenty.engine.summary import Summary
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.progress import Progress

__all__ = ["Check", "Column", "Deduplicate", "Impute", "Repair", "Table", "UserError", "clean"]


def clean(
    source: str | Path, table: "Table | PictureTable", out: str | Path, progress: "Progress | None" = None
) -> "Summary":
    """Cleans a source into a folder, which appears whole or not at all.

    Args:
        source: a file, a folder, an archive or an http(s) address.
        table: what its rows must be; of pictures, what its files must be.
        out: the folder. It will hold clean.parquet, quarantine.parquet, duplicates.parquet, ledger.parquet, report.md
            and report.json; a folder that holds anything but such a result is refused.
        progress: called with (records done, records in all).

    Returns:
        how many rows ended where, and which rules they met.

    Raises:
        UserError: the source cannot be read, or the folder cannot be written or holds something else.
    """
    # imported here, because polars and Arrow take longer to load than `import eightytwenty` may take
    from eightytwenty.engine.run import clean_table
    from eightytwenty.read.source import open_source

    out = Path(out)
    with _local(source) as path:
        if isinstance(table, Table):
            return clean_table(open_source(path, table), table, out, progress)
        _require_picture_libraries()
        from eightytwenty.pictures.run import GALLERY, clean_pictures
        from eightytwenty.pictures.source import open_pictures

        pictures = open_pictures(path, table.attribute_file, table.known_attributes)
        summary = clean_pictures(pictures, table, out, progress, as_files=True)
        if table.gallery:
            table.gallery(out, out / GALLERY, path if path.is_dir() else None)
        return summary


@contextmanager
def _local(source: str | Path) -> "Iterator[Path]":
    """The path of a source, which is downloaded for as long as the block lasts if it is an address."""
    from eightytwenty.read.download import download, is_address

    if not is_address(str(source)):
        yield Path(source)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield download(str(source), Path(folder))


def _require_picture_libraries() -> None:
    """Says which extra is missing.

    Raises:
        UserError: Pillow or SciPy is not installed.
    """
    try:
        import PIL  # noqa: F401
        import scipy  # noqa: F401
    except ModuleNotFoundError as error:
        raise UserError(f"cleaning pictures needs {error.name}: install eightytwenty[pictures].") from None
