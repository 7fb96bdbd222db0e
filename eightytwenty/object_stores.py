"""Reads from and writes to object stores, such as S3, with whatever credentials the provider's own settings name."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from glob import has_magic
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from eightytwenty.engine.summary import REPORT
from eightytwenty.errors import UserError
from eightytwenty.files import settle_file
from eightytwenty.read.download import is_address
from eightytwenty.read.source import without_pattern

# scheme of an address -> the library that reads it
LIBRARIES = {"s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}
_AT_ONCE = 8  # transfers


def is_object_store(address: str) -> bool:
    """Whether an address is one of an object store."""
    return is_address(address) and urlsplit(address).scheme in LIBRARIES


def fetch(address: str, folder: Path) -> Path:
    """Fetches what lies below an address, or what fits a pattern of names, into a folder.

    What is there already, of the same size and as new, is not fetched again.

    Args:
        address: such as s3://bucket/orders, s3://bucket/orders.csv or s3://bucket/orders/2024-*.csv.
        folder: for it; it need not exist.

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
        place = folder / (PurePosixPath(base).name or "objects")
        is_one = list(objects) == [key]

        def one(name: str) -> None:
            path = place if is_one else place / _inside(name, base)
            path.parent.mkdir(parents=True, exist_ok=True)
            seconds = _modified(objects[name])
            if path.is_file() and (path.stat().st_size, path.stat().st_mtime) == (objects[name]["size"], seconds):
                return
            with settle_file(path) as partial:
                files.get_file(name, str(partial))
                os.utime(partial, (seconds, seconds))

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(one, objects))
        return place


def require_empty(address: str) -> None:
    """Checks that nothing lies below an address.

    Raises:
        UserError: something does, or the store cannot be reached.
    """
    with _store(address) as (files, key):
        if found := next(iter(files.find(key)), None):
            raise UserError(f"{address} holds {PurePosixPath(found).name}; choose an address below which nothing is.")


def upload(folder: Path, address: str) -> None:
    """Stores the files of a folder below an address, its report last: who sees that sees all.

    Raises:
        UserError: it cannot be written.
    """
    with _store(address) as (files, key):
        paths = [path for path in folder.rglob("*") if path.is_file() and path != folder / REPORT]

        def one(path: Path) -> None:
            files.put_file(str(path), f"{key.rstrip('/')}/{path.relative_to(folder).as_posix()}")

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(one, paths))
        one(folder / REPORT)


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
        yield files, key
    except UserError:
        raise
    except Exception as error:  # noqa: BLE001 - each provider has errors of its own, and no common base
        why = (str(error).splitlines() or [type(error).__name__])[0] or type(error).__name__
        raise UserError(f"{address} cannot be used ({why}); see its name and your credentials.") from None


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
