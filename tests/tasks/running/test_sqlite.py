"""The databases of MLflow and Prefect, killed in their first migration, on a full disk, damaged, and copied."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from eightytwenty.errors import UserError
from tasks.running import sqlite
from tasks.running.sqlite import Database, back_up_daily, check, prepare, sqlite_url
from tasks.tracking.local import database_file
from tasks.tracking.store import connect, connect_existing

CONNECT = "import sys; from pathlib import Path; from tasks.tracking.store import connect; connect(Path(sys.argv[1]))"
START = """
import sys
from pathlib import Path
from tasks.servers.private_prefect import prefect_api
with prefect_api(Path(sys.argv[1])):
    pass
"""
TWO = "SELECT 1 FROM two"


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";".join(statements))


def database(path: Path) -> Database:
    """A database whose tables come in two steps, of which neither can be repeated."""

    def upgrade(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            if not tables(path):
                connection.executescript(
                    "CREATE TABLE one (a); CREATE TABLE alembic_version (version_num); "
                    "INSERT INTO alembic_version VALUES ('first')"
                )
            connection.executescript("CREATE TABLE two (a); UPDATE alembic_version SET version_num = 'second'")

    return Database(path, "Sample", lambda: "second", upgrade, "SELECT 1 FROM one")


FIRST = (
    "CREATE TABLE one (a)",
    "CREATE TABLE alembic_version (version_num)",
    "INSERT INTO alembic_version VALUES ('first')",
)


def test_an_older_one_is_brought_up_to_date_with_its_content(tmp_path: Path) -> None:
    path = tmp_path / "sample.db"
    make(path, *FIRST, "INSERT INTO one VALUES (1)")
    prepare(database(path))
    assert check(path, "Sample") == "second"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT a FROM one").fetchall() == [(1,)]
    assert names(tmp_path) == ["sample.db"]


def test_one_that_was_left_half_made_is_set_aside_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "sample.db"
    make(path, *FIRST, "CREATE TABLE two (a)")
    prepare(database(path))
    assert check(path, "Sample") == "second"
    assert names(tmp_path) == ["sample-half-made-1.db", "sample.db"]
    assert "was set aside as sample-half-made-1.db" in caplog.text


def test_one_with_content_that_cannot_be_brought_up_to_date_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "sample.db"
    make(path, *FIRST, "CREATE TABLE two (a)", "INSERT INTO one VALUES (1)")
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"sample\.db could not be brought up to date \(table two already exists\)"):
        prepare(database(path))
    assert path.read_bytes() == before
    assert names(tmp_path) == ["sample.db"]


def test_an_older_one_that_others_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sample.db"
    make(path, "PRAGMA journal_mode = WAL", *FIRST)
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM one")
        with pytest.raises(UserError, match="stop the servers and runs over this folder"):
            prepare(database(path))
    prepare(database(path))


@pytest.mark.parametrize("damage", ["header", "middle", "end"])
def test_a_damaged_one_is_a_sentence_that_names_the_way_back(tmp_path: Path, damage: str) -> None:
    path = database_file(tmp_path)
    connect(tmp_path)
    back_up_daily(tmp_path)
    whole = path.read_bytes()
    start = {"header": 0, "middle": len(whole) // 2, "end": len(whole) - 4096}[damage]
    path.write_bytes(whole[:start] + bytes(100) + b"\xff" * 2000 + whole[start + 2100 :])
    copy = tmp_path / "backups" / f"mlflow-{date.today()}.db"
    with pytest.raises(UserError, match=rf"(?s)MLflow database .*mlflow\.db is damaged .*{copy}.*rename it") as caught:
        connect(tmp_path)
    assert len(str(caught.value).splitlines()) == 1
    path.write_bytes(copy.read_bytes())
    connect(tmp_path)


def test_of_the_daily_copies_three_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mlflow" / "mlflow.db"
    path.parent.mkdir()
    make(path, "PRAGMA journal_mode = WAL", "CREATE TABLE one (a)")
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("INSERT INTO one VALUES (1)")  # not committed
        for day in range(1, 6):
            monkeypatch.setattr(sqlite, "date", type("Day", (), {"today": lambda day=day: date(2026, 1, day)}))
            back_up_daily(tmp_path)
            back_up_daily(tmp_path)
    copies = sorted(path.name for path in (tmp_path / "backups").iterdir())
    assert copies == [f"mlflow-2026-01-0{day}.db" for day in (3, 4, 5)]
    assert check(tmp_path / "backups" / copies[0], "MLflow") is None
    assert tables(tmp_path / "backups" / copies[0]) == {"one"}


@pytest.mark.parametrize("name", ["a?b", "100% of 'it'", 'q"q', "#1 ü"])
def test_any_path_can_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / name
    client = connect(data)
    client.create_experiment("here")
    assert connect_existing(data).get_experiment_by_name("here")
    assert names(tmp_path) == [name]
    assert sqlite_url(Path("/a/b.db")) == "sqlite:////a/b.db"


CREATE = """
import sys
from pathlib import Path
from tasks.tracking.store import connect
connect(Path(sys.argv[1])).create_experiment("here")
"""
READ = """
import sys
from pathlib import Path
from eightytwenty.errors import UserError
from tasks.tracking.store import connect_existing
print(connect_existing(Path(sys.argv[1])).get_experiment_by_name("here").name)
try:
    connect_existing(Path(sys.argv[1]), to_write=True)
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_store_that_cannot_be_written_can_be_read(tmp_path: Path, journal: str) -> None:
    subprocess.run([sys.executable, "-c", CREATE, str(tmp_path)], check=True)
    folder = tmp_path / "mlflow"
    make(folder / "mlflow.db", f"PRAGMA journal_mode = {journal}")
    before = names(folder)
    for path in (folder / "mlflow.db", folder, tmp_path):
        path.chmod(0o555)
    # root may write everywhere, unless it gives this right away
    powerless = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []
    try:
        said = subprocess.run([*powerless, sys.executable, "-c", READ, str(tmp_path)], capture_output=True, text=True)
    finally:
        tmp_path.chmod(0o755)
        folder.chmod(0o755)
    assert said.stdout.splitlines()[0] == "here", said.stderr
    assert "mlflow.db cannot be written, so nothing was changed: make it and its folder writable." in said.stdout
    assert names(folder) == before


