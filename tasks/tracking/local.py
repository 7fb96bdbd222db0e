"""The data folder's own store: where it is, and what it says of a registered model, without MLflow.

To import MLflow takes more than a second, and to load a model with Keras three more. A command that only has to find
the files of a version asks the database itself. Where that is impossible for whatever reason, the answer is None, and
the caller turns to MLflow, which can do more and says in a sentence what is wrong.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from eightytwenty.files import sha256
from tasks.running.sqlite import open_database, sqlite_url

_DIGEST = "sha256."
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
        return all(self._is_unchanged(f"{folder}/{name}") for name in names)

    def _is_unchanged(self, file: str) -> bool:
        path, digest = self.folder / file, self.tags.get(digest_tag(file))
        return path.is_file() and digest == sha256(path)


def tracking_uri(data: Path) -> str:
    """Return the MLflow tracking address: MLFLOW_TRACKING_URI, else SQLite in <data>/mlflow."""
    return os.environ.get("MLFLOW_TRACKING_URI") or embedded_uri(data)


def embedded_uri(data: Path) -> str:
    """Return the address of the SQLite database in <data>/mlflow."""
    return sqlite_url(database_file(data))


def database_file(data: Path) -> Path:
    """Return the file of the embedded store."""
    return data.resolve() / "mlflow" / "mlflow.db"


def digest_tag(file: str) -> str:
    """The tag of a model that holds the SHA-256 of one of its files, in hexadecimal."""
    return f"{_DIGEST}{file}"


def digest_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Those of the tags of a logged model that hold the digest of a file."""
    return {tag: digest for tag, digest in tags.items() if tag.startswith(_DIGEST)}


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
