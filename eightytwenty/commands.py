"""The library's own commands: each takes its options, calls a public function and prints what came of it."""

import json
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from eightytwenty.errors import UserError
from eightytwenty.printable import print_error, print_json, visible
from eightytwenty.tables import (
    CheckOptions,
    CleanCommandOptions,
    CompletionOptions,
    ExplainOptions,
    InferOptions,
    MergeOptions,
    load_table,
    require_clean,
)

if TYPE_CHECKING:
    from rich.console import Console

    from eightytwenty.engine.summary import Summary

_MOST_FILES = 10  # to list in the terminal; the report lists all
_MOST_COLUMNS = 50  # to list in the terminal; the schema lists all
_MASKED = "The values that rules go by are not kept (--mask): later deliveries are judged by their own rows."


def clean_command(options: CleanCommandOptions) -> None:
    """Cleans a source into a folder and prints where its rows ended.

    Raises:
        UserError: the source cannot be read, the folder cannot be written or holds something else, or no picture is
            clean. In the last case the folder is written all the same, with the reasons.
    """
    from rich.console import Console

    from eightytwenty import clean
    from eightytwenty.checks import check_cleaned
    from eightytwenty.object_stores import is_object_store
    from eightytwenty.pages.report import examples_rich
    from eightytwenty.printable import for_terminal
    from eightytwenty.progress import progress_bar, stage_bar, waiting

    if not options.out and not options.dry_run:
        raise UserError("clean needs --out; see eightytwenty clean --help")
    table, is_stored = load_table(options), is_object_store(options.out)
    out = None if options.dry_run or is_stored else Path(options.out)
    with ExitStack() as stack:
        progress, watch = None, None
        if options.cluster:
            stack.enter_context(waiting("clean on the cluster"))
            watch = stage_bar
        else:
            progress = stack.enter_context(progress_bar("clean", getattr(table, "unit", "rows")))
        cleaned = clean(
            options.source,
            table,
            None if options.dry_run else options.out,
            progress,
            mask=options.mask,
            min_confidence=options.min_confidence,
            csv=options.csv,
            cluster=options.cluster or None,
            watch=watch,
            work=options.work or None,
        )
    if options.as_json:
        print_json({"folder": None if options.dry_run else options.out, **check_cleaned(cleaned, []).as_json()})
        require_clean(table, cleaned.summary, out)
        return
    console = Console()
    _print_summary(console, cleaned.summary)
    if out is None:
        for shown in examples_rich(cleaned.folder, mask=options.mask):
            console.print(shown)
        where = f"All of it is in {for_terminal(options.out)}" if is_stored else "Nothing was written."
        console.print(where, soft_wrap=True, highlight=False)
        require_clean(table, cleaned.summary, out)
        return
    console.print("[bold]Where to look next[/]")
    descriptions = {
        "clean": "the clean pictures",
        "clean.parquet": "the clean rows",
        "clean.csv": "the same as text",
        "schema.yaml": "what the table is",
        "report.md": "what was done and why",
        "flags.parquet": "what is doubtful" if cleaned.summary.flagged else "",
        "quarantine-for-spreadsheets": "what needs a person",
        "gallery.png": "what it looks like",
    }
    for name, description in descriptions.items():
        if description and (out / name).exists():
            path = for_terminal(str(_only_file(out / name)))
            console.print(f"  {description:<24}{path}", soft_wrap=True, highlight=False)
    if options.mask and (out / "schema.yaml").exists():
        console.print(_MASKED)
    require_clean(table, cleaned.summary, out)


def _only_file(path: Path) -> Path:
    """The file of a folder that holds one, or what was given."""
    inside = list(path.iterdir()) if path.is_dir() else []
    return inside[0] if len(inside) == 1 else path


def _print_summary(console: "Console", summary: "Summary") -> None:
    """Prints what was read, what was not, and where the rows ended."""
    from eightytwenty.pages.report import summary_rich
    from eightytwenty.printable import for_terminal

    for file in summary.files[:_MOST_FILES]:
        description = for_terminal(f"{file['name']}: {file['format']}")
        console.print(f"{description}, {file['records']:,} records", soft_wrap=True)
    for unread in summary.not_read[:_MOST_FILES]:
        name, reason = for_terminal(unread["name"]), for_terminal(unread["reason"])
        console.print(f"[yellow]not read: {name}: {reason}[/]", soft_wrap=True, highlight=False)
    if len(summary.not_read) > _MOST_FILES:
        console.print(f"[yellow]not read: {len(summary.not_read) - _MOST_FILES:,} more, see report.json[/]")
    console.print(summary_rich(summary))


