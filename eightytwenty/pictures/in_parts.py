"""Cleans pictures on many machines: the stages of `eightytwenty.pictures.run`, in which workers read and write.

Workers share nothing but folders, as in `eightytwenty.engine.in_parts`. A job names the pictures of a unit; what they
hold goes from the source to the result without passing through anybody else.
"""

import bisect
import hashlib
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import PIL
import polars as pl
import pyarrow as pa

from eightytwenty.engine.executor import Executor, batched
from eightytwenty.engine.in_parts import RESULT, finish, folder_of_task, prepare_folder, settle_part
from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, remove, settle
from eightytwenty.object_stores import Destination
from eightytwenty.pictures.arrays import StoredArrays
from eightytwenty.pictures.check import Observed, Observer
from eightytwenty.pictures.run import (
    Routed,
    Seen,
    observe_files,
    run_stages,
    store_files,
    store_pieces,
    write_rows,
)
from eightytwenty.pictures.schema import PictureTable
from eightytwenty.pictures.source import PictureSource, RawPicture, read_contents
from eightytwenty.pictures.store import Quarantine, stored_pictures
from eightytwenty.progress import Progress
from eightytwenty.read.units import UNIT_BYTES, identity

UNIT_FILES = 1_024  # and at most about as many bytes as a unit of a table
# folders in the work: of the pictures that failed no rule, a file for each unit; and of those of an archive
_SOUND, _UNPACKED = "sound", "unpacked"
# A worker has a thread for each of its cores, and each runs a task.
_one_by_one: Executor = map


def prepare_pictures(source: PictureSource, table: PictureTable, out: Path) -> Path:
    """Makes the folder of a result in parts.

    Args:
        source: what is to be cleaned.
        table: rules and size.
        out: the folder, as for `eightytwenty.engine.in_parts.prepare`.

    Returns:
        The folder of its work, which is gone when the result is there.

    Raises:
        UserError: `out` holds something else, lies in the source, or has no space.
    """
    is_folder = source.path.is_dir()
    listed = hashlib.sha256(repr((source.refused_files, source.digests, source.unread_files)).encode())
    for picture in source.pictures:
        # quicker than a Path for each
        changed = _changed(os.path.join(source.path, picture.path)) if is_folder else 0  # noqa: PTH118
        listed.update(repr((picture, changed)).encode())
    of_archive = None if is_folder else identity(source.path)
    how = f"{replace(table, gallery=None)!r}\n{PIL.__version__}\n{of_archive}\n{listed.hexdigest()}"
    return prepare_folder(source.path, how, out, 0)  # nobody knows yet how many are clean


def _changed(path: str) -> int:
    """The time of the last change of a file, in nanoseconds; 0 if it is gone."""
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0


def clean_pictures_in_parts(
    source: PictureSource,
    table: PictureTable,
    out: Path,
    progress: Progress | None = None,
    *,
    work: Path,
    executor: Executor,
    as_files: bool = False,
    store: Destination | None = None,
) -> Summary:
    """Cleans a source into a folder of parts; its manifest is written last, when all is there.

    The folder holds what that of `eightytwenty.pictures.run.clean_pictures` holds, but clean.parquet, the other tables
    and pictures.npy are folders of files: part-000000.parquet and so on.

    Args:
        source: from `eightytwenty.pictures.source.open_pictures`, on a disk that all workers have.
        table: rules and size.
        out: the folder, on such a disk.
        progress: called with (pictures done, pictures in all).
        work: from `prepare_pictures`; whoever starts again goes on with what is there.
        executor: runs the stages.
        as_files: also write a folder `clean` with a PNG file of each clean picture.
        store: as for `eightytwenty.engine.in_parts.finish`.

    Raises:
        UserError: the archive is damaged, or the folder cannot be written.
        ContractError: a row was lost or doubled, or a clean row is not clean.
    """
    with explain_write_errors(out):
        for folder in (work / RESULT, work / _SOUND):
            folder.mkdir(exist_ok=True)
        stages = _InUnits(source, table, work, executor, as_files, progress)
        summary = run_stages(source, table, work / RESULT, stages, executor)
        finish(work, out, summary, stages.entries, store)
        return summary


