"""Routes the records of a batch to clean, quarantine or duplicates, and keeps the ledger of changed cells."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from eightytwenty.engine.duplicates import Copies, Ordinals
from eightytwenty.engine.rules import Mask, RuleResults, apply_rules, rule_reasons, value_reason
from eightytwenty.engine.validate import clean_schema
from eightytwenty.engine.write import FLAGS, Outputs
from eightytwenty.read.batch import Batch
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table


class ContractError(RuntimeError):
    """The cleaning broke its own contract. The fault is in a rule or in the engine, never in the data."""


@dataclass(frozen=True)
class Job:
    """A batch of the file with this number in the source; `offset` is the number of records before it in the source."""

    number: int
    file: RawFile
    batch: Batch
    offset: int


@dataclass(frozen=True)
class RoutedBatch:
    """Where the records of a batch ended.

    Args:
        tables: output -> its rows, as `Outputs.table` makes them.
        lines: the original bytes of the quarantined records.
        fates: number of records by fate.
        failed: rule -> number of quarantined records that failed it.
        repaired: rule -> number of clean rows in which it changed a cell.
        flagged: rule -> number of clean rows that it flagged.
    """

    tables: dict[str, pa.Table]
    lines: list[bytes]
    fates: Counter[str]
    failed: Counter[str]
    repaired: Counter[str]
    flagged: Counter[str]


def route_batch(
    job: Job, *, table: Table, copies: Copies, outputs: Outputs, names: pl.Series, starts: Ordinals
) -> tuple[Job, RoutedBatch]:
    """Routes each record of a batch to clean, quarantine or duplicates. Batches are independent of each other.

    Args:
        job: the batch.
        table: the rules.
        copies: the copies and contradictions among all records of the source.
        outputs: knows the columns of what is written.
        names: String, the files of the source, in order.
        starts: the ordinal of the first record of each file.

    Raises:
        ContractError: a row that passed the rules is not clean.
    """
    batch = job.batch
    results = apply_rules(table, batch, job.file.columns)
    is_copy, copies_in_batch = _rows_among(copies.copies, job)
    if table.unique:
        results.failures[table.unique.name], _ = _rows_among(copies.conflicting, job)
    is_clean = results.sound & ~is_copy
    is_quarantined = ~is_clean & ~is_copy

    ledger = results.ledger.filter(pl.Series(is_clean)[results.ledger["row"]])
    record = pl.Series("record", batch.records)[ledger["row"]]
    reasons = rule_reasons(table)
    flags = _flags(results, is_clean, batch, table, reasons)
    quarantine_rows, copy_rows = np.flatnonzero(is_quarantined), np.flatnonzero(is_copy)
    lines = batch.original(quarantine_rows)
    original_ids = _row_ids(copies.originals[copies_in_batch], names, starts)
    frames = {
        "clean": results.values.with_columns(record=batch.records).filter(is_clean),
        "ledger": ledger.with_columns(record),
        "flags": flags,
        "quarantine": _raw_rows(batch, quarantine_rows, lines, _failed_rules(results, is_quarantined, reasons)),
        "duplicates": _raw_rows(batch, copy_rows, batch.original(copy_rows), original_ids),
    }
    counts = {rule: int((mask & is_quarantined).sum()) for rule, mask in results.failures.items()}
    tables = {name: outputs.table(name, job.number, rows) for name, rows in frames.items()}
    _validate(tables["clean"], table)
    return job, RoutedBatch(
        tables,
        lines,
        Counter(clean=int(is_clean.sum()), quarantine=len(quarantine_rows), duplicates=len(copy_rows)),
        Counter({rule: count for rule, count in counts.items() if count}),
        Counter(dict(ledger.select("row", "rule").unique()["rule"].value_counts().iter_rows())),
        Counter(dict(flags.select("record", "rule").unique()["rule"].value_counts().iter_rows())),
    )


def _rows_among(ordinals: Ordinals, job: Job) -> tuple[Mask, slice]:
    """Which rows of a batch are among the sorted ordinals, and which of the ordinals they are."""
    low, high = np.searchsorted(ordinals, [job.offset, job.offset + job.batch.cells.height])
    mask = np.zeros(job.batch.cells.height, dtype=bool)
    mask[ordinals[low:high] - job.offset] = True
    return mask, slice(int(low), int(high))


def _row_ids(ordinals: Ordinals, names: pl.Series, starts: Ordinals) -> pl.DataFrame:
    """The row ids of records, from their ordinals over all files."""
    file = np.searchsorted(starts, ordinals, side="right") - 1
    return pl.DataFrame({"copy_of_source": names[file], "copy_of_record": ordinals - starts[file] + 1})


def _validate(clean: pa.Table, table: Table) -> None:
    """Validates the clean rows once more, against the strict schema."""
    if clean.num_rows:
        import pandera.errors

        rows = pl.DataFrame(pl.from_arrow(clean.drop_columns(["source", "record"])))
        # a column that no file has is null in every row, so that checks which name it can be computed
        absent = [pl.lit(None, dtype).alias(name) for name, dtype in table.dtypes.items() if name not in rows.columns]
        try:
            clean_schema(table).validate(rows.with_columns(absent).select(table.names), lazy=True)
        except pandera.errors.SchemaErrors as error:
            raise ContractError(
                f"the clean schema of {table.name} refuses rows that passed the rules: {error}"
            ) from error


def _flags(
    results: RuleResults, is_clean: Mask, batch: Batch, table: Table, reasons: Mapping[str, str]
) -> pl.DataFrame:
    """The doubtful cells and rows among the clean rows: record, column, rule, reason and value, sorted by record."""
    schema = {name: pl.Int64 if name == "record" else pl.String for name in FLAGS}
    pieces = [pl.DataFrame(schema=schema)]
    columns = {column.name: column for column in table.columns}
    for rule, column, mask in results.flags:
        rows = np.flatnonzero(mask & is_clean)
        value = results.cells[column][rows] if column else pl.repeat(None, len(rows), dtype=pl.String, eager=True)
        reason = value_reason(columns[column], rule) if column else reasons[rule]
        frame = {"record": batch.records[rows], "column": column, "rule": rule, "reason": reason, "value": value}
        pieces.append(pl.DataFrame(frame, schema=schema))
    return pl.concat(pieces).sort("record", maintain_order=True)


def _failed_rules(results: RuleResults, is_quarantined: Mask, reasons: Mapping[str, str]) -> pl.DataFrame:
    """The failed rules of each quarantined row, in the order of the rules, and their reasons."""
    schema = {"row": pl.Int64, "rules": pl.String}
    failures = [
        pl.DataFrame({"row": np.flatnonzero(mask & is_quarantined), "rules": rule}, schema=schema)
        for rule, mask in results.failures.items()
    ]
    rules = pl.concat(failures).group_by("row", maintain_order=True).agg("rules").sort("row")
    reason = pl.col("rules").list.eval(pl.element().replace_strict(reasons)).list.join("; ")
    return rules.select("rules", reason.alias("reason"))


def _raw_rows(batch: Batch, rows: Ordinals, original: list[bytes], more: pl.DataFrame) -> pl.DataFrame:
    """Record number, line, the columns of `more`, raw cells and original bytes of some rows."""
    numbers = None if batch.lines is None else batch.lines[rows]
    return pl.DataFrame(
        [
            pl.Series("record", batch.records[rows]),
            pl.Series("line", [None] * len(rows) if numbers is None else numbers, dtype=pl.Int64),
            *more.get_columns(),
            *batch.cells[rows].get_columns(),
            pl.Series("original", original, dtype=pl.Binary),
        ]
    )
