"""Cleans a source of any size: every record ends as clean, quarantine or duplicate, every change in the ledger."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from eightytwenty.engine.account import check_accounts
from eightytwenty.engine.compare import compare_parts
from eightytwenty.engine.executor import Executor, in_threads
from eightytwenty.engine.guard import require_replaceable
from eightytwenty.engine.index import Index
from eightytwenty.engine.lines import FOLDERS, QuarantinedLines
from eightytwenty.engine.parts import Part
from eightytwenty.engine.route import Router
from eightytwenty.engine.rules import rule_reasons
from eightytwenty.engine.summary import Summary
from eightytwenty.engine.write import CSV, OUTPUTS, CleanText, Layout, Outputs
from eightytwenty.errors import UserError
from eightytwenty.files import whole_folder, write_files
from eightytwenty.pages.report import write_reports
from eightytwenty.progress import Progress
from eightytwenty.read.reader import SourceReader
from eightytwenty.read.source import RawFile, Source
from eightytwenty.schema import Table

# what a cleaning writes, besides its report.json
OWN_NAMES = (*(f"{name}.parquet" for name in OUTPUTS), CSV, "report.md", "schema.yaml", "evidence", *FOLDERS)
_SCRATCH = ".scratch"  # while the cleaning lasts


def clean_table(
    source: Source,
    table: Table,
    out: Path,
    progress: Progress | None = None,
    piece: int | None = None,
    executor: Executor = in_threads,
    index: Path | None = None,
    beside: Mapping[str, str | bytes] | None = None,
    mask: bool = False,
) -> Summary:
    """Cleans a source into a folder, which appears whole or not at all.

    The folder holds clean.parquet (and clean.csv, if the table says so), quarantine.parquet, duplicates.parquet,
    flags.parquet, ledger.parquet, report.md, report.json and, for text files, quarantine/ with the original lines and
    quarantine-for-spreadsheets/ with a copy of them. The source is read once, in pieces; archives and Parquet are
    hashed beside it. What is read and found lies in a hidden folder there meanwhile, and takes about the size of the
    unpacked source and eight bytes a value.

    Args:
        source: from `eightytwenty.read.source.open_source`.
        table: columns and rules.
        out: the folder.
        progress: called with (records done, about how many there are in all).
        piece: bytes (text) or rows (Parquet) to read at a time; the result does not depend on it.
        executor: runs the stages; the result does not depend on it.
        index: a folder that keeps what was found out about each file. Files that are in it already, unchanged, are
            hashed and not cleaned again; the result does not depend on it.
        beside: other files that belong to the folder: path in it -> content.
        mask: whether letters and digits of the examples in the report are hidden.

    Raises:
        UserError: a file is damaged, there are no records, or the folder cannot be written.
        ContractError: a record was lost or doubled, or a clean row is not clean.
    """
    files = source.files
    require_replaceable(source.path, out, OWN_NAMES)
    with whole_folder(out) as folder:
        scratch = folder / _SCRATCH
        scratch.mkdir()
        known = Index(index or scratch / "parts", table)
        digests, parts = known.find(files)
        router, reader = Router(table, known.folder, scratch), SourceReader(files, piece, digests)
        done = sum(part.height for part in parts)
        for part in executor(router.route, reader):
            parts.append(part)
            done += part.height
            if progress:
                progress(done, max(done, round(done / reader.share)) if reader.share else done)
        if not parts:
            raise no_record(files)
        parts.sort(key=lambda part: (part.file, part.first))
        if index:
            for number, file in enumerate(files):
                if file.path not in digests:
                    known.add(file, reader.digests[file.path], [part for part in parts if part.file == number])
        counts = [0] * len(files)
        for part in parts:
            counts[part.file] += part.height
        names = [file.name for file in files]
        parts = compare_parts(router, parts, names, counts, executor)
        with ThreadPoolExecutor(1) as remover:  # to give large files back takes a while
            for part in _merge(folder, parts, table, files, executor):
                if not index:
                    remover.submit(shutil.rmtree, part.place)
        check_accounts(folder, names, counts)
        shutil.rmtree(scratch)
        write_files(folder, beside or {})
        total = sum((part.counts for part in parts[1:]), parts[0].counts)
        described = [describe_file(file, count) for file, count in zip(files, counts, strict=True)]
        unread = [asdict(file) for file in source.unread]
        summary = total.summary(table.name, reader.sha256, described, unread)
        return write_reports(folder, summary, rule_reasons(table), mask=mask)


def _merge(
    folder: Path, parts: Sequence[Part], table: Table, files: Sequence[RawFile], executor: Executor
) -> Iterator[Part]:
    """Writes the tables of the parts one after the other; yields each part when it is written."""
    layout = Layout.of(table, files)
    with (
        CleanText(folder, table, layout) if table.csv else nullcontext() as text_file,
        Outputs(folder, layout.schemas) as outputs,
        QuarantinedLines(folder, [file.name for file in files]) as lines,
    ):
        for part, tables in zip(parts, executor(layout.tables, parts), strict=True):
            for name, rows in tables.items():
                outputs.write(name, part.file, rows)
            if text_file:
                text_file.write(part)
            if text := files[part.file].format:
                lines.write(part.file, text, tables["quarantine"]["original"].to_pylist())
            yield part


def no_record(files: Sequence[RawFile]) -> UserError:
    """The error of a source of headers."""
    names = ", ".join(file.name for file in files)
    return UserError(f"{names}: there is a header but no record; give a file with records.")


def describe_file(file: RawFile, count: int) -> dict[str, object]:
    """What the report says of a file with `count` records."""
    return {
        "name": file.name,
        "format": file.description,
        "records": count,
        "ignored_columns": list(file.ignored_columns),
    }
