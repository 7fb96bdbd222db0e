"""Tables and queries of real databases."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from eightytwenty import clean
from eightytwenty.errors import UserError
from eightytwenty.read.options import ReadOptions
from eightytwenty.schema import Column, Table
from schemas.pairs import pairs_table

ROWS = [("x", 1, 2, 3), ("y", 4, 5, 9)]
COLUMNS = ["record_id", "a", "b", "sum"]
POSTGRES = shutil.which("postgres") and shutil.which("initdb")


@pytest.fixture(params=["sqlite", "duckdb"])
def database(request, tmp_path):
    """A database of two tables of pairs and another one."""
    path = tmp_path / "pairs.db"
    with sqlite3.connect(path) if request.param == "sqlite" else duckdb.connect(str(path)) as connection:
        for name in ("one", 'tw"o', "notes"):
            columns = "who text" if name == "notes" else "record_id text, a integer, b bigint, sum text"
            connection.execute(f'CREATE TABLE "{name.replace(chr(34), chr(34) * 2)}" ({columns})')
        connection.execute("INSERT INTO one VALUES ('x', 1, 2, '3'), ('y', 4, NULL, ' 9'), ('z', 1, 1, 'no')")
        connection.execute("""INSERT INTO "tw""o" VALUES ('u', 0, 0, '0')""")
    connection.close()
    return path


def read(source, tmp_path, **options):
    return clean(source, replace(pairs_table(), read=ReadOptions(**options)), tmp_path / "out" / "cleaned")


def test_the_tables_of_a_database(database, tmp_path):
    cleaned = read(database, tmp_path)
    assert [file["name"] for file in cleaned.summary.files] == ["pairs.db/one", 'pairs.db/tw"o']
    assert cleaned.clean.collect().select(COLUMNS).rows() == [("x", 1, 2, 3), ("y", 4, 5, 9), ("u", 0, 0, 0)]
    assert [(file["name"], file["reason"][:13]) for file in cleaned.summary.unread] == [
        ("pairs.db/notes", "has no fields")
    ]
    quarantined = cleaned.quarantine.collect()
    assert quarantined["original"].to_list() == [b'{"record_id": "z", "a": "1", "b": "1", "sum": "no"}']


def test_one_table_or_a_query(database, tmp_path):
    assert read(database, tmp_path, sheet='tw"o').summary.rows == 1
    query = "SELECT a AS b, b AS a, 3 AS sum FROM one WHERE record_id = 'x'"
    cleaned = read(database, tmp_path, query=query)
    assert cleaned.clean.collect().select("a", "b", "sum").rows() == [(2, 1, 3)]
    for wrong in ("SELECT", "SELECT * FROM none", "DROP TABLE one", "INSERT INTO one SELECT * FROM one"):
        with pytest.raises(UserError, match="cannot be read"):
            read(database, tmp_path, query=wrong)
    assert read(database, tmp_path).summary.rows == 4


def test_a_database_that_somebody_sent_reaches_no_other_file(tmp_path):
    (tmp_path / "secret.csv").write_text("a,b,sum\n1,2,3\n")
    duckdb.connect(str(tmp_path / "x.db")).close()
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "x.db", tmp_path, query=f"FROM read_csv('{tmp_path / 'secret.csv'}')")
    with sqlite3.connect(tmp_path / "y.db") as connection:
        connection.execute("CREATE TABLE pairs (a, b, sum)")
    with pytest.raises(UserError, match="cannot be read"):
        read(tmp_path / "y.db", tmp_path, query=f"ATTACH '{tmp_path / 'new.db'}' AS new")
    assert not (tmp_path / "new.db").exists()


def test_a_damaged_database_is_a_sentence(database, tmp_path):
    content = database.read_bytes()
    for cut in (50, len(content) // 2):
        database.write_bytes(content[:cut])
        with pytest.raises(UserError, match=r"pairs\.db"):
            read(database, tmp_path)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a PostgreSQL server with a password."""
    folder = tmp_path_factory.mktemp("postgres")
    folder.chmod(0o777)
    for parent in list(folder.parents)[:3]:
        if "pytest" in parent.name or "popen" in parent.name:
            parent.chmod(0o755)
    (folder / "password").write_text("s3cret\n")
    (folder / "password").chmod(0o644)
    port, data = free_port(), folder / "data"
    user = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}  # PostgreSQL does not run as root
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}
    options = ["--auth=scram-sha-256", "--username=reader", f"--pwfile={folder / 'password'}"]
    subprocess.run(["initdb", "-D", str(data), *options], check=True, capture_output=True, env=environment, **user)
    server = subprocess.Popen(
        ["postgres", "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1", "-k", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        **user,
    )
    try:
        yield f"postgresql://reader@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.skipif(not POSTGRES, reason="PostgreSQL is not installed")
def test_tables_and_queries_of_postgresql(server, tmp_path, monkeypatch):
    from adbc_driver_postgresql import dbapi

    with pytest.raises(UserError, match="cannot be read"):  # without the password
        wait_for(lambda: read(server, tmp_path, sheet="pairs"), "starting up|refused|could not")
    monkeypatch.setenv("PGPASSWORD", "s3cret")
    with dbapi.connect(server) as connection, connection.cursor() as cursor:
        cursor.execute('CREATE TABLE pairs (record_id text, a int, b numeric(30, 10), "Sum" bigint, day date)')
        cursor.execute("INSERT INTO pairs VALUES ('x', 1, 2, 3, '2024-05-01'), ('y', 4, 5.5, 9, NULL)")
        connection.commit()
    cleaned = read(server, tmp_path, sheet="pairs")
    assert cleaned.clean.collect().select(COLUMNS).rows() == [("x", 1, 2, 3)]
    assert cleaned.summary.quarantine == 1
    exact = Table(
        "exact", (Column("b", "decimal"), Column("day", "date", nullable=True)), read=ReadOptions(query="TABLE pairs")
    )
    rows = clean(server, exact, tmp_path / "exact").clean.collect()
    assert rows["b"].to_list() == [Decimal(2), Decimal("5.5")]
    assert [str(day) for day in rows["day"]] == ["2024-05-01", "None"]
    for options, message in [
        ({}, "name its table by --sheet, or a --query"),
        ({"query": "DELETE FROM pairs"}, "read-only transaction"),
        ({"query": "SELECT x FROM pairs"}, "does not exist"),
    ]:
        with pytest.raises(UserError, match=message):
            read(server, tmp_path, **options)
    secret = server.replace("reader@", "reader:s3cret@")
    with pytest.raises(UserError, match="PGPASSWORD") as error:
        read(secret, tmp_path, sheet="pairs")
    assert "s3cret" not in str(error.value)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cleaned"]  # nothing stored is left


def wait_for(action, passing):
    """Calls until the error is another one than those that pass."""
    for _ in range(100):
        try:
            action()
        except UserError as error:
            if not re.search(passing, str(error)):
                raise
        time.sleep(0.2)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


CSV = b"record_id,a,b,sum\nx,1,2,3\n"


def run(*arguments, **options):
    command = [str(Path(sys.executable).with_name("eightytwenty")), "clean", *arguments]
    return subprocess.run(command, capture_output=True, check=False, **options)


def test_the_standard_input_and_a_named_pipe(tmp_path):
    done = run("-", "--out", "cleaned", cwd=tmp_path, input=CSV)
    assert done.returncode == 0, done.stderr
    assert b"stdin: utf-8, comma-separated, 1 records" in done.stdout
    os.mkfifo(tmp_path / "pairs.csv")
    writer = subprocess.Popen(["sh", "-c", "cat > pairs.csv"], stdin=subprocess.PIPE, cwd=tmp_path)
    writer.stdin.write(CSV)
    writer.stdin.close()
    done = run("pairs.csv", "--out", "cleaned", cwd=tmp_path)
    assert writer.wait(10) == 0
    assert b"pairs.csv: utf-8, comma-separated, 1 records" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cleaned", "pairs.csv"]
    empty = run("-", "--out", "cleaned", cwd=tmp_path, input=b"")
    assert (empty.returncode, empty.stderr) == (
        2,
        b"eightytwenty: stdin is empty; it needs a header line and records.\n",
    )


def test_a_table_without_a_clean_row_and_a_result_in_its_source_end_with_2(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "x.csv").write_bytes(b"a,b,sum\n1,2,x\n")
    done = run("in", "--schema", "pairs", "--out", "cleaned", cwd=tmp_path)
    assert done.returncode == 2
    assert b"None of the 1 rows is clean" in done.stderr
    assert (tmp_path / "cleaned" / "report.md").is_file()
    inside = run("in", "--out", "in/cleaned", cwd=tmp_path)
    assert inside.returncode == 2
    assert b"lies in in, and its files would belong to the source" in inside.stderr
