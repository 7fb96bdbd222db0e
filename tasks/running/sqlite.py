"""The SQLite databases of MLflow and Prefect: made whole or not at all, checked at each start, copied once a day.

Neither program survives a death while it makes or migrates its database: the next start finds half of the tables and
gives up. So both work on a hidden file, which takes the database's name when it is finished.
"""

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path
from urllib.parse import quote

from eightytwenty.errors import UserError

_FILES = ("mlflow/mlflow.db", "prefect/prefect.db")
_COPIES = 3
_CHECK_SECONDS = 2
_SIDE_FILES = ("-journal", "-wal", "-shm")
_WAL = b"\x02\x02"  # bytes 18 and 19 of a database with a write-ahead log (sqlite.org/fileformat.html)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Database:
    """A database and the program that it belongs to.

    Attributes:
        path: Its file.
        program: Name of the program.
        newest: Returns the revision of the tables that the installed program needs.
        upgrade: Makes the tables in an empty file, or brings those of an older revision up to date.
        content: A query that gives a row if the database holds anything worth keeping.
    """

    path: Path
    program: str
    newest: Callable[[], str]
    upgrade: Callable[[Path], None]
    content: str


def sqlite_url(path: Path, driver: str = "sqlite", **options: str) -> str:
    """Return the address of a database for SQLAlchemy.

    Args:
        path: Its file; absolute.
        driver: "sqlite", or "sqlite+" and a driver.
        options: Of SQLite, such as mode="ro".
    """
    if not options and "?" not in str(path):
        return f"{driver}:///{path}"
    # SQLAlchemy takes what follows a question mark as options, unless the path is given as a file address. The driver
    # is named because MLflow would make a folder "file:" for "sqlite:///".
    driver = "sqlite+pysqlite" if driver == "sqlite" else driver
    return f"{driver}:///file:{quote(str(path))}?{_query({**options, 'uri': 'true'})}"


def read_only_url(path: Path) -> str:
    """Return the address of a database in a folder that this process cannot write to, for SQLAlchemy."""
    return sqlite_url(path, **_read_only(path))


def is_writable(path: Path) -> bool:
    """Whether this process can write to a database, for which it needs its folder, too."""
    return all(os.access(part, os.W_OK, effective_ids=True) for part in (path.parent, path) if part.exists())


def prepare(database: Database) -> None:
    """Make a database if there is none, and bring an older one up to date.

    A database that an earlier version left half-made is set aside under another name. The caller holds a lock, so that
    one process at a time is here.

    Raises:
        UserError: It cannot be made, is damaged, or is of a version that cannot be brought up to date.
    """
    path = database.path
    if not path.exists() or not path.stat().st_size:
        _build(database)
    elif check(path, database.program) != database.newest():
        _require_alone(database)
        try:
            _build(database, copy=True)
        except UserError:
            if _holds(path, database.content):
                raise
            aside = _free_name(path)
            _log.warning(
                "The %s database %s was left unfinished and is empty: it was set aside as %s, and a new one is made.",
                *(database.program, path, aside.name),
            )
            path.rename(aside)
            _build(database)


def check(path: Path, program: str) -> str | None:
    """Read through a database, as far as that takes two seconds.

    Returns:
        The revision of its tables; None if it has none.

    Raises:
        UserError: It is damaged or cannot be read.
    """
    try:
        with closing(open_database(path)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
            if (found := _quick_check(connection)) != "ok":
                raise _damaged(path, program, found)
            if "alembic_version" in tables:
                row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
                return row and str(row[0])
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):  # such as a file that cannot be opened, or a lock
            raise UserError(
                f"the {program} database {path} cannot be read ({error}): stop what uses it, or make it readable."
            ) from error
        raise _damaged(path, program, str(error)) from error
    return None


def _quick_check(connection: sqlite3.Connection) -> str:
    """What SQLite finds wrong in two seconds, enough for some hundred megabytes; others cannot write meanwhile."""
    deadline = time.monotonic() + _CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        return str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return "ok"
    finally:
        connection.set_progress_handler(None, 0)


