"""Runs the stages of a cleaning on a Dask cluster, by futures: the one module that knows Dask.

What a task needs that is the same for all of its stage lies in a file, and what it found is kept in one, both in a
folder that all machines share. So messages stay small, and whoever starts again finds what was done.
"""

import functools
import itertools
import logging
import pickle
import platform
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

import cloudpickle
import polars as pl
import pyarrow as pa
from distributed import Client, Future, KilledWorker, as_completed
from distributed.comm.core import CommClosedError
from distributed.security import Security

from eightytwenty.engine.account import ContractError
from eightytwenty.engine.executor import Executor, Watch
from eightytwenty.engine.in_parts import MANIFEST, alone_in, clean_in_parts, in_units, prepare
from eightytwenty.engine.index import code_digest, way_of_cleaning
from eightytwenty.engine.summary import Summary
from eightytwenty.errors import UserError
from eightytwenty.files import scratch_in, settle_file
from eightytwenty.object_stores import Destination
from eightytwenty.progress import Progress
from eightytwenty.read.options import ReadOptions
from eightytwenty.read.reader import Scan
from eightytwenty.read.source import Source
from eightytwenty.schema import Table

if TYPE_CHECKING:
    from eightytwenty.pictures.schema import PictureTable
    from eightytwenty.pictures.source import PictureSource

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_WORD = re.compile("(?<=[a-z])(?=[A-Z])")
_FUNCTION = "function.pickle"
_RESULT = ".result"
_CERTIFICATES = ", ".join(f"DASK_DISTRIBUTED__COMM__TLS__{name}" for name in ("CA_FILE", "CLIENT__CERT", "CLIENT__KEY"))
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_LONGEST_WAIT = 30  # seconds for the scheduler, and for a first worker
_CUT_OFF = (EOFError, pickle.UnpicklingError)  # of a result that a power failure left incomplete: its job runs again
_RETRIES = 2  # of a task whose disk failed
_MOST_RUNNING, _BATCH = 4, 64  # tasks per thread to have with the scheduler, and at least, so that no worker waits
_MOST_EARLY = 1_000  # results to have before they are due


@contextmanager
def on_cluster(
    cluster: "Cluster",
    opened: Source,
    table: Table | ReadOptions | None,
    out: Path,
    how: str,
    store: str = "",
) -> Iterator[tuple[Scan, Callable[..., Summary]]]:
    """Yields what reads the source of a table on a cluster, and what cleans it there.

    Args:
        cluster: from `connect`.
        opened: the source.
        table: what it must be, if that is known.
        out: the folder of the result.
        how: says everything else on which the result depends.
        store: address of an object store that is to hold the result, too.

    Raises:
        UserError: the source or the folder cannot be used.
    """
    with alone_in(out, opened.path):
        cluster.require_readable(opened.files[0].path)
        of_table = way_of_cleaning(table) if isinstance(table, Table) else repr(table)
        work = prepare(opened, f"{of_table}\n{how}", out)
        scan = in_units(cluster.executor(work / "inference"))
        executor = cluster.executor(work / "cleaning")
        run = functools.partial(clean_in_parts, work=work, executor=executor, store=_claimed(store, work, cluster))
        yield scan, run


def clean_pictures_on_cluster(
    cluster: "Cluster",
    source: "PictureSource",
    table: "PictureTable",
    out: Path,
    progress: Progress | None = None,
    store: str = "",
) -> Summary:
    """Cleans a source of pictures on a cluster, into a folder of parts.

    Args:
        cluster: from `connect`.
        source: of pictures.
        table: rules and size.
        out: the folder of the result.
        progress: called with (pictures done, pictures in all).
        store: address of an object store that is to hold the result, too.

    Raises:
        UserError: the source or the folder cannot be used.
    """
    from eightytwenty.pictures.in_parts import clean_pictures_in_parts, prepare_pictures

    with alone_in(out, source.path):
        is_folder = source.path.is_dir()
        files = (source.path / picture.path for picture in source.pictures) if is_folder else (source.path,)
        # a picture that this process cannot read either goes to quarantine
        if readable := next((path for path in files if not _why_unreadable(str(path))), None):
            cluster.require_readable(readable)
        work = prepare_pictures(source, table, out)
        return clean_pictures_in_parts(
            source,
            table,
            out,
            progress,
            work=work,
            executor=cluster.executor(work / "cleaning"),
            as_files=True,
            store=_claimed(store, work, cluster),
        )


def _claimed(address: str, work: Path, cluster: "Cluster") -> Destination | None:
    """Where the result of some work is to be stored, if there is an address."""
    if not address:
        return None
    store = Destination(address, work.name, MANIFEST, cluster.executor)
    store.claim()
    return store


