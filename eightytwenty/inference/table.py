"""What a source is: the table that describes it best, and the evidence for each of its columns."""

from collections.abc import Sequence
from dataclasses import dataclass

from eightytwenty.inference.column import ColumnEvidence, infer_column
from eightytwenty.inference.sample import Sample, read_sample
from eightytwenty.progress import Progress
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table


@dataclass(frozen=True)
class Inferred:
    """A table that was inferred.

    Args:
        table: the table.
        columns: name -> what it rests on.
        rows: how many rows were looked at.
        seen: how many rows there are.
    """

    table: Table
    columns: dict[str, ColumnEvidence]
    rows: int
    seen: int


def infer_table(files: Sequence[RawFile], name: str, read: ReadOptions, progress: Progress | None = None) -> Inferred:
    """Infers the table of files.

    Args:
        files: of a source, opened without a table.
        name: of the table.
        read: what is known of the files.
        progress: called with (rows read, about how many there are in all).
    """
    names = list(dict.fromkeys(column for file in files for column in file.columns))
    sample = read_sample(files, names, progress=progress)
    lacking = {column for column in names if any(column not in file.columns for file in files)}
    return infer_sample(sample, name, read, lacking)


def infer_sample(sample: Sample, name: str, read: ReadOptions, lacking: set[str]) -> Inferred:
    """Infers the table of a sample; `lacking` are the columns that some file does not have."""
    found = {
        cells.name: infer_column(cells.name, cells, required=cells.name not in lacking)
        for cells in sample.rows.get_columns()
    }
    columns = tuple(column for column, _ in found.values())
    evidence = {column: shown for column, (_, shown) in found.items()}
    return Inferred(Table(name, columns, read=read, csv=True), evidence, sample.rows.height, sample.seen)