def kill_after(script: str, data: Path, seconds: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", script, str(data)], stderr=subprocess.DEVNULL, process_group=0)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def require_whole(script: str, data: Path, file: str) -> None:
    subprocess.run([sys.executable, "-c", script, str(data)], check=True, timeout=120)
    leftovers = [name for name in names((data / file).parent) if "unfinished" in name or "half" in name]
    assert not leftovers
    assert check(data / file, "any")


def test_killed_while_the_store_is_made_the_next_start_makes_it_whole(tmp_path: Path) -> None:
    # from the moment that the hidden file appears, MLflow takes about half a second
    hidden = tmp_path / "mlflow" / ".mlflow.db.unfinished"
    process = subprocess.Popen([sys.executable, "-c", CONNECT, str(tmp_path)], stderr=subprocess.DEVNULL)
    while not (hidden.exists() and hidden.stat().st_size > 200_000):
        time.sleep(0.005)
    process.kill()
    process.wait()
    assert not database_file(tmp_path).exists()
    require_whole(CONNECT, tmp_path, "mlflow/mlflow.db")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize("options", ["size=200k", "size=700k", "nr_inodes=4"])
def test_a_disk_that_is_full_while_the_store_is_made_is_a_sentence(tmp_path: Path, options: str) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        with pytest.raises(UserError, match=r"database or disk is full|No space left|unable to open"):
            connect(tmp_path)
        subprocess.run(["mount", "-o", "remount,size=9m,nr_inodes=99", str(tmp_path)], check=True)
        connect(tmp_path)
        assert names(tmp_path / "mlflow") == ["mlflow.db", "mlflow.db-shm", "mlflow.db-wal"]
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.soak
@pytest.mark.parametrize(("script", "file"), [(CONNECT, "mlflow/mlflow.db"), (START, "prefect/prefect.db")])
def test_killed_at_any_moment_the_next_start_makes_it_whole(tmp_path: Path, script: str, file: str) -> None:
    moments = random.Random(8)  # noqa: S311
    started = time.monotonic()
    require_whole(script, tmp_path / "whole", file)
    seconds = time.monotonic() - started
    for number in range(20):
        data = tmp_path / str(number)
        data.mkdir()
        kill_after(script, data, moments.uniform(0.2, 1) * seconds)
        require_whole(script, data, file)
