"""Cleans a source on many machines: the stages of `eightytwenty.engine.run`, in which workers read and write, too.

Workers share nothing but folders. Each task writes whole files under names that depend on the source only, so that a
task may run twice, and one that is lost is run again.
"""

import fcntl
import hashlib
import itertools
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from eightytwenty.engine.account import check_accounts
from eightytwenty.engine.compare import compare_parts
from eightytwenty.engine.executor import Executor
from eightytwenty.engine.guard import require_apart
from eightytwenty.engine.index import code_digest
from eightytwenty.engine.lines import QuarantinedLines
from eightytwenty.engine.parts import Part
from eightytwenty.engine.route import Router
from eightytwenty.engine.rules import rule_reasons
from eightytwenty.engine.run import describe_file, no_record
from eightytwenty.engine.summary import Summary
from eightytwenty.engine.write import CleanText, Layout, Outputs
from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors, remove, scratch_in, sha256, write_files
from eightytwenty.object_stores import Destination
from eightytwenty.pages.report import write_reports
from eightytwenty.progress import Progress
from eightytwenty.read.reader import Pieces, Scan, source_sha256
from eightytwenty.read.source import RawFile, Source
from eightytwenty.read.streams import file_sha256
from eightytwenty.read.units import UNIT_BYTES, Unit, UnitReader, identity, plan_units
from eightytwenty.schema import Table

MANIFEST = "manifest.json"
_OWN_WORK = re.compile(r"[0-9a-f]{16}")  # the name of its folder in it
WORK = ".work"  # while the cleaning lasts, in the folder of the result
RESULT, _MOVED = "result", "moved"  # in the work, until it is whole, and while it is moved
_LOCK = ".eightytwenty.lock"
# to read at a time: less than on one machine, where one process has all of the memory
_TEXT_BYTES, _ROWS = 1 << 23, 1 << 18


@dataclass(frozen=True)
class _ReadUnit:
    """Runs a function on the pieces of a unit.

    Args:
        work: the function.
        files: of the source.
    """

    work: Callable[[Pieces], Any]
    files: tuple[RawFile, ...]

    def __call__(self, unit: Unit) -> Any:
        """Reads a unit."""
        return self.work(_reader(self.files, unit))


def _reader(files: tuple[RawFile, ...], unit: Unit) -> UnitReader:
    return UnitReader(files, unit, _TEXT_BYTES if files[unit.numbers[0]].format else _ROWS)


def in_units(executor: Executor, unit_bytes: int = UNIT_BYTES) -> Scan:
    """What reads files unit by unit.

    Args:
        executor: runs the reading.
        unit_bytes: files that are larger are read by several workers.
    """

    def scan(
        files: Sequence[RawFile],
        work: Callable[[Pieces], Any],
        progress: Progress | None = None,  # noqa: ARG001 - nobody here sees how far the workers are
    ) -> Iterator[Any]:
        return executor(_ReadUnit(work, tuple(files)), plan_units(files, executor, unit_bytes))

    return scan


@dataclass(frozen=True)
class _Routed:
    """What became of a unit.

    Args:
        parts: of it.
        digest: of its path; None for a section.
    """

    parts: tuple[Part, ...]
    digest: str | None


@dataclass(frozen=True)
class _RouteUnit:
    """The first stage.

    Args:
        router: routes each piece.
        files: of the source.
    """

    router: Router
    files: tuple[RawFile, ...]

    def __call__(self, unit: Unit) -> _Routed:
        """Reads a unit and routes its records."""
        reader = _reader(self.files, unit)
        parts = tuple(self.router.route(job) for job in reader)
        return _Routed(parts, reader.digest)


