"""Runs a Prefect worker that lets its runs end when it is stopped: `python -m tasks.servers.worker RUNS_AT_A_TIME`.

Prefect's own command ends within a second of SIGTERM and kills its runs. This one takes no new run from then on, gives
the present ones a minute, and then sends them SIGTERM, so that they close their records.
"""

import os
import signal
import sys
from functools import partial

import anyio
from prefect.workers.process import ProcessWorker

from tasks.servers.prefect_api import POOL

RUN_SECONDS = 60
CLOSE_SECONDS = 15
"""From SIGTERM to SIGKILL; both together are less than the `stop_grace_period` of docker-compose.yml."""


async def _work(limit: int) -> None:
    worker = ProcessWorker(work_pool_name=POOL, limit=limit)
    async with anyio.create_task_group() as group:
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            group.start_soon(partial(worker.start, with_healthcheck=True))
            await anext(signals)
            if worker.is_setup:
                await _end_runs(worker, limit)
            group.cancel_scope.cancel()


async def _end_runs(worker: ProcessWorker, limit: int) -> None:
    async def stop_late_runs() -> None:
        await anyio.sleep(RUN_SECONDS)
        print("stopping the runs that have not ended", flush=True)  # noqa: T201
        os.killpg(0, signal.SIGTERM)

    print(f"stopping: no new run, and {RUN_SECONDS} s for the present ones", flush=True)  # noqa: T201
    with anyio.move_on_after(RUN_SECONDS + CLOSE_SECONDS):
        async with anyio.create_task_group() as group:
            group.start_soon(stop_late_runs)
            # each run holds a slot: whoever holds them all knows that no run is left and that none can start
            for slot in range(limit):
                await worker.limiter.acquire_on_behalf_of(slot)
            group.cancel_scope.cancel()


if __name__ == "__main__":
    if os.getpgrp() != os.getpid():
        os.setpgrp()  # so that only this worker and its runs are in the group that gets the signal
    anyio.run(_work, int(sys.argv[1]))
