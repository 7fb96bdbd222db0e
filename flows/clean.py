"""Cleans a table of one's own: `eightytwenty clean FILE --schema pairs --out DIR`. Needs no server."""

import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from schemas.pairs import pairs_table
from schemas.parameters import CleanParameters
from tasks.clean.report import summary_rich
from tasks.clean.run import clean
from tasks.ingest.download import download, is_address
from tasks.ingest.source import open_source
from tasks.progress import progress_bar

_MOST_FILES = 10  # named in the terminal; the report names all


def clean_command(parameters: CleanParameters) -> None:
    """Cleans a source into a folder and prints what became of its rows.

    Raises:
        UserError: the source cannot be read, or the folder cannot be written or holds something else.
    """
    out = Path(parameters.out)
    table = pairs_table(parameters.largest_sum)
    with tempfile.TemporaryDirectory() as temporary, progress_bar("clean", "rows") as progress:
        source = parameters.source
        path = download(source, Path(temporary)) if is_address(source) else Path(source)
        summary = clean(open_source(path, table), table, out, progress)
    console = Console()
    for file in summary.files[:_MOST_FILES]:
        console.print(f"{file['name']}: {file['format']}, {file['records']:,} records", markup=False, soft_wrap=True)
    console.print(summary_rich(summary))
    console.print("[bold]Where to look next[/]")
    for name, what in (("report.md", "what was done and why"), ("quarantine.parquet", "what needs a person")):
        console.print(f"  {what:<24}{escape(str(out / name))}", soft_wrap=True, highlight=False)