@dataclass(frozen=True)
class _WritePart:
    """The last stage.

    Args:
        out: the folder of the result.
        work: a folder for what is not finished.
        table: of the rows.
        layout: of the outputs.
    """

    out: Path
    work: Path
    table: Table
    layout: Layout

    def __call__(self, job: tuple[int, tuple[Part, ...]]) -> dict[str, object]:
        """Writes what became of a unit as one file of each output; returns its entry in the manifest.

        Args:
            job: the number of the unit, and its parts.
        """
        number, parts = job
        first, stop = parts[0].file, parts[-1].file + 1
        layout = self.layout.of_files(first, stop)
        parts = tuple(replace(part, file=part.file - first) for part in parts)
        counts = [0] * (stop - first)
        names = layout.sources.to_pylist()
        with folder_of_task(self.work) as folder:
            with Outputs(folder, layout.schemas) as outputs:
                for part in parts:
                    counts[part.file] += part.height
                    for name, rows in layout.tables(part).items():
                        outputs.write(name, part.file, rows)
            if self.table.csv:
                with CleanText(folder, self.table, layout) as text:
                    for part in parts:
                        text.write(part)
            check_accounts(folder, names, counts, first=parts[0].first)
            digests = settle_part(folder, self.out, number)
        return {"number": number, "files": names, "first": parts[0].first, "records": counts, "sha256": digests}


@contextmanager
def folder_of_task(work: Path) -> Iterator[Path]:
    """Yields a new folder for what a task writes, inside the work folder; it is removed after the block."""
    folder = scratch_in(work)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settle_part(folder: Path, out: Path, number: int) -> dict[str, str]:
    """Puts what a task has written for a unit into the result.

    Args:
        folder: of the task. Its files become parts of outputs; the files in its folders have names of their own.
        out: the folder of the result.
        number: of the unit.

    Returns:
        The digests of the parts by output.
    """
    digests = {}
    for path in sorted(folder.iterdir()):
        place = out / path.name
        place.mkdir(exist_ok=True)
        if path.is_dir():
            for file in path.iterdir():
                file.replace(place / file.name)
        else:
            digests[path.name] = sha256(path)
            path.replace(place / f"part-{number:06}{path.suffix}")
    return digests


@dataclass(frozen=True)
class _WriteLines:
    """Writes the original lines of quarantined records.

    Args:
        out: the folder of the result.
        work: a folder for what is not finished.
        names: of the files of the source.
    """

    out: Path
    work: Path
    names: tuple[str, ...]

    def __call__(self, parts: tuple[Part, ...]) -> None:
        """Writes those of the parts of one text file."""
        with folder_of_task(self.work) as folder:
            with QuarantinedLines(folder, self.names) as lines:
                for part in parts:
                    if part.text:
                        lines.write(part.file, part.text, part.read_table("quarantine")["original"].to_list())
            settle_part(folder, self.out, 0)


@contextmanager
def alone_in(out: Path, source: Path) -> Iterator[None]:
    """Keeps other commands out of the folder of a result, on whatever machine they run, while this one works on it.

    Args:
        out: the folder; made if it does not exist.
        source: what is to be cleaned.

    Raises:
        UserError: another one works on it, it lies in the source, or it cannot be locked.
    """
    require_apart(source, out)
    lock = out.resolve() / _LOCK
    try:
        with explain_write_errors(out):
            lock.parent.mkdir(parents=True, exist_ok=True)
            # what somebody else may have put there is neither followed nor emptied
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unlockable(out, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(descriptor), lock.lstat())  # and not one that was just let go
        except (BlockingIOError, FileNotFoundError):
            is_ours = False
        except OSError as error:
            raise _unlockable(out, error) from None
        if not is_ours:
            raise UserError(f"Another command cleans into {out}; wait for its end, or choose another folder.")
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _unlockable(out: Path, error: OSError) -> UserError:
    return UserError(f"{out} cannot be locked ({error.strerror or error}); choose another folder.")


def prepare(source: Source, how: str, out: Path) -> Path:
    """Makes the folder of a result in parts.

    Args:
        source: what is to be cleaned.
        how: says everything else on which the result depends, but for the code.
        out: the folder, which is new or empty, or holds unfinished work alone: the same work goes on.

    Returns:
        The folder of its work, which is gone when the result is there.

    Raises:
        UserError: `out` holds something else, or has no space.
    """
    files = [(file.name, str(file.path), *identity(file.path)) for file in source.files]
    size = sum(identity(path)[0] for path in {file.path for file in source.files})
    return prepare_folder(source.path, f"{how}\n{files}", out, size)


