"""A kind of data: how it is cleaned, shown, compared and divided.

A process of its own imports this and cleans what others sent, so it imports no library that it can do without.
"""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import ClassVar

import numpy as np
import polars as pl

from eightytwenty.engine.run import clean_table
from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.evaluate.score import CleaningScore, score
from eightytwenty.progress import Progress
from eightytwenty.read.source import open_source
from eightytwenty.schema import Table
from tasks.retrain.held_out import Mask, held_out_pairs
from tasks.running.links import link_tree


class Clean:
    """The stage `clean` of an experiment: that of tables, unless a subclass says otherwise.

    A subclass is a frozen dataclass, whose fields are all that the clean rows depend on besides the raw ones.

    Attributes:
        rows: name of the folder of cleaned rows.
        unit: the word for rows.
        noun: the word for what is learned from.
        copies: the name for a duplicate.
        mismatch: how a champion of another kind differs: its value, then that of a challenger.
        columns: what is learned from, whole numbers; rows that are equal in the first two are held out together.
    """

    rows: ClassVar[str] = "rows"
    unit: ClassVar[str] = "rows"
    noun: ClassVar[str] = "rows"
    copies: ClassVar[str] = "re-sent record"
    mismatch: ClassVar[str] = "is for {}, and a challenger for {}"
    columns: ClassVar[tuple[str, ...]] = ()

    @property
    def kind(self) -> Mapping[str, object]:
        """All that the clean rows depend on besides the raw ones."""
        return dict(vars(self))

    @property
    def title(self) -> str:
        """What rows it cleans, in words, such as "pairs to 256"."""
        return self.rows

    @property
    def table(self) -> Table:
        """The table that the rows must be of."""
        raise NotImplementedError

    def __call__(self, source: Path, out: Path, progress: Progress | None = None) -> Summary:
        """Cleans a source into a folder.

        Raises:
            UserError: it cannot be read.
        """
        table = self.table
        return clean_table(open_source(source, table), table, out, progress)

    def score(self, rows: Path, truth: Path) -> CleaningScore:
        """Compares cleaned rows with those before faults were injected."""
        return score(rows, pl.read_parquet(truth))

    def show(self, row: Mapping[str, object]) -> str:
        """A row in quarantine in a few words, with nothing in it that must not be quoted: where it came from."""
        return f"line {row['line']}" if row["line"] is not None else f"record {row['record']}"

    def profile(self, rows: Path) -> pl.DataFrame:
        """The columns of cleaned rows that are compared to detect drift.

        Args:
            rows: the folder, or clean.parquet itself, as earlier releases logged it.
        """
        file = rows / "clean.parquet" if rows.is_dir() else rows
        return pl.read_parquet(file, columns=list(self.columns))

    def copy_files(self, name: str, source: Path, rows: Path, place: Path) -> None:  # noqa: ARG002 - takes all files
        """Copies what is accepted of a delivery into a folder of a dataset version.

        The files are linked as they arrived: rows in quarantine end there again, and are accounted for.
        """
        link_tree(source, place / name)

    def clean_version(self, raw: Path, out: Path, index: Path) -> Summary:
        """Cleans the raw files of a dataset version together.

        Args:
            raw: the files.
            out: the folder for the clean rows.
            index: what is known of files that were cleaned before; these are not read again.

        Raises:
            RefusedError: they do not go together.
        """
        table = self.table
        return clean_table(open_source(raw, table), table, out, index=index)

    def split(self, rows: Path) -> tuple[Mask, Mask]:
        """Which cleaned rows to learn from, and which to hold out; those in neither mask are used for nothing."""
        held_out = held_out_pairs(self.profile(rows)[list(self.columns)].to_numpy().astype(np.int64))
        return ~held_out, held_out

    def write_part(self, rows: Path, mask: Mask, out: Path) -> None:
        """Writes some of the cleaned rows into a folder."""
        pl.read_parquet(rows / "clean.parquet").filter(mask).write_parquet(out / "clean.parquet")


def clean_by_name(stage: str, fields: str, source: str, out: str) -> None:
    """Cleans what somebody sent into a folder, in a process that was told how in text.

    Args:
        stage: a subclass of `Clean`, as "module:class".
        fields: of the stage, as a JSON object.
        source: a file or folder.
        out: the folder.

    Raises:
        UserError: it cannot be read, or a part of it cannot.
    """
    module, _, name = stage.partition(":")
    clean: Clean = getattr(import_module(module), name)(**json.loads(fields))
    if unread := clean(Path(source), Path(out)).not_read:
        first, more = unread[0], f", and {len(unread) - 1:,} more" if len(unread) > 1 else ""
        raise UserError(f"a part of it was not read: {first['name']} {first['reason'].rstrip('.')}{more}.")
