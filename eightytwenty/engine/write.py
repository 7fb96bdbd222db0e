"""Writes the Parquet files of a cleaning."""

import itertools
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from eightytwenty.engine.parts import TEXTS, Part
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table

# Cells of clean rows per row group, about, whatever the size of the pieces: bytes must not depend on that.
_GROUP_CELLS = 1 << 23
_MOST_RECORDS = 1 << 20  # of a row group
_MOST_PIECES = 256  # to hold before they are copied into one
CSV = "clean.csv"
OUTPUTS = ("clean", "quarantine", "duplicates", "flags", "ledger")
FLAGS = {
    **dict.fromkeys(("column", "rule", "reason", "value", "proposal"), pl.String),
    "confidence": pl.Float64,
}
_TEXT = pa.large_string()


@dataclass(frozen=True)
class Layout:
    """The columns of the outputs.

    Args:
        schemas: output -> its Arrow schema, in the order of `OUTPUTS`.
        sources: String, the names of the files of the source, in order, if the outputs refer to them by number.
    """

    schemas: dict[str, pa.Schema]
    sources: pa.Array

    @classmethod
    def of(cls, table: Table, files: Sequence[RawFile]) -> "Layout":
        """The columns for the files of a source. Clean rows have only those columns that a file has."""
        # the types with which polars writes them, but for text, which has one type in all outputs
        clean = pl.DataFrame(schema=table.dtypes).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        present = {name for file in files for name in file.columns}
        raw = [*(pa.field(name, _TEXT) for name in table.names), pa.field("original", pa.large_binary())]
        line = [pa.field("line", pa.int64())]
        source = pa.dictionary(pa.int32(), pa.string())
        return cls(
            output_schemas(source, [field for field in clean if field.name in present], line, raw, raw),
            pa.array([file.name for file in files], pa.string()),
        )

    def of_files(self, first: int, stop: int) -> "Layout":
        """The layout of outputs of some of the files, which are numbered from 0 there."""
        return replace(self, sources=self.sources[first:stop])

    def tables(self, part: Part) -> dict[str, pa.Table]:
        """The rows of a part, as each output has them."""
        tables = {}
        for name, schema in self.schemas.items():
            rows = part.read_table(name)
            indices = pa.repeat(pa.scalar(part.file, pa.int32()), rows.height)
            body = as_arrow(rows, pa.schema(list(schema)[1:]))
            sources = pa.DictionaryArray.from_arrays(indices, self.sources)
            tables[name] = pa.table([sources, *body.columns], schema=schema)
        return tables


def output_schemas(
    source: pa.DataType, clean: list[pa.Field], place: list[pa.Field], raw: list[pa.Field], copy: list[pa.Field]
) -> dict[str, pa.Schema]:
    """The columns of each output.

    Args:
        source: the type of the names of files.
        clean: the columns of clean rows.
        place: where a raw row stood in its file.
        raw: what quarantine keeps of it.
        copy: what the duplicates keep of it.
    """
    row_id = [pa.field("source", source), pa.field("record", pa.int64())]
    # the items have the name that Parquet gives them, so that what is read and written again is the same
    rules, reason = ("rules", pa.large_list(pa.field("element", _TEXT))), ("reason", _TEXT)
    original = [("copy_of_source", _TEXT), ("copy_of_record", pa.int64())]
    change = [
        ("column", _TEXT),
        ("rule", _TEXT),
        ("before", _TEXT),
        ("after", _TEXT),
        ("confidence", pa.float64()),
        ("reason", _TEXT),
    ]
    flag = [(name, pa.float64() if dtype == pl.Float64 else _TEXT) for name, dtype in FLAGS.items()]
    return {
        "clean": pa.schema([*row_id, *clean]),
        "quarantine": pa.schema([*row_id, *place, rules, reason, *raw]),
        "duplicates": pa.schema([*row_id, *place, *original, *copy]),
        "flags": pa.schema([*row_id, *flag]),
        "ledger": pa.schema([*row_id, *change]),
    }


def as_arrow(rows: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """Rows with the columns and types of an output."""
    body = rows.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest())
    return body.cast(schema).combine_chunks()