def prepare_folder(source: Path, how: str, out: Path, size: int) -> Path:
    """Makes the folder of a result in parts, as `prepare` does.

    Args:
        source: what is to be cleaned.
        how: says everything on which the result depends, but for the code.
        out: the folder.
        size: what the cleaning takes at least, in bytes.

    Raises:
        UserError: `out` holds something else, or has no space.
    """
    with explain_write_errors(out):
        for manifest in out.glob(f"{WORK}/*/{MANIFEST}"):  # of a result that was being moved
            _move(manifest.parent, out)
        foreign = [path.name for path in out.iterdir() if path.name not in {WORK, _LOCK}] if out.is_dir() else []
        foreign += [f"{WORK}/{path.name}" for path in out.glob(f"{WORK}/*") if not _OWN_WORK.fullmatch(path.name)]
        if foreign:
            raise UserError(f"{out} holds {min(foreign)}; choose a new or an empty folder.")
        described = f"{how}\n{code_digest()}\n{pl.__version__}\n{pa.__version__}"
        work = out / WORK / hashlib.sha256(described.encode()).hexdigest()[:16]
        if not work.exists():
            remove(out / WORK)  # of other work, which was never finished
            out.mkdir(parents=True, exist_ok=True)
            _require_space(source, out, size)
            # its files are loaded as code again: nobody else may write there
            (out / WORK).mkdir(mode=0o700)
            work.mkdir()
        if work.stat().st_uid != os.getuid():
            raise UserError(f"{out} holds the unfinished work of another user; choose a new or an empty folder.")
        return work


def _require_space(source: Path, out: Path, size: int) -> None:
    """Checks that a folder has so many bytes of space.

    Raises:
        UserError: it has not.
    """
    free = shutil.disk_usage(out).free
    if free < size:
        raise UserError(
            f"{out} has {free / 1e9:,.1f} GB of space, and to clean {source} takes more than {size / 1e9:,.1f} GB; "
            "free some or choose another folder."
        )


def clean_in_parts(
    source: Source,
    table: Table,
    out: Path,
    progress: Progress | None = None,
    *,
    work: Path,
    executor: Executor,
    unit_bytes: int = UNIT_BYTES,
    beside: Mapping[str, str | bytes] | None = None,
    mask: bool = False,
    store: Destination | None = None,
) -> Summary:
    """Cleans a source into a folder of parts; its manifest is written last, when all is there.

    The folder holds what that of `eightytwenty.engine.run.clean_table` holds, but clean.parquet and the other tables
    are folders of files: part-000000.parquet and so on.

    Args:
        source: from `eightytwenty.read.source.open_source`, on a disk that all workers have.
        table: columns and rules.
        out: the folder, on such a disk.
        progress: called with (records done, about how many there are in all).
        work: from `prepare`; whoever starts again goes on with what is there.
        executor: runs the stages.
        unit_bytes: files that are larger are read by several workers.
        beside: other files that belong to the folder: path in it -> content.
        mask: whether letters and digits of the examples in the report are hidden.
        store: as for `finish`.

    Raises:
        UserError: a file is damaged, there are no records, or the folder cannot be written.
        ContractError: a record was lost or doubled, or a clean row is not clean.
    """
    with explain_write_errors(out):
        # a task that was left over from other work writes into the folder of that work, and not into this result
        result = work / RESULT
        result.mkdir(exist_ok=True)
        cleaning = _Cleaning(source, table, result, work, executor)
        routed, digest = cleaning.route(unit_bytes, progress)
        counts = [0] * len(source.files)
        for part in itertools.chain.from_iterable(routed):
            counts[part.file] += part.height
        compared = cleaning.compare(routed, counts)
        entries = cleaning.write(compared)
        write_files(result, beside or {})
        parts = list(itertools.chain.from_iterable(compared))
        total = sum((part.counts for part in parts[1:]), parts[0].counts)
        described = [describe_file(file, count) for file, count in zip(source.files, counts, strict=True)]
        summary = total.summary(table.name, digest, described, [asdict(file) for file in source.unread])
        summary = write_reports(result, summary, rule_reasons(table), mask=mask)
        finish(work, out, summary, entries, store)
        return summary