@dataclass(frozen=True)
class _Unit:
    """Pictures that a task reads.

    Args:
        number: of the unit.
        pictures: that follow each other in the source, or some of these.
        numbers: of the pictures in the source, from 1.
        kept: names of those whose contents are needed whatever they are.
    """

    number: int
    pictures: Sequence[RawPicture]
    numbers: Sequence[int]
    kept: frozenset[str]

    def quarantine(self, folder: Path) -> Quarantine:
        """The place for its pictures in quarantine."""
        names = (picture.name for picture in self.pictures)
        return Quarantine(folder, dict(zip(names, self.numbers, strict=True)))

    def choose(self, names: Collection[str]) -> "_Unit":
        """Some of its pictures."""
        pairs = zip(self.pictures, self.numbers, strict=True)
        pictures, numbers = zip(*(pair for pair in pairs if pair[0].name in names), strict=True)
        return replace(self, pictures=pictures, numbers=numbers)


def _plan(pictures: Sequence[RawPicture], kept: frozenset[str]) -> Iterator[_Unit]:
    """The units of a source."""
    first = 1
    batches = batched(pictures, lambda picture: picture.size, UNIT_FILES, UNIT_BYTES)
    for number, batch in enumerate(batches):
        own = kept.intersection(picture.name for picture in batch)
        yield _Unit(number, batch, range(first, first + len(batch)), own)
        first += len(batch)


class _InUnits:
    """The stages as tasks.

    Args:
        source: of pictures.
        table: rules and size.
        work: the folder of what is not finished, and of the result.
        executor: runs the tasks.
        as_files: whether clean pictures are also written as files.
        progress: called with (pictures done, pictures in all).
    """

    def __init__(
        self,
        source: PictureSource,
        table: PictureTable,
        work: Path,
        executor: Executor,
        as_files: bool,
        progress: Progress | None,
    ) -> None:
        self._source, self._table, self._work = source, table, work
        self._executor, self._as_files, self._progress = executor, as_files, progress
        self._units, self._place = list[_Unit](), source.path
        self.entries: list[Mapping[str, object]] = []

    def observe(self, kept: frozenset[str]) -> Seen:
        """Observes the pictures of each unit."""
        pictures = self._source.pictures
        if not self._place.is_dir():
            # under numbers, because a name in an archive may be no path
            numbered = enumerate(pictures)
            pictures = tuple(
                replace(each, path=f"{number // 1_000:04}/{number % 1_000:03}") for number, each in numbered
            )
            self._place = self._work / _UNPACKED
            for _ in self._executor(_Unpack(self._source.path, self._place), [pictures]):
                pass  # it is unpacked
        self._units = list(_plan(pictures, kept))
        stage = _ObserveUnit(self._place, self._work, Observer.of(self._table))
        files: dict[str, str] = {}
        pieces, done = [], 0
        for unit, (piece, quarantined) in zip(self._units, self._executor(stage, self._units), strict=True):
            self._require_read(unit, piece)
            pieces.append(piece)
            files |= quarantined
            done += len(unit.pictures)
            if self._progress:
                self._progress(done, len(self._source.pictures))
        self._pixels, hashes = stored_pictures([_sound(self._work, unit.number) for unit in self._units])
        return Seen(Observed.join(pieces), self._pixels, hashes, files)

    def _require_read(self, unit: _Unit, piece: Observed) -> None:
        """Checks that a worker has read whatever this process can read.

        Raises:
            UserError: it has not.
        """
        missing = set(piece.files.filter(pl.col("sha256") == "")["name"])
        for picture, content in read_contents(self._place, unit.choose(missing).pictures) if missing else ():
            if content is not None:
                remove(self._work)  # it records that the picture cannot be read
                raise UserError(
                    f"A worker cannot read {picture.name}, which this process can; put {self._place} on a disk "
                    "that all share."
                )

    def keep(self, names: Collection[str]) -> Mapping[str, str]:
        """Reads the pictures once more."""
        chosen = [unit.choose(names) for unit in self._units if any(p.name in names for p in unit.pictures)]
        stored: dict[str, str] = {}
        for files in self._executor(_KeepUnit(self._place, self._work), chosen):
            stored |= files
        return stored

    def write(self, routed: Routed, schemas: Mapping[str, pa.Schema]) -> None:
        """Writes a file of each output for each unit."""
        stage = _WriteUnit(self._work, dict(schemas), self._as_files)
        firsts = [unit.pictures[0].name for unit in self._units]
        jobs = list(enumerate(_divided(routed, firsts, self._pixels.starts.tolist())))
        entries = self._executor(stage, jobs)
        self.entries = [{"first": first, **entry} for first, entry in zip(firsts, entries, strict=True)]


