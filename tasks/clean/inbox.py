"""What the flow that cleans an inbox does besides retraining's tasks: compares files with the evidence, and reports."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from prefect import task

from eightytwenty.files import sha256
from eightytwenty.pages.markdown import code, markdown_table, plain
from schemas.evidence import compare_with_evidence
from schemas.expectations import FEWEST_ROWS, BatchExpectations
from schemas.table_expectations import table_expectations
from tasks.clean.record import read_evidence
from tasks.clean.stage import CleanTable
from tasks.experiment import Cleaned
from tasks.retrain.cards import Version
from tasks.running.retries import RETRIES
from tasks.running.stages import data_folder, run_stage
from tasks.tracking.run import Run
from tasks.validate import check_batch

_DRIFT = "drift.json"


@dataclass(frozen=True)
class TableDrift:
    """How a file differs from the evidence.

    Attributes:
        name: of the file.
        sentence: what was compared, or why nothing was.
        drifted: a sentence for each number of a column that differs, such as "city: 12 % missing, 1 % before".
        docs: folder of the Data Docs; None if nothing was compared.
    """

    name: str
    sentence: str
    drifted: tuple[str, ...] = ()
    docs: Path | None = None


def check_table(
    cleaned: Cleaned, *, schema: str, most_quarantine: float
) -> tuple[BatchExpectations, Mapping[str, int]]:
    """What is expected of each file, whatever the evidence says; without it, a file is refused."""
    table = CleanTable(schema, "").table
    columns = pl.read_parquet_schema(cleaned.rows / "clean.parquet")
    return table_expectations(cleaned.raw.name, table, list(columns), most_quarantine=most_quarantine), {}


@task(task_run_name="compare {cleaned.raw.name} with the evidence", **RETRIES)
def compare_file(
    stage: CleanTable, cleaned: Cleaned, evidence: Path | None, most_drift: float, *, mask: bool
) -> TableDrift:
    """Compares the clean rows of a file with the evidence for the schema.

    Args:
        stage: how it was cleaned.
        cleaned: the rows.
        evidence: the folder with the evidence; None if there is none.
        most_drift: see `schemas.evidence.compare_with_evidence`.
        mask: whether the digits of values in the words are hidden.

    Raises:
        UserError: the evidence is damaged.
    """
    name, seen = cleaned.raw.name, read_evidence(evidence)
    if evidence is None or seen is None:
        return TableDrift(name, f"There is no evidence beside the schema, so {name} was not checked for drift.")

    def make(folder: Path) -> None:
        clean, flags = (cleaned.rows / f"{part}.parquet" for part in ("clean", "flags"))
        statements = compare_with_evidence(
            stage.table, seen, pl.scan_parquet(clean), pl.scan_parquet(flags), most_drift=most_drift, mask=mask
        )
        if statements:
            expectations = table_expectations(name, stage.table, list(pl.read_parquet_schema(clean)), statements, 1.0)
            fates = {"rows": cleaned.summary.rows, **cleaned.summary.fates}
            check_batch(clean, fates, expectations, folder / "docs")
        drifted = [each.sentence for each in statements if not each.is_met]
        (folder / _DRIFT).write_text(json.dumps([bool(statements), drifted]))

    inputs = {"clean": cleaned.sha256, "evidence": sha256(evidence)}
    config = {"name": name, "most_drift": most_drift, "mask": mask, **stage.kind}
    place = run_stage(data_folder(), "compare-table", inputs, config, make).folder
    is_compared, drifted = json.loads((place / _DRIFT).read_text())
    rows = f"The {cleaned.summary.clean:,} clean rows of {name}"
    if not is_compared:
        too_few = f"{FEWEST_ROWS} are needed, both now and in the evidence"
        return TableDrift(name, f"{rows} were not compared with the evidence: {too_few}.")
    return TableDrift(name, f"{rows} were compared with the evidence.", tuple(drifted), place / "docs")


def inbox_markdown(name: str, version: Version, drifts: Sequence[TableDrift], refusals: Sequence[str]) -> str:
    """What became of the new files, and how many rows the dataset has now."""
    lines = [
        f"# {plain(name)} {version.name}: {version.rows['clean']:,} clean rows",
        markdown_table(("fate", "rows"), [(fate, f"{count:,}") for fate, count in version.rows.items()], ["rows"]),
        f"Added: {', '.join(map(code, version.added))}. SHA-256 {version.sha256}.",
    ]
    if drifts:
        lines += ["## Drift", "\n".join(_drift_lines(drifts))]
    if refusals:
        lines += ["## Refused", "\n".join(f"- {plain(sentence)}" for sentence in refusals)]
    return "\n\n".join(lines)


def _drift_lines(drifts: Sequence[TableDrift]) -> list[str]:
    lines = []
    for drift in drifts:
        lines.append(f"- {plain(drift.sentence)}{'' if drift.drifted or not drift.docs else ' None drifted.'}")
        lines += [f"    - {plain(sentence)}" for sentence in drift.drifted]
    return lines


@task(task_run_name="record the new files in MLflow", **RETRIES)
def record_files(run: Run, markdown: str, drifts: Sequence[TableDrift], refusals: Sequence[str]) -> None:
    """Logs to MLflow what became of the new files."""
    for number, drift in enumerate(drifts, 1):
        if drift.docs:
            run.log_artifact(drift.docs, f"data_docs/drift-{number}")
    run.log_text(markdown, "files.md")
    counts = {"added": len(drifts), "drifted": sum(bool(drift.drifted) for drift in drifts), "refused": len(refusals)}
    run.log_metrics({f"files/{what}": float(count) for what, count in counts.items()})
