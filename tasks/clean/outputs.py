"""The files that cleaning leaves: clean, quarantine, duplicates and ledger as Parquet, and the original lines."""

from collections.abc import Collection
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from schemas.table import Column, Table
from tasks.ingest.source import RawFile
from tasks.ingest.text_format import TextFormat

# Fixed, so that the bytes of a file do not depend on the pieces in which it was written.
_ROW_GROUP = 1 << 20
ROW_ID = [pa.field("source", pa.dictionary(pa.int32(), pa.string())), pa.field("record", pa.int64())]


def schemas(table: Table, present: Collection[str]) -> dict[str, pa.Schema]:
    """The columns of each output: name -> Arrow schema; of `table`, clean rows have only the columns in `present`."""
    raw = [pa.field(name, pa.large_string()) for name in table.names]
    text = pa.large_string()
    return {
        "clean": pa.schema([*ROW_ID, *(pa.field(c.name, _kind(c)) for c in table.columns if c.name in present)]),
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
        "ledger": pa.schema([*ROW_ID, ("column", text), ("rule", text), ("before", text), ("after", text)]),
    }


def _kind(column: Column) -> pa.DataType:
    return pa.int64() if column.kind == "integer" else pa.large_string()


def _close(writer: pq.ParquetWriter) -> None:
    try:
        writer.close()
    finally:
        writer.is_open = False  # else it tries again when it is collected, and prints that it failed


class Outputs:
    """Writes the four Parquet files and the original lines of quarantined records into a folder.

    Args:
        folder: where; it must exist.
        table: whose columns they have.
        files: of the source, in order.
    """

    def __init__(self, folder: Path, table: Table, files: list[RawFile]) -> None:
        self._folder = folder
        self._sources = pa.array([file.name for file in files], pa.string())
        self._schemas = schemas(table, {name for file in files for name in file.columns})
        self._writers = {
            name: pq.ParquetWriter(
                folder / f"{name}.parquet",
                schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=["source", "rule"],
            )
            for name, schema in self._schemas.items()
        }
        self._waiting: dict[str, list[pa.Table]] = {name: [] for name in self._schemas}
        self._lines: tuple[int, BinaryIO] | None = None

    def write(self, name: str, source: int, rows: pl.DataFrame) -> None:
        """Appends rows of one source file to an output; `rows` has its columns except `source`."""
        if rows.is_empty():
            return
        schema = self._schemas[name]
        indices = pa.repeat(pa.scalar(source, pa.int32()), rows.height)
        body = (
            rows.select(schema.names[1:])
            .to_arrow(compat_level=pl.CompatLevel.oldest())
            .cast(pa.schema(list(schema)[1:]))
        )
        column = pa.DictionaryArray.from_arrays(indices, self._sources)
        self._waiting[name].append(pa.table([column, *body.columns], schema=schema))
        if sum(piece.num_rows for piece in self._waiting[name]) >= _ROW_GROUP:
            self._flush(name, whole_groups_only=True)

    def write_lines(self, source: int, text: TextFormat, lines: list[bytes]) -> None:
        """Appends original records to a file in quarantine/, under the header, to be mended and sent again.

        The files are written one after the other, so only one is open.
        """
        if not lines:
            return
        if self._lines is None or self._lines[0] != source:
            self._close_lines()
            place = self._folder / "quarantine" / self._line_file(source)
            place.parent.mkdir(exist_ok=True)
            self._lines = source, place.open("wb")
            self._lines[1].write(text.head)
        self._lines[1].write(b"".join(line + text.line_end for line in lines))

    def _line_file(self, source: int) -> str:
        """A file name without folders: "a/b.csv" and "a__b.csv" must not meet, and no name may be too long."""
        name = (
            self._sources[source].as_py().removesuffix(".gz").replace("/", "__").encode()[-200:].decode(errors="ignore")
        )
        return f"{source + 1:04}-{name}" if len(self._sources) > 1 else name

    def _close_lines(self) -> None:
        if self._lines:
            self._lines[1].close()

    def _flush(self, name: str, *, whole_groups_only: bool) -> None:
        if not self._waiting[name]:
            return
        rows = pa.concat_tables(self._waiting[name]).combine_chunks()
        end = rows.num_rows - rows.num_rows % _ROW_GROUP if whole_groups_only else rows.num_rows
        for start in range(0, end, _ROW_GROUP):
            self._writers[name].write_table(rows.slice(start, min(_ROW_GROUP, end - start)), row_group_size=_ROW_GROUP)
        self._waiting[name] = [rows.slice(end)] if end < rows.num_rows else []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ExitStack() as closing:  # closes all, whatever fails
            closing.callback(self._close_lines)
            for writer in self._writers.values():
                closing.callback(_close, writer)
            if error is None:
                for name in self._schemas:
                    self._flush(name, whole_groups_only=False)
