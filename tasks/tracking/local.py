"""The data folder's own store: where it is, and what it says of a registered model, without MLflow.

To import MLflow takes more than a second, and to load a model with Keras three more. A command that only has to find
the files of a version asks the database itself. Where that is impossible for whatever reason, the answer is None, and
the caller turns to MLflow, which can do more and says in a sentence what is wrong.
"""

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from eightytwenty.files import sha256
from tasks.running.sqlite import open_database, sqlite_url

SUMS = "SHA256SUMS"
"""The file of a logged model that lists its other files with their digests, as `sha256sum --check` takes it."""
DIGEST = "sha256"
"""The tag of a model, and of its versions, that holds the SHA-256 of that file, in hexadecimal."""
_VERSIONS = "SELECT version, source FROM model_versions WHERE current_stage != 'Deleted_Internal' AND name = ?"
_OF_ALIAS = " AND version = (SELECT version FROM registered_model_aliases WHERE name = ? AND alias = ?)"
_TAGS = "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?"


@dataclass(frozen=True)
class LocalVersion:
    """A version of a registered model whose files lie on this machine.

    Attributes:
        name: Of the registered model.
        number: Of the version.
        folder: The files of the logged model.
        tags: Of the version.
    """

    name: str
    number: int
    folder: Path
    tags: Mapping[str, str]

    def has_files(self, folder: str, *names: str) -> bool:
        """Whether these files of a folder of the logged model are there and as they were logged."""
        sums = self.folder / SUMS
        try:
            if sha256(sums) != self.tags.get(DIGEST):
                return False
            return all(is_listed(self.folder / folder / name, f"{folder}/{name}", sums) for name in names)
        except OSError:
            return False


def tracking_uri(data: Path) -> str:
    """Return the MLflow tracking address: MLFLOW_TRACKING_URI, else SQLite in <data>/mlflow."""
    return os.environ.get("MLFLOW_TRACKING_URI") or embedded_uri(data)


def embedded_uri(data: Path) -> str:
    """Return the address of the SQLite database in <data>/mlflow."""
    return sqlite_url(database_file(data))


def database_file(data: Path) -> Path:
    """Return the file of the embedded store."""
    return data.resolve() / "mlflow" / "mlflow.db"


def list_digests(folder: Path, names: Iterable[str]) -> str:
    """Write `SUMS` into the folder of a model, with these of its files.

    Returns:
        The value of the tag `DIGEST`.
    """
    sums = folder / SUMS
    sums.write_text("".join(f"{_line(folder / name, name)}\n" for name in names), encoding="utf-8")
    return sha256(sums)


def is_listed(path: Path, name: str, sums: Path) -> bool:
    """Whether a file of a model is as its `SUMS` say.

    Raises:
        OSError: One of the two cannot be read.
    """
    return _line(path, name) in sums.read_text(encoding="utf-8").splitlines()


def _line(path: Path, name: str) -> str:
    return f"{sha256(path)}  {name}"


def split_reference(model: str) -> tuple[str, str, str]:
    """Split "name@alias" or "name/version" into the name, the separator and what follows it."""
    return model.partition("@") if "@" in model else model.partition("/")


def find_local(data: Path, model: str) -> LocalVersion | None:
    """Find a version of a registered model in the data folder's own store.

    Args:
        data: The data folder.
        model: "name@alias" or "name/version".

    Returns:
        The version; None if another store is configured, or this one cannot be read or has no such version.
    """
    path = database_file(data)
    if tracking_uri(data) != embedded_uri(data) or not path.is_file():
        return None
    name, separator, reference = split_reference(model)
    try:
        with closing(open_database(path)) as connection:
            if separator == "@":
                rows = connection.execute(_VERSIONS + _OF_ALIAS, (name, name, reference)).fetchall()
            else:
                rows = connection.execute(f"{_VERSIONS} AND version = ?", (name, reference)).fetchall()
            if len(rows) != 1:
                return None
            number, source = rows[0]
            tags = dict(connection.execute(_TAGS, (name, number)).fetchall())
    except sqlite3.Error:  # such as tables of another version of MLflow
        return None
    folder = _local_folder(source)
    return LocalVersion(name, number, folder, tags) if folder else None


def _local_folder(address: str | None) -> Path | None:
    parts = urlsplit(address or "")
    return Path(url2pathname(parts.path)) if parts.scheme == "file" and not parts.netloc else None
