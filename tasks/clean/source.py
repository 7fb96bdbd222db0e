"""Cleans a source of the user's into a folder: whatever table it is, wherever it lies."""

import tempfile
from pathlib import Path

from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.read.download import download, is_address
from schemas.parameters import CleanParameters
from tasks.running.allowed_paths import require_allowed
from tasks.running.progress import progress_bar


def clean_source(parameters: CleanParameters) -> tuple[Summary, Path]:
    """Cleans a source.

    Returns:
        what became of its rows, and the folder that holds them.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, or a path is not
            allowed.
    """
    out = require_allowed(parameters.out)
    with tempfile.TemporaryDirectory() as temporary:
        source = parameters.source
        path = download(source, Path(temporary)) if is_address(source) else require_allowed(source)
        clean = _clean_pictures if parameters.table == "pictures" else _clean_pairs
        return clean(path, parameters, out), out


def refuse_nothing_clean(parameters: CleanParameters, summary: Summary, out: Path) -> None:
    """Says so where no picture is clean; a table without a clean row says so by its counts.

    Raises:
        UserError: none of the pictures is clean.
    """
    if parameters.table == "pictures" and not summary.clean:
        raise UserError(f"None of the {summary.rows:,} files is a clean picture; {out / 'report.md'} says why.")


def _clean_pairs(path: Path, parameters: CleanParameters, out: Path) -> Summary:
    from eightytwenty.engine.run import clean
    from eightytwenty.read.source import open_source
    from schemas.pairs import pairs_table

    table = pairs_table(parameters.largest_sum)
    with progress_bar("clean", "rows") as progress:
        return clean(open_source(path, table), table, out, progress)


def _clean_pictures(path: Path, parameters: CleanParameters, out: Path) -> Summary:
    from eightytwenty.pictures.run import GALLERY, clean_pictures
    from eightytwenty.pictures.schema import pictures_table
    from eightytwenty.pictures.source import open_pictures
    from reports.gallery import gallery
    from schemas.attributes import KNOWN

    source = open_pictures(path, require_allowed(parameters.attributes) if parameters.attributes else None, known=KNOWN)
    with progress_bar("clean", "pictures") as progress:
        summary = clean_pictures(source, pictures_table(parameters.size), out, progress, as_files=True)
    gallery(out, out / GALLERY, path if path.is_dir() else None)
    return summary
