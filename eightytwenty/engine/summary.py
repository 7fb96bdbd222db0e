"""The numbers of a cleaning: where the records of a source ended, and why."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from eightytwenty.read.beside import REASONS

REPORT = "report.json"
FATES = ("clean", "quarantine", "duplicates")


@dataclass(frozen=True)
class Summary:
    """Where the records of a source ended.

    Args:
        table: name of the table.
        sha256: digest of the source.
        rows: number of raw records, and how many ended as clean, quarantine and duplicates.
        failed: rule -> number of quarantined rows that failed it.
        repaired: rule -> number of clean rows in which it changed a cell.
        flagged: rule -> number of clean rows that it flagged.
        unread: name and reason of everything below the source that was not read.
        files: name, detected format, number of records and ignored columns of each file. Pictures, each of them a
            file, are one entry together.
        reasons: every rule that the table has -> its reason; empty in old reports.
    """

    table: str
    sha256: str
    rows: int
    clean: int
    quarantine: int
    duplicates: int
    failed: dict[str, int]
    repaired: dict[str, int]
    files: list[dict[str, object]] = field(default_factory=list)
    flagged: dict[str, int] = field(default_factory=dict)
    unread: list[dict[str, str]] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def fates(self) -> dict[str, int]:
        """Rows by fate."""
        return {"clean": self.clean, "quarantine": self.quarantine, "duplicates": self.duplicates}

    @property
    def not_read(self) -> list[dict[str, str]]:
        """What is in `unread`, without files that only lie beside the data, such as hidden ones."""
        return [file for file in self.unread if file["reason"] not in REASONS]

    @classmethod
    def load(cls, folder: Path) -> "Summary":
        """Reads the report of a cleaning from its folder."""
        return cls(**json.loads((folder / REPORT).read_text(encoding="utf-8")))


def part_files(path: Path) -> list[Path]:
    """The files of an output, in order: itself, or those in it where a cluster has written it in parts."""
    return sorted(path.iterdir()) if path.is_dir() else [path]
