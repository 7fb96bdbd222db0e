"""Reads from and writes to object stores, such as S3, with whatever credentials the provider's own settings name."""

import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from eightytwenty.engine.executor import Executor, batched
from eightytwenty.errors import UserError
from eightytwenty.files import FULL, explain_write_errors, private_folder, remove, scratch_in
from eightytwenty.read.download import is_address
from eightytwenty.read.source import without_pattern

# scheme of an address -> the library that reads it
LIBRARIES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_AT_ONCE = 8  # transfers of one machine
_BATCH_FILES, _BATCH_BYTES = 64, 1 << 27  # of a task on a cluster
CLAIM = ".eightytwenty"  # says whose result is being stored

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
Executors = Callable[[Path], Executor]
"""Given a folder for its notes, an executor."""


def is_object_store(address: str) -> bool:
    """Whether an address is one of an object store."""
    return is_address(address) and urlsplit(address).scheme in LIBRARIES


def fetch(address: str, folder: Path, executor: Executors | None = None) -> Path:
    """Fetches what lies below an address, or what fits a pattern of names, into a folder.

    What is there already, of the same size and as new, is not fetched again; what is not below the address goes.

    Args:
        address: such as s3://bucket/orders, s3://bucket/orders.csv or s3://bucket/orders/2024-*.csv.
        folder: for nothing else; it need not exist, and only its user can open it.
        executor: given a folder for its notes, what runs the transfers; this process does if it is None.

    Returns:
        The path of the file or the folder.

    Raises:
        UserError: there is nothing, it cannot be read, or its names are no paths.
    """
    with _store(address) as (files, key):
        base, found = key, _objects(files.find(key, detail=True))
        if not found and has_magic(key):
            base, found = str(without_pattern(Path(key))), _objects(files.glob(key, detail=True))
        elif found.keys() - {key}:
            files.invalidate_cache()
            found |= _objects({key: files.info(key)})  # an object beside those below its name is not listed with them
    if not found:
        raise UserError(f"There is nothing at {address}; give the address of a file, or the beginning of several.")
    private_folder(folder)
    place = folder / (PurePosixPath(base).name or "objects")
    paths = {name: place / _inside(name, base) for name in found}
    folders = {parent for path in paths.values() for parent in path.parents}
    if clash := next((name for name, path in paths.items() if path in folders), None):
        raise UserError(f"{clash} is an object, and there are others below it, but a file is no folder; move one.")
    wanted = set(paths.values())
    with explain_write_errors(place):
        for path in [place, *place.rglob("*")] if place.exists() else ():
            if path.is_dir() == (path in wanted):  # what was there before, and folders in the place of files
                remove(path)
        transfers = [_Transfer(paths[name], name, about["size"], _modified(about)) for name, about in found.items()]
        _run(_Fetch(address, folder), transfers, executor(scratch_in(folder)) if executor else None)
    return place