def finish(
    work: Path,
    out: Path,
    summary: Summary,
    entries: Sequence[Mapping[str, object]],
    store: Destination | None = None,
) -> None:
    """Puts a result into its folder, with its manifest.

    Args:
        work: from `prepare`, with the result.
        out: the folder.
        summary: of the cleaning.
        entries: what the manifest says of each unit.
        store: where the whole result is stored, before it is in its folder.
    """
    manifest = {"version": 1, "table": summary.table, "sha256": summary.sha256, "parts": entries}
    (work / RESULT / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    if store:
        store.upload(work / RESULT)
    _move(work, out)
    if store:
        store.release()


def _move(work: Path, out: Path) -> None:
    """Moves a whole result into its folder, the manifest last, and removes the rest of the work.

    If it ends early, `prepare` goes on with it.
    """
    result, moved = work / RESULT, work / _MOVED
    if (result / MANIFEST).exists():
        (result / MANIFEST).replace(work / MANIFEST)  # says that all is there, until it is in its place
    if result.exists():
        result.rename(moved)  # out of the reach of a task that runs for the second time
    for path in sorted(moved.iterdir()):
        path.rename(out / path.name)
    (work / MANIFEST).replace(out / MANIFEST)
    shutil.rmtree(out / WORK, ignore_errors=True)  # a task that runs for the second time may still write there


@dataclass(frozen=True)
class _Cleaning:
    """The stages.

    Args:
        source: the files.
        table: columns and rules.
        out: the folder of the result.
        work: the folder of what is not finished.
        executor: runs the stages.
    """

    source: Source
    table: Table
    out: Path
    work: Path
    executor: Executor

    @cached_property
    def _router(self) -> Router:
        return Router(self.table, self.work / "parts", self.work / "amended")

    def route(self, unit_bytes: int, progress: Progress | None) -> tuple[list[tuple[Part, ...]], str]:
        """Routes all records; returns the parts of each unit that has any, and the digest of the source."""
        files = self.source.files
        units = plan_units(files, self.executor, unit_bytes)
        digests: dict[Path, str | None] = {}
        routed, done, read, size = [], 0, 0, sum(unit.size for unit in units)
        for unit, found in zip(units, self.executor(_RouteUnit(self._router, tuple(files)), units), strict=True):
            digests[files[unit.numbers[0]].path] = found.digest
            routed += [found.parts] if found.parts else []
            done, read = done + sum(part.height for part in found.parts), read + unit.size
            if progress:
                progress(done, max(done, round(done * size / read)) if read else done)
        if not routed:
            raise no_record(files)
        divided = [path for path, digest in digests.items() if digest is None]
        digests |= dict(zip(divided, self.executor(file_sha256, divided), strict=True))
        return routed, source_sha256([digest for digest in digests.values() if digest])

    def compare(self, routed: Sequence[tuple[Part, ...]], counts: list[int]) -> list[tuple[Part, ...]]:
        """The parts of each unit after what only the comparison with all others shows."""
        names = [file.name for file in self.source.files]
        parts = list(itertools.chain.from_iterable(routed))
        rest = iter(compare_parts(self._router, parts, names, counts, self.executor))
        return [tuple(itertools.islice(rest, len(of_unit))) for of_unit in routed]

    def write(self, compared: Sequence[tuple[Part, ...]]) -> list[dict[str, object]]:
        """Writes the outputs of each unit, and the quarantined lines of each file; returns what the manifest says."""
        layout = Layout.of(self.table, self.source.files)
        entries = list(self.executor(_WritePart(self.out, self.work, self.table, layout), list(enumerate(compared))))
        texts = (part for part in itertools.chain.from_iterable(compared) if part.text)
        of_files = [tuple(parts) for _, parts in itertools.groupby(texts, lambda part: part.file)]
        quarantined = [parts for parts in of_files if any(part.counts.fates["quarantine"] for part in parts)]
        names = tuple(file.name for file in self.source.files)
        for _ in self.executor(_WriteLines(self.out, self.work, names), quarantined):
            pass  # it has been written
        return entries
