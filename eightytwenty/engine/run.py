"""Cleans a source of any size: every record ends as clean, quarantine or duplicate, every change in the ledger."""

import functools
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from eightytwenty.engine.duplicates import find_copies
from eightytwenty.engine.executor import in_order
from eightytwenty.engine.guard import require_replaceable
from eightytwenty.engine.route import ContractError, Job, route_batch
from eightytwenty.engine.rules import rule_reasons
from eightytwenty.engine.summary import FATES, Summary, most_common
from eightytwenty.engine.write import LINES, OUTPUTS, Outputs
from eightytwenty.errors import UserError
from eightytwenty.files import sha256, whole_folder
from eightytwenty.pages.report import write_reports
from eightytwenty.progress import Progress
from eightytwenty.read.batch import Batch
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table

_OWN_NAMES = (*(f"{name}.parquet" for name in OUTPUTS), "report.md", *LINES)


def clean_table(
    files: list[RawFile], table: Table, out: Path, progress: Progress | None = None, piece: int | None = None
) -> Summary:
    """Cleans a source into a folder, which appears whole or not at all.

    The folder holds clean.parquet, quarantine.parquet, duplicates.parquet, flags.parquet, ledger.parquet, report.md,
    report.json and, for text files, quarantine/ with the original lines and quarantine-for-spreadsheets/ with a copy of
    them. Memory grows with the source by eight bytes a record.

    Args:
        files: the files of the source, from `eightytwenty.read.source.open_source`.
        table: columns and rules.
        out: the folder.
        progress: called with (records done, records in all).
        piece: bytes (text) or rows (Parquet) to read at a time; the result does not depend on it.

    Raises:
        UserError: a file is damaged, there are no records, or the folder cannot be written.
        ContractError: a record was lost or doubled, or a clean row is not clean.
    """

    def read(file: RawFile, names: list[str]) -> Iterator[Batch]:
        return file.batches(names, piece)

    require_replaceable([file.path for file in files], out, _OWN_NAMES)
    with whole_folder(out) as folder:
        copies, counts = find_copies(table, files, read)
        if not sum(counts):
            raise UserError(
                f"{', '.join(file.name for file in files)}: there is a header but no record; give a file with records."
            )
        fates, failed, repaired, flagged = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
        with Outputs(folder, table, files) as outputs:
            jobs = _jobs(files, lambda file: read(file, table.names))
            route = functools.partial(
                route_batch,
                table=table,
                copies=copies,
                outputs=outputs,
                names=pl.Series([file.name for file in files], dtype=pl.String),
                starts=np.concatenate([[0], np.cumsum(counts)[:-1]]),
            )
            records_done = 0
            for job, result in in_order(route, jobs):
                for name, rows in result.tables.items():
                    outputs.write(name, job.number, rows)
                if job.file.format:
                    outputs.write_lines(job.number, job.file.format, result.lines)
                fates.update(result.fates)
                failed.update(result.failed)
                repaired.update(result.repaired)
                flagged.update(result.flagged)
                records_done += sum(result.fates.values())
                if progress:
                    progress(records_done, sum(counts))
        _check_accounts(folder, [file.name for file in files], counts)
        summary = Summary(
            table=table.name,
            sha256=_digest(files),
            rows=sum(counts),
            **{fate: fates[fate] for fate in FATES},
            failed=most_common(failed),
            repaired=most_common(repaired),
            flagged=most_common(flagged),
            files=[_describe(file, count) for file, count in zip(files, counts, strict=True)],
        )
        write_reports(folder, summary, rule_reasons(table))
    return summary


def _jobs(files: list[RawFile], read: Callable[[RawFile], Iterator[Batch]]) -> Iterator[Job]:
    offset = 0
    for number, file in enumerate(files):
        for batch in read(file):
            yield Job(number, file, batch, offset)
            offset += batch.cells.height


def _check_accounts(folder: Path, names: list[str], counts: list[int]) -> None:
    """Checks in the written files that raw = clean + quarantine + duplicates, by row id."""
    endings = [np.zeros(count, dtype=np.int8) for count in counts]
    for fate in FATES:
        for piece in pq.ParquetFile(folder / f"{fate}.parquet").iter_batches(1 << 20, columns=["record", "source"]):
            source, record = piece["source"].indices.to_numpy(), piece["record"].to_numpy() - 1
            present = np.flatnonzero(np.bincount(source))
            for number in present:
                own = record[source == number] if len(present) > 1 else record
                first = own.min()
                times = np.bincount(own - first).astype(np.int8)
                endings[number][first : first + len(times)] += times
    for name, times in zip(names, endings, strict=True):
        wrong = np.flatnonzero(times != 1)
        if len(wrong):
            raise ContractError(f"record {wrong[0] + 1} of {name} ended {times[wrong[0]]} times instead of once")


def _describe(file: RawFile, count: int) -> dict[str, object]:
    return {
        "name": file.name,
        "format": file.description,
        "records": count,
        "ignored_columns": list(file.ignored_columns),
    }


def _digest(files: list[RawFile]) -> str:
    """The SHA-256 of the source's file, or of the digests of its files."""
    digests = [sha256(path) for path in dict.fromkeys(file.path for file in files)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
