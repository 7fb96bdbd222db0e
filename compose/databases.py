"""Gives each server its databases in PostgreSQL: a role that owns them and cannot read those of the other.

What exists stays as it is, so that a start that was interrupted is completed by the next one. Only the passwords are
set again each time: a new one in the folder of secrets is valid from the next start on.
"""

import os
import time

import psycopg2
from psycopg2.extensions import connection
from psycopg2.sql import SQL, Identifier

DATABASES = {"prefect": ("prefect",), "mlflow": ("mlflow", "mlflow_auth")}
_START_SECONDS = 120
"""PostgreSQL makes its files at the first start, and does not listen until they are there."""


def main() -> None:
    """Make what is missing, and connect to each database once."""
    administrator = _wait_for_server()
    administrator.autocommit = True
    with administrator.cursor() as cursor:
        cursor.execute("REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC")
        for role, databases in DATABASES.items():
            cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [role])
            if not cursor.rowcount:
                cursor.execute(SQL("CREATE ROLE {} LOGIN").format(Identifier(role)))
            password = os.environ[f"{role.upper()}_DB_PASSWORD"]
            cursor.execute(SQL("ALTER ROLE {} PASSWORD %s").format(Identifier(role)), [password])
            for database in databases:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", [database])
                if not cursor.rowcount:
                    cursor.execute(SQL("CREATE DATABASE {} OWNER {}").format(Identifier(database), Identifier(role)))
                cursor.execute(SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(Identifier(database)))
                _connect(role, password, database).close()


def _wait_for_server() -> connection:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            return _connect("postgres", os.environ["POSTGRES_PASSWORD"], "postgres")
        except psycopg2.OperationalError as error:
            # a refused password does not become right by waiting
            if "authentication failed" in str(error) or time.monotonic() > deadline:
                raise SystemExit(f"eightytwenty: PostgreSQL cannot be used: {error}") from None
            time.sleep(0.5)


def _connect(role: str, password: str, database: str) -> connection:
    return psycopg2.connect(host="postgres", user=role, password=password, dbname=database, connect_timeout=5)


if __name__ == "__main__":
    main()
