"""Counts where raw rows ended, and checks that each of them ended once and that what is clean is clean."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from eightytwenty.engine.summary import FATES, Summary
from eightytwenty.read.batch import Indices

if TYPE_CHECKING:
    import pandera.polars as pandera

_ROWS = 1 << 20  # to read at a time


class ContractError(RuntimeError):
    """The cleaning broke its own contract. The fault is in a rule or in the engine, never in the data."""


@dataclass(frozen=True)
class Counts:
    """Where rows ended, and why.

    Args:
        fates: number of rows by fate.
        failed: rule -> number of quarantined rows that failed it.
        repaired: rule -> number of clean rows in which it changed a cell.
        flagged: rule -> number of clean rows that it flagged.
    """

    fates: Counter[str]
    failed: Counter[str]
    repaired: Counter[str]
    flagged: Counter[str]

    @classmethod
    def of(cls, height: int, tables: Mapping[str, pl.DataFrame]) -> "Counts":
        """Counts `height` rows; the table of the clean ones is not needed."""

        def by_rule(name: str) -> Counter[str]:
            rows = tables[name].select(cs.by_name("source", "record", "rule", require_all=False)).unique()
            return Counter(dict(rows["rule"].value_counts().iter_rows()))

        fates = {fate: tables[fate].height for fate in ("quarantine", "duplicates")}
        rules = tables["quarantine"]["rules"].explode(empty_as_null=False)
        return cls(
            Counter({"clean": height - sum(fates.values())} | fates),
            Counter(dict(rules.value_counts().iter_rows())),
            by_rule("ledger"),
            by_rule("flags"),
        )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))

    def summary(self, table: str, sha256: str, files: list[dict[str, object]], unread: list[dict[str, str]]) -> Summary:
        """The summary of a cleaning; the arguments are its fields."""
        return Summary(
            table=table,
            sha256=sha256,
            unread=unread,
            rows=self.fates.total(),
            clean=self.fates["clean"],
            quarantine=self.fates["quarantine"],
            duplicates=self.fates["duplicates"],
            failed=_most_common(self.failed),
            repaired=_most_common(self.repaired),
            flagged=_most_common(self.flagged),
            files=files,
        )


def _most_common(counts: Counter[str]) -> dict[str, int]:
    """Sorts counts from the largest down and equal ones by name, so that their order does not depend on the pieces."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def check_accounts(
    folder: Path, names: Sequence[str], counts: Sequence[int], expected: Indices | None = None, first: int = 1
) -> None:
    """Checks in the written files that raw = clean + quarantine + duplicates, by row id.

    Args:
        folder: holds the written files.
        names: of the files of the source.
        counts: the number of records of each file.
        expected: ordinals of the records that are rows, over all files in this order; all if not given.
        first: the number of the first record of each file.

    Raises:
        ContractError: a row was lost or doubled.
    """
    starts = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    missing = np.ones(starts[-1], dtype=np.int8)
    if expected is not None:
        missing[:] = 0
        missing[expected] = 1
    for fate in FATES:
        for piece in pq.ParquetFile(folder / f"{fate}.parquet").iter_batches(_ROWS, columns=["source", "record"]):
            source = piece["source"]
            is_encoded = pa.types.is_dictionary(source.type)
            number = source.indices if is_encoded else pc.index_in(source, pa.array(names, source.type))
            ended = starts[number.to_numpy()] + piece["record"].to_numpy() - first
            if (np.diff(ended) <= 0).any():
                raise ContractError(f"the rows in {fate} are out of order, or one occurs twice")
            missing[ended] -= 1
    wrong = np.flatnonzero(missing)
    if len(wrong):
        file = int(np.searchsorted(starts, wrong[0], side="right")) - 1
        record, times = wrong[0] - starts[file] + first, 1 - missing[wrong[0]]
        raise ContractError(f"record {record} of {names[file]} ended {times} times instead of once")


def validate_clean(rows: pl.DataFrame, schema: "pandera.DataFrameSchema", table: str) -> None:
    """Validates clean rows once more, against a strict schema.

    Raises:
        ContractError: a row is not clean.
    """
    import pandera.errors

    try:
        schema.validate(rows, lazy=True)
    except pandera.errors.SchemaErrors as error:
        raise ContractError(f"the clean schema of {table} refuses rows that passed the rules: {error}") from error
