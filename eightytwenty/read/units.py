"""Divides a source into units that are read apart from each other: its files, and sections of large ones."""

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pyarrow.parquet as pq

from eightytwenty.errors import UserError
from eightytwenty.read import delimited, parquet
from eightytwenty.read.batch import Piece
from eightytwenty.read.dialect import TextFormat
from eightytwenty.read.reader import SourceReader
from eightytwenty.read.sections import Measure, Section
from eightytwenty.read.source import RawFile
from eightytwenty.read.streams import open_file, unpacked

UNIT_BYTES = 1 << 27
_BLOCK = 1 << 16

Map = Callable[[Callable[[tuple[int, Section]], Measure], Iterable[tuple[int, Section]]], Iterator[Measure]]


@dataclass(frozen=True)
class Unit:
    """What one task reads.

    Args:
        numbers: of the files that one path holds; more than one of an archive or a workbook.
        identity: bytes and time of the last change of that path, so that nobody reads another file.
        section: of the one file, if it is large.
    """

    numbers: tuple[int, ...]
    identity: tuple[int, int]
    section: Section | None = None

    @property
    def size(self) -> int:
        """Its bytes, or the rows of a section of Parquet."""
        return self.section.stop - self.section.start if self.section else self.identity[0]


def plan_units(files: Sequence[RawFile], measure_all: Map, unit_bytes: int = UNIT_BYTES) -> list[Unit]:
    """The units of a source, in the order of its records.

    A text is divided at line ends, unless a cell may run over them; Parquet is divided at row groups. What is packed
    is not divided.

    Args:
        files: of the source.
        measure_all: runs a function on sections, of which each is a part of the file of that number.
        unit_bytes: larger files are divided into sections of about so many bytes.
    """
    sections = {number: _sections(file, unit_bytes) for number, file in enumerate(files)}
    jobs = [(number, section) for number, found in sections.items() if files[number].format for section in found]
    measures = zip(jobs, measure_all(MeasureSection(tuple(files)), jobs), strict=True)
    for number, group in itertools.groupby(measures, lambda measured: measured[0][0]):
        if text := files[number].format:
            sections[number] = _numbered(text, [(section, found) for (_, section), found in group])
    units = []
    for path, numbered in itertools.groupby(enumerate(files), lambda item: item[1].path):
        numbers = tuple(number for number, _ in numbered)
        found = sections[numbers[0]] if len(numbers) == 1 else []
        units += [Unit(numbers, identity(path), section) for section in found] or [Unit(numbers, identity(path))]
    return units


@dataclass(frozen=True)
class MeasureSection:
    """Measures sections of texts.

    Args:
        files: of the source.
    """

    files: tuple[RawFile, ...]

    def __call__(self, job: tuple[int, Section]) -> Measure:
        """Measures a section of the file of a number."""
        file, section = self.files[job[0]], job[1]
        if file.format is None:
            raise TypeError(f"{file.name} is no text")
        with file.path.open("rb", buffering=0) as content:
            stretch = cast("BinaryIO", _Stretch(content, section))
            return delimited.measure(stretch, file.name, file.format, section)


class UnitReader:
    """Reads a unit, as (number of the file, piece).

    Args:
        files: of the source.
        unit: of it.
        piece: bytes (text) or rows (Parquet) to read at a time; the records do not depend on it.

    Attributes:
        digest: of the unit's path, known when all of it has been read; None for a section.
    """

    def __init__(self, files: Sequence[RawFile], unit: Unit, piece: int | None = None) -> None:
        self._files, self._unit, self._piece = files, unit, piece
        self.digest: str | None = None

    def __iter__(self) -> Iterator[tuple[int, Piece]]:
        path, numbers = self._files[self._unit.numbers[0]].path, self._unit.numbers
        if identity(path) != self._unit.identity:
            raise UserError(f"{path} was changed while it was read; start again.")
        if self._unit.section:
            for piece in self._pieces(self._files[numbers[0]], self._unit.section):
                yield numbers[0], piece
            return
        reader = SourceReader([self._files[number] for number in numbers], self._piece)
        for at, piece in reader:
            yield numbers[at], piece
        self.digest = reader.sha256

    def _pieces(self, file: RawFile, section: Section) -> Iterator[Piece]:
        with file.path.open("rb", buffering=0) as content:
            if file.format:
                lines, size = cast("BinaryIO", _Stretch(content, section)), self._piece or delimited.CHUNK_BYTES
                yield from delimited.read_pieces(lines, file.name, file.format, size, section)
            elif file.typed:
                size, packed = self._piece or parquet.PIECE_ROWS, self._unit.identity[0]
                yield from parquet.read_pieces(content, file.name, file.typed, packed, size, section)


class _Stretch(io.RawIOBase):
    """The bytes of a section of a text.

    Args:
        content: the file.
        section: of it.
    """

    def __init__(self, content: io.FileIO, section: Section) -> None:
        content.seek(section.start)
        self._content, self._left = content, section.stop - section.start

    def read(self, size: int = -1) -> bytes:
        block = self._content.read(self._left if size < 0 else min(size, self._left)) or b""
        self._left -= len(block)
        return block


def identity(path: Path) -> tuple[int, int]:
    """Bytes and time of the last change of a file, in nanoseconds.

    Raises:
        UserError: it cannot be read.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}); change its permissions or give another.") from None
    return status.st_size, status.st_mtime_ns


def _sections(file: RawFile, unit_bytes: int) -> list[Section]:
    """The sections of a large file that may be divided, not yet numbered; none of any other one."""
    size = identity(file.path)[0]
    if size <= unit_bytes or file.member:
        return []
    if file.typed:
        return _of_row_groups(file.path, unit_bytes) if file.typed.rows is not None else []
    if not file.format or file.lines or file.format.is_wide:
        return []
    with open_file(file.path) as content, unpacked(content, None, "", file.name) as stream:
        if stream is not content:
            return []
        ends = [_line_end(content, at, file.format.newline) for at in range(unit_bytes, size, unit_bytes)]
    cuts = sorted({end for end in ends if len(file.format.head) < end < size})
    bounds = [0, *cuts, size]
    return [Section(start, stop, is_end=stop == size) for start, stop in itertools.pairwise(bounds)] if cuts else []


def _line_end(content: BinaryIO, start: int, newline: bytes) -> int:
    """The place behind the first line end from a place on; the end of the file if there is none."""
    content.seek(start)
    while block := content.read(_BLOCK):
        if (at := block.find(newline)) >= 0:
            return start + at + 1
        start += len(block)
    return start


def _of_row_groups(path: Path, unit_bytes: int) -> list[Section]:
    """Sections of whole row groups, of about so many bytes when they are unpacked."""
    with pq.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(group).total_byte_size for group in range(file.num_row_groups)]
        ends = np.cumsum(parquet.group_heights(file))
    of_unit = np.cumsum(sizes) // unit_bytes
    lasts = [*np.flatnonzero(np.diff(of_unit)).tolist(), len(ends) - 1]
    bounds = sorted({0, *(int(ends[last]) for last in lasts)})
    return [Section(start, stop, start + 1, is_end=stop == bounds[-1]) for start, stop in itertools.pairwise(bounds)]


def _numbered(text: TextFormat, measured: Sequence[tuple[Section, Measure]]) -> list[Section]:
    """Sections of a text with the numbers of their first records and lines; none if one of them is not alone."""
    if not all(found.is_alone for _, found in measured):
        return []
    record, line, sections = 1, text.first_line, []
    for section, found in measured:
        sections.append(replace(section, record=record, line=line))
        record, line = record + found.records, line + found.lines
    return sections
