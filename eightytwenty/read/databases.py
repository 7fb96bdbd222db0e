"""Reads tables and queries of databases: SQLite and DuckDB as files, PostgreSQL by its address.

A database is only read from, and a file that somebody sent can neither run code nor reach other files. The password of
PostgreSQL comes from where its own tools look for it, the variable PGPASSWORD or the file ~/.pgpass.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

import pyarrow as pa

from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors
from eightytwenty.read.encoding import is_binary
from eightytwenty.read.json_lines import LineStream, different_names, object_line, plain_text
from eightytwenty.read.options import ReadOptions

SQLITE = b"SQLite format 3\0"
_DUCKDB, _DUCKDB_PLACE = b"DUCK", 8
_SCHEMES = {"postgresql", "postgres"}
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_FIRST_ROWS = 100
_ROWS = 10_000  # to fetch at a time
_INSTALL = "install eightytwenty[databases]"


def is_database(sample: bytes) -> bool:
    """Whether a file is an SQLite or DuckDB database, by its first bytes."""
    return sample.startswith(SQLITE) or (sample[_DUCKDB_PLACE:].startswith(_DUCKDB) and is_binary(sample))


def is_server(source: str) -> bool:
    """Whether a source is the address of a PostgreSQL server."""
    return urlsplit(source).scheme in _SCHEMES


class Database:
    """A database in a file.

    Args:
        path: of the file.
        name: of the file, for messages.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name
        with path.open("rb") as file:
            self._is_sqlite = file.read(len(SQLITE)) == SQLITE

    @property
    def tables(self) -> dict[str, str]:
        """The names of its tables and views, and the query for the rows of each; empty for a view.

        Raises:
            UserError: it is damaged, or the library that reads it is missing.
        """
        sqlite = (
            "SELECT NULL, name, type FROM sqlite_master "
            "WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        )
        duckdb = (
            "SELECT schema_name, table_name, 'table' FROM duckdb_tables() WHERE NOT internal "
            "UNION ALL SELECT schema_name, view_name, 'view' FROM duckdb_views() WHERE NOT internal"
        )
        with self._execute(sqlite if self._is_sqlite else duckdb) as (_, rows):
            found = [
                (None if schema in {None, "main"} else str(schema), str(name), kind) for schema, name, kind in rows
            ]
        named = {".".join(filter(None, (schema, name))): (schema, name, kind) for schema, name, kind in found}
        return {
            label: quoted(*filter(None, (schema, name))) if kind == "table" else ""
            for label, (schema, name, kind) in sorted(named.items())
        }

    def head(self, query: str) -> tuple[list[str], list[list[str]]]:
        """The names of the columns of a query's result, and its first rows.

        Raises:
            UserError: the query cannot be run.
        """
        with self._execute(query) as (names, rows):
            return names, [[plain_text(value) or "" for value in row] for row in islice(rows, _FIRST_ROWS)]

    def lines(self, query: str) -> Iterator[str]:
        """The rows of a query's result, each as a line of JSON.

        Raises:
            UserError: the query cannot be run.
        """
        with self._execute(query) as (names, rows):
            fields = different_names(names)
            for row in rows:
                yield object_line(fields, [plain_text(value) for value in row])

    @contextmanager
    def _execute(self, query: str) -> Iterator[tuple[list[str], Iterable[Sequence[object]]]]:
        try:
            with closing(self._connect()) as connection:
                cursor = connection.execute(self._one_statement(query))
                names = [column[0] for column in cursor.description or []]
                yield names, _fetched(cursor)
        except self._errors as error:
            why = (str(error).splitlines() or ["without a reason"])[0]
            raise UserError(f"{self._name} cannot be read ({why}); check the query, or the database.") from None

    def _one_statement(self, query: str) -> str:
        """The query; SQLite itself refuses more than one statement, DuckDB would run them all and give the last."""
        if not self._is_sqlite and len(_duckdb(self._name).extract_statements(query)) != 1:
            raise UserError(f"{self._name}: the query has more than one statement; give one.")
        return query

    def _connect(self) -> Any:
        if self._is_sqlite:
            # what is not being written needs no files beside it
            is_written = self._path.with_name(f"{self._path.name}-wal").exists()
            mode = "mode=ro" if is_written else "mode=ro&immutable=1"
            connection = sqlite3.connect(f"{self._path.resolve().as_uri()}?{mode}", uri=True)
            connection.text_factory = lambda content: content.decode(errors="surrogateescape")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.set_authorizer(
                lambda action, *_: sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY
            )
            return connection
        duckdb = _duckdb(self._name)
        return duckdb.connect(
            str(self._path), read_only=True, config={"enable_external_access": "false", "lock_configuration": "true"}
        )

    @property
    def _errors(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error,) if self._is_sqlite else (_duckdb(self._name).Error,)


def quoted(*names: str) -> str:
    """A query for all rows of a table, which its names say: that of its schema may come first."""
    name = ".".join('"{}"'.format(name.replace('"', '""')) for name in names)
    return f"SELECT * FROM {name}"  # noqa: S608 - quoted


def database_lines(stream: BinaryIO, name: str, query: str) -> BinaryIO:
    """The rows of a query in the database file that is open in a stream, each as a line of JSON."""
    return cast("BinaryIO", LineStream(Database(Path(stream.name), name).lines(query)))


def store_query(address: str, options: ReadOptions, folder: Path) -> Path:
    """Stores the rows of a table or query of PostgreSQL as an Arrow file in a folder.

    Args:
        address: of the database, such as postgresql://reader@host/sales, without a password.
        options: name the table or the query.
        folder: an existing folder.

    Raises:
        UserError: there is neither, the address has a password, or the database refuses.
    """
    parts = urlsplit(address)
    if parts.password or "password" in parts.query:
        raise UserError(
            "The address of the database has a password, which would be stored; put it into PGPASSWORD or ~/.pgpass."
        )
    query = options.query or (options.sheet and quoted(options.sheet))
    if not query:
        raise UserError(f"{address} is a database; name its table by --sheet, or a --query.")
    try:
        from adbc_driver_postgresql import dbapi
    except ModuleNotFoundError:
        raise UserError(f"PostgreSQL cannot be read without its driver; {_INSTALL}.") from None
    path = folder / f"{options.sheet or 'query'}.arrow".replace("/", "_")
    try:
        with dbapi.connect(address) as connection, connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(query)
            reader = cursor.fetch_record_batch()
            with explain_write_errors(path), pa.ipc.new_file(str(path), _plain_schema(reader.schema)) as writer:
                for batch in reader:
                    writer.write_batch(_plain(batch))
    except dbapi.Error as error:
        why = " ".join(str(error).split())[:300]
        raise UserError(f"{address} cannot be read ({why}); check the address and the query.") from None
    return path


def _plain_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([pa.field(field.name, _storage(field.type)) for field in schema])


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Values of types that only the driver knows, such as exact numbers, as the text that they came as."""
    columns = [column.storage if isinstance(column, pa.ExtensionArray) else column for column in batch.columns]
    return pa.record_batch(columns, schema=_plain_schema(batch.schema))


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _fetched(cursor: Any) -> Iterator[Sequence[object]]:
    while rows := cursor.fetchmany(_ROWS):
        yield from rows


def _duckdb(name: str) -> Any:
    try:
        import duckdb
    except ModuleNotFoundError:
        raise UserError(f"{name} is a DuckDB database, which cannot be read without its library; {_INSTALL}.") from None
    return duckdb