def _damaged(path: Path, program: str, reason: str) -> UserError:
    """The sentence about a damaged database."""
    copies = _copies(path)
    back = f"put a copy of it back (the newest is {copies[-1]}), or rename it" if copies else "rename it"
    return UserError(
        f"the {program} database {path} is damaged ({' '.join(reason.split())}): {back} to begin with an empty one."
    )


def back_up_daily(data: Path) -> None:
    """Copy the databases of a data folder to <data>/backups, once a day; the last three copies of each are kept.

    Programs may write to them meanwhile. A copy that fails is a warning: nothing else depends on it.
    """
    for path in (data / name for name in _FILES):
        copy = _backups(path) / f"{path.stem}-{date.today()}.db"
        if copy.exists() or not path.exists():
            continue
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            _copy(path, hidden := _hidden(copy))
            hidden.replace(copy)
            for old in _copies(path)[:-_COPIES]:
                old.unlink(missing_ok=True)
        except (OSError, sqlite3.Error) as error:
            _log.warning("There is no copy of %s for today (%s).", path, error)


def _build(database: Database, *, copy: bool = False) -> None:
    """Make or upgrade the tables in a hidden file, and give it the database's name."""
    path, hidden = database.path, _hidden(database.path)
    try:
        _remove(hidden)  # left by a process that was killed here
        if copy:
            _copy(path, hidden)
        else:
            hidden.touch()  # MLflow tries for minutes to open a file that cannot be made
        database.upgrade(hidden)
        with closing(sqlite3.connect(hidden)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with hidden.open("rb") as file:
            os.fsync(file.fileno())
        for suffix in _SIDE_FILES:  # of the file that is replaced: SQLite would apply them to the new one
            _side_file(path, suffix).unlink(missing_ok=True)
        hidden.replace(path)
    except UserError:
        raise
    except Exception as error:  # the libraries raise errors of many kinds
        reason = _reason(error)
        raise UserError(
            f"the {database.program} database {path} could not be brought up to date ({reason}), and is as it was: "
            f"install the version of {database.program} that made it, or rename it to begin with an empty one."
            if copy
            else f"the {database.program} database {path} cannot be made ({reason}): make room, or choose another one."
        ) from error
    finally:
        with suppress(OSError):
            _remove(hidden)


def _require_alone(database: Database) -> None:
    """Refuse if another process has the database open: what it wrote from now on would be lost."""
    try:
        with closing(sqlite3.connect(database.path, timeout=1)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")  # writes the log back; impossible while others use it
            connection.execute("BEGIN EXCLUSIVE")
            connection.rollback()
    except sqlite3.OperationalError as error:
        raise UserError(
            f"the {database.program} database {database.path} is of an older version of {database.program}, and in "
            f"use ({error}): stop the servers and runs over this folder, and start again."
        ) from error


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database that exists: to write if possible, to complete or undo what a killed process left."""
    options = {"mode": "rw"} if is_writable(path) else _read_only(path)
    return sqlite3.connect(f"file:{quote(str(path))}?{_query(options)}", uri=True, timeout=60)


def _read_only(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        has_log = file.read(20)[18:] == _WAL
    # SQLite cannot make the log's index in such a folder; while there is no log, there is nothing in it to miss
    immutable = {"immutable": "1"} if has_log and not _side_file(path, "-wal").exists() else {}
    return {"mode": "ro", **immutable}


def _query(options: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in options.items())


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(open_database(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _holds(path: Path, query: str) -> bool:
    with closing(open_database(path)) as connection, suppress(sqlite3.OperationalError):  # there is no such table
        return connection.execute(query).fetchone() is not None
    return False


def _reason(error: BaseException) -> str:
    """The shortest true reason: libraries wrap the error of SQLite or of the system into pages of text."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _remove(path: Path) -> None:
    for suffix in ("", *_SIDE_FILES):
        _side_file(path, suffix).unlink(missing_ok=True)


def _side_file(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name}.unfinished")


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.stem}-half-made-{number}.db") for number in count(1))
    return next(name for name in names if not name.exists())


def _backups(path: Path) -> Path:
    return path.parent.parent / "backups"


def _copies(path: Path) -> list[Path]:
    return sorted(_backups(path).glob(f"{path.stem}-????-??-??.db"))
