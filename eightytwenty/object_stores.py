"""Reads from and writes to object stores, such as S3, with whatever credentials the provider's own settings name."""

import os
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from urllib.parse import urlsplit

from eightytwenty.engine.executor import Executor, batched
from eightytwenty.engine.summary import REPORT
from eightytwenty.errors import UserError
from eightytwenty.files import FULL, explain_write_errors, private_folder, scratch_in, settle_file
from eightytwenty.read.download import is_address
from eightytwenty.read.source import without_pattern

# scheme of an address -> the library that reads it
LIBRARIES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_AT_ONCE = 8  # transfers of one machine
_BATCH_FILES, _BATCH_BYTES = 64, 1 << 27  # of a task on a cluster

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def is_object_store(address: str) -> bool:
    """Whether an address is one of an object store."""
    return is_address(address) and urlsplit(address).scheme in LIBRARIES


def fetch(address: str, folder: Path, executor: Callable[[Path], Executor] | None = None) -> Path:
    """Fetches what lies below an address, or what fits a pattern of names, into a folder.

    What is there already, of the same size and as new, is not fetched again.

    Args:
        address: such as s3://bucket/orders, s3://bucket/orders.csv or s3://bucket/orders/2024-*.csv.
        folder: for it; it need not exist, and its user alone can open it.
        executor: given a folder for its notes, what runs the transfers; this process does if it is None.

    Returns:
        The path of the file or the folder.

    Raises:
        UserError: there is nothing, or it cannot be read.
    """
    with _store(address) as (files, key):
        base = str(without_pattern(Path(key)))
        found = files.glob(key, detail=True) if has_magic(key) else files.find(key, detail=True)
    objects = {name: about for name, about in found.items() if about["type"] == "file"}
    if not objects:
        raise UserError(f"There is nothing at {address}; give the address of a file, or the beginning of several.")
    private_folder(folder)
    place = folder / (PurePosixPath(base).name or "objects")
    is_one = list(objects) == [key]
    transfers = [
        _Transfer(place if is_one else place / _inside(name, base), name, about["size"], _modified(about))
        for name, about in objects.items()
    ]
    with explain_write_errors(place):
        _run(_Fetch(address), transfers, executor(scratch_in(folder)) if executor else None)
    return place


def require_empty(address: str) -> None:
    """Checks that nothing lies below an address.

    Raises:
        UserError: something does, or the store cannot be reached.
    """
    with _store(address) as (files, key):
        if found := next(iter(files.find(key)), None):
            raise _foreign(address, PurePosixPath(found).name)


def upload(folder: Path, address: str, last: str = REPORT, executor: Executor | None = None) -> None:
    """Stores the files of a folder below an address.

    Args:
        folder: with the files.
        address: below which nothing lies but what an earlier attempt has stored.
        last: the name of the file that is stored last: who sees that sees all.
        executor: runs the transfers; this process does if it is None.

    Raises:
        UserError: it cannot be written, or something else lies there.
    """
    with _store(address) as (files, key):
        base = key.rstrip("/")
        stored = {PurePosixPath(name).relative_to(base).as_posix() for name in files.find(base)}
    paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    if foreign := stored - paths.keys():
        raise _foreign(address, min(foreign))
    transfers = [_Transfer(path, f"{base}/{name}", path.stat().st_size) for name, path in paths.items() if name != last]
    _run(_Upload(address), transfers, executor)
    _Upload(address)([_Transfer(folder / last, f"{base}/{last}")])


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
    size: int = 0
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
    """

    address: str

    def __call__(self, transfers: Sequence[_Transfer]) -> None:
        """Fetches those that are not there."""
        with _store(self.address) as (files, _):
            for transfer in transfers:
                path = transfer.path
                if path.is_file():
                    status = path.stat()
                    if (status.st_size, status.st_mtime) == (transfer.size, transfer.seconds):
                        continue
                path.parent.mkdir(parents=True, exist_ok=True)
                with settle_file(path) as partial:
                    files.get_file(transfer.key, str(partial))
                    os.utime(partial, (transfer.seconds, transfer.seconds))


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
    if parts.username or parts.password or parts.query:
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
    """The path of an object in the folder of all; a key may hold what leads out of a folder.

    Raises:
        UserError: it does.
    """
    path = PurePosixPath(name).relative_to(base)
    if ".." in path.parts or path.is_absolute():
        raise UserError(f"{name} has a name that is no path; rename it.")
    return path
