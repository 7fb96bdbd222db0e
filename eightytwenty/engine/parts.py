"""What a stage leaves on the disk for the next one: uncompressed Arrow files, which are mapped and not read."""

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from eightytwenty.engine.account import Counts
from eightytwenty.engine.rules import Mask
from eightytwenty.files import scratch_in, settle
from eightytwenty.read.batch import Indices, Piece
from eightytwenty.read.dialect import TextFormat

_PIECE, _KEPT, _CONTENT, _ROWS = "piece.arrow", "kept.arrow", "content.arrow", "rows.arrow"
TEXTS = "texts"  # the cells of clean rows as their columns write them
_FLAGS = "more-flags.arrow"
KEYS, LIKENESSES = "keys", "likenesses"  # what the hashes of a part are of
Hashes = npt.NDArray[np.uint64]


def file_folder(source: str) -> str:
    """The folder of the parts of a file, by its name in the source."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Part:
    """What became of a piece of the source, on the disk, and what it takes to change that.

    Args:
        folder: of all parts; the name of a part's own folder in it depends on the source only.
        file: the number of the piece's file in the source.
        source: the name of that file in row ids.
        first: the number of the piece's first record in it.
        height: the number of its records.
        columns: as those of the piece.
        text: as that of the piece.
        counts: of its tables.
        empty: as that of the piece.
        amended: a folder with what has changed since it was made, if anything has.
    """

    folder: Path
    file: int
    source: str
    first: int
    height: int
    columns: dict[str, str]
    text: TextFormat | None
    counts: Counts
    empty: tuple[str, ...] = ()
    amended: Path | None = None

    @property
    def place(self) -> Path:
        """Its own folder."""
        return self.folder / file_folder(self.source) / f"{self.first:012}"

    @classmethod
    def draft(cls, folder: Path, file: int, piece: Piece, tables: Mapping[str, pl.DataFrame]) -> "Part":
        """Begins the part of a piece, with its tables, beside the place that it will have."""
        height = len(piece.records)
        counts = Counts.of(height, tables)
        part = cls(
            *(scratch_in(folder), file, piece.source, int(piece.records[0]), height),
            *(piece.columns, piece.text, counts, piece.empty),
        )
        part.place.mkdir(parents=True)
        for name, table in tables.items():
            write_rows(part.place / f"{name}.arrow", table)
        return part

    def finish(self, folder: Path) -> "Part":
        """Puts a draft in its place, as a whole."""
        part = replace(self, folder=folder)
        settle(self.place, part.place)
        shutil.rmtree(self.folder)
        return part

    def amend(self, folder: Path, rows: Indices, tables: Mapping[str, pl.DataFrame]) -> "Part":
        """Puts some rows of the piece elsewhere; what the part has of them stays as it is, and no longer counts.

        Args:
            folder: for the amendments of all parts.
            rows: positions in the piece.
            tables: what becomes of these rows.
        """
        amended, partial = folder / self.place.relative_to(self.folder), scratch_in(folder)
        partial.mkdir(parents=True)
        write_rows(partial / _ROWS, pl.DataFrame({"row": rows}))
        for name, table in tables.items():
            if table.height:
                write_rows(partial / f"{name}.arrow", table)
        settle(partial, amended)
        part = replace(self, amended=amended)
        counted = {name: part.read_table(name) for name in tables if name != "clean"}
        return replace(part, counts=Counts.of(self.height, counted))

    def add_flags(self, folder: Path, flags: pl.DataFrame) -> "Part":
        """Flags clean rows of the piece once more.

        Args:
            folder: for the amendments of all parts.
            flags: lines of the table of flags.
        """
        amended = folder / self.place.relative_to(self.folder)
        amended.mkdir(parents=True, exist_ok=True)
        write_rows(amended / _FLAGS, flags)
        part = replace(self, amended=amended)
        counted = {name: part.read_table(name) for name in ("quarantine", "duplicates", "flags", "ledger")}
        return replace(part, counts=Counts.of(self.height, counted))

    def read_table(self, name: str) -> pl.DataFrame:
        """Maps a table."""
        table = read_rows(self.place / f"{name}.arrow")
        if not self.amended:
            return table
        if (self.amended / _ROWS).exists():
            stays = np.ones(self.height, dtype=bool)
            stays[read_rows(self.amended / _ROWS)["row"].to_numpy()] = False
            table = table.filter(stays[table["record"].to_numpy() - self.first])
        paths = [self.amended / f"{name}.arrow", *([self.amended / _FLAGS] if name == "flags" else [])]
        more = [read_rows(path) for path in paths if path.exists()]
        return pl.concat([table, *more]).sort("record", maintain_order=True) if more else table

    def write_piece(self, piece: Piece, is_kept: Mask) -> None:
        """Keeps records of the piece; the others are rows of `clean` whose cells are the plain form of their values."""
        write_rows(self.place / _KEPT, pl.DataFrame({"row": np.flatnonzero(is_kept)}))
        write_rows(self.place / _PIECE, piece.rows if is_kept.all() else piece.rows.filter(is_kept))
        if piece.text:
            write_rows(self.place / _CONTENT, pl.DataFrame({"content": [piece.content]}, {"content": pl.Binary}))

    def read_piece(self, rows: Indices) -> Piece:
        """Some records of the piece, by their sorted positions in it."""
        kept = read_rows(self.place / _KEPT)["row"].to_numpy()
        content = read_rows(self.place / _CONTENT)["content"][0] if self.text else b""
        # without a text, cells are kept under their clean names
        columns = self.columns if self.text else {name: name for name in self.columns}
        piece = Piece(
            self.source, self.first + kept, read_rows(self.place / _PIECE), columns, self.text, content, self.empty
        )
        is_kept = np.isin(rows, kept)
        piece = piece.take(np.searchsorted(kept, rows[is_kept]))
        if is_kept.all():
            return piece
        clean = read_rows(self.place / "clean.arrow")
        at = np.searchsorted(clean["record"].to_numpy(), self.first + rows[~is_kept])
        plain = clean[at].select(pl.col(name).cast(pl.String) for name in piece.rows.columns)
        order = np.argsort(np.concatenate([rows[is_kept], rows[~is_kept]]))
        return replace(piece, records=self.first + rows, rows=pl.concat([piece.rows, plain])[order])

    def write_hashes(self, what: str, hashes: pl.Series) -> None:
        """Keeps the hashes of keys or likenesses: (height,) UInt64, null where there is none."""
        write_rows(self.place / f"{what}.arrow", hashes.to_frame("hash"))
        write_rows(self.place / f"sorted-{what}.arrow", pl.DataFrame({"hash": np.sort(hashes.drop_nulls().to_numpy())}))

    def read_hashes(self, what: str) -> pl.Series:
        """Maps the hashes of keys or likenesses: (height,) UInt64, null where there is none."""
        return read_rows(self.place / f"{what}.arrow")["hash"]

    def read_sorted_hashes(self, what: str) -> Hashes:
        """Maps the hashes of keys or likenesses, sorted, without nulls."""
        return read_rows(self.place / f"sorted-{what}.arrow")["hash"].to_numpy()


def write_rows(path: Path, rows: pl.DataFrame) -> None:
    """Writes rows as an uncompressed Arrow file, in a fraction of the time that polars takes."""
    table = rows.to_arrow(compat_level=pl.CompatLevel.newest())
    with (
        path.open("wb") as stream,
        pa.PythonFile(stream, "w") as sink,
        pa.ipc.new_file(sink, table.schema) as writer,
    ):
        writer.write_table(table)


def read_rows(path: Path) -> pl.DataFrame:
    """Maps such a file; polars would look at every cell."""
    return pl.DataFrame(pl.from_arrow(pa.ipc.open_file(pa.memory_map(str(path))).read_all()))
