"""Why a row or a cell of a cleaning ended as it did, found in the folder of the cleaning, for the terminal."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

from eightytwenty.cleaned import Cleaned
from eightytwenty.engine.summary import FATES, REPORT, Summary
from eightytwenty.errors import UserError
from eightytwenty.kinds import find_kind
from eightytwenty.pages.nearest import nearest_names
from eightytwenty.printable import for_terminal

_EVIDENCE = "evidence/columns.json"
_FILES = (*FATES, "flags", "ledger")
_BESIDE = {"source", "record", "line", "rules", "reason", "original", "copy_of_source", "copy_of_record", "file"}
_LONGEST = 200  # characters of a cell to show
_MOST_CELLS = 50  # of a row to show
_MOST_DIGITS = 18  # of a record number


@dataclass(frozen=True)
class Explanation:
    """Why a row, or a cell of it, ended as it did.

    Args:
        row: its id, as source and record.
        fate: where it ended.
        line: of its file on which it begins, if its file has lines.
        cells: column -> value; as text and unchanged where the row is not clean.
        original: the row as it arrived, if it is in quarantine.
        reasons: rules that sent it to quarantine -> the reason of each.
        copy_of: the id of the row that it copies, and where that one ended.
        changes: column, rule, reason, before, after and confidence of each changed cell, in order.
        flags: column, rule, reason, value, proposal and confidence of each doubt.
        evidence: sentences on the column, if it is about a cell.
    """

    row: str
    fate: str
    line: int | None
    cells: dict[str, object]
    original: str
    reasons: dict[str, str]
    copy_of: tuple[str, str] | None
    changes: list[dict[str, Any]]
    flags: list[dict[str, Any]]
    evidence: list[str]


def explain(folder: Path, row: str, column: str = "") -> Explanation:
    """Finds out why a row or a cell ended as it did.

    Args:
        folder: of a cleaning.
        row: source and record, such as `messy.csv:1417`; the record alone where there is one source.
        column: of the cell; empty for the whole row.

    Raises:
        UserError: the folder is none of a cleaning, or has no such row or column.
    """
    cleaned = Cleaned(folder, _summary(folder))
    try:
        source, record = _row_id(row, cleaned.summary)
        fate, found = _find(cleaned, source, record)
        return _explained(cleaned, source, record, column, fate, found)
    except (OSError, pl.exceptions.PolarsError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(f"{folder} cannot be read ({why}); clean the source again.") from None


def explanation_rich(explanation: Explanation) -> Iterator[str]:
    """The lines of an explanation, with the markup of Rich."""
    line = f" (line {explanation.line:,})" if explanation.line else ""
    places = {"clean": "clean", "quarantine": "in quarantine", "duplicates": "a duplicate"}
    yield f"[bold]{for_terminal(explanation.row)}{line} is {places[explanation.fate]}.[/]"
    if explanation.copy_of:
        original, fate = explanation.copy_of
        yield f"It is a copy of {for_terminal(original)}, which is {places.get(fate, fate)}."
    for rule, reason in explanation.reasons.items():
        yield f"[bold]{for_terminal(rule)}[/]: {for_terminal(reason)}"
    yield from _cells(explanation.cells)
    if explanation.original:
        yield f"It arrived as {_cell(explanation.original)}."
    for change in explanation.changes:
        yield _done("changed", change, f"{_cell(change['before'])} → {_cell(change['after'])}")
    for flag in explanation.flags:
        proposal = f", perhaps {_cell(flag['proposal'])}" if flag["confidence"] is not None else ""
        yield _done("flagged", flag, (_cell(flag["value"]) if flag["column"] else "the row") + proposal)
    if explanation.fate == "clean" and not explanation.changes and not explanation.flags:
        yield "Nothing was changed or flagged."
    yield from map(for_terminal, explanation.evidence)


def _cells(cells: dict[str, object]) -> Iterator[str]:
    """A line for each of the first cells, unless none was read."""
    is_read = len(cells) == 1 or any(cell is not None for cell in cells.values())
    shown = list(cells.items())[:_MOST_CELLS] if is_read else []
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        yield f"  {for_terminal(name.ljust(width))}  {_cell(value)}"
    if shown and len(cells) > _MOST_CELLS:
        yield f"  and {len(cells) - _MOST_CELLS:,} more columns"


def _done(what: str, line: dict[str, Any], shown: str) -> str:
    """A change or a flag, in one line."""
    column = f"{for_terminal(line['column'])} " if line["column"] else ""
    reason = f": {for_terminal(line['reason'])}" if line["reason"] else ""
    confidence = "" if line["confidence"] is None else f" (confidence {100 * line['confidence']:.4g}%)"
    return f"{what}: {column}{shown}, by [bold]{for_terminal(line['rule'])}[/]{reason}{confidence}"


def _cell(value: object) -> str:
    return "nothing" if value is None else for_terminal(_quoted(value))


def _quoted(value: object) -> str:
    """A value, and a text in quotes, so that its spaces are seen; a long one is cut."""
    text = f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) else str(value)
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"'{text}'" if isinstance(value, str) else text


def _summary(folder: Path) -> Summary:
    """The report of a cleaning."""
    try:
        return Summary.load(folder)
    except (FileNotFoundError, NotADirectoryError):
        parent = folder.absolute().parent
        beside = [path.parent.name for path in parent.glob(f"*/{REPORT}")] if parent.is_dir() else []
        hint = f"; {nearest_names(folder.name, sorted(beside))}" if beside else "; give what clean has written."
        raise UserError(f"{folder} is no folder of a cleaning{hint}") from None
    except OSError as error:
        raise UserError(f"{folder} cannot be read ({error.strerror}); give the folder of a cleaning.") from None
    except (ValueError, TypeError):
        raise UserError(f"{folder / REPORT} is no report of a cleaning; clean the source again.") from None


def _row_id(row: str, summary: Summary) -> tuple[str, int]:
    """The source and the record of a row."""
    source, _, record = row.rpartition(":")
    names = [str(file["name"]) for file in summary.files]
    if not (record.isascii() and record.isdecimal() and len(record) <= _MOST_DIGITS):
        raise UserError(f"{row} is no row; give its source and record, such as {(source or names[0])}:1.")
    if not source and len(names) > 1:
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        raise UserError(
            f"There are {len(names):,} sources, {', '.join(names[:3])}{more}; name one, such as {names[0]}:{record}."
        )
    return source or names[0], int(record)


def _find(cleaned: Cleaned, source: str, record: int) -> tuple[str, pl.DataFrame]:
    """Where a row ended, and its line there.

    Raises:
        UserError: there is no such row.
    """
    for fate in FATES:
        found = _lines(cleaned, fate, source, record)
        if found.height:
            return fate, found
    ended = [getattr(cleaned, fate).select("source").unique() for fate in FATES]
    sources = pl.concat(ended).unique().sort("source").collect(engine="streaming")["source"].to_list()
    if source not in sources:
        raise UserError(f"There is no source {source}; {nearest_names(source, sources)}")
    records = {file["name"]: file["records"] for file in cleaned.summary.files}
    last = f"its last one is {records[source]:,}" if source in records else "give one that its tables name"
    raise UserError(f"{source} has no record {record:,}; {last}.")


def _lines(cleaned: Cleaned, name: str, source: str, record: int) -> pl.DataFrame:
    """The lines of one row in a table of the cleaning, of which only the groups that may hold its record are read."""
    lines: pl.LazyFrame = getattr(cleaned, name)
    return lines.filter(pl.col("record") == record, pl.col("source") == source).collect()


def _explained(cleaned: Cleaned, source: str, record: int, column: str, fate: str, found: pl.DataFrame) -> Explanation:
    columns = _columns(cleaned)
    if column and column not in columns:
        raise UserError(f"{cleaned.folder} has no column {column}; {nearest_names(column, columns)}")
    reasons, line = cleaned.summary.reasons, found.row(0, named=True)
    cells = {name: line.get(name) for name in ([column] if column else columns)}
    ledger, flags = (_lines(cleaned, name, source, record) for name in ("ledger", "flags"))
    # ledgers of earlier versions have no reasons of their own
    changes = [{"reason": reasons.get(change["rule"], "")} | change for change in ledger.to_dicts()]
    doubts = flags.to_dicts()
    if column:
        changes = [change for change in changes if change["column"] == column]
        doubts = [flag for flag in doubts if flag["column"] in (column, None)]
    copy_of = None
    if fate == "duplicates":
        original = line["copy_of_source"], line["copy_of_record"]
        copy_of = f"{original[0]}:{original[1]}", _find(cleaned, *original)[0]
    return Explanation(
        row=f"{source}:{record}",
        fate=fate,
        line=line.get("line"),
        cells=cells,
        original=(line.get("original") or b"").decode(errors="backslashreplace") if fate == "quarantine" else "",
        reasons=_reasons(line, reasons) if fate == "quarantine" else {},
        copy_of=copy_of,
        changes=changes,
        flags=doubts,
        evidence=list(_evidence(cleaned, column, cells[column], changes, doubts)) if column else [],
    )


def _columns(cleaned: Cleaned) -> list[str]:
    """The columns of the table, those that no file has among them."""
    schemas = [getattr(cleaned, fate).collect_schema() for fate in FATES]
    return list(dict.fromkeys(name for schema in schemas for name in schema if name not in _BESIDE))


def _reasons(line: dict[str, Any], reasons: dict[str, str]) -> dict[str, str]:
    """The rules that a row failed, and the reason of each; old reports have none, and then all of them are together."""
    known = {rule: reasons.get(rule, "") for rule in line["rules"]}
    return known if all(known.values()) else {", ".join(known): line["reason"]}


def _evidence(
    cleaned: Cleaned, column: str, value: object, changes: list[dict[str, Any]], flags: list[dict[str, Any]]
) -> Iterator[str]:
    """What speaks for and against a cell: the kind of its column, and how often it occurs."""
    path = cleaned.folder / _EVIDENCE
    content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"columns": {}}
    if seen := content["columns"].get(column):
        filled = seen["rows"] - seen["missing"]
        of_kind = f"{seen['share']:.1%} of the {filled:,} cells with a value are of the kind {seen['kind']}"
        fault = find_kind(seen["kind"]).fault
        wrong = next((flag["value"] for flag in flags if flag["column"] == column and flag["rule"] == fault), None)
        yield of_kind + ("." if wrong is None else f"; {_quoted(wrong)} is not.")
        if seen["others"]:
            others = ", ".join(f"{kind} ({share:.1%} of them)" for kind, share in seen["others"].items())
            yield f"They could also be of the kind {others}."
        if seen["doubt"]:
            yield f"{seen['doubt'][0].upper()}{seen['doubt'][1:]}."
        if content["rows"] < content["seen"]:
            yield f"{content['rows']:,} of {content['seen']:,} rows were looked at."
    yield from _occurrences(cleaned, column, value, changes, flags)


def _occurrences(
    cleaned: Cleaned, column: str, value: object, changes: list[dict[str, Any]], flags: list[dict[str, Any]]
) -> Iterator[str]:
    """How often the value, and the cell that it was, occur."""
    schema = cleaned.clean.collect_schema()
    if value is not None and column in schema:
        wanted = pl.Series([value]).cast(schema[column], strict=False)
        if wanted[0] is not None:
            count = _count(cleaned.clean, pl.col(column) == pl.lit(wanted[0], schema[column]))
            yield f"{_quoted(value)} is the value in {count:,} of the {cleaned.summary.clean:,} clean rows."
    if changes and (before := changes[0]["before"]) is not None:
        count = _count(cleaned.ledger, pl.col("column") == column, pl.col("before") == before)
        yield f"{_quoted(before)} was changed in {count:,} clean row{'s' * (count != 1)}."
    if texts := [flag["value"] for flag in flags if flag["column"] == column and flag["value"] is not None]:
        count = _count(cleaned.flags, pl.col("column") == column, pl.col("value") == texts[0])
        yield f"{_quoted(texts[0])} was flagged in {count:,} clean row{'s' * (count != 1)}."


def _count(lines: pl.LazyFrame, *conditions: pl.Expr) -> int:
    """How many rows have such a line."""
    rows = lines.filter(*conditions).select("source", "record").unique()
    return int(rows.select(pl.len()).collect(engine="streaming").item())
