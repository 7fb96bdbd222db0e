"""What a stage leaves on the disk for the next one: uncompressed Arrow files, which are mapped and not read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from eightytwenty.engine.account import Counts
from eightytwenty.read.batch import Indices, Piece

_PIECE, _KEPT, _CONTENT, _AMENDED = "piece.arrow", "kept.arrow", "piece.bytes", "amended.arrow"
_HASHES, _SORTED = "hashes.arrow", "sorted-hashes.arrow"
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """A folder with what became of a piece of the source, and what it takes to change that.

    Args:
        folder: its name depends on the source only.
        file: the number of the piece's file in the source.
        first: the number of the piece's first record in its file.
        height: the number of its records.
        piece: the piece without its records.
        counts: of its tables.
    """

    folder: Path
    file: int
    first: int
    height: int
    piece: Piece
    counts: Counts

    @classmethod
    def make(cls, folder: Path, file: int, piece: Piece, tables: Mapping[str, pl.DataFrame]) -> "Part":
        """Makes the folder and writes the tables of a piece."""
        folder.mkdir()
        columns = piece.columns if piece.text else {name: name for name in piece.columns}
        empty = replace(piece, records=np.empty(0, np.int64), rows=piece.rows.clear(), columns=columns, content=b"")
        part = cls(
            folder, file, int(piece.records[0]), len(piece.records), empty, Counts.of(len(piece.records), tables)
        )
        for name, table in tables.items():
            _write(folder / f"{name}.arrow", table)
        return part

    def amend(self, rows: Indices, tables: Mapping[str, pl.DataFrame]) -> "Part":
        """Puts some rows of the piece elsewhere.

        Args:
            rows: positions in the piece.
            tables: what becomes of these rows now, in place of what the part has of them.
        """
        _write(self.folder / _AMENDED, pl.DataFrame({"row": rows}))
        for name, table in tables.items():
            if table.height:
                _write(self.folder / f"{name}-amended.arrow", table)
        return replace(
            self, counts=Counts.of(self.height, {name: self.read_table(name) for name in tables if name != "clean"})
        )

    def read_table(self, name: str) -> pl.DataFrame:
        """Maps a table."""
        table = _map(self.folder / f"{name}.arrow")
        if not (self.folder / _AMENDED).exists():
            return table
        stays = np.ones(self.height, dtype=bool)
        stays[_map(self.folder / _AMENDED)["row"].to_numpy()] = False
        table = table.filter(stays[table["record"].to_numpy() - self.first])
        amended = self.folder / f"{name}-amended.arrow"
        return pl.concat([table, _map(amended)]).sort("record", maintain_order=True) if amended.exists() else table

    def write_piece(self, piece: Piece, is_kept: Mask) -> None:
        """Keeps records of the piece; the others are rows of `clean` whose cells are the plain form of their values."""
        _write(self.folder / _KEPT, pl.DataFrame({"row": np.flatnonzero(is_kept)}))
        _write(self.folder / _PIECE, piece.rows if is_kept.all() else piece.rows.filter(is_kept))
        if piece.text:
            (self.folder / _CONTENT).write_bytes(piece.content)

    def read_piece(self, rows: Indices) -> Piece:
        """Some records of the piece, by their sorted positions in it."""
        kept = _map(self.folder / _KEPT)["row"].to_numpy()
        content = np.memmap(self.folder / _CONTENT, np.uint8, "r").data if self.piece.text else b""
        piece = replace(self.piece, records=self.first + kept, rows=_map(self.folder / _PIECE), content=content)
        is_kept = np.isin(rows, kept)
        piece = piece.take(np.searchsorted(kept, rows[is_kept]))
        if is_kept.all():
            return piece
        clean = _map(self.folder / "clean.arrow")
        at = np.searchsorted(clean["record"].to_numpy(), self.first + rows[~is_kept])
        plain = clean[at].select(pl.col(name).cast(pl.String) for name in piece.rows.columns)
        order = np.argsort(np.concatenate([rows[is_kept], rows[~is_kept]]))
        return replace(piece, records=self.first + rows, rows=pl.concat([piece.rows, plain])[order])

    def write_hashes(self, hashes: pl.Series) -> None:
        """Keeps the hashes of the keys: (height,) UInt64, null where a key is missing."""
        _write(self.folder / _HASHES, hashes.to_frame("hash"))
        _write(self.folder / _SORTED, pl.DataFrame({"hash": np.sort(hashes.drop_nulls().to_numpy())}))

    def read_hashes(self) -> pl.Series:
        """Maps the hashes of the keys: (height,) UInt64, null where a key is missing."""
        return _map(self.folder / _HASHES)["hash"]

    def read_sorted_hashes(self) -> Hashes:
        """Maps the hashes, sorted, without those of missing keys."""
        return _map(self.folder / _SORTED)["hash"].to_numpy()


def _write(path: Path, rows: pl.DataFrame) -> None:
    rows.write_ipc(path, compression="uncompressed")


def _map(path: Path) -> pl.DataFrame:
    # polars would look at every cell
    return pl.DataFrame(pl.from_arrow(pa.ipc.open_file(pa.memory_map(str(path))).read_all()))
