r"""Cleans tables and pictures, with every row accounted for.

>>> import tempfile
>>> from pathlib import Path
>>> from eightytwenty import Check, Column, Table, clean
>>> readings = Table(
...     name="readings",
...     columns=(Column("sensor", "text"), Column("kelvin", "integer")),
...     rules=(Check("kelvin >= 0", "nothing is colder than 0 kelvin", name="too cold"),),
... )
>>> with tempfile.TemporaryDirectory() as folder:
...     source, out = Path(folder, "raw.csv"), Path(folder, "cleaned")
...     _ = source.write_text("sensor,kelvin\nroof,280\nroof,-1\ncellar,two hundred\n")
...     cleaned = clean(source, readings, out)
>>> cleaned.fates
{'clean': 2, 'quarantine': 1, 'duplicates': 0}

docs/cleaning.md explains how to write a table.
"""

import hashlib
import os
import shutil
import tempfile
import weakref
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eightytwenty.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from eightytwenty.checks import Checked
    from eightytwenty.cleaned import Cleaned
    from eightytwenty.cluster import Cluster
    from eightytwenty.engine.executor import Watch
    from eightytwenty.engine.summary import Summary
    from eightytwenty.inference.table import Inferred
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.progress import Progress
    from eightytwenty.read.frames import Frame
    from eightytwenty.read.options import ReadOptions
    from eightytwenty.read.reader import Scan
    from eightytwenty.read.source import Source
    from eightytwenty.schema import Check, Column, Impute, Respell, Table, Unique
    from eightytwenty.schema_file import read_table, table_yaml

# loaded on first use, because polars takes longer to load than `import eightytwenty` should take
_LAZY = {
    "Checked": "checks",
    "Cleaned": "cleaned",
    **dict.fromkeys(("Check", "Column", "Impute", "Respell", "Table", "Unique"), "schema"),
    **dict.fromkeys(("read_table", "table_yaml"), "schema_file"),
}
__all__ = [
    "Check",
    "Checked",
    "Cleaned",
    "Column",
    "Impute",
    "Respell",
    "Table",
    "Unique",
    "UserError",
    "check",
    "clean",
    "infer",
    "merge",
    "read_table",
    "table_yaml",
]


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__} has no attribute {name}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)


def infer(
    source: "str | Path | Frame",
    name: str = "",
    read: "ReadOptions | None" = None,
    progress: "Progress | None" = None,
    *,
    min_confidence: float | None = None,
) -> "Table":
    """Finds out what a table is: its columns, their kinds, how they write values, and what means a missing one.

    Args:
        source: as for `clean`, of a table.
        name: of the table; that of the source if not given.
        read: what is known of the files; the rest is detected.
        progress: called with (records done, about how many there are in all).
        min_confidence: what a repair needs to be made, .99 if not given; below, it is only proposed.

    Raises:
        UserError: the source cannot be read, or has no records.
    """
    from eightytwenty.inference.table import open_any

    scratch = Path(tempfile.gettempdir(), f"eightytwenty-{os.getpid()}")
    with _local_path(source, scratch, read) as path:
        return _infer(open_any(path, read), source, name, read, progress, min_confidence).table


def infer_into(
    source: "str | Path | Frame",
    out: str | Path,
    read: "ReadOptions | None" = None,
    progress: "Progress | None" = None,
    *,
    mask: bool = False,
    update: bool = False,
    min_confidence: float | None = None,
) -> "Table":
    """Infers a table as `infer` does, and writes schema.yaml and the evidence for it into a folder.

    Args:
        source: as for `infer`.
        out: the folder, which must be new or empty, or hold such a schema that is to be updated.
        read: what is known of the files; the rest is detected.
        progress: called with (records done, about how many there are in all).
        mask: whether letters and digits of examples are hidden.
        update: whether the folder holds a schema, of which what a person wrote is kept.
        min_confidence: as for `infer`.

    Raises:
        UserError: the source cannot be read, or the folder holds something else, or no schema that can be updated.
    """
    from eightytwenty.files import whole_folder, write_files
    from eightytwenty.inference.schema_text import SCHEMA, inferred_files, updated_files
    from eightytwenty.inference.table import open_any
    from eightytwenty.schema_file import EVIDENCE, read_table

    out = Path(out).absolute()
    present = {path.name for path in out.iterdir()} if out.is_dir() else set()
    if update and SCHEMA not in present:
        raise UserError(f"{out} holds no {SCHEMA} to update; leave --update out.")
    if foreign := present - ({SCHEMA, EVIDENCE} if update else set()):
        remedy = "give --update to keep what you wrote, or choose" if SCHEMA in foreign else "choose"
        raise UserError(f"{out} holds {max(foreign)}; {remedy} a new or an empty folder.")
    with _local_path(source, out, read) as path:
        inferred = _infer(open_any(path, read), source, "", read, progress, min_confidence)
    files = updated_files(inferred, out, masked=mask) if update else inferred_files(inferred, masked=mask)
    with whole_folder(out) as folder:
        write_files(folder, files)
    return read_table(out / SCHEMA)