def _close(writer: pq.ParquetWriter) -> None:
    try:
        writer.close()
    finally:
        writer.is_open = False  # otherwise it tries again when it is collected, and prints the error


def _encoding(schema: pa.Schema) -> dict[str, Any]:
    """Packs whole numbers as differences, which need no compression, and compresses the rest: small and quick."""
    integers = [field.name for field in schema if pa.types.is_integer(field.type)]
    return {
        "column_encoding": dict.fromkeys(integers, "DELTA_BINARY_PACKED"),
        "compression": {name: "none" if name in integers else "zstd" for name in _leaves(schema)},
        "compression_level": {name: 1 for name in _leaves(schema) if name not in integers},
        "use_dictionary": [name for name in ("source", "rule", "reason") if name in schema.names],
    }


def _leaves(schema: pa.Schema) -> list[str]:
    """The columns as Parquet names them: the items of a list have their own path."""
    return [f"{field.name}.list.element" if pa.types.is_large_list(field.type) else field.name for field in schema]


class Outputs:
    """Writes the Parquet files into a folder.

    Args:
        folder: an existing folder.
        schemas: output -> its columns.
    """

    def __init__(self, folder: Path, schemas: Mapping[str, pa.Schema]) -> None:
        self._writers = {
            name: pq.ParquetWriter(folder / f"{name}.parquet", schema, **_encoding(schema))
            for name, schema in schemas.items()
        }
        self._buffers: dict[str, list[pa.Table]] = {name: [] for name in schemas}
        self._group: dict[str, tuple[int, int] | None] = dict.fromkeys(schemas)
        self._group_records = min(_MOST_RECORDS, _GROUP_CELLS // max(map(len, schemas.values())))

    def write(self, name: str, source: int, rows: pa.Table) -> None:
        """Appends rows of one file to an output, in the order of their records."""
        if not rows.num_rows:
            return
        groups = (rows["record"].to_numpy() - 1) // self._group_records
        cuts = [0, *(np.flatnonzero(np.diff(groups)) + 1), rows.num_rows]
        for start, end in itertools.pairwise(cuts):
            group = (source, int(groups[start]))
            if self._group[name] != group and self._height(name) * 2 > self._group_records:
                self._flush(name)
            self._group[name] = group
            self._buffers[name].append(rows.slice(start, end - start))
            if len(self._buffers[name]) == _MOST_PIECES:  # each of which is a mapped file
                self._buffers[name] = [pa.concat_tables(self._buffers[name]).combine_chunks()]

    def _height(self, name: str) -> int:
        return sum(piece.num_rows for piece in self._buffers[name])

    def _flush(self, name: str) -> None:
        pieces = self._buffers[name]
        if pieces:
            rows = pieces[0] if len(pieces) == 1 else pa.concat_tables(pieces).combine_chunks()
            self._writers[name].write_table(rows, row_group_size=rows.num_rows)
            self._buffers[name] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as stack:  # closes all, whatever fails
            for writer in self._writers.values():
                stack.callback(_close, writer)
            if error is None:
                for name in self._writers:
                    self._flush(name)


def csv_header(names: Sequence[str]) -> bytes:
    """The first line of clean.csv."""
    return pl.DataFrame(schema=dict.fromkeys(names, pl.String)).write_csv().encode()


class CleanText:
    """Writes the clean rows as text, as their columns write them: clean.csv, the twin of clean.parquet.

    Args:
        folder: an existing folder.
        table: of the rows.
        layout: has the columns of clean.parquet, and the names of the files.
    """

    def __init__(self, folder: Path, table: Table, layout: Layout) -> None:
        self._names, self._sources = layout.schemas["clean"].names, layout.sources.to_pylist()
        self._blanks = [pl.col(c.name).fill_null(c.blank) for c in table.columns if c.blank and c.name in self._names]
        self._stream = (folder / CSV).open("wb")
        self._stream.write(csv_header(self._names))

    def write(self, part: Part) -> None:
        """Appends the clean rows of a part."""
        rows = part.read_table(TEXTS).with_columns(self._blanks).with_columns(source=pl.lit(self._sources[part.file]))
        rows.select(self._names).write_csv(self._stream, include_header=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