@contextmanager
def connect(address: str, watch: Watch | None = None) -> "Iterator[Cluster]":
    """Yields a cluster, of which all workers have the same code and libraries as this process.

    Certificates are those of Dask's own settings, `distributed.comm.tls`.

    Args:
        address: of the scheduler, as `tls://host:8786`; `tcp://` on this machine alone.
        watch: shows the stages.

    Raises:
        UserError: nobody answers there, the certificates do not fit, or a worker has other versions.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"tls", "tcp"} or not parts.hostname:
        raise UserError(f"{address} is no address of a Dask scheduler; give one such as tls://host:8786.")
    if parts.scheme == "tcp" and parts.hostname not in _LOOPBACK:
        raise UserError(f"{address} is not encrypted, and answers anybody; start the cluster with TLS and give tls://.")
    with _quiet_client(), _client(address, parts.scheme == "tls") as client:
        cluster = Cluster(client, address, watch)
        try:
            cluster.require_equal_workers()
            yield cluster
        except CommClosedError:
            raise _lost(address) from None


def _lost(address: str) -> UserError:
    return UserError(f"The Dask cluster {address} was lost; start it and repeat the command, which goes on from here.")


@contextmanager
def _client(address: str, is_encrypted: bool) -> Iterator[Client]:
    try:
        security = Security()
        if is_encrypted and not security.get_connection_args("client")["ssl_context"]:
            raise UserError(f"{address} asks for a certificate; name yours in {_CERTIFICATES}.")
        client = Client(address, security=security, timeout=_LONGEST_WAIT, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"No Dask scheduler lets this process in at {address} ({why}); start one, or see its certificates."
        ) from None
    with client:
        yield client


@contextmanager
def _quiet_client() -> Iterator[None]:
    """Silences what Dask logs of lost workers and schedulers: the work of the first runs again, the rest is raised."""
    logs = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [log.level for log in logs]
    for log in logs:
        log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for log, level in zip(logs, levels, strict=True):
            log.setLevel(level)


class Cluster:
    """A cluster.

    Args:
        client: of it.
        address: of its scheduler.
        watch: shows the stages.
    """

    def __init__(self, client: Client, address: str, watch: Watch | None) -> None:
        self._client, self._address, self._watch = client, address, watch

    def require_equal_workers(self) -> None:
        """Checks that there are workers, all with this process's code and libraries.

        Raises:
            UserError: one has others.
        """
        try:
            self._client.wait_for_workers(1, timeout=_LONGEST_WAIT)
        except TimeoutError:
            raise UserError(f"The Dask cluster {self._address} has no worker; start one.") from None
        own = probe()
        for worker, other in self._client.run(probe, on_error="return").items():
            if other != own:
                raise UserError(f"The worker {worker} has {_difference(other, own)}; start all from one image.")

    def require_readable(self, path: Path) -> None:
        """Checks that every worker can read a source.

        Raises:
            UserError: one cannot.
        """
        for worker, error in self._client.run(_why_unreadable, str(path)).items():
            if error:
                raise UserError(f"The worker {worker} cannot read {path} ({error}); put it on a disk that all share.")

    def executor(self, folder: Path) -> Executor:
        """The executor that keeps what it needs in a folder, and what was found in it for good.

        Args:
            folder: that all workers share; its name says everything that the stages depend on.

        Raises:
            UserError: a worker cannot write there.
        """
        token = scratch_in(folder)
        token.mkdir(parents=True)
        for worker, error in self._client.run(_why_unwritable, str(token)).items():
            if error:
                raise UserError(f"The worker {worker} cannot write {folder} ({error}); choose a folder that all share.")
        token.rmdir()
        return _Executor(self._client, self._address, folder / "stages", self._watch)


class _Executor:
    """Runs each stage as futures.

    Args:
        client: of the cluster.
        address: of its scheduler, for messages.
        folder: of the stages.
        watch: shows them.
    """

    def __init__(self, client: Client, address: str, folder: Path, watch: Watch | None) -> None:
        self._client, self._address, self._folder, self._watch = client, address, folder, watch
        self._count = itertools.count()

    def __call__(self, work: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
        """Runs `work` on each job."""
        name = getattr(getattr(work, "func", work), "__name__", type(work).__name__)
        name = _WORD.sub("-", name).strip("-_").lower().replace("_", "-")
        results = self._run(self._folder / f"{next(self._count):02}-{name}", name, work, jobs)
        count = len(jobs) if isinstance(jobs, Sized) else None
        return self._watch(name.replace("-", " "), results, count) if self._watch and count != 0 else results

    def _run(self, folder: Path, name: str, work: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / _FUNCTION, (probe(), cloudpickle.dumps(work)))
        done = {path.name for path in folder.glob(f"*{_RESULT}")}
        most = max(_BATCH, _MOST_RUNNING * sum(self._client.nthreads().values()))
        running: dict[Future[Any], int] = {}
        results: dict[int, Any] = {}
        due, completed, numbered = itertools.count(), as_completed(loop=self._client.loop), enumerate(jobs)
        run, number = uuid4().hex, next(due)
        is_over = False
        while running or results or not is_over:
            # many at a time, because the scheduler looks at each call, and not at each task in it
            room = most - len(running) if len(running) <= most // 2 and len(results) < _MOST_EARLY else 0
            more = list(itertools.islice(numbered, room))
            is_over = is_over or len(more) < room
            for at in (at for at, _ in more if _result_name(at) in done):
                with suppress(*_CUT_OFF):
                    results[at] = _read(folder / _result_name(at))
            if new := [(at, job) for at, job in more if at not in results]:
                keys = [f"{name}-{run}-{at:06}" for at, _ in new]
                futures = self._client.map(_task, new, key=keys, retries=_RETRIES, folder=str(folder))
                running |= {future: at for future, (at, _) in zip(futures, new, strict=True)}
                completed.update(futures)
            while number in results:
                yield _value(results.pop(number))
                number = next(due)
            if running:
                future = next(completed)
                at = running.pop(future)
                results[at] = self._result(future, folder / _result_name(at), name)
                # let go at once: a worker that is lost costs what it is running, and no more
                future.release()

    def _result(self, future: "Future[Any]", path: Path, name: str) -> Any:
        try:
            # from the disk, because through the scheduler each would cost it a connection to a worker
            with suppress(FileNotFoundError, *_CUT_OFF):
                if future.status == "finished":
                    return _read(path)
            return future.result()
        except KilledWorker:
            raise UserError(
                f"The stage {name} ended worker after worker, as it does where memory is short; give each more of it."
            ) from None
        except (CancelledError, CommClosedError):
            raise _lost(self._address) from None
        except OSError as error:  # after all attempts
            why = error.strerror or str(error) or type(error).__name__
            raise UserError(f"The stage {name} failed on a worker ({why}); mend that and repeat the command.") from None


@functools.cache
def probe() -> dict[str, str]:
    """What must be the same wherever a stage runs: a hash of polars is that of its version alone."""
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "polars": pl.__version__,
        "pyarrow": pa.__version__,
        "Pillow": _pillow(),
        "distributed": version("distributed"),
        "code of eightytwenty": code_digest()[:12],
        "hashes": str(pl.Series(["eighty", "twenty"]).hash().to_list()),
    }


def _pillow() -> str:
    """The version of the library that decodes pictures, if it is there: tables do without it."""
    try:
        return version("pillow")
    except PackageNotFoundError:
        return "none"


def _difference(other: object, own: dict[str, str]) -> str:
    """What of a probe is another one, for people."""
    if not isinstance(other, dict):
        return f"no eightytwenty that answers ({other})"
    name = next(name for name, value in own.items() if other.get(name) != value)
    return f"another {name} ({other.get(name)} in place of {own[name]})"


def _why_unreadable(path: str) -> str:
    """Why this worker cannot read a path; empty if it can."""
    try:
        with Path(path).open("rb"):
            return ""
    except OSError as error:
        return f"{error.strerror or error} on {socket.gethostname()}"


def _why_unwritable(token: str) -> str:
    """Why this worker cannot write in the folder of another process; empty if it can."""
    try:
        mine = scratch_in(Path(token))
        mine.touch()
        mine.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _result_name(number: int) -> str:
    return f"{number:06}{_RESULT}"


class _Raised:
    """An error that another attempt would not mend.

    Args:
        error: to raise where the result is due.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error


def _value(result: Any) -> Any:
    if isinstance(result, _Raised):
        raise result.error
    return result


def _task(numbered: tuple[int, object], folder: str) -> Any:
    """Runs on a worker: the job of a number, unless it was done before."""
    number, job = numbered
    path = Path(folder, _result_name(number))
    if path.exists():
        with suppress(*_CUT_OFF):
            return _read(path)
    try:
        result = _function(folder)(job)
        _write(path, result)
    except (UserError, ContractError) as error:
        return _Raised(error)
    return result


@functools.lru_cache(maxsize=4)
def _function(folder: str) -> Callable[[object], object]:
    """The function of a stage, read once by each process."""
    expected, work = _read(Path(folder, _FUNCTION))
    if expected != probe():  # of a worker that came later
        raise UserError(
            f"A worker on {socket.gethostname()} has {_difference(probe(), expected)}; start all from one image."
        )
    function: Callable[[object], object] = pickle.loads(work)  # noqa: S301 - as `_read`
    return function


def _write(path: Path, value: object) -> None:
    with settle_file(path) as partial:
        partial.write_bytes(cloudpickle.dumps(value))


def _read(path: Path) -> Any:
    return pickle.loads(path.read_bytes())  # noqa: S301 - from a folder that this user alone may write