def clean(
    source: "str | Path | Frame",
    table: "Table | PictureTable | ReadOptions | None" = None,
    out: str | Path | None = None,
    progress: "Progress | None" = None,
    *,
    mask: bool = False,
    min_confidence: float | None = None,
    csv: bool | None = None,
    cluster: str | None = None,
    watch: "Watch | None" = None,
    work: str | Path | None = None,
) -> "Cleaned":
    """Cleans a source into a folder, which appears whole or not at all.

    Args:
        source: a file, a folder, an archive, a pattern of names, a named pipe, `-` for the standard input, an http(s)
            address, or that of a PostgreSQL database or an object store (s3://, gs://, az://); or a frame of polars or
            pandas or a table of pyarrow, whose rows are then those of `frame.arrow`.
        table: what its rows must be, or what its pictures must be. If it is None, or only says how the files are to be
            read, the table is inferred; the folder then holds it as schema.yaml, with the evidence for it. The columns
            of a frame that hold numbers, truth values, dates or times keep their types.
        out: the folder, or an address of an object store below which nothing is. It will hold clean.parquet,
            quarantine.parquet, duplicates.parquet, flags.parquet, ledger.parquet, report.md and report.json. An
            existing folder is replaced only if it holds such a result and nothing else. If it is None, it is a
            temporary folder that goes when the result does.
        progress: called with (records done, records in all).
        mask: whether letters and digits of the examples in an inferred schema and in the report are hidden.
        min_confidence: what a repair needs to be made; below, it is only proposed. If not given, .99 for an inferred
            table, and whatever another one says.
        csv: whether the clean rows of a table are written as clean.csv, too; if not given, as the table says.
        cluster: the address of a Dask scheduler, such as tls://host:8786, whose workers clean a table or pictures
            together. Source and folder, a new one, are then on a disk that all machines share, or in an object store.
            clean.parquet, the other tables and pictures.npy are folders of files, manifest.json is written last, and
            whoever starts again after a failure goes on there.
        watch: shows the stages of a cleaning on a cluster.
        work: a folder for what is not finished where `out` is an address; on a cluster, one on a disk that all machines
            share. If it is None, it is the one for temporary files.

    Returns:
        The folder, the number of rows by fate and by rule, and the tables in it.

    Raises:
        UserError: the source cannot be read, or the folder cannot be written or holds something else.
    """
    from eightytwenty.engine.summary import REPORT
    from eightytwenty.object_stores import Destination, is_object_store, require_empty

    store = str(out) if out is not None and is_object_store(str(out)) else ""
    if work and not store:
        raise UserError("A work folder is of use where out is an address; leave it out.")
    with _connected(cluster, watch) as workers:
        how = progress, mask, min_confidence, csv, workers
        if out is not None and not store:
            return _clean_into(source, table, Path(out).absolute(), *how)
        if workers:
            if not store or not work:
                raise UserError(
                    "Cleaning on a cluster needs a folder that all of its machines share; give one as out, or, where "
                    "that is an address, as work."
                )
            # of one name, so that whoever starts again goes on there
            folder = Path(work).absolute() / hashlib.sha256(store.encode()).hexdigest()[:16]
            _require_new(store, folder)
            cleaned = _clean_into(source, table, folder, *how, store)
        else:
            if store:
                require_empty(store)
            folder = _temporary_folder(Path(work or tempfile.gettempdir()))
            try:
                cleaned = _clean_into(source, table, folder / "cleaned", *how)
                if store:
                    destination = Destination(store, folder.name, REPORT)
                    destination.claim()
                    destination.upload(cleaned.folder)
                    destination.release()
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    cleaned = replace(cleaned, is_temporary=True)
    weakref.finalize(cleaned, shutil.rmtree, folder, ignore_errors=True)
    return cleaned


def _temporary_folder(within: Path) -> Path:
    from eightytwenty.files import explain_write_errors, require_real_disk

    with explain_write_errors(within), require_real_disk(within):
        within.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="eightytwenty-", dir=within))


def _require_new(store: str, folder: Path) -> None:
    """Checks that nothing lies below an address, or what an earlier command left that is to go on.

    Args:
        store: the address.
        folder: where the result is made; what another command has left there, after it stored it, is removed.

    Raises:
        UserError: something does.
    """
    from eightytwenty.engine.in_parts import MANIFEST, WORK
    from eightytwenty.files import remove
    from eightytwenty.object_stores import require_empty

    if (folder / MANIFEST).exists():
        remove(folder)
    require_empty(store, may_be_claimed=(folder / WORK).exists())


