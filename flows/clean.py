"""Cleans a table or pictures of one's own: `eightytwenty clean SOURCE --schema pairs --out DIR`. Needs no server."""

import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from schemas.errors import UserError
from schemas.parameters import CleanParameters
from tasks.clean.report import summary_rich
from tasks.clean.summary import Summary
from tasks.ingest.download import download, is_address
from tasks.progress import progress_bar

_MOST_FILES = 10  # named in the terminal; the report names all


def clean_command(parameters: CleanParameters) -> None:
    """Cleans a source into a folder and prints what became of its rows.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, or no picture is
            clean; the folder with the reasons is there in this last case.
    """
    out = Path(parameters.out)
    clean = _clean_pictures if parameters.table == "pictures" else _clean_pairs
    with tempfile.TemporaryDirectory() as temporary:
        source = parameters.source
        path = download(source, Path(temporary)) if is_address(source) else Path(source)
        summary = clean(path, parameters, out)
    console = Console()
    for file in summary.files[:_MOST_FILES]:
        console.print(f"{file['name']}: {file['format']}, {file['records']:,} records", markup=False, soft_wrap=True)
    console.print(summary_rich(summary))
    console.print("[bold]Where to look next[/]")
    places = {
        "report.md": "what was done and why",
        "quarantine.parquet": "what needs a person",
        "gallery.png": "what it looks like",
    }
    for name, what in places.items():
        if (out / name).exists():
            console.print(f"  {what:<24}{escape(str(out / name))}", soft_wrap=True, highlight=False)
    if parameters.table == "pictures" and not summary.clean:
        raise UserError(f"None of the {summary.rows:,} files is a clean picture; {out / 'report.md'} says why.")


def _clean_pairs(path: Path, parameters: CleanParameters, out: Path) -> Summary:
    from schemas.pairs import pairs_table
    from tasks.clean.run import clean
    from tasks.ingest.source import open_source

    table = pairs_table(parameters.largest_sum)
    with progress_bar("clean", "rows") as progress:
        return clean(open_source(path, table), table, out, progress)


def _clean_pictures(path: Path, parameters: CleanParameters, out: Path) -> Summary:
    from schemas.pictures import pictures_table
    from tasks.clean.pictures.gallery import gallery
    from tasks.clean.pictures.run import GALLERY, clean_pictures
    from tasks.ingest.pictures.source import open_pictures

    source = open_pictures(path, Path(parameters.attributes) if parameters.attributes else None)
    with progress_bar("clean", "pictures") as progress:
        summary = clean_pictures(source, pictures_table(parameters.size), out, progress)
    gallery(out, out / GALLERY, path if path.is_dir() else None)
    return summary
