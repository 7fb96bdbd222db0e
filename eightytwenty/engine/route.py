"""Sorts the records of one batch out into clean, quarantine and duplicates, with the ledger of what was changed."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from eightytwenty.engine.duplicates import Copies
from eightytwenty.engine.rules import CONFLICT, Applied, Mask, apply_rules, reasons
from eightytwenty.engine.write import Outputs
from eightytwenty.read.batch import Batch
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table


class ContractError(RuntimeError):
    """The cleaning broke its own contract: a fault in a rule or in the engine, never in the data."""


@dataclass(frozen=True)
class Job:
    """A batch of the file with this number in the source; `offset` records of the source come before it."""

    number: int
    file: RawFile
    batch: Batch
    offset: int


@dataclass(frozen=True)
class SortedOut:
    """What became of a batch.

    Args:
        tables: output -> its rows, as `Outputs.table` makes them.
        lines: the original bytes of the quarantined records.
        fates: number of records by fate.
        failed: rule -> number of quarantined records that failed it.
        repaired: rule -> number of clean rows in which it changed a cell.
    """

    tables: dict[str, pa.Table]
    lines: list[bytes]
    fates: Counter[str]
    failed: Counter[str]
    repaired: Counter[str]


class Sorter:
    """Sorts out batches, several at once if asked to.

    Args:
        table: the rules.
        names: of the files of the source, in order.
        counts: number of records of each.
        copies: the copies and contradictions among all of them.
        outputs: knows the columns of what is written.
    """

    def __init__(self, table: Table, names: list[str], counts: list[int], copies: Copies, outputs: Outputs) -> None:
        self._table, self._copies, self._outputs = table, copies, outputs
        self._names = pl.Series(names, dtype=pl.String)
        self._starts = np.concatenate([[0], np.cumsum(counts)])

    def __call__(self, job: Job) -> tuple[Job, SortedOut]:
        """Sorts out one batch.

        Raises:
            ContractError: a row that the rules let pass is not clean.
        """
        batch, copies = job.batch, self._copies
        applied = apply_rules(self._table, batch, job.file.columns)
        is_copy, of_copies = self._marked(copies.copies, job)
        applied.failures[CONFLICT], _ = self._marked(copies.conflicting, job)
        is_clean = applied.sound & ~is_copy
        is_quarantined = ~is_clean & ~is_copy

        changed = applied.ledger.filter(pl.Series(is_clean)[applied.ledger["row"]])
        record = pl.Series("record", batch.records)[changed["row"]]
        quarantined, copied = np.flatnonzero(is_quarantined), np.flatnonzero(is_copy)
        lines = batch.original(quarantined)
        frames = {
            "clean": applied.values.with_columns(record=batch.records).filter(is_clean),
            "ledger": changed.with_columns(record),
            "quarantine": _raw_rows(batch, quarantined, lines, self._reasons(applied, is_quarantined)),
            "duplicates": _raw_rows(batch, copied, batch.original(copied), self._row_ids(copies.originals[of_copies])),
        }
        counts = {rule: int((mask & is_quarantined).sum()) for rule, mask in applied.failures.items()}
        tables = {name: self._outputs.table(name, job.number, rows) for name, rows in frames.items()}
        self._validate(tables["clean"])
        return job, SortedOut(
            tables,
            lines,
            Counter(clean=int(is_clean.sum()), quarantine=len(quarantined), duplicates=len(copied)),
            Counter({rule: count for rule, count in counts.items() if count}),
            Counter(dict(changed.select("row", "rule").unique()["rule"].value_counts().iter_rows())),
        )

    def _marked(self, ordinals: npt.NDArray[np.int64], job: Job) -> tuple[Mask, slice]:
        """Which rows of a batch are among the sorted ordinals, and which ordinals they are."""
        low, high = np.searchsorted(ordinals, [job.offset, job.offset + job.batch.cells.height])
        mask = np.zeros(job.batch.cells.height, dtype=bool)
        mask[ordinals[low:high] - job.offset] = True
        return mask, slice(int(low), int(high))

    def _row_ids(self, ordinals: npt.NDArray[np.int64]) -> pl.DataFrame:
        """The row ids that ordinals over all files stand for."""
        file = np.searchsorted(self._starts, ordinals, side="right") - 1
        return pl.DataFrame({"copy_of_source": self._names[file], "copy_of_record": ordinals - self._starts[file] + 1})

    def _validate(self, clean: pa.Table) -> None:
        """Shows the clean rows to the strict schema once more."""
        if clean.num_rows:
            import pandera.errors

            columns = [name for name in self._table.names if name in clean.column_names]
            try:
                self._table.clean().validate(pl.DataFrame(pl.from_arrow(clean.select(columns))), lazy=True)
            except pandera.errors.SchemaErrors as error:
                raise ContractError(
                    f"the clean schema of {self._table.name} refuses rows that the rules let pass: {error}"
                ) from error

    def _reasons(self, applied: Applied, is_quarantined: Mask) -> pl.DataFrame:
        """The failed rules of each quarantined row, in the order of the rules, and their reasons."""
        texts = reasons(self._table)
        schema = {"row": pl.Int64, "rules": pl.String}
        failed = [
            pl.DataFrame({"row": np.flatnonzero(mask & is_quarantined), "rules": rule}, schema=schema)
            for rule, mask in applied.failures.items()
        ]
        rules = pl.concat(failed).group_by("row", maintain_order=True).agg("rules").sort("row")
        reason = pl.col("rules").list.eval(pl.element().replace_strict(texts)).list.join("; ")
        return rules.select("rules", reason.alias("reason"))


def _raw_rows(batch: Batch, rows: npt.NDArray[np.int64], original: list[bytes], between: pl.DataFrame) -> pl.DataFrame:
    """Row id, line, the columns of `between`, raw cells and original bytes of some rows."""
    numbers = None if batch.lines is None else batch.lines[rows]
    return pl.DataFrame(
        [
            pl.Series("record", batch.records[rows]),
            pl.Series("line", [None] * len(rows) if numbers is None else numbers, dtype=pl.Int64),
            *between.get_columns(),
            *batch.cells[rows].get_columns(),
            pl.Series("original", original, dtype=pl.Binary),
        ]
    )