@contextmanager
def _connected(address: str | None, watch: "Watch | None") -> "Iterator[Cluster | None]":
    """Yields a cluster, if there is an address of one."""
    if not address:
        yield None
        return
    from eightytwenty.plugins import require_library

    require_library("distributed", "cleaning on a cluster", "cluster")
    from eightytwenty.cluster import connect

    with connect(address, watch) as cluster:
        yield cluster


def merge(parts: str | Path, out: str | Path) -> "Summary":
    """Makes one folder of a cleaning on a cluster: the one that a single machine would have written, byte for byte.

    Args:
        parts: the folder that the cleaning wrote, or its address in an object store; it stays as it is.
        out: the folder to write, which appears whole or not at all.

    Raises:
        UserError: there is no such folder, it was not finished, or the other one cannot be written.
    """
    from eightytwenty.engine.merge import merge_parts

    out = Path(out).absolute()
    with _local_path(parts, out) as path:
        return merge_parts(path, out)


def check(
    source: "str | Path | Frame",
    table: "Table | PictureTable | ReadOptions | None" = None,
    fail_if: "Sequence[str]" = ("quarantine > 0",),
    progress: "Progress | None" = None,
) -> "Checked":
    """Says on which conditions a source fails; nothing that is written stays.

    Args:
        source: as for `clean`.
        table: as for `clean`.
        fail_if: conditions such as `quarantine > 1%`; `eightytwenty.checks` lists what they can name.
        progress: called with (records done, records in all).

    Raises:
        UserError: the source cannot be read, or a condition is none.
    """
    from eightytwenty.checks import Condition, check_cleaned

    conditions = [Condition.parse(text) for text in ([fail_if] if isinstance(fail_if, str) else fail_if)]
    with tempfile.TemporaryDirectory(prefix="eightytwenty-") as folder:
        return check_cleaned(clean(source, table, Path(folder, "cleaned"), progress), conditions)


def _clean_into(
    source: "str | Path | Frame",
    table: "Table | PictureTable | ReadOptions | None",
    out: Path,
    progress: "Progress | None",
    mask: bool,
    min_confidence: float | None,
    csv: bool | None,
    cluster: "Cluster | None",
    store: str = "",
) -> "Cleaned":
    from eightytwenty.cleaned import Cleaned
    from eightytwenty.inference.decide import decide
    from eightytwenty.inference.mine import with_judge
    from eightytwenty.inference.schema_text import inferred_files
    from eightytwenty.inference.table import open_any
    from eightytwenty.read.frames import zones
    from eightytwenty.read.options import ReadOptions
    from eightytwenty.read.source import open_source
    from eightytwenty.schema import Table

    read = table.read if isinstance(table, Table) else table if isinstance(table, ReadOptions) else None
    with ExitStack() as stack:
        path, beside = stack.enter_context(_local_path(source, out, read, cluster, is_kept=True)), None
        if cluster:
            path = path.absolute()  # workers run in other folders
        if not isinstance(table, Table | ReadOptions | None):
            return Cleaned(out, _clean_pictures(path, table, out, progress, cluster, store))
        how = (min_confidence, mask, csv)
        opened = open_source(path, table) if isinstance(table, Table) else open_any(path, read)
        scan, run = stack.enter_context(_workers(cluster, opened, table, out, repr(how), store))
        if not isinstance(table, Table):
            inferred = _infer(opened, source, read=read, min_confidence=min_confidence, scan=scan)
            table, beside = inferred.table, inferred_files(inferred, masked=mask)
            opened = open_source(path, table)
        elif min_confidence is not None:
            table = decide(table, min_confidence)
        table = table if csv is None else replace(table, csv=csv)
        table = with_judge(table, opened.files, scan)
        summary = run(opened, table, out, progress, beside=beside, mask=mask)
        return Cleaned(out, summary, zones={} if _is_path(source) else zones(path, table))


def _clean_pictures(
    path: Path,
    table: "PictureTable",
    out: Path,
    progress: "Progress | None",
    cluster: "Cluster | None",
    store: str,
) -> "Summary":
    """Cleans pictures in this process, or by the workers of a cluster."""
    from eightytwenty.plugins import require_library

    for library in ("PIL", "scipy"):
        require_library(library, "cleaning pictures", "pictures")
    from eightytwenty.pictures.run import clean_pictures
    from eightytwenty.pictures.source import open_pictures

    pictures = open_pictures(path, table.attribute_file, table.known_attributes)
    if not cluster:
        return clean_pictures(pictures, table, out, progress, as_files=True)
    from eightytwenty.cluster import clean_pictures_on_cluster

    return clean_pictures_on_cluster(cluster, pictures, table, out, progress, store)


