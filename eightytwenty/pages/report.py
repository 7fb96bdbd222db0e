"""The report of a cleaning: Markdown for people, JSON for programs, a table for the terminal."""

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow.parquet as pq

from eightytwenty.engine.summary import FATES, REPORT, Summary, part_files
from eightytwenty.pages.markdown import code, markdown_table, plain
from eightytwenty.printable import for_terminal, masked

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_EXAMPLES = 3
_MOST_UNREAD = 20  # files to name; report.json names all
_PIECE = 1 << 17  # lines of a table to read at a time
_LONGEST = 30  # characters of a cell
_DATA = {"before", "after", "value", "proposal"}  # columns that hold cells of the table


def write_reports(folder: Path, summary: Summary, reasons: Mapping[str, str], *, mask: bool = False) -> Summary:
    """Writes report.md and report.json into the folder of a cleaning.

    Args:
        folder: holds the Parquet files.
        summary: the numbers.
        reasons: rule -> its reason.
        mask: whether letters and digits of examples are hidden.

    Returns:
        The summary with the reasons, as report.json has it.
    """
    summary = replace(summary, reasons=dict(reasons))
    (folder / "report.md").write_text(report_markdown(folder, summary, mask=mask), encoding="utf-8")
    (folder / REPORT).write_text(json.dumps(asdict(summary), indent=2, ensure_ascii=False), encoding="utf-8")
    return summary


def summary_rich(summary: Summary) -> "RichTable":
    """A table for the terminal: the rows by fate, and the rules that fired."""
    from rich import box
    from rich.table import Table as RichTable

    table = RichTable(box=box.HORIZONTALS, pad_edge=False)
    table.add_column("fate / rule")
    table.add_column("rows", justify="right")
    table.add_column("share", justify="right")
    for fate in FATES:
        table.add_row(f"[bold]{fate}[/]", f"{summary.fates[fate]:,}", _share(summary.fates[fate], summary.rows))
        counts = {
            "clean": {"repaired: ": summary.repaired, "flagged: ": summary.flagged},
            "quarantine": {"": summary.failed},
        }
        for verb, by_rule in counts.get(fate, {}).items():
            for rule, count in by_rule.items():
                table.add_row(f"  {verb}{for_terminal(rule)}", f"{count:,}", _share(count, summary.rows), style="dim")
    table.add_section()
    table.add_row("all", f"{summary.rows:,}", "")
    return table


def examples_rich(folder: Path, *, mask: bool = False) -> Iterator["RichTable"]:
    """Tables for the terminal: the first changes, flags and quarantined rows of each rule, in those of a cleaning."""
    from rich import box
    from rich.table import Table as RichTable

    kinds = (
        ("ledger", "changed by", ("rule", "column", "before", "after")),
        ("flags", "flagged by", ("rule", "column", "value", "proposal")),
        ("quarantine", "quarantined by", ("rules", "source", "record")),
    )
    for name, title, (rule, *columns) in kinds:
        table = RichTable(box=box.HORIZONTALS, pad_edge=False)
        for column in (title, *columns):
            table.add_column(column)
        lines = _first(folder / f"{name}.parquet", rule, columns)
        for line in lines.sort(rule, maintain_order=True).iter_rows():
            texts = ["" if cell is None else str(cell)[:_LONGEST] for cell in line]
            hidden = [
                masked(text) if mask and at in _DATA else text for at, text in zip(("", *columns), texts, strict=True)
            ]
            table.add_row(*map(for_terminal, hidden))
        if lines.height:
            yield table


def report_markdown(folder: Path, summary: Summary, *, mask: bool = False) -> str:
    """The report of a cleaning: where its rows ended, and what was found by every rule."""
    return f"{result_markdown(summary)}\n\n{findings_markdown(folder, summary, mask=mask)}".rstrip("\n") + "\n"


def result_markdown(summary: Summary) -> str:
    """The files of a cleaning, and where their rows ended."""
    parts = [
        f"# {summary.clean:,} of {summary.rows:,} rows are clean ({_share(summary.clean, summary.rows)})",
        f"Table {code(summary.table)}, source digest (SHA-256) `{summary.sha256}`.",
        "## Files",
        markdown_table(("file", "format", "records", "ignored columns"), [_file(file) for file in summary.files]),
        *_unread(summary),
        "## Where the rows ended",
        markdown_table(
            ("fate", "rows", "share", "file"),
            [(fate, f"{n:,}", _share(n, summary.rows), f"`{fate}.parquet`") for fate, n in summary.fates.items()],
        ),
    ]
    return "\n\n".join(parts)


