"""Starts and stops Prefect servers over the data folder. Each is a child process that runs this file.

A server reads from a pipe that only its owner can write to: when the owner ends, even by SIGKILL, the pipe closes and
the server stops.
"""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from eightytwenty.errors import UserError
from tasks.running.health import wait_until_up
from tasks.running.ownership import exclusive_lock
from tasks.running.sqlite import Database, prepare, sqlite_url
from tasks.servers.loopback import HOST, OwnOrigins, own_origins

_STOP_SECONDS = 40
_EVENTS_SECONDS = 20
_UNUSABLE = 2
"""Exit code of a server that cannot use its database."""
_TO_USER = "eightytwenty: "
"""Begins a line of the server's log that its owner passes on."""
_ORIGINS = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"

_log = logging.getLogger(__name__)


def start_server(
    home: Path, listener: socket.socket, settings: Mapping[str, str]
) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server that ends with this process, and wait until it answers.

    Args:
        home: The folder of its database and its log; it exists.
        listener: The socket it listens on. It is closed in this process, so that a dead server is noticed.
        settings: More settings of Prefect.

    Returns:
        The server's process, for `stop_server`, and the address of its API.

    Raises:
        UserError: The server does not start.
    """
    log = home / "server.log"
    # one start at a time: two servers that create the same database would disturb each other
    with exclusive_lock(home / "start.lock"):
        start = log.stat().st_size if log.exists() else 0
        server, url = _start(home, listener, settings)
        try:
            is_up = wait_until_up(url, lambda: server.poll() is not None)
            said = _sentences(log, start)
            if not is_up:
                unusable = server.poll() == _UNUSABLE
                raise UserError(said[-1] if unusable else f"the Prefect server did not start: see its log {log}.")
            for sentence in said:
                _log.warning(sentence)
        except BaseException:
            stop_server(server)
            raise
    return server, url


def _start(home: Path, listener: socket.socket, settings: Mapping[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    port = listener.getsockname()[1]
    url = f"http://{HOST}:{port}/api"
    environment = {
        **os.environ,
        "PREFECT_HOME": str(home),
        "PREFECT_API_DATABASE_CONNECTION_URL": sqlite_url(home / "prefect.db", "sqlite+aiosqlite"),
        "PREFECT_API_DATABASE_MIGRATE_ON_START": "false",  # see `_prepare`
        "PREFECT_API_URL": url,
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),  # without it, its pages would call port 4200
        _ORIGINS: ",".join(own_origins(port)),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_V2_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        **settings,
    }
    with listener, (home / "server.log").open("ab") as log:
        server = subprocess.Popen(  # noqa: S603 - our own interpreter and our own module
            [sys.executable, "-P", "-m", "tasks.servers.prefect_process", str(listener.fileno())],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=[listener.fileno()],
            start_new_session=True,  # Ctrl-C must reach only the owner, which still reports to it
        )
    return server, url


def stop_server(server: subprocess.Popen[bytes]) -> None:
    """Stop a server once everything that was sent to it is in its database."""
    if server.stdin:
        server.stdin.close()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _sentences(log: Path, start: int) -> list[str]:
    """What the server that writes to a log had to say to its user since the log had `start` bytes."""
    with log.open("rb") as file:
        file.seek(start)
        lines = file.read().decode(errors="replace").splitlines()
    return [line.removeprefix(_TO_USER) for line in lines if line.startswith(_TO_USER)]


def _serve(listener: int) -> None:
    threading.Thread(target=_stop_with_owner, daemon=True).start()
    logging.basicConfig(format=f"{_TO_USER}%(message)s")
    path = Path(os.environ["PREFECT_HOME"]) / "prefect.db"
    try:
        _prepare(path)
    except UserError as error:
        sys.stderr.write(f"{_TO_USER}{error}\n")
        sys.stderr.flush()
        os._exit(_UNUSABLE)
    import prefect
    import uvicorn
    from prefect.server.api.server import create_app
    from prefect.server.database.dependencies import temporary_database_config

    from tasks.servers.prefect_database import OneWriterAtATime

    # Its second UI asks an analytics host. It is served at /v2, whatever the settings say, as long as its files exist.
    prefect.__ui_v2_static_path__ = prefect.__ui_v2_static_path__ / "not-served"
    app = OwnOrigins(create_app(final=True), os.environ[_ORIGINS].split(","))
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=3)
    with temporary_database_config(OneWriterAtATime(sqlite_url(path, "sqlite+aiosqlite"))):
        uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


def _prepare(path: Path) -> None:
    # by hand, because the server itself leaves a database that no longer opens if it dies in its first migration
    from alembic.script import ScriptDirectory
    from prefect.server.database import provide_database_interface
    from prefect.server.database.alembic_commands import alembic_config

    def newest() -> str:
        config = alembic_config()
        config.set_main_option("version_locations", str(provide_database_interface().orm.versions_dir))
        return str(ScriptDirectory.from_config(config).get_current_head())

    prepare(Database(path, "Prefect", newest, _upgrade, "SELECT 1 FROM flow_run"))


def _upgrade(path: Path) -> None:
    from prefect.server.database import provide_database_interface
    from prefect.server.database.configurations import AioSqliteConfiguration
    from prefect.server.database.dependencies import temporary_database_config

    async def run() -> None:
        database = provide_database_interface()
        await database.create_db()
        await (await database.engine()).dispose()

    with temporary_database_config(AioSqliteConfiguration(sqlite_url(path, "sqlite+aiosqlite"))):
        asyncio.run(run())


def _stop_with_owner() -> None:
    sys.stdin.buffer.read()  # nobody writes: this returns when the owner closes the pipe or ends
    _wait_for_events()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)
    os._exit(1)


def _wait_for_events() -> None:
    # The records of tasks arrive as events, which the server queues in memory and drops when it stops. All are in the
    # database when the counts are equal and no longer change. With a page open in a browser they may never be equal, so
    # a longer time without a change is enough as well.
    messaging = sys.modules.get("prefect.server.utilities.messaging.memory")
    if messaging is None:  # the server is still starting
        return
    last_counts, changed = None, time.monotonic()
    deadline = changed + _EVENTS_SECONDS
    while (now := time.monotonic()) < deadline:
        counts = [(count["published"], count["consumed"]) for count in list(messaging.METRICS.values())]
        if counts != last_counts:
            last_counts, changed = counts, now
        if now - changed > (0.5 if all(published == consumed for published, consumed in counts) else 3):
            return
        time.sleep(0.1)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
