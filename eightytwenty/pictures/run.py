"""Cleans a source of pictures: every file ends as clean, quarantine or duplicate, every change in the ledger."""

import logging
import warnings
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl
from PIL import Image

from eightytwenty.engine.executor import in_threads
from eightytwenty.engine.guard import require_replaceable
from eightytwenty.engine.route import ContractError
from eightytwenty.engine.summary import FATES, Summary, most_common
from eightytwenty.files import whole_folder
from eightytwenty.pages.report import write_reports
from eightytwenty.pictures.attribute_files import REASONS
from eightytwenty.pictures.attributes import PictureAttributes, read_attributes
from eightytwenty.pictures.route import REFUSED, compare, route_pictures
from eightytwenty.pictures.rules import CheckedPicture, check_pictures, observe_picture
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.pictures.source import PictureSource
from eightytwenty.pictures.store import (
    ATTRIBUTES,
    CLEAN,
    PICTURES,
    QUARANTINE,
    SCHEMAS,
    Quarantine,
    SoundPictures,
    write_files,
    write_tables,
)
from eightytwenty.progress import Progress

GALLERY = "gallery.png"  # drawn from the finished folder, into that folder
_OWN_NAMES = (*(f"{name}.parquet" for name in SCHEMAS), PICTURES, ATTRIBUTES, CLEAN, QUARANTINE, "report.md")
_MOST_NAMED = 5  # ignored files to name in the report
_DECODE_BATCH, _CHECK_BATCH = 16, 256  # files at a time ...
_BATCH_BYTES = 16_000_000  # ... up to about this size
_File = TypeVar("_File")


def clean_pictures(
    source: PictureSource,
    table: PictureTable,
    out: Path,
    progress: Progress | None = None,
    *,
    as_files: bool = False,
) -> Summary:
    """Cleans a source into a folder, which appears whole or not at all, even where no picture is clean.

    The folder holds clean.parquet (source, record, a text column for each attribute), pictures.npy (uint8, (n, size,
    size, 3), RGB, in the order of clean.parquet), attributes.json (name -> its values), quarantine.parquet, quarantine/
    with the original files, duplicates.parquet, ledger.parquet, report.md and report.json.

    Args:
        source: from `eightytwenty.pictures.source.open_pictures`.
        table: rules and size.
        out: the folder.
        progress: called with (pictures done, pictures in all).
        as_files: also write a folder `clean` with a PNG file of each clean picture.

    Raises:
        UserError: the archive is damaged, or the folder cannot be written or holds something else.
        ContractError: a row was lost or doubled, or a clean row is not clean.
    """
    require_replaceable([source.path], out, _OWN_NAMES, [GALLERY])
    attributes = read_attributes(source)
    reasons = table.reasons | REASONS | {REFUSED: "the source refuses the file"}
    with whole_folder(out) as folder:
        pictures = SoundPictures(folder, table.size)
        quarantine = Quarantine(folder, [picture.name for picture in source.pictures])
        checked: list[CheckedPicture] = []
        with _strict_pillow():
            # threads decode; the rules hold Python's lock, so they run on many files at once
            jobs = _batches(source.read(), _DECODE_BATCH, lambda file: file[1])
            work = in_threads(lambda files: [observe_picture(*file, table.size) for file in files], jobs)
            for files in _batches(chain.from_iterable(work), _CHECK_BATCH, lambda file: file.content):
                batch, passed = check_pictures(table, attributes.problems, files)
                pictures.append(passed)
                for picture in batch:
                    if picture.content is not None:
                        quarantine.store(picture.name, picture.content)
                # the contents are stored now, and would fill the memory
                checked += [replace(picture, content=None) for picture in batch]
                if progress:
                    progress(len(checked), len(source.pictures))

        comparison = compare(checked, attributes, pictures)
        _store_files(source, comparison.contradicting, quarantine)
        rows = route_pictures(checked, comparison, source.refused_files, attributes, quarantine.files, reasons)
        pictures.write(comparison.clean)
        tables = write_tables(folder, rows, attributes.attributes)
        if as_files:
            write_files(folder, tables["clean"]["source"].to_list())
        _validate(table, attributes, tables["clean"])
        _check_accounts(folder, source, attributes)
        fates = {fate: tables[fate].height for fate in FATES}
        summary = Summary(
            table=table.name,
            sha256=source.sha256,
            rows=sum(fates.values()),
            **fates,
            failed=most_common(Counter(tables["quarantine"]["rules"].explode().to_list())),
            repaired=most_common(Counter(tables["ledger"]["rule"].to_list())),
            flagged={},
            files=_describe(source, attributes),
        )
        write_reports(folder, summary, reasons)
    return summary


