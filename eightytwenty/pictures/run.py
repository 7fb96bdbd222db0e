"""Cleans a source of pictures: every file ends as clean, quarantine or duplicate, every change in the ledger."""

import logging
import shutil
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa
from PIL import Image

from eightytwenty.engine.account import Counts, validate_clean
from eightytwenty.engine.executor import Executor, batched, in_threads
from eightytwenty.engine.guard import require_replaceable
from eightytwenty.engine.summary import Summary
from eightytwenty.engine.write import Outputs, as_arrow, output_schemas
from eightytwenty.files import settle_file, whole_folder
from eightytwenty.pages.report import write_reports
from eightytwenty.pictures.arrays import ArrayWriter, StoredArrays
from eightytwenty.pictures.attribute_files import REASONS, REPAIRS
from eightytwenty.pictures.attributes import PictureAttributes, read_attributes
from eightytwenty.pictures.check import Job, Observed, Observer
from eightytwenty.pictures.index import PictureIndex
from eightytwenty.pictures.perceptual_hash import HASH
from eightytwenty.pictures.rows import REFUSED, PictureRows, check_rows
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.pictures.source import PictureSource, RawPicture, content_digest
from eightytwenty.pictures.store import (
    GALLERY,
    OWN_NAMES,
    PICTURES,
    Quarantine,
    hashes_beside,
    stored_pictures,
    write_attributes,
    write_files,
)
from eightytwenty.progress import Progress

_SOUND = ".sound"  # during the cleaning: the pictures that failed no rule, in the order of arrival
_BATCH_FILES, _BATCH_BYTES = 64, 16_000_000  # to observe at a time


def clean_pictures(
    source: PictureSource,
    table: PictureTable,
    out: Path,
    progress: Progress | None = None,
    *,
    as_files: bool = False,
    executor: Executor = in_threads,
    index: Path | None = None,
) -> Summary:
    """Cleans a source into a folder, which appears whole or not at all, even where no picture is clean.

    The folder holds clean.parquet (source, record, a text column for each attribute), pictures.npy (uint8, (n, size,
    size, 3), RGB, in the order of clean.parquet), attributes.json (name -> its values), quarantine.parquet, quarantine/
    with the original files, duplicates.parquet, flags.parquet, ledger.parquet, report.md, report.json and, if the table
    has one, gallery.png.

    Args:
        source: from `eightytwenty.pictures.source.open_pictures`.
        table: rules and size.
        out: the folder.
        progress: called with (pictures done, pictures in all).
        as_files: also write a folder `clean` with a PNG file of each clean picture.
        executor: runs the stages; the result does not depend on it.
        index: a folder that keeps what was observed. Pictures that are in it already, unchanged, are not decoded; the
            result does not depend on it.

    Raises:
        UserError: the archive is damaged, or the folder cannot be written or holds something else.
        ContractError: a row was lost or doubled, or a clean row is not clean.
    """
    require_replaceable(source.path, out, OWN_NAMES, [GALLERY])
    with whole_folder(out) as folder:
        stages = _Here(source, table, folder, progress, as_files, executor, index)
        return run_stages(source, table, folder, stages, executor)


@dataclass(frozen=True)
class Seen:
    """What is known of all pictures before they are compared.

    Args:
        observed: the pictures in any order, without pixels, hashes and contents.
        pixels: of those that failed no rule, in this order.
        hashes: of the same pictures.
        files: name of a picture in quarantine -> its file in the result.
    """

    observed: Observed
    pixels: StoredArrays
    hashes: StoredArrays
    files: dict[str, str]


@dataclass(frozen=True)
class Routed:
    """What became of rows that follow each other.

    Args:
        row_ids: of all of them, sorted.
        tables: the rows of each output.
        stored: the number of each clean picture among those that failed no rule.
        first: the number of the first clean one in the result, from 1.
    """

    row_ids: pl.DataFrame
    tables: dict[str, pl.DataFrame]
    stored: list[int]
    first: int = 1


class Stages(Protocol):
    """The stages that read and write the files of pictures: in this process, or elsewhere, unit by unit."""

    def observe(self, kept: frozenset[str]) -> Seen:
        """Observes all pictures, and stores pixels, hashes and contents.

        Args:
            kept: names of pictures that go to quarantine whatever they are.
        """

    def keep(self, names: Collection[str]) -> Mapping[str, str]:
        """Stores pictures that were sound by themselves in quarantine: name -> file in the result."""

    def write(self, routed: Routed, schemas: Mapping[str, pa.Schema]) -> None:
        """Writes all rows, with the columns of each output."""


