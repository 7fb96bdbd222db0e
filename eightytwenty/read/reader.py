"""Reads the files of a source once, in pieces, and hashes them meanwhile."""

import hashlib
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol, TypeVar

from eightytwenty.errors import UserError
from eightytwenty.progress import Progress
from eightytwenty.read import arrow, delimited, parquet
from eightytwenty.read.batch import Batch, Piece
from eightytwenty.read.source import RawFile
from eightytwenty.read.streams import file_sha256, open_archive, open_file, seekable, unpacked

_Found = TypeVar("_Found")


def parse(piece: Piece, names: list[str]) -> Batch:
    """Splits the records of a piece into cells; `names` are the table's columns, in order."""
    return delimited.parse(piece, names) if piece.text else parquet.parse(piece, names)


def read_batches(files: Sequence[RawFile], names: list[str], piece: int | None = None) -> Iterator[Batch]:
    """Reads the records of files in batches with the columns `names`; `piece` is as for `SourceReader`."""
    for _, records in SourceReader(files, piece):
        yield parse(records, names)


def source_sha256(digests: Sequence[str]) -> str:
    """The digest of a source, from those of its files in order: that of the file if there is one alone."""
    return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()


Pieces = Iterable[tuple[int, Piece]]  # each with the number of its file


class Scan(Protocol):
    """Runs a function on all pieces of files: on all together, or on those of each unit, wherever that is."""

    def __call__(
        self, files: Sequence[RawFile], work: Callable[[Pieces], _Found], progress: Progress | None = None
    ) -> Iterator[_Found]:
        """Yields what `work` returns, in the order of the records; it survives cloudpickle.

        Args:
            files: of a source.
            work: the function.
            progress: called with (records read, about how many there are in all), if the reading can be watched.
        """


def scan_here(
    files: Sequence[RawFile], work: Callable[[Pieces], _Found], progress: Progress | None = None
) -> Iterator[_Found]:
    """Runs a function on all pieces together, in this process."""
    reader = SourceReader(files)

    def watched() -> Iterator[tuple[int, Piece]]:
        done = 0
        for number, piece in reader:
            yield number, piece
            done += len(piece.records)
            if progress:
                progress(done, max(done, round(done / reader.share)) if reader.share else done)

    yield work(watched())


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _size(path: Path) -> int:
    with open_file(path) as file:
        return file.size


class SourceReader:
    """Reads the files of a source once, as (number of the file, piece), and hashes them meanwhile.

    Args:
        files: from `eightytwenty.read.source.open_source`.
        piece: bytes (text) or rows (Parquet) to read at a time; the records do not depend on it.
        known: the digests of files that need not be read.
    """

    def __init__(
        self,
        files: Sequence[RawFile],
        piece: int | None = None,
        known: Mapping[Path, str] | None = None,
    ) -> None:
        self._files, self._piece = files, piece
        self._known = dict(known or {})
        self.digests = dict(self._known)  # of the files; those that are read are added
        self._sizes = {path: _size(path) for path in dict.fromkeys(file.path for file in files)}
        self._done = 0.0  # bytes

    @property
    def share(self) -> float:
        """About which part of the source has been read, from 0 to 1."""
        return min(1.0, self._done / (sum(self._sizes.values()) or 1))

    @property
    def sha256(self) -> str:
        """The SHA-256 of the source's file, or of the digests of its files; known when everything has been read."""
        return source_sha256([self.digests[path] for path in self._sizes])

    def __iter__(self) -> Iterator[tuple[int, Piece]]:
        for path, files in itertools.groupby(enumerate(self._files), lambda item: item[1].path):
            done, numbered = self._done, list(files)
            if path in self._known:
                self._done += self._sizes[path]
                continue
            first = numbered[0][1]
            is_read_in_order = len(numbered) == 1 and not first.member and first.format and not first.lines
            yield from self._read_in_order(*numbered[0]) if is_read_in_order else self._read_members(path, numbered)
            self._done = done + self._sizes[path]

    def _read_in_order(self, number: int, file: RawFile) -> Iterator[tuple[int, Piece]]:
        """A text, which may be packed."""
        done = self._done
        with open_file(file.path) as content, unpacked(content, None, "", file.name) as stream:
            for piece in self._pieces(file, stream):
                self._done = done + content.tell()
                yield number, piece
            self.digests[file.path] = content.sha256()

    def _read_members(self, path: Path, files: list[tuple[int, RawFile]]) -> Iterator[tuple[int, Piece]]:
        """The members of an archive, or Parquet: they are not read from start to end, so they are hashed beside it."""
        with ThreadPoolExecutor(1) as hasher, open_file(path) as content, ExitStack() as stack:
            before = os.fstat(content.fileno())
            digest = hasher.submit(file_sha256, path)
            archive = stack.enter_context(open_archive(path, path.name)) if files[0][1].member else None
            size = self._sizes[path] / len(files)
            for number, file in files:
                done = self._done
                with unpacked(content, archive, file.member, file.name) as stream:
                    for piece in self._pieces(file, stream):
                        rows = file.typed.rows if file.typed else None
                        self._done = done + size * (int(piece.records[-1]) / rows if rows else 0.5)
                        yield number, piece
                self._done = done + size
            self.digests[path] = digest.result()
            if _identity(path.stat()) != _identity(before):
                raise UserError(f"{path} was changed while it was read; start again.")

    def _pieces(self, file: RawFile, stream: BinaryIO) -> Iterator[Piece]:
        if file.format:
            lines = file.lines(stream, file.name) if file.lines else stream
            return delimited.read_pieces(lines, file.name, file.format, self._piece or delimited.CHUNK_BYTES)
        if not file.typed:
            raise TypeError(f"{file.name} has neither lines nor types")
        read_pieces = parquet.read_pieces if file.typed.rows is not None else arrow.read_pieces
        whole, packed = seekable(stream, file.name), self._sizes[file.path]
        return read_pieces(whole, file.name, file.typed, packed, self._piece or parquet.PIECE_ROWS)