@contextmanager
def _strict_pillow() -> Iterator[None]:
    """Loads Pillow's decoders before threads use them, makes its warning of bombs an error, and silences its log."""
    Image.init()
    log = logging.getLogger("PIL")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    finally:
        log.setLevel(level)


def _batches(files: Iterable[_File], most: int, content: Callable[[_File], bytes | None]) -> Iterator[list[_File]]:
    """Batches of at most `most` files, fewer if they are large."""
    batch: list[_File] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(content(file) or b"")
        if len(batch) == most or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _store_files(source: PictureSource, names: Collection[str], quarantine: Quarantine) -> None:
    """Reads and stores pictures that only the comparison with all others sent to quarantine."""
    if names:
        for picture, content in source.read(names):
            if content is not None:
                quarantine.store(picture.name, content)


def _validate(table: PictureTable, attributes: PictureAttributes, clean: pl.DataFrame) -> None:
    """Validates the clean rows once more, against the strict schema."""
    import pandera.errors

    try:
        table.clean(attributes.attributes).validate(clean, lazy=True)
    except pandera.errors.SchemaErrors as error:
        raise ContractError(f"the clean schema of {table.name} refuses rows that passed the rules: {error}") from error


def _check_accounts(folder: Path, source: PictureSource, attributes: PictureAttributes) -> None:
    """Checks in the written files that raw = clean + quarantine + duplicates, by row id."""
    raw = [
        *((picture.name, 1) for picture in source.pictures),
        *((file.name, file.record) for file in source.refused_files),
        *((line.source, line.record) for line in attributes.unclaimed_rows),
    ]
    balance = Counter(raw)
    for fate in FATES:
        balance.subtract(pl.read_parquet(folder / f"{fate}.parquet", columns=["source", "record"]).iter_rows())
    for (name, record), missing in balance.items():
        if missing:
            raise ContractError(f"record {record} of {name} ended {1 - missing} times instead of once")
    rows = pl.scan_parquet(folder / "clean.parquet").select(pl.len()).collect().item()
    pictures = len(np.load(folder / PICTURES, mmap_mode="r", allow_pickle=False)) if rows else 0
    if rows != pictures:
        raise ContractError(f"there are {rows} clean rows and {pictures} clean pictures")


def _describe(source: PictureSource, attributes: PictureAttributes) -> list[dict[str, object]]:
    """Describes the source and its attribute files."""
    ignored = f", without {', '.join(source.ignored_files[:_MOST_NAMED])}" if source.ignored_files else ""
    ignored += (
        f" and {len(source.ignored_files) - _MOST_NAMED:,} more" if len(source.ignored_files) > _MOST_NAMED else ""
    )
    descriptions: list[dict[str, object]] = [
        {
            "name": source.path.name or source.path.resolve().name,
            "format": ("folder" if source.path.is_dir() else "archive") + " of pictures" + ignored,
            "records": len(source.pictures) + len(source.refused_files),
            "ignored_columns": [],
        }
    ]
    if source.tables or source.sidecars:
        count = len(source.sidecars)
        sidecars = f"{count:,} file{'' if count == 1 else 's'} next to the pictures"
        names = [file.name for file in source.tables] or [sidecars]
        descriptions += [
            {
                "name": name,
                "format": "attributes",
                "records": len(attributes.values) + len(attributes.unclaimed_rows),
                "ignored_columns": [f"{column} ({why})" for column, why in attributes.ignored_columns.items()],
            }
            for name in names
        ]
    return descriptions
