"""Writes the files of a cleaning: five Parquet files, and the original lines of what went to quarantine."""

import itertools
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TextIO

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from eightytwenty.engine.parts import Part
from eightytwenty.printable import for_spreadsheet
from eightytwenty.read.dialect import TextFormat
from eightytwenty.read.source import RawFile
from eightytwenty.schema import Table

# Records of a source per row group, whatever the size of the pieces: the bytes of a file must not depend on that.
_GROUP_RECORDS = 1 << 20
OUTPUTS = ("clean", "quarantine", "duplicates", "flags", "ledger")
FLAGS = ("record", "column", "rule", "reason", "value")
# original lines, and a copy of them whose formulas are harmless; apart, because the first may be a source again
LINES = ("quarantine", "quarantine-for-spreadsheets")
ROW_ID = [pa.field("source", pa.dictionary(pa.int32(), pa.string())), pa.field("record", pa.int64())]


@dataclass(frozen=True)
class Layout:
    """The columns of the outputs.

    Args:
        schemas: output -> its Arrow schema, in the order of `OUTPUTS`.
        sources: String, the names of the files of the source, in order.
    """

    schemas: dict[str, pa.Schema]
    sources: pa.Array

    @classmethod
    def of(cls, table: Table, files: Sequence[RawFile]) -> "Layout":
        """The columns for the files of a source. Clean rows have only those columns that a file has."""
        return cls(
            _schemas(table, {name for file in files for name in file.columns}),
            pa.array([file.name for file in files], pa.string()),
        )

    def tables(self, part: Part) -> dict[str, pa.Table]:
        """The rows of a part, as each output has them."""
        tables = {}
        for name, schema in self.schemas.items():
            rows = part.read_table(name)
            indices = pa.repeat(pa.scalar(part.file, pa.int32()), rows.height)
            body = rows.select(schema.names[1:]).to_arrow(compat_level=pl.CompatLevel.oldest())
            body = body.cast(pa.schema(list(schema)[1:])).combine_chunks()
            sources = pa.DictionaryArray.from_arrays(indices, self.sources)
            tables[name] = pa.table([sources, *body.columns], schema=schema)
        return tables


def _schemas(table: Table, file_columns: Collection[str]) -> dict[str, pa.Schema]:
    raw = [pa.field(name, pa.large_string()) for name in table.names]
    text = pa.large_string()
    # the types with which polars writes them, but for text, which has one type in all outputs
    clean = pl.DataFrame(schema=table.dtypes).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
    return {
        "clean": pa.schema([*ROW_ID, *(field for field in clean if field.name in file_columns)]),
        "quarantine": pa.schema(
            [
                *ROW_ID,
                ("line", pa.int64()),
                ("rules", pa.large_list(text)),
                ("reason", text),
                *raw,
                ("original", pa.large_binary()),
            ]
        ),
        "duplicates": pa.schema(
            [
                *ROW_ID,
                ("line", pa.int64()),
                ("copy_of_source", text),
                ("copy_of_record", pa.int64()),
                *raw,
                ("original", pa.large_binary()),
            ]
        ),
        "flags": pa.schema([*ROW_ID, *((name, text) for name in FLAGS[1:])]),
        "ledger": pa.schema([*ROW_ID, ("column", text), ("rule", text), ("before", text), ("after", text)]),
    }


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
        "use_dictionary": [name for name in ("source", "rule") if name in schema.names],
    }


def _leaves(schema: pa.Schema) -> list[str]:
    """The columns as Parquet names them: the items of a list have their own path."""
    return [f"{field.name}.list.element" if pa.types.is_large_list(field.type) else field.name for field in schema]


class Outputs:
    """Writes the Parquet files and the original lines of quarantined records into a folder.

    Args:
        folder: an existing folder.
        layout: their columns.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder, self._sources = folder, layout.sources
        self._writers = {
            name: pq.ParquetWriter(folder / f"{name}.parquet", schema, **_encoding(schema))
            for name, schema in layout.schemas.items()
        }
        self._buffers: dict[str, list[pa.Table]] = {name: [] for name in layout.schemas}
        self._group: dict[str, tuple[int, int] | None] = dict.fromkeys(layout.schemas)
        self._lines: tuple[int, BinaryIO, TextIO] | None = None

    def write(self, name: str, source: int, rows: pa.Table) -> None:
        """Appends rows of one file to an output, in the order of their records."""
        if not rows.num_rows:
            return
        groups = (rows["record"].to_numpy() - 1) // _GROUP_RECORDS
        cuts = [0, *(np.flatnonzero(np.diff(groups)) + 1), rows.num_rows]
        for start, end in itertools.pairwise(cuts):
            group = (source, int(groups[start]))
            if self._group[name] != group and sum(piece.num_rows for piece in self._buffers[name]) * 2 > _GROUP_RECORDS:
                self._flush(name)
            self._group[name] = group
            self._buffers[name].append(rows.slice(start, end - start))

    def write_lines(self, source: int, text: TextFormat, lines: list[bytes]) -> None:
        """Appends original records to a file in quarantine/, below the header, to be corrected and sent again.

        The same go to a copy in UTF-8 for spreadsheets. The files are written one after the other, so only one pair is
        open.
        """
        if not lines:
            return
        if self._lines is None or self._lines[0] != source:
            self._close_lines()
            paths = [self._folder / name / self._line_file(source) for name in LINES]
            for path in paths:
                path.parent.mkdir(exist_ok=True)
            self._lines = source, paths[0].open("wb"), paths[1].open("w", encoding="utf-8-sig", newline="")
            self._append(text.header_bytes, text)
        self._append(b"".join(line + text.line_end for line in lines), text)

    def _append(self, content: bytes, text: TextFormat) -> None:
        if self._lines:
            _, originals, copy = self._lines
            originals.write(content)
            copy.write(for_spreadsheet(content.decode(text.encoding, "replace").removeprefix("\ufeff")))

    def _line_file(self, source: int) -> str:
        """A file name without folders. "a/b.csv" and "a__b.csv" must not collide, and no name may be too long."""
        name = (
            self._sources[source].as_py().removesuffix(".gz").replace("/", "__").encode()[-200:].decode(errors="ignore")
        )
        return f"{source + 1:04}-{name}" if len(self._sources) > 1 else name

    def _close_lines(self) -> None:
        if self._lines:
            with self._lines[1], self._lines[2]:  # closes both, even if one has no space left
                pass

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
            stack.callback(self._close_lines)
            for writer in self._writers.values():
                stack.callback(_close, writer)
            if error is None:
                for name in self._writers:
                    self._flush(name)