def _objects(found: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The objects of a listing, without what stands for an empty folder."""
    return {name: about for name, about in found.items() if about["type"] == "file" and not name.endswith("/")}


def require_empty(address: str, *, may_be_claimed: bool = False) -> None:
    """Checks that nothing lies below an address.

    Args:
        address: of it.
        may_be_claimed: whether there may be what an unfinished cleaning has stored; `Destination.claim` asks whose.

    Raises:
        UserError: something does, or the store cannot be reached.
    """
    stored = _stored(address)
    if stored and not (may_be_claimed and CLAIM in stored):
        raise _foreign(address, min(stored))


@dataclass(frozen=True)
class Destination:
    """An address below which a result is to be stored.

    Args:
        address: of it.
        owner: says which result; another attempt at the same one goes on.
        last: the name of the file that is stored last: who sees that sees all.
        executor: as for `fetch`.
    """

    address: str
    owner: str
    last: str
    executor: Executors | None = None

    def claim(self) -> None:
        """Marks the address as taken by this result, so that nobody else stores there.

        Raises:
            UserError: something lies there, or it cannot be written.
        """
        stored = _stored(self.address)
        if CLAIM in stored:
            self._require_own()
        elif stored:
            raise _foreign(self.address, min(stored))
        else:
            with _store(self.address) as (files, key):
                files.pipe_file(_below(key, CLAIM), self.owner.encode())

    def _require_own(self) -> None:
        with _store(self.address) as (files, key):
            owner = files.cat_file(_below(key, CLAIM)).decode(errors="replace")
        if owner != self.owner:
            raise UserError(
                f"Another result is stored at {self.address}, or was to be; choose another address, or remove what is "
                "there."
            )

    def upload(self, folder: Path) -> None:
        """Stores the files of a folder.

        Raises:
            UserError: it cannot be written, or somebody else stores there.
        """
        key = _key(self.address)
        paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        sizes = {name: path.stat().st_size for name, path in paths.items()}
        transfers = [
            _Transfer(paths[name], _below(key, name), size) for name, size in sizes.items() if name != self.last
        ]
        _run(_Upload(self.address), transfers, self.executor(scratch_in(folder.parent)) if self.executor else None)
        self._require_own()
        stored = _stored(self.address)
        if wrong := {name for name, size in sizes.items() if name != self.last and stored.get(name) != size}:
            raise UserError(f"{self.address} lost {min(wrong)} while it was stored; repeat the command.")
        if foreign := stored.keys() - sizes.keys() - {CLAIM}:
            raise _foreign(self.address, min(foreign))
        _Upload(self.address)([_Transfer(paths[self.last], _below(key, self.last), sizes[self.last])])

    def release(self) -> None:
        """Removes what `claim` has stored."""
        with _store(self.address) as (files, key):
            files.rm_file(_below(key, CLAIM))


def _stored(address: str) -> dict[str, int]:
    """The objects below an address, and their sizes in bytes."""
    with _store(address) as (files, key):
        found = _objects(files.find(key, detail=True))
    return {PurePosixPath(name).relative_to(key).as_posix(): int(about["size"]) for name, about in found.items()}


def _key(address: str) -> str:
    with _store(address) as (_, key):
        return key


def _below(key: str, name: str) -> str:
    return f"{key.rstrip('/')}/{name}"


def _foreign(address: str, name: str) -> UserError:
    return UserError(f"{address} holds {name}; choose an address below which nothing is.")


@dataclass(frozen=True)
class _Transfer:
    """What goes to or from a store.

    Args:
        path: of the file.
        key: of the object.
        size: in bytes.
        seconds: when the object was stored, since 1970.
    """

    path: Path
    key: str
    size: int
    seconds: float = 0.0


def _run(work: Callable[[Sequence[_Transfer]], None], transfers: list[_Transfer], executor: Executor | None) -> None:
    most = _BATCH_FILES if executor else 1
    jobs = list(batched(transfers, lambda transfer: transfer.size, most, _BATCH_BYTES))
    for _ in (executor or _here)(work, jobs):
        pass  # it is where it belongs


def _here(work: Callable[[_Job], _Result], jobs: Sequence[_Job]) -> Iterator[_Result]:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(work, jobs)


@dataclass(frozen=True)
class _Fetch:
    """Fetches objects.

    Args:
        address: of the store.
        folder: for what is not finished, because it must not be taken for a part of the source.
    """

    address: str
    folder: Path

    def __call__(self, transfers: Sequence[_Transfer]) -> None:
        """Fetches those that are not there."""
        for transfer in transfers:
            path, partial = transfer.path, scratch_in(self.folder)
            if path.is_file():
                status = path.stat()
                if (status.st_size, status.st_mtime) == (transfer.size, transfer.seconds):
                    continue
            try:
                with _store(self.address) as (files, _):
                    files.get_file(transfer.key, str(partial))
                os.utime(partial, (transfer.seconds, transfer.seconds))
                path.parent.mkdir(parents=True, exist_ok=True)
                partial.replace(path)
            finally:
                partial.unlink(missing_ok=True)


@dataclass(frozen=True)
class _Upload:
    """Stores files.

    Args:
        address: of the store.
    """

    address: str

    def __call__(self, transfers: Sequence[_Transfer]) -> None:
        """Stores them, in the place of what is there."""
        with _store(self.address) as (files, _):
            for transfer in transfers:
                files.put_file(str(transfer.path), transfer.key)


@contextmanager
def _store(address: str) -> Iterator[tuple[Any, str]]:
    """Yields the store of an address and the key in it; turns the errors of the store into one sentence."""
    parts = urlsplit(address)
    if parts.username or parts.password or "=" in parts.query:  # else it is of a pattern
        raise UserError("An address of an object store has no credentials in it; name them as its provider asks.")
    library = LIBRARIES[parts.scheme]
    try:
        import fsspec

        files, key = fsspec.core.url_to_fs(address)
    except ImportError:
        raise UserError(f"{address} is read with {library}: install it beside eightytwenty[objects].") from None
    try:
        files.invalidate_cache()  # others store things, too
        yield files, key
    except UserError:
        raise
    except Exception as error:  # each provider has errors of its own, and no common base
        if isinstance(error, OSError) and error.errno in FULL:
            raise  # of this machine's disk
        why = (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__
        raise UserError(
            f"{address} cannot be used on {socket.gethostname()} ({why}); see its name and your credentials."
        ) from None


def _modified(about: dict[str, Any]) -> float:
    """When an object was stored, in seconds since 1970; each provider has its own name for it."""
    time = next((about[name] for name in ("LastModified", "last_modified", "mtime") if name in about), None)
    return float(time.timestamp()) if isinstance(time, datetime) else 0.0


def _inside(name: str, base: str) -> PurePosixPath:
    """The path of an object below another one, or below the same; a key may hold what is no path.

    Raises:
        UserError: it does.
    """
    parts = name.removeprefix(base).removeprefix("/").split("/") if name != base else []
    if {"", ".", ".."} & set(parts):
        raise UserError(f"{name} has a name that is no path; rename it.")
    return PurePosixPath(*parts)
