"""Runs the stages of a sweep side by side: on processes of this machine, or on the workers of a Dask cluster.

A stage is a folder in the data folder, found by its key. So whoever does it, and however often, there is one result,
and a sweep that was killed goes on with what is missing.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from eightytwenty.engine.executor import Executor
from eightytwenty.errors import UserError
from eightytwenty.files import explain_write_errors
from eightytwenty.plugins import require_library
from eightytwenty.progress import QUIET
from tasks.running.stages import Stage, code_digest, find_stage, run_stage

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class PlannedStage:
    """A stage that any process may do: it survives pickling.

    Attributes:
        name: of the stage.
        inputs: as for `run_stage`.
        parameters: as for `run_stage`.
        make: as for `run_stage`; a function that can be imported, or a `partial` of one.
    """

    name: str
    inputs: Mapping[str, str]
    parameters: Mapping[str, Any]
    make: Callable[[Path], None]

    def find(self, data: Path) -> Stage | None:
        """The stage, if it is done."""
        return find_stage(data, self.name, self.inputs, self.parameters)

    def run(self, data: Path) -> Stage:
        """Does the stage, or uses it if it is done."""
        return run_stage(data, self.name, self.inputs, self.parameters, self.make)


def run_stages(data: Path, planned: Sequence[PlannedStage], cluster: str = "") -> Iterator[Stage]:
    """Yields stages in order, as they are done; without a cluster, a single one is done in this process.

    Args:
        data: the data folder.
        planned: the stages.
        cluster: address of a Dask scheduler whose workers do them; if empty, processes of this machine do.

    Raises:
        UserError: the cluster cannot be used, or a process was ended.
    """
    found = [each.find(data) for each in planned]
    missing = [each for each, stage in zip(planned, found, strict=True) if stage is None]
    if not missing or (len(planned) == 1 and not cluster):
        yield from (each.run(data) for each in planned)
        return
    with _on_cluster(cluster, data) if cluster else in_processes(len(missing)) as executor:
        done = iter(executor(partial(_train, data, code_digest()), missing))
        for stage in found:
            yield stage or next(done)


@contextmanager
def in_processes(most: int) -> Iterator[Executor]:
    """Yields an executor of as many processes as there are cores, but at most `most`.

    They end with this process, however it ends, and when an error or a signal ends the block.

    Raises:
        UserError: one was ended.
    """
    context = get_context("spawn")
    # a child sees the end of the pipe when this process closes it, or is gone
    watched, held = context.Pipe(duplex=False)
    processes = min(most, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)

    def run(work: Callable[[_Job], _Result], jobs: Iterable[_Job]) -> Iterator[_Result]:
        return pool.map(work, jobs)

    try:
        with ProcessPoolExecutor(processes, context, _end_with, (watched,)) as pool:
            try:
                yield run
            except BaseException:
                held.close()
                raise
    except BrokenProcessPool:
        raise UserError(
            "A process of the sweep was ended, as happens where memory is short; free some, or give a cluster by "
            "--cluster."
        ) from None


@contextmanager
def _on_cluster(address: str, data: Path) -> Iterator[Executor]:
    require_library("distributed", "a sweep on a cluster", "cluster")
    from eightytwenty.cluster import connect

    with connect(address) as cluster:
        with explain_write_errors(data):
            folder = TemporaryDirectory(dir=data, prefix=".sweep-", ignore_cleanup_errors=True)
        # what is done is found by its key, so the notes of the executor are of no use to another run
        with folder as notes:
            yield cluster.executor(Path(notes))


def _train(data: Path, code: str, planned: PlannedStage) -> Stage:
    """Does a stage in another process, perhaps on another machine."""
    if code_digest() != code:
        raise UserError(
            f"A worker on {socket.gethostname()} has another version of the workflow or of one of its libraries; start "
            "all from one image."
        )
    return planned.run(data)


def _end_with(parent: Connection) -> None:
    """Prepares a process: it ends with its parent, which alone hears Ctrl-C and shows progress."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ[QUIET] = "1"
    os.environ["JOBLIB_MULTIPROCESSING"] = "0"  # else it makes a semaphore, which a process that is ended leaves behind
    threading.Thread(target=_wait, args=(parent,), daemon=True).start()


def _wait(parent: Connection) -> None:
    with suppress(EOFError, OSError):
        parent.recv()
    os._exit(1)