def findings_markdown(folder: Path, summary: Summary, *, mask: bool = False, most: int | None = None) -> str:
    """What was found by every rule that applied: how often, why, and a few examples; empty if none did.

    Args:
        folder: holds the Parquet files.
        summary: the numbers, and the reason of every rule.
        mask: whether letters and digits of the cells in the examples are hidden.
        most: rules to name of those that repaired, of those that flagged, and of those that quarantined, the most
            frequent ones first; all if not given.
    """
    parts: list[str] = []

    def add(title: str, note: str, counts: Mapping[str, int], examples: Mapping[str, str]) -> None:
        named = list(counts.items())[:most]  # a list and no table: no page is wide enough for both reason and examples
        lines = [
            f"- **{plain(rule)}**, {n:,}: {plain(summary.reasons[rule])}"
            + (f". For example: {examples[rule]}" if rule in examples else "")
            for rule, n in named
        ]
        parts.extend([title, note, "\n".join(lines)])
        if left := len(counts) - len(named):
            parts.append(f"And {left:,} more rules.")

    if summary.repaired:
        examples = _repair_examples(folder / "ledger.parquet", mask=mask)
        add(
            "## Repaired rows",
            "Rule, rows, and why; each change is a line of `ledger.parquet`.",
            summary.repaired,
            examples,
        )
    if summary.flagged:
        note = "They are clean, and doubtful: rule, rows, and why. Each doubt is a line of `flags.parquet`."
        add("## Flagged rows", note, summary.flagged, _flag_examples(folder / "flags.parquet", mask=mask))
    if summary.failed:
        note = "Rule, rows, and why. A row counts under every rule that it failed; its original bytes are kept."
        examples = _row_examples(folder / "quarantine.parquet", mask=mask)
        add("## Quarantine", note, summary.failed, examples)
    return "\n\n".join(parts)


def _unread(summary: Summary) -> list[str]:
    """The files under the source that are not read, if there are any."""
    if not summary.unread:
        return []
    named = [(code(file["name"]), plain(file["reason"])) for file in summary.unread[:_MOST_UNREAD]]
    more = len(summary.unread) - len(named)
    note = f"And {more:,} more; `{REPORT}` names all." if more else ""
    return ["## Not read", markdown_table(("file", "why"), named), *filter(None, [note])]


def _repair_examples(ledger: Path, *, mask: bool) -> dict[str, str]:
    """A few different changes by each rule, as `before` → `after`."""
    changes = _first(ledger, "rule", ["before", "after"]).sort("rule", "before", "after")
    texts: dict[str, list[str]] = {}
    for rule, before, after in changes.iter_rows():
        shown = [_cell(cell and masked(cell) if mask else cell) for cell in (before, after)]
        texts.setdefault(rule, []).append(" → ".join(shown))
    return {rule: ", ".join(examples) for rule, examples in texts.items()}


def _flag_examples(flags: Path, *, mask: bool) -> dict[str, str]:
    """A few different doubts by each rule: the cell and its column, and what it would become; or the rows."""
    texts: dict[str, list[str]] = {}
    for rule, column, *cells in _first(flags, "rule", ["column", "value", "proposal"]).iter_rows():
        value, proposal = (cell and masked(cell) if mask else cell for cell in cells)
        if column is not None:
            becomes = f" → {_cell(proposal)}" if proposal is not None else ""
            texts.setdefault(rule, []).append(f"{_cell(value)}{becomes} in {code(column)}")
    rows = _examples(flags, "rule")
    return rows | {rule: ", ".join(examples) for rule, examples in texts.items()}


def _examples(file: Path, rule_column: str) -> dict[str, str]:
    """The first rows of each rule, as `source`, followed by the record unless it is the first."""
    texts: dict[str, list[str]] = {}
    for rule, source, record in _first(file, rule_column, ["source", "record"]).iter_rows():
        texts.setdefault(rule, []).append(f"{_cell(source)} {record}" if record > 1 else _cell(source))
    return {rule: ", ".join(examples) for rule, examples in texts.items()}


def _row_examples(quarantine: Path, *, mask: bool) -> dict[str, str]:
    """The first rows of each rule as they arrived, behind them source and record; pictures have no text."""
    texts: dict[str, list[str]] = {}
    for rule, source, record, original in _first(quarantine, "rules", ["source", "record", "original"]).iter_rows():
        text = (original or b"").decode(errors="backslashreplace").strip()
        shown = f"{_cell(masked(text) if mask else text)} in " if text else ""
        number = f" {record}" if text or record > 1 else ""
        texts.setdefault(rule, []).append(f"{shown}{_cell(source)}{number}")
    return {rule: ", ".join(examples) for rule, examples in texts.items()}


def _first(file: Path, rule_column: str, columns: list[str]) -> pl.DataFrame:
    """The rule and these columns of the first different lines of each rule, read piece by piece."""
    names = [rule_column, *columns]
    first: pl.DataFrame | None = None
    pieces = (pq.ParquetFile(part).iter_batches(_PIECE, columns=names) for part in part_files(file))
    for piece in itertools.chain.from_iterable(pieces):
        rows = pl.DataFrame(pl.from_arrow(piece)).select(names)
        rows = rows.cast({"source": pl.String}) if "source" in names else rows
        rows = rows.explode(rule_column) if isinstance(rows.schema[rule_column], pl.List) else rows
        rows = rows.unique(maintain_order=True).group_by(rule_column, maintain_order=True).head(_EXAMPLES)
        rows = rows if first is None else pl.concat([first, rows]).unique(maintain_order=True)
        first = rows.group_by(rule_column, maintain_order=True).head(_EXAMPLES)
    return first if first is not None else pl.DataFrame(schema=dict.fromkeys(names, pl.String))


def _cell(cell: str | None) -> str:
    return "nothing" if cell is None else code(cell[:_LONGEST])


def _file(file: dict[str, object]) -> tuple[str, ...]:
    ignored = file["ignored_columns"]
    names = ", ".join(code(str(name)) for name in ignored) if isinstance(ignored, list) else ""
    return code(str(file["name"])), plain(str(file["format"])), f"{file['records']:,}", names


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else ""
