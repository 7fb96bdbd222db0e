"""A Dask cluster of real processes on this machine, for measurements and tests."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tasks.servers.certificates import make_certificates, tls_settings

_LONGEST_START = 60  # seconds


@dataclass
class DaskCluster:
    """A scheduler and its workers.

    Args:
        folder: of certificates, logs and scratch files.
        threads: of each worker.
        host: the scheduler's address.
    """

    folder: Path
    threads: int = 1
    host: str = "127.0.0.1"
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Of the scheduler."""
        return str(json.loads((self.folder / "scheduler.json").read_text())["address"])

    @property
    def settings(self) -> dict[str, str]:
        """What the environment of a client must have."""
        return tls_settings(self.folder / "certificates", "client")

    def start_scheduler(self) -> None:
        """Starts a scheduler, in the place of one that is gone."""
        described = self.folder / "scheduler.json"
        described.unlink(missing_ok=True)
        host = ["--protocol", "tls", "--host", self.host, "--port", "0"]
        pages = ["--no-dashboard", "--dashboard-address", "127.0.0.1:0"]  # it serves some even without its dashboard
        self._start("scheduler", ["scheduler", *host, *pages, "--scheduler-file", str(described)])
        deadline = time.monotonic() + _LONGEST_START
        while not described.exists():
            if time.monotonic() > deadline or self.processes["scheduler"].poll() is not None:
                raise RuntimeError((self.folder / "scheduler.log").read_text())
            time.sleep(0.05)

    def start_worker(self, name: str, more: Mapping[str, str] | None = None, within: Sequence[str] = ()) -> None:
        """Starts a worker with its nanny.

        Args:
            name: of it.
            more: for its environment.
            within: a command that runs it as if it were on another machine, such as ip netns exec.
        """
        options = ["--protocol", "tls", "--nworkers", "1", "--nthreads", str(self.threads), "--no-dashboard"]
        options += ["--name", name, "--death-timeout", "60", "--local-directory", str(self.folder / name)]
        self._start(name, ["worker", self.address, *options], more, within)

    def _start(
        self, name: str, command: list[str], more: Mapping[str, str] | None = None, within: Sequence[str] = ()
    ) -> None:
        role = "scheduler" if name == "scheduler" else "worker"
        environment = {
            **os.environ,
            **tls_settings(self.folder / "certificates", role),
            "POLARS_MAX_THREADS": str(self.threads),
            # it looks at what runs a hundred times in a second
            "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "False",
            **(more or {}),
        }
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*within, str(Path(sys.executable).with_name("dask")), *command],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """Kills a process and those that it has started, at once, as if the machine were gone."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def members(self, name: str) -> list[psutil.Process]:
        """The process of a name, and below it, of a nanny, the worker itself."""
        process = psutil.Process(self.processes[name].pid)
        return [process, *process.children(recursive=True)]

    def cpu_seconds(self, name: str = "") -> float:
        """What a process and those below it have used; of all if no name is given."""
        times = [member.cpu_times() for each in ([name] if name else self.processes) for member in self.members(each)]
        return sum(time.user + time.system for time in times)

    def peak_bytes(self) -> int:
        """The most memory that a process of a worker ever had."""
        peaks = [0]
        for name in self.processes:
            for member in self.members(name) if name != "scheduler" else []:
                status = Path(f"/proc/{member.pid}/status").read_text()
                peaks += [int(line.split()[1]) << 10 for line in status.splitlines() if line.startswith("VmHWM")]
        return max(peaks)

    def stop(self) -> None:
        """Ends everything."""
        for name in list(self.processes):
            self.kill(name)


@contextmanager
def dask_cluster(folder: Path, workers: int = 2, threads: int = 1, host: str = "127.0.0.1") -> Iterator[DaskCluster]:
    """Yields a cluster on this machine, over TLS.

    Args:
        folder: a new one.
        workers: their number; they are named "worker-0" and so on.
        threads: of each.
        host: the scheduler's address.
    """
    if shutil.which("dask", path=str(Path(sys.executable).parent)) is None:
        raise RuntimeError("there is no dask beside this Python")
    make_certificates(folder / "certificates")
    cluster = DaskCluster(folder, threads, host)
    try:
        cluster.start_scheduler()
        for number in range(workers):
            cluster.start_worker(f"worker-{number}")
        yield cluster
    finally:
        cluster.stop()
