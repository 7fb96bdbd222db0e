"""Cleans a table or pictures of one's own: `eightytwenty clean SOURCE --schema pairs --out DIR`. Needs no server."""

from rich.console import Console
from rich.markup import escape

from eightytwenty.pages.report import summary_rich
from schemas.parameters import CleanParameters
from tasks.clean.source import clean_source, refuse_nothing_clean

_MOST_FILES = 10  # named in the terminal; the report names all


def clean_command(parameters: CleanParameters) -> None:
    """Cleans a source into a folder and prints what became of its rows.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, or no picture is
            clean; the folder with the reasons is there in this last case.
    """
    summary, out = clean_source(parameters)
    console = Console()
    for file in summary.files[:_MOST_FILES]:
        console.print(f"{file['name']}: {file['format']}, {file['records']:,} records", markup=False, soft_wrap=True)
    console.print(summary_rich(summary))
    console.print("[bold]Where to look next[/]")
    places = {
        "clean": "the clean pictures",
        "clean.parquet": "the clean rows",
        "report.md": "what was done and why",
        "quarantine.parquet": "what needs a person",
        "gallery.png": "what it looks like",
    }
    for name, what in places.items():
        if (out / name).exists():
            console.print(f"  {what:<24}{escape(str(out / name))}", soft_wrap=True, highlight=False)
    refuse_nothing_clean(parameters, summary, out)
