"""Checks a whole batch with Great Expectations."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from eightytwenty.files import whole_folder
from reports.data_docs import data_docs
from reports.findings import Finding, Validation, findings
from schemas.expectations import sample_step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pandas as pd
    from great_expectations.expectations.expectation import Expectation

    from schemas.expectations import BatchExpectations

_SHARES_NOTE = "One row, with the share of each column's most frequent value."
_MEASURES_NOTE = "One row, with the numbers of each column that are compared with the evidence for its table."


@dataclass(frozen=True)
class BatchCheck:
    """The result of the check of a batch.

    Attributes:
        passed: whether every expectation was met.
        failures: the reasons, if any, and a sentence for each expectation that was not met: the table, what was
            expected, what was observed.
        docs: folder of the Data Docs, with index.html.
        findings: every expectation on the clean table, with its result.
    """

    passed: bool
    failures: tuple[str, ...]
    docs: Path
    findings: tuple[Finding, ...] = field(default=(), compare=False)


def check_batch(
    clean: Path,
    fates: Mapping[str, int],
    expectations: BatchExpectations,
    docs: Path,
    counts: Mapping[str, int] | None = None,
    reasons: Sequence[str] = (),
) -> BatchCheck:
    """Checks a clean table and the fates of its rows, and writes the Data Docs.

    Args:
        clean: Parquet file. Only the columns of `expectations` are read.
        fates: numbers of rows from the cleaning: `rows` for all raw rows, and `clean`, `quarantine` and `duplicates`.
        expectations: what the table and the fates must meet.
        docs: folder to write. It appears whole or not at all, and replaces an older one.
        counts: more numbers for the expectations on fates, such as `pictures_in_file`.
        reasons: why rows are in quarantine. They come first among the failures.

    Returns:
        The result. A batch that fails raises no error: the caller decides what to do about it.

    Raises:
        polars.exceptions.ColumnNotFoundError: the file lacks a column of `expectations`.
    """
    table = pl.scan_parquet(clean)
    rows = int(table.select(pl.len()).collect().item())  # from the file's metadata
    step = sample_step(rows)
    columns = table.select(expectations.columns)
    fates_row: dict[str, float] = {**fates, **(counts or {}), "rows_in_file": rows}
    fates_row["quarantine_share"] = fates["quarantine"] / max(1, fates["rows"])

    note = f"One row in {step} was checked, evenly spaced over the file's {rows:,} rows." if step > 1 else ""
    validations = []
    if expectations.columns:
        sample = columns.gather_every(step).collect(engine="streaming")
        validations.append(_validate("clean", sample.to_pandas(), expectations.clean, note))
    if expectations.shares:
        shares = columns.select(pl.all().unique_counts().max() / rows).collect(engine="streaming")
        validations.append(_validate("shares", shares.to_pandas(), expectations.shares, _SHARES_NOTE))
    if expectations.measures:
        measures = pl.DataFrame([dict(expectations.measures)]).to_pandas()
        validations.append(_validate("columns", measures, expectations.on_measures, _MEASURES_NOTE))
    validations.append(_validate("fates", pl.DataFrame([fates_row]).to_pandas(), expectations.fates, ""))
    with whole_folder(docs) as folder:
        page = data_docs(expectations.name, fates, validations, reasons)
        (folder / "index.html").write_text(page, encoding="utf-8")
    unmet = tuple(failure for validation in validations for failure in validation.failures)
    failures = (*reasons, *unmet) if unmet else ()
    on_clean = tuple(finding for each in validations if each.table == "clean" for finding in each.findings)
    return BatchCheck(not failures, failures, docs, on_clean)


def _validate(name: str, table: pd.DataFrame, expectations: Sequence[Expectation], note: str) -> Validation:
    """Runs a checkpoint on one table. Tables don't share one: it gives the same DataFrame to all its validations."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # otherwise it logs the temporary folder of every context
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("batch").add_dataframe_asset(name)
    # copies, because a suite marks its expectations as its own
    suite = context.suites.add(gx.ExpectationSuite(name, expectations=[copy.copy(each) for each in expectations]))
    validation = context.validation_definitions.add(
        gx.ValidationDefinition(name=name, data=asset.add_batch_definition_whole_dataframe(name), suite=suite)
    )
    checkpoint = context.checkpoints.add(gx.Checkpoint(name=name, validation_definitions=[validation]))
    (result,) = checkpoint.run({"dataframe": table}).run_results.values()
    order = {expectation.id: position for position, expectation in enumerate(suite.expectations)}
    return Validation(name, len(table), note, findings(result, order))