@contextmanager
def _workers(
    cluster: "Cluster | None",
    opened: "Source",
    table: "Table | ReadOptions | None",
    out: Path,
    how: str,
    store: str,
) -> "Iterator[tuple[Scan, Callable[..., Summary]]]":
    """Yields what reads a source, and what cleans it: this process, or the workers of a cluster."""
    from eightytwenty.engine.run import clean_table
    from eightytwenty.read.reader import scan_here

    if not cluster:
        yield scan_here, clean_table
        return
    from eightytwenty.cluster import on_cluster

    with on_cluster(cluster, opened, table, out, how, store) as workers:
        yield workers


def _infer(
    opened: "Source",
    source: "str | Path | Frame",
    name: str = "",
    read: "ReadOptions | None" = None,
    progress: "Progress | None" = None,
    min_confidence: float | None = None,
    scan: "Scan | None" = None,
) -> "Inferred":
    """Infers the table of an opened source. The columns of a frame have the kinds that their types state."""
    from eightytwenty.engine.confidence import DEFAULT
    from eightytwenty.inference.column import KEPT, PLAIN
    from eightytwenty.inference.judge import Judge
    from eightytwenty.inference.mine import forms
    from eightytwenty.inference.table import infer_source
    from eightytwenty.read.frames import stated_kinds
    from eightytwenty.read.reader import scan_here

    least = DEFAULT if min_confidence is None else min_confidence
    inferred = infer_source(opened, name, read, progress, least, scan or scan_here)
    kinds = {} if _is_path(source) else stated_kinds(opened.path)
    columns = tuple(
        replace(PLAIN, kind=kinds[column.name], **{name: getattr(column, name) for name in KEPT})
        if column.name in kinds
        else column
        for column in inferred.table.columns
    )
    rules = tuple(rule for rule in inferred.table.rules if getattr(rule, "column", None) not in kinds)
    evidence = {
        column: replace(seen, kind=kinds[column], share=1.0, others={}, doubt="") if column in kinds else seen
        for column, seen in inferred.columns.items()
    }
    table = replace(inferred.table, columns=columns, rules=rules)
    if isinstance(table.judge, Judge):
        table = replace(table, judge=replace(table.judge, forms=forms(table)))
    return replace(inferred, table=table, columns=evidence)


def _is_path(source: "str | Path | Frame") -> bool:
    """Whether a source is a path or an address, and no frame."""
    return isinstance(source, str | Path)


@contextmanager
def _local_path(
    source: "str | Path | Frame",
    out: Path,
    options: "ReadOptions | None" = None,
    cluster: "Cluster | None" = None,
    *,
    is_kept: bool = False,
) -> "Iterator[Path]":
    """Yields the path of a source.

    An address is downloaded next to `out`, by the workers of a cluster if it is an object store's; what comes through a
    pipe, out of a database server or from memory is stored there. It is deleted after the block.

    Args:
        source: as for `clean`.
        out: next to which it is stored.
        options: what is known of the files.
        cluster: whose workers fetch objects.
        is_kept: whether objects stay if the block ends with an error, for another attempt.
    """
    from eightytwenty.files import remove, scratch_folder
    from eightytwenty.object_stores import fetch, is_object_store
    from eightytwenty.read.databases import is_server, store_query
    from eightytwenty.read.download import download, is_address
    from eightytwenty.read.frames import store_frame
    from eightytwenty.read.options import ReadOptions
    from eightytwenty.read.pipes import is_pipe, store

    if not isinstance(source, str | Path):
        with scratch_folder(out.parent / f"{out.name}.frame") as folder:
            yield store_frame(source, folder)
        return
    if not is_address(str(source)) and not is_pipe(source):
        yield Path(source)
        return
    out = out.resolve()
    if is_object_store(str(source)):
        # of one name, so that whoever starts again fetches only what is not there
        digest = hashlib.sha256(str(source).encode()).hexdigest()[:8]
        place = out.with_name(f".{out.name}.{digest}.objects")
        try:
            yield fetch(str(source), place, cluster.executor if cluster else None)
        except BaseException:
            if not is_kept:
                remove(place)
            raise
        remove(place)
        return
    with scratch_folder(out.parent / f"{out.name}.download") as folder:
        if is_server(str(source)):
            yield store_query(str(source), options or ReadOptions(), folder)
        else:
            yield store(source, folder) if is_pipe(source) else download(str(source), folder)