def run_stages(source: PictureSource, table: PictureTable, folder: Path, stages: Stages, executor: Executor) -> Summary:
    """Cleans a source into a new folder.

    Args:
        source: of pictures.
        table: rules and size.
        folder: of the result.
        stages: read and write the pictures.
        executor: compares them.
    """
    attributes = read_attributes(source)
    reasons = table.reasons | REASONS | REPAIRS | {REFUSED: "the source refuses the file"}
    seen = stages.observe(frozenset(attributes.problems))
    names = seen.observed.files["name"]
    rows = PictureRows(source, attributes, seen.observed, table.checks("flag"))
    copies = rows.find_copies(seen.pixels, seen.hashes, executor)
    # only the comparison with all others sends these to quarantine
    contradicting = set(names.filter(copies.contradicts))
    files = {**seen.files, **(stages.keep(contradicting) if contradicting else {})}
    tables = rows.route(copies, files, reasons)
    validate_clean(tables["clean"], table.clean(attributes.attributes), table.name)
    numbers = {name: number for number, name in enumerate(names.filter(seen.observed.is_sound))}
    stored = [numbers[name] for name in tables["clean"]["source"]]
    stages.write(Routed(rows.row_ids, tables, stored), _schemas(attributes))
    write_attributes(folder, attributes.attributes)
    digest = source.sha256(seen.observed.files.select("name", "sha256").iter_rows())
    counts = Counts.of(rows.row_ids.height, tables)
    unread = [asdict(file) for file in source.unread_files]
    summary = write_reports(folder, counts.summary(table.name, digest, _describe(source, attributes), unread), reasons)
    if table.gallery:
        table.gallery(folder, folder / GALLERY, source.path if source.path.is_dir() else None)
    return summary


def _schemas(attributes: PictureAttributes) -> dict[str, pa.Schema]:
    text = pa.large_string()
    values = [pa.field(attribute.name, text) for attribute in attributes.attributes]
    raw = [pa.field("file", text), pa.field("original", pa.large_binary())]
    return output_schemas(text, values, [], raw, [])


class _Here:
    """The stages in this process.

    Args:
        source: of pictures.
        table: rules and size.
        folder: of the result.
        progress: called with (pictures done, pictures in all).
        as_files: whether clean pictures are also written as files.
        executor: observes the pictures.
        index: pictures that are known need not be observed.
    """

    def __init__(
        self,
        source: PictureSource,
        table: PictureTable,
        folder: Path,
        progress: Progress | None,
        as_files: bool,
        executor: Executor,
        index: Path | None,
    ) -> None:
        self._source, self._size, self._folder, self._as_files = source, table.size, folder, as_files
        self._progress, self._executor, self._observer = progress, executor, Observer.of(table)
        self._index = PictureIndex(index, self._observer) if index else None
        numbers = {picture.name: number for number, picture in enumerate(source.pictures, 1)}
        self._quarantine = Quarantine(folder, numbers)
        self._paths = [folder / _SOUND / name for name in ("observed.npy", "known.npy")]
        self._done = 0

    def observe(self, kept: frozenset[str]) -> Seen:
        """Observes the pictures that are not in the index."""
        index = self._index
        known: list[tuple[str, str]] = []

        def unknown() -> Iterator[tuple[RawPicture, bytes | None]]:
            for picture, content in self._source.read():
                key = picture.name, content_digest(content) if index else ""
                if index and key in index and picture.name not in kept:
                    known.append(key)
                else:
                    yield picture, content

        (self._folder / _SOUND).mkdir()
        pieces = self._stored(observe_files(unknown(), kept, self._observer, self._executor), self._paths[0])
        if index and pieces:
            index.add(Observed.join(pieces), self._paths[0])
        pieces += self._stored(index.read(known) if index else (), self._paths[1])
        return Seen(Observed.join(pieces), *stored_pictures(self._paths), self._quarantine.files)

    def _stored(self, pieces: Iterable[Observed], path: Path) -> list[Observed]:
        return store_pieces(self._counted(pieces), path, self._size, self._quarantine)

    def _counted(self, pieces: Iterable[Observed]) -> Iterator[Observed]:
        for piece in pieces:
            yield piece
            self._done += piece.files.height
            if self._progress:
                self._progress(self._done, len(self._source.pictures))

    def keep(self, names: Collection[str]) -> Mapping[str, str]:
        """Reads the pictures once more."""
        store_files(self._source.read(names), self._quarantine)
        return self._quarantine.files

    def write(self, routed: Routed, schemas: Mapping[str, pa.Schema]) -> None:
        """Writes one file of each output."""
        pixels, _ = stored_pictures(self._paths)
        write_rows(self._folder, routed, schemas, pixels, as_files=self._as_files, executor=in_threads)
        shutil.rmtree(self._folder / _SOUND)


