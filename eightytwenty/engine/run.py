"""Cleans a source of any size: every record ends as clean, quarantine or duplicate, every change in the ledger."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from eightytwenty.engine.duplicates import find_copies
from eightytwenty.engine.executor import in_order
from eightytwenty.engine.guard import spare_other_files
from eightytwenty.engine.route import ContractError, Job, Sorter
from eightytwenty.engine.rules import reasons
from eightytwenty.engine.summary import FATES, Summary, most_common
from eightytwenty.engine.write import OUTPUTS, Outputs
from eightytwenty.errors import UserError
from eightytwenty.files import sha256, whole_folder
from eightytwenty.pages.report import write_reports
from eightytwenty.progress import Progress
from eightytwenty.read.batch import Batch
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table

_OWN = (*(f"{name}.parquet" for name in OUTPUTS), "report.md", "quarantine")


def clean_table(
    files: list[RawFile], table: Table, out: Path, progress: Progress | None = None, piece: int | None = None
) -> Summary:
    """Cleans a source into a folder, which appears whole or not at all.

    The folder holds clean.parquet, quarantine.parquet, duplicates.parquet, ledger.parquet, report.md, report.json and,
    for text files, quarantine/ with the original lines. Memory grows with the source by eight bytes a record.

    Args:
        files: the source, from `eightytwenty.read.source.open_source`.
        table: columns, rules and clean schema.
        out: the folder.
        progress: called with (records done, records in all).
        piece: bytes (text) or rows (Parquet) read at a time; the result is the same for each.

    Raises:
        UserError: a file is damaged, there are no records, or the folder cannot be written.
        ContractError: a record was lost or doubled, or a clean row is not clean.
    """

    def read(file: RawFile, names: list[str]) -> Iterator[Batch]:
        return file.batches(names, piece)

    spare_other_files([file.path for file in files], out, _OWN)
    with whole_folder(out) as folder:
        copies, counts = find_copies(table, files, read)
        if not sum(counts):
            raise UserError(
                f"{', '.join(file.name for file in files)}: a header and no record; give a file with records."
            )
        fates, failed, repaired = Counter[str](), Counter[str](), Counter[str]()
        with Outputs(folder, table, files) as outputs:
            jobs = _jobs(files, lambda file: read(file, table.names))
            sorter = Sorter(table, [file.name for file in files], counts, copies, outputs)
            done = 0
            for job, result in in_order(sorter, jobs):
                for name, rows in result.tables.items():
                    outputs.write(name, job.number, rows)
                if job.file.format:
                    outputs.write_lines(job.number, job.file.format, result.lines)
                fates.update(result.fates)
                failed.update(result.failed)
                repaired.update(result.repaired)
                done += sum(result.fates.values())
                if progress:
                    progress(done, sum(counts))
        _check_accounts(folder, [file.name for file in files], counts)
        summary = Summary(
            table=table.name,
            sha256=_digest(files),
            rows=sum(counts),
            **{fate: fates[fate] for fate in FATES},
            failed=most_common(failed),
            repaired=most_common(repaired),
            files=[_describe(file, count) for file, count in zip(files, counts, strict=True)],
        )
        write_reports(folder, summary, reasons(table))
    return summary


def _jobs(files: list[RawFile], read: Callable[[RawFile], Iterator[Batch]]) -> Iterator[Job]:
    offset = 0
    for number, file in enumerate(files):
        for batch in read(file):
            yield Job(number, file, batch, offset)
            offset += batch.cells.height


def _check_accounts(folder: Path, names: list[str], counts: list[int]) -> None:
    """Raw = clean + quarantine + duplicates, by row id, as the written files say."""
    seen = [np.zeros(count, dtype=np.int8) for count in counts]
    for fate in FATES:
        for piece in pq.ParquetFile(folder / f"{fate}.parquet").iter_batches(1 << 20, columns=["record", "source"]):
            source, record = piece["source"].indices.to_numpy(), piece["record"].to_numpy() - 1
            present = np.flatnonzero(np.bincount(source))
            for number in present:
                own = record[source == number] if len(present) > 1 else record
                first = own.min()
                found = np.bincount(own - first).astype(np.int8)
                seen[number][first : first + len(found)] += found
    for name, times in zip(names, seen, strict=True):
        wrong = np.flatnonzero(times != 1)
        if len(wrong):
            raise ContractError(f"record {wrong[0] + 1} of {name} ended {times[wrong[0]]} times instead of once")


def _describe(file: RawFile, count: int) -> dict[str, object]:
    return {
        "name": file.name,
        "format": file.description,
        "records": count,
        "ignored_columns": list(file.ignored),
    }


def _digest(files: list[RawFile]) -> str:
    """SHA-256 of the source: of its file, or of the digests of its files."""
    digests = [sha256(path) for path in dict.fromkeys(file.path for file in files)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
