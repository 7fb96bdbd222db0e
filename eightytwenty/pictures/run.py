"""Cleans a source of pictures: every file ends as clean, quarantine or duplicate, every change in the ledger."""

import itertools
import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow as pa
from PIL import Image

from eightytwenty.engine.account import Counts, validate_clean
from eightytwenty.engine.executor import Executor, in_threads
from eightytwenty.engine.guard import require_replaceable
from eightytwenty.engine.summary import Summary
from eightytwenty.engine.write import OUTPUTS, Outputs, as_arrow, output_schemas
from eightytwenty.files import whole_folder
from eightytwenty.pages.report import write_reports
from eightytwenty.pictures.attribute_files import REASONS, REPAIRS
from eightytwenty.pictures.attributes import PictureAttributes, read_attributes
from eightytwenty.pictures.check import Job, Observed, Observer
from eightytwenty.pictures.index import PictureIndex
from eightytwenty.pictures.rows import REFUSED, PictureRows
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.pictures.source import PictureSource, RawPicture, content_digest
from eightytwenty.pictures.store import (
    ATTRIBUTES,
    CLEAN,
    PICTURES,
    QUARANTINE,
    Quarantine,
    SoundPictures,
    write_attributes,
    write_files,
)
from eightytwenty.progress import Progress

GALLERY = "gallery.png"  # drawn from the finished folder, into that folder
_OWN_NAMES = (*(f"{name}.parquet" for name in OUTPUTS), PICTURES, ATTRIBUTES, CLEAN, QUARANTINE, "report.md")
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
    with the original files, duplicates.parquet, flags.parquet, ledger.parquet, report.md and report.json.

    Args:
        source: from `eightytwenty.pictures.source.open_pictures`.
        table: rules and size.
        out: the folder.
        progress: called with (pictures done, pictures in all).
        as_files: also write a folder `clean` with a PNG file of each clean picture.
        executor: observes the pictures; the result does not depend on it.
        index: a folder that keeps what was observed. Pictures that are in it already, unchanged, are not decoded; the
            result does not depend on it.

    Raises:
        UserError: the archive is damaged, or the folder cannot be written or holds something else.
        ContractError: a row was lost or doubled, or a clean row is not clean.
    """
    require_replaceable(source.path, out, _OWN_NAMES, [GALLERY])
    attributes = read_attributes(source)
    reasons = table.reasons | REASONS | REPAIRS | {REFUSED: "the source refuses the file"}
    schemas = _schemas(attributes)
    with whole_folder(out) as folder:
        pixels = SoundPictures(folder, table.size)
        quarantine = Quarantine(folder, [picture.name for picture in source.pictures])
        observer = Observer.of(table)
        known = PictureIndex(index, observer) if index else None
        kept = frozenset(attributes.problems)
        observed = _observe(source, kept, observer, (pixels, quarantine), executor, progress, known)
        rows = PictureRows(source, attributes, observed, pixels, table.checks("flag"))
        copies = rows.find_copies()
        names = observed.files["name"]
        contradicting = {names[number] for number in copies.contradicting}
        # only the comparison with all others sends these to quarantine
        for picture, content in source.read(contradicting) if contradicting else ():
            if content is not None:
                quarantine.store(picture.name, content)

        tables = rows.route(copies, quarantine.files, reasons)
        validate_clean(tables["clean"], table.clean(attributes.attributes), table.name)
        clean = tables["clean"]["source"].to_list()
        numbers = {name: number for number, name in enumerate(names.filter(observed.is_sound))}
        pixels.save(folder / PICTURES, [numbers[name] for name in clean])
        pixels.remove()
        write_attributes(folder, attributes.attributes)
        with Outputs(folder, schemas) as outputs:
            for name, output in tables.items():
                outputs.write(name, 0, as_arrow(output, schemas[name]))
        if as_files:
            write_files(folder, clean)
        rows.check_accounts(folder)
        digest = source.sha256(observed.files.select("name", "sha256").iter_rows())
        counts = Counts.of(rows.row_ids.height, tables)
        unread = [asdict(file) for file in source.unread_files]
        summary = counts.summary(table.name, digest, _describe(source, attributes), unread)
        write_reports(folder, summary, reasons)
    return summary


def _schemas(attributes: PictureAttributes) -> dict[str, pa.Schema]:
    text = pa.large_string()
    values = [pa.field(attribute.name, text) for attribute in attributes.attributes]
    raw = [pa.field("file", text), pa.field("original", pa.large_binary())]
    return output_schemas(text, values, [], raw, [])


def _observe(
    source: PictureSource,
    kept: frozenset[str],
    observer: Observer,
    stores: tuple[SoundPictures, Quarantine],
    executor: Executor,
    progress: Progress | None,
    index: PictureIndex | None,
) -> Observed:
    """Observes all pictures; pixels and contents go to their stores.

    Args:
        source: the pictures.
        kept: names of pictures that go to quarantine whatever they are.
        observer: the work.
        stores: of the pixels, and of the contents.
        executor: runs the work.
        progress: called with (pictures done, pictures in all).
        index: pictures that are known need not be observed.
    """
    pixels, quarantine = stores
    pieces: list[Observed] = []
    known: list[tuple[str, str]] = []
    done = 0

    def unknown() -> Iterator[tuple[RawPicture, bytes | None]]:
        for picture, content in source.read():
            key = picture.name, content_digest(content) if index else ""
            if index and key in index and picture.name not in kept:
                known.append(key)
            else:
                yield picture, content

    def from_index() -> Iterator[Observed]:  # begins when all others have been observed
        if index:
            if pieces:
                new = Observed.join(pieces)
                index.add(new, lambda path: pixels.save(path, range(len(new.digests))))
            yield from index.read(known)

    with _quiet_pillow():
        for piece in itertools.chain(executor(observer, _jobs(unknown(), kept)), from_index()):
            pixels.append(piece.pixels)
            for name, content in piece.contents.items():
                quarantine.store(name, content)
            pieces.append(replace(piece, pixels=piece.pixels[:0].copy(), contents={}))
            done += piece.files.height
            if progress:
                progress(done, len(source.pictures))
    return Observed.join(pieces)


def _jobs(files: Iterable[tuple[RawPicture, bytes | None]], kept: frozenset[str]) -> Iterator[Job]:
    """Batches of files, of fewer files if they are large."""
    batch: list[tuple[RawPicture, bytes | None]] = []
    size = 0
    for picture, content in files:
        batch.append((picture, content))
        size += len(content or b"")
        if len(batch) == _BATCH_FILES or size >= _BATCH_BYTES:
            yield Job(batch, kept.intersection(file.name for file, _ in batch))
            batch, size = [], 0
    if batch:
        yield Job(batch, kept.intersection(file.name for file, _ in batch))


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