def _sound(work: Path, number: int) -> Path:
    return work / _SOUND / f"{number:06}.npy"


def _divided(routed: Routed, names: Sequence[str], starts: Sequence[int]) -> Iterator[Routed]:
    """The rows of each unit: from its first picture to that of the next unit.

    Args:
        routed: all rows.
        names: of the first picture of each unit.
        starts: the number of the first picture of each unit among those that failed no rule.
    """

    def cuts(sources: list[str]) -> list[int]:
        return [0, *(bisect.bisect_left(sources, name) for name in names[1:]), len(sources)]

    tables = {name: (rows, cuts(rows["source"].to_list())) for name, rows in routed.tables.items()}
    of_rows, clean = cuts(routed.row_ids["source"].to_list()), tables["clean"][1]
    for unit in range(len(names)):
        yield Routed(
            routed.row_ids[of_rows[unit] : of_rows[unit + 1]],
            {name: rows[at[unit] : at[unit + 1]] for name, (rows, at) in tables.items()},
            [number - starts[unit] for number in routed.stored[clean[unit] : clean[unit + 1]]],
            clean[unit] + 1,
        )


@dataclass(frozen=True)
class _Unpack:
    """Unpacks an archive, which can only be read from start to end, so that many can read its pictures.

    Args:
        archive: the source.
        place: a folder for them, which appears whole.
    """

    archive: Path
    place: Path

    def __call__(self, pictures: Sequence[RawPicture]) -> None:
        """Writes each picture to its path, if it can be read."""
        with folder_of_task(self.place.parent) as folder:
            for picture, content in read_contents(self.archive, pictures):
                if content is not None:
                    path = folder / picture.path
                    path.parent.mkdir(exist_ok=True)
                    path.write_bytes(content)
            settle(folder, self.place)


@dataclass(frozen=True)
class _ObserveUnit:
    """The first stage.

    Args:
        source: the folder.
        work: the folder of what is not finished, and of the result.
        observer: looks at each picture.
    """

    source: Path
    work: Path
    observer: Observer

    def __call__(self, unit: _Unit) -> tuple[Observed, dict[str, str]]:
        """Observes the pictures of a unit; returns what is known of them, and their files in quarantine by name."""
        files = read_contents(self.source, unit.pictures)
        with folder_of_task(self.work) as folder:
            quarantine = unit.quarantine(folder)
            pieces = observe_files(files, unit.kept, self.observer, _one_by_one)
            path = _sound(self.work, unit.number)
            observed = Observed.join(store_pieces(pieces, path, self.observer.size, quarantine))
            settle_part(folder, self.work / RESULT, unit.number)
        return observed, quarantine.files


@dataclass(frozen=True)
class _KeepUnit:
    """Puts pictures that were sound by themselves in quarantine.

    Args:
        source: the folder.
        work: the folder of what is not finished, and of the result.
    """

    source: Path
    work: Path

    def __call__(self, unit: _Unit) -> dict[str, str]:
        """Stores the pictures of a unit; returns their files by name."""
        with folder_of_task(self.work) as folder:
            quarantine = unit.quarantine(folder)
            store_files(read_contents(self.source, unit.pictures), quarantine)
            settle_part(folder, self.work / RESULT, unit.number)
        return quarantine.files


@dataclass(frozen=True)
class _WriteUnit:
    """The last stage.

    Args:
        work: the folder of what is not finished, and of the result.
        schemas: output -> its columns.
        as_files: whether clean pictures are also written as files.
    """

    work: Path
    schemas: dict[str, pa.Schema]
    as_files: bool

    def __call__(self, job: tuple[int, Routed]) -> dict[str, object]:
        """Writes the rows of a unit, by its number; returns its entry in the manifest."""
        number, routed = job
        pixels = StoredArrays([_sound(self.work, number)])
        with folder_of_task(self.work) as folder:
            write_rows(folder, routed, self.schemas, pixels, as_files=self.as_files, executor=_one_by_one)
            digests = settle_part(folder, self.work / RESULT, number)
        return {"number": number, "rows": routed.row_ids.height, "sha256": digests}
