"""Cleans a source of any size: every record ends as clean, quarantine or duplicate, every change in the ledger."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow.parquet as pq

from schemas.errors import UserError
from schemas.table import Table
from tasks.clean.copies import Copies, find_copies
from tasks.clean.outputs import Outputs
from tasks.clean.report import write_reports
from tasks.clean.rules import CONFLICT, REASONS, Applied, apply_rules
from tasks.clean.summary import FATES, REPORT, Summary
from tasks.files import sha256, whole_folder
from tasks.ingest.batch import Batch
from tasks.ingest.source import RawFile

Progress = Callable[[int, int], None]


class ContractError(RuntimeError):
    """The cleaning broke its own contract: a fault in a rule or in the engine, never in the data."""


def clean(
    files: list[RawFile], table: Table, out: Path, progress: Progress | None = None, piece: int | None = None
) -> Summary:
    """Cleans a source into a folder, which appears whole or not at all.

    The folder holds clean.parquet, quarantine.parquet, duplicates.parquet, ledger.parquet, report.md, report.json and,
    for text files, quarantine/ with the original lines. Memory grows with the source by eight bytes a record.

    Args:
        files: the source, from `tasks.ingest.source.open_source`.
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

    _spare_other_files(files, out)
    with whole_folder(out) as folder:
        copies, counts = find_copies(table, files, read)
        if not sum(counts):
            raise UserError(
                f"{', '.join(file.name for file in files)}: a header and no record; give a file with records."
            )
        tally: dict[str, Counter[str]] = {kind: Counter() for kind in ("fates", "failed", "repaired")}
        with Outputs(folder, table, files) as outputs:
            done = 0
            for number, file in enumerate(files):
                for batch in read(file, table.names):
                    _clean_batch(table, file, number, batch, done, copies, _Starts(files, counts), outputs, tally)
                    done += batch.cells.height
                    if progress:
                        progress(done, sum(counts))
        _check_accounts(folder, [file.name for file in files], counts)
        summary = Summary(
            table=table.name,
            sha256=_digest(files),
            rows=sum(counts),
            **{fate: tally["fates"][fate] for fate in FATES},
            failed=_most_common(tally["failed"]),
            repaired=_most_common(tally["repaired"]),
            files=[_describe(file, count) for file, count in zip(files, counts, strict=True)],
        )
        write_reports(folder, summary, table)
    return summary


def _most_common(counts: Counter[str]) -> dict[str, int]:
    """The counts from the largest down; equal ones by name, so that their order does not hang on the pieces."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _spare_other_files(files: list[RawFile], out: Path) -> None:
    """Refuses to replace a folder that holds anything but the result of an earlier cleaning."""
    if any(file.path.resolve().is_relative_to(out.resolve()) for file in files):
        raise UserError(f"{out} holds the source itself and would be replaced; choose another folder.")
    if out.is_dir() and any(out.iterdir()) and not (out / REPORT).exists():
        raise UserError(f"{out} holds other files, which would be lost; choose a new or an empty folder.")


class _Starts:
    """Turns an ordinal over all files back into a file's name and record number."""

    def __init__(self, files: list[RawFile], counts: list[int]) -> None:
        self._names = pl.Series([file.name for file in files], dtype=pl.String)
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def row_ids(self, ordinals: npt.NDArray[np.int64]) -> tuple[pl.Series, npt.NDArray[np.int64]]:
        file = np.searchsorted(self._starts, ordinals, side="right") - 1
        return self._names[file], ordinals - self._starts[file] + 1