def check_command(options: CheckOptions) -> None:
    """Cleans a source into a folder that does not stay, and prints where its rows ended.

    Raises:
        UserError: the source cannot be read, or a condition is none.
        SystemExit: with 1, a condition is met; each is a sentence on the standard error.
    """
    from rich.console import Console

    from eightytwenty import check
    from eightytwenty.progress import progress_bar

    table = load_table(options)
    with progress_bar("check", getattr(table, "unit", "rows")) as progress:
        checked = check(options.source, table, options.fail_if.split("\n"), progress)
    if options.as_json:
        print_json(checked.as_json())
    else:
        _print_summary(Console(), checked.summary)
    for sentence in checked.failed:
        print_error(visible(sentence))
    if not checked.ok:
        raise SystemExit(1)


def explain_command(options: ExplainOptions) -> None:
    """Prints why a row or a cell ended as it did.

    Raises:
        UserError: there is no such folder, row or column.
    """
    from rich.console import Console

    from eightytwenty.pages.explain import explain, explanation_rich

    found = explain(Path(options.cleaned), options.row, options.column)
    if options.as_json:
        print_json(asdict(found))
        return
    console = Console()
    for line in explanation_rich(found):
        console.print(line, soft_wrap=True, highlight=False)


def infer_command(options: InferOptions) -> None:
    """Writes the schema of a source, with the evidence for it, and prints what its columns are, and what is doubtful.

    Raises:
        UserError: the source cannot be read, or the folder holds a schema or something else.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table as RichTable

    from eightytwenty import infer_into
    from eightytwenty.printable import for_terminal
    from eightytwenty.progress import progress_bar
    from eightytwenty.schema_file import EVIDENCE

    out = Path(options.out)
    with progress_bar("read", "rows") as progress:
        table = infer_into(
            options.source,
            out,
            options.read,
            progress,
            mask=options.mask,
            update=options.update,
            min_confidence=options.min_confidence,
        )
    if options.as_json:
        columns = json.loads((out / EVIDENCE / "columns.json").read_text(encoding="utf-8"))
        print_json({"folder": str(out), **columns})
        return
    shown = RichTable(box=box.HORIZONTALS, pad_edge=False)
    for title in ("column", "kind", "format", "missing"):
        shown.add_column(title)
    for column in table.columns[:_MOST_COLUMNS]:
        marks = ", ".join(map(repr, filter(None, [column.blank, *(column.missing or ())])))
        shown.add_row(*(for_terminal(text) for text in (column.name, column.kind, column.format, marks)))
    console = Console()
    console.print(shown)
    if len(table.columns) > _MOST_COLUMNS:
        console.print(f"and {len(table.columns) - _MOST_COLUMNS:,} more columns")
    _print_doubts(console, out / EVIDENCE / "columns.json")
    console.print("[bold]Where to look next[/]")
    for name, description in {"schema.yaml": "to correct", "evidence/columns.md": "why"}.items():
        console.print(f"  {description:<24}{for_terminal(str(out / name))}", soft_wrap=True, highlight=False)
    if options.mask:
        console.print(_MASKED)


def merge_command(options: MergeOptions) -> None:
    """Merges a folder of parts into another folder, and prints where it is.

    Raises:
        UserError: there are no parts, or the folder cannot be written.
    """
    from rich.console import Console

    from eightytwenty import merge
    from eightytwenty.printable import for_terminal
    from eightytwenty.progress import waiting

    with waiting("merge"):
        summary = merge(options.parts, options.out)
    if options.as_json:
        print_json({"folder": options.out, "rows": summary.rows, **summary.fates})
        return
    Console().print(f"{summary.rows:,} rows are in {for_terminal(options.out)}", soft_wrap=True, highlight=False)


def completion_command(options: CompletionOptions) -> None:
    """Prints what makes a shell complete commands and options."""
    import shtab

    from eightytwenty.cli import all_commands, build_parser

    parser, *_ = build_parser(all_commands())
    sys.stdout.write(shtab.complete(parser, options.shell) + "\n")


def _print_doubts(console: "Console", evidence: Path) -> None:
    """Prints why the values of columns may mean something else."""
    from eightytwenty.printable import for_terminal

    columns = json.loads(evidence.read_text(encoding="utf-8"))["columns"]
    doubts = [(name, seen["doubt"]) for name, seen in columns.items() if seen["doubt"]]
    for name, doubt in doubts[:_MOST_COLUMNS]:
        console.print(f"[yellow]{for_terminal(name)}: {for_terminal(doubt)}[/]", soft_wrap=True, highlight=False)
    if len(doubts) > _MOST_COLUMNS:
        more = f"and doubts about {len(doubts) - _MOST_COLUMNS:,} more columns, see {evidence.with_suffix('.md').name}"
        console.print(f"[yellow]{more}[/]")