def observe_files(
    files: Iterable[tuple[RawPicture, bytes | None]], kept: frozenset[str], observer: Observer, executor: Executor
) -> Iterator[Observed]:
    """Observes pictures, some at a time.

    Args:
        files: pictures, and their contents, None if they cannot be read.
        kept: names of pictures whose contents are needed whatever they are.
        observer: the work.
        executor: runs it.
    """
    batches = batched(files, lambda file: len(file[1] or b""), _BATCH_FILES, _BATCH_BYTES)
    jobs = (Job(batch, kept.intersection(picture.name for picture, _ in batch)) for batch in batches)
    with _quiet_pillow():
        yield from executor(observer, jobs)


def store_pieces(pieces: Iterable[Observed], path: Path, size: int, quarantine: Quarantine) -> list[Observed]:
    """Puts pixels, hashes and contents on the disk.

    Args:
        pieces: one after the other.
        path: of the pixels; the hashes lie beside it.
        size: side of the pictures in pixels.
        quarantine: of the contents.

    Returns:
        What is left of the pieces.
    """
    left = []
    with (
        settle_file(path) as of_pixels,
        settle_file(hashes_beside(path)) as of_hashes,
        ArrayWriter.of_pictures(of_pixels, size) as pixels,
        ArrayWriter(of_hashes, (HASH,), np.float32) as hashes,
    ):
        for piece in pieces:
            pixels.append(piece.pixels)
            hashes.append(piece.hashes)
            for name, content in piece.contents.items():
                quarantine.store(name, content)
            left.append(replace(piece, pixels=piece.pixels[:0].copy(), hashes=piece.hashes[:0].copy(), contents={}))
    return left


def store_files(files: Iterable[tuple[RawPicture, bytes | None]], quarantine: Quarantine) -> None:
    """Stores files in quarantine, if they can be read."""
    for picture, content in files:
        if content is not None:
            quarantine.store(picture.name, content)


def write_rows(
    folder: Path,
    routed: Routed,
    schemas: Mapping[str, pa.Schema],
    pixels: StoredArrays,
    *,
    as_files: bool,
    executor: Executor,
) -> None:
    """Writes rows and their pictures into an empty folder, and checks that each row is there.

    Args:
        folder: to write into.
        routed: the rows.
        schemas: output -> its columns.
        pixels: of the pictures that failed no rule.
        as_files: whether clean pictures are also written as files.
        executor: writes these.

    Raises:
        ContractError: a row was lost or doubled.
    """
    with ArrayWriter.of_pictures(folder / PICTURES, pixels.shape[0]) as pictures:
        pictures.append_stored(pixels, routed.stored)
    with Outputs(folder, schemas) as outputs:
        for name, rows in routed.tables.items():
            outputs.write(name, 0, as_arrow(rows, schemas[name]))
    if as_files:
        write_files(folder, routed.tables["clean"]["source"].to_list(), routed.first, executor)
    check_rows(folder, routed.row_ids)


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Loads Pillow's decoders before threads use them, and silences its log and warnings; the rules judge instead."""
    Image.init()
    log = logging.getLogger("PIL")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            yield
    finally:
        log.setLevel(level)


def _describe(source: PictureSource, attributes: PictureAttributes) -> list[dict[str, object]]:
    """Describes the source and its attribute files."""
    ignored = [f"{column} ({why})" for column, why in attributes.ignored_columns.items()]
    return [
        {
            "name": source.path.name or source.path.resolve().name,
            "format": ("folder" if source.path.is_dir() else "archive") + " of pictures",
            "records": len(source.pictures) + len(source.refused_files),
            "ignored_columns": [],
        },
        *(
            {"name": name, "format": "attributes", "records": count, "ignored_columns": ignored}
            for name, count in attributes.files.items()
        ),
    ]