def _clean_batch(
    table: Table,
    file: RawFile,
    number: int,
    batch: Batch,
    offset: int,
    copies: Copies,
    starts: _Starts,
    outputs: Outputs,
    tally: dict[str, Counter[str]],
) -> None:
    applied = apply_rules(table, batch, file.columns)
    span = [offset, offset + batch.cells.height]
    low, high = np.searchsorted(copies.copies, span)
    is_copy = np.zeros(batch.cells.height, dtype=bool)
    is_copy[copies.copies[low:high] - offset] = True
    conflicting = np.zeros(batch.cells.height, dtype=bool)
    first, last = np.searchsorted(copies.conflicting, span)
    conflicting[copies.conflicting[first:last] - offset] = True
    applied.failures[CONFLICT] = conflicting
    is_clean = applied.sound & ~is_copy
    is_quarantined = ~is_clean & ~is_copy

    outputs.write("clean", number, _clean_rows(table, batch, applied, is_clean))
    changed = applied.ledger.filter(pl.Series(is_clean)[applied.ledger["row"]])
    records = pl.Series("record", batch.records)
    outputs.write("ledger", number, changed.select(records[changed["row"]], "column", "rule", "before", "after"))
    rows = np.flatnonzero(is_quarantined)
    original = batch.original(rows)
    reasons = _reasons(table, applied, is_quarantined)
    outputs.write("quarantine", number, _raw_rows(batch, rows, original, reasons))
    if file.format:
        outputs.write_lines(number, file.format, original)
    rows = np.flatnonzero(is_copy)
    sources, originals = starts.row_ids(copies.originals[low:high])
    whence = pl.DataFrame({"copy_of_source": sources, "copy_of_record": originals})
    outputs.write("duplicates", number, _raw_rows(batch, rows, batch.original(rows), whence))

    tally["fates"].update(
        clean=int(is_clean.sum()), quarantine=int(is_quarantined.sum()), duplicates=int(is_copy.sum())
    )
    tally["failed"].update(
        {
            rule: int((mask & is_quarantined).sum())
            for rule, mask in applied.failures.items()
            if (mask & is_quarantined).any()
        }
    )
    tally["repaired"].update(dict(changed["rule"].value_counts().iter_rows()))


def _clean_rows(table: Table, batch: Batch, applied: Applied, is_clean: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """The clean rows with their record numbers, after the strict schema has seen them once more."""
    rows = applied.values if is_clean.all() else applied.values.filter(is_clean)
    if rows.height:
        import pandera.errors

        try:
            table.clean().validate(rows.to_arrow(compat_level=pl.CompatLevel.oldest()).to_pandas(), lazy=True)
        except pandera.errors.SchemaErrors as error:
            raise ContractError(
                f"the clean schema of {table.name} refuses rows that the rules let pass: {error}"
            ) from error
    return rows.insert_column(0, pl.Series("record", batch.records[is_clean]))


def _reasons(table: Table, applied: Applied, is_quarantined: npt.NDArray[np.bool_]) -> pl.DataFrame:
    """The failed rules of each quarantined row, in the order of the rules, and the first one's reason."""
    texts = REASONS | {rule.name: rule.reason for rule in table.rules}
    failed = [
        pl.DataFrame(
            {"row": np.flatnonzero(mask & is_quarantined), "rules": rule}, schema={"row": pl.Int64, "rules": pl.String}
        )
        for rule, mask in applied.failures.items()
    ]
    rules = pl.concat(failed).group_by("row", maintain_order=True).agg("rules").sort("row")
    reason = pl.col("rules").list.eval(pl.element().replace_strict(texts)).list.join("; ")
    return rules.select("rules", reason.alias("reason"))


def _raw_rows(batch: Batch, rows: npt.NDArray[np.int64], original: list[bytes], between: pl.DataFrame) -> pl.DataFrame:
    """Row id, line, the columns of `between`, raw cells and original bytes of some rows."""
    lines = (
        pl.repeat(None, len(rows), dtype=pl.Int64, eager=True) if batch.lines is None else pl.Series(batch.lines[rows])
    )
    return pl.DataFrame(
        [
            pl.Series("record", batch.records[rows]),
            lines.alias("line"),
            *between.get_columns(),
            *batch.cells[rows].get_columns(),
            pl.Series("original", original, dtype=pl.Binary),
        ]
    )


def _check_accounts(folder: Path, names: list[str], counts: list[int]) -> None:
    """Raw = clean + quarantine + duplicates, by row id, as the written files say."""
    seen = [np.zeros(count, dtype=np.int8) for count in counts]
    for fate in FATES:
        stored = pq.ParquetFile(folder / f"{fate}.parquet")
        for piece in stored.iter_batches(1 << 20, columns=["source", "record"]):
            source = piece["source"].indices.to_numpy()
            record = piece["record"].to_numpy()
            for number in range(len(names)) if source.any() else (0,):
                seen[number] += np.bincount(record[source == number] - 1, minlength=counts[number]).astype(np.int8)
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
