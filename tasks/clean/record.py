"""What a cleaning leaves in MLflow and in the Prefect UI, besides its folder."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from prefect import task
from pydantic import ValidationError

from eightytwenty.engine.summary import REPORT, Summary
from eightytwenty.errors import UserError
from eightytwenty.files import find_irregular
from eightytwenty.inference.schema_text import SCHEMA, without_values
from eightytwenty.pages.markdown import code
from eightytwenty.pages.report import findings_markdown, report_markdown, result_markdown
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.printable import masked, visible
from eightytwenty.read.options import ReadOptions
from eightytwenty.schema import Table
from eightytwenty.schema_file import EVIDENCE, read_table, table_yaml
from schemas.evidence import Evidence, compare_with_evidence
from schemas.parameters import CleanParameters
from schemas.table_expectations import table_expectations
from tasks.clean.tables import is_schema_file
from tasks.running.allowed_paths import require_in_data_folder
from tasks.running.artifacts import picture, publish_page
from tasks.running.reports import report_folder
from tasks.running.retries import RETRIES
from tasks.tracking.run import Dataset, Run
from tasks.validate import check_batch

MOST_DRIFT = 0.05  # by which a share may differ from the evidence, beyond what chance explains
_COLUMNS = "columns.json"
_TOP = 10  # rules in the Prefect UI, of those that repaired, that flagged and that quarantined
_LONGEST_NAME = 200  # characters of the 250 that MLflow allows, because something stands before it
_DOCS = "data_docs"


@dataclass(frozen=True)
class CleanedFolder:
    """A finished cleaning.

    Attributes:
        folder: that it wrote.
        table: what the rows are; None for pictures.
        schema_folder: holds the schema of the table and, perhaps, the evidence for it; None if it is no file.
    """

    folder: Path
    table: Table | None = None
    schema_folder: Path | None = None

    @property
    def evidence(self) -> Path | None:
        """The folder with the evidence for the schema, if there is one."""
        return evidence_beside(self.schema_folder) if self.schema_folder else None

    def schema_text(self, *, mask: bool) -> str:
        """The schema as YAML; if it was inferred just now, with what was seen of each column. Empty for pictures.

        Args:
            mask: whether the values of columns are left out, as the cleaning itself does if it infers the table.
        """
        if self.schema_folder == self.folder:
            return (self.folder / SCHEMA).read_text(encoding="utf-8")
        if not self.table:
            return ""
        return table_yaml(without_values(self.table) if mask else self.table)


def finished_cleaning(form: CleanParameters, table: Table | PictureTable | ReadOptions, out: Path) -> CleanedFolder:
    """What the flow `clean` wrote into a folder, given the form and the table that it names."""
    if isinstance(table, ReadOptions):
        return CleanedFolder(out, read_table(out / SCHEMA), out)
    if not isinstance(table, Table):
        return CleanedFolder(out)
    return CleanedFolder(out, table, require_in_data_folder(form.table).parent if is_schema_file(form.table) else None)


def source_dataset(source: str, summary: Summary) -> Dataset:
    """What was cleaned, as an input of an MLflow run."""
    return Dataset(safe_name(summary.table), source, summary.sha256, summary.rows, context="cleaning")


def evidence_beside(schema_folder: Path) -> Path | None:
    """The folder with the evidence for a schema, if there is one; with a link in it, it is none."""
    folder = schema_folder / EVIDENCE
    return folder if folder.is_dir() and not find_irregular(folder) else None


def read_evidence(folder: Path | None) -> Evidence | None:
    """The evidence in a folder; None if there is none.

    Raises:
        UserError: it is damaged.
    """
    file = folder and folder / _COLUMNS
    if file is None or not file.is_file():
        return None
    try:
        return Evidence.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        raise UserError(
            f"{file} is not as `eightytwenty infer` writes it: infer the schema again, or remove the file."
        ) from None


@task(task_run_name="record in MLflow", **RETRIES)
def record_cleaning(
    run: Run, cleaned: CleanedFolder, seconds: float, *, mask: bool, most_drift: float = MOST_DRIFT
) -> Path:
    """Logs a cleaning to MLflow: its numbers, schema, evidence and report, and the Data Docs of its batch.

    Args:
        run: of the flow.
        cleaned: the cleaning.
        seconds: wall-clock seconds that it took.
        mask: whether letters and digits of examples are hidden.
        most_drift: see `schemas.evidence.compare_with_evidence`.

    Returns:
        the folder of the Data Docs on disk.
    """
    summary, folder = Summary.load(cleaned.folder), cleaned.folder
    run.log_metrics({**cleaning_metrics(summary), "seconds/clean": seconds})
    run.log_text(report_markdown(folder, summary, mask=mask), "report/report.md")
    run.log_artifact(folder / REPORT, "report")
    if text := cleaned.schema_text(mask=mask):
        run.log_text(text, SCHEMA)
    evidence = read_evidence(cleaned.evidence)
    log_evidence(run, cleaned, mask=mask)
    statements = (
        compare_with_evidence(
            cleaned.table,
            evidence,
            pl.scan_parquet(folder / "clean.parquet"),
            pl.scan_parquet(folder / "flags.parquet"),
            most_drift=most_drift,
            mask=mask,
        )
        if cleaned.table and evidence
        else []
    )
    columns = pl.read_parquet_schema(folder / "clean.parquet")
    expectations = table_expectations(visible(summary.table), cleaned.table, list(columns), statements)
    with report_folder(run.run_id) as (reports, partial):
        check_batch(folder / "clean.parquet", {"rows": summary.rows, **summary.fates}, expectations, partial / _DOCS)
    run.log_artifact(reports / _DOCS, _DOCS)
    return reports / _DOCS


@task(task_run_name="publish in Prefect", **RETRIES)
def publish_cleaning(key: str, run: Run, cleaned: CleanedFolder, *, mask: bool, result: str = "") -> None:
    """Shows a cleaning in the Prefect UI, on one page: its result, the top findings, the schema, and links to MLflow.

    Args:
        key: first part of the artifact's key.
        run: of the flow.
        cleaned: the cleaning.
        mask: whether letters and digits of examples are hidden.
        result: Markdown of the result, if not that of the folder alone.
    """
    summary = Summary.load(cleaned.folder)
    gallery, schema = cleaned.folder / "gallery.png", cleaned.schema_text(mask=mask)
    parts = [
        result or result_markdown(summary),
        f"All of it is in {code(str(cleaned.folder))}.",
        picture("examples of every rule", gallery) if gallery.exists() else "",
        findings_markdown(cleaned.folder, summary, mask=mask, most=_TOP) or "Nothing was found.",
        f"## Schema\n\n{yaml_block(schema)}" if schema else "",
    ]
    links = {"The run in MLflow": run.link, "The Data Docs": run.link_to(f"{_DOCS}/index.html")}
    publish_page(f"{key}-result", "what became of the rows, and links", parts, links)


def yaml_block(text: str) -> str:
    """YAML as a block of code in Markdown, which nothing in it can end."""
    fence = "`" * (1 + max([2, *map(len, re.findall("`+", text))]))
    return "\n".join([f"{fence}yaml", *map(visible, text.rstrip("\n").split("\n")), fence])


def cleaning_metrics(summary: Summary) -> dict[str, float]:
    """The numbers of a cleaning: rows by fate, and rows by rule, such as `rules/repaired: number word`."""
    names = metric_names({**summary.reasons, **summary.repaired, **summary.flagged, **summary.failed})
    found = {"repaired": summary.repaired, "flagged": summary.flagged, "quarantined": summary.failed}
    return {
        "rows/all": float(summary.rows),
        **{f"rows/{fate}": float(count) for fate, count in summary.fates.items()},
        **{f"rules/{verb}: {names[rule]}": float(n) for verb, counts in found.items() for rule, n in counts.items()},
    }


def metric_names(rules: Mapping[str, object]) -> dict[str, str]:
    """Names that MLflow takes and that no two rules share.

    Args:
        rules: all rules of a table, so that the name of each is the same in every run, whichever of them apply.

    >>> metric_names({"stray characters (site)": 1, "a<b": 2, "a > b": 3})
    {'stray characters (site)': 'stray characters site', 'a<b': 'a b', 'a > b': 'a b 2'}
    """
    names: dict[str, str] = {}
    for rule in rules:
        stem = name = safe_name(rule)
        number = 1
        while name in names.values():
            number += 1
            name = f"{stem} {number}"
        names[rule] = name
    return names


def safe_name(text: str) -> str:
    """A text from data as a part of a name of MLflow, which allows few other characters than letters and digits."""
    return " ".join(re.findall(r"[\w-]+", text))[:_LONGEST_NAME].strip() or "no name"


def log_evidence(run: Run, cleaned: CleanedFolder, *, mask: bool) -> None:
    """Logs the evidence for a schema; if values are to be hidden, only the numbers of the columns."""
    if cleaned.evidence and not mask:
        run.log_artifact(cleaned.evidence, EVIDENCE)
    elif cleaned.evidence and (file := cleaned.evidence / _COLUMNS).is_file():
        run.log_text(_masked_evidence(file.read_text(encoding="utf-8")), f"{EVIDENCE}/{_COLUMNS}")


def _masked_evidence(text: str) -> str:
    """columns.json without the letters and digits of its examples and ends."""
    content = json.loads(text)
    for seen in content["columns"].values():
        seen["examples"] = [masked(example) for example in seen.get("examples", ())]
        seen |= {end: seen[end] and masked(seen[end]) for end in ("low", "high") if end in seen}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
