"""A sweep of adders: one core, the processes of this machine, and two workers of a Dask cluster.

Each trains the same networks with `eightytwenty adders --seeds`, in a new data folder; the scores must be the same. The
driver alone writes to MLflow, so that what it takes to record a network is printed apart.

    python -m benchmarks.sweep [--seeds 200]
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.dask_cluster import dask_cluster
from benchmarks.harness import Result, Size, command_line, run
from benchmarks.tracking import recorded

# of the solved protocol, which trains on one core; the article's uses more where there are any
_OPTIONS = ["--protocol", "solved", "--rows", "2_000"]
_QUICK = ["--hidden-units", "1", "--largest-sums", "16"]
# so that the processes that it starts have one core together
_ONE_CORE = """
import os, sys
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])
"""


class _Cost(NamedTuple):
    """What a sweep took.

    Args:
        networks: that were trained.
        clock: seconds of the command, but for recording.
        train: seconds of the tasks that train, added up.
        track: seconds of recording the networks.
        scores: the accuracies of the run; the last digits of errors depend on the number of cores that measure them.
    """

    networks: int
    clock: float
    train: float
    track: float
    scores: dict[str, float]


def main() -> None:
    """Runs the benchmark as the command line asks."""
    parser = command_line(__doc__)
    parser.add_argument("--seeds", type=int, default=Size(200, quick=61))
    parser.set_defaults(options=Size([], quick=_QUICK))
    run(measure, parser)


def measure(seeds: int, options: Sequence[str]) -> Result:
    """Trains the sweep three times, and prints what each took.

    Args:
        seeds: of each network.
        options: more for the command.
    """
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "dask").mkdir()
        given = ["--seeds", str(seeds), *_OPTIONS, *options]
        costs = {
            "one core": _sweep(place / "one", ["-c", _ONE_CORE, "eightytwenty", "adders", *given], {}),
            "this machine": _sweep(place / "here", ["-m", "eightytwenty", "adders", *given], {}),
        }
        with dask_cluster(place / "dask") as cluster:
            more = ["--cluster", cluster.address]
            settings = cluster.settings
            costs["2 workers"] = _sweep(place / "there", ["-m", "eightytwenty", "adders", *given, *more], settings)
    first = costs["one core"]
    for name, cost in costs.items():
        if cost.scores != first.scores:
            raise RuntimeError(f"{name}: other scores than on one core")
        ratio = f"{first.clock / cost.clock:.2f} times as fast as one core"
        each = f"{cost.track:.1f} s to record them, {1000 * cost.track / cost.networks:.0f} ms each"
        trained = f"{cost.clock:.1f} s, {cost.train:.1f} s of training in it"
        print(f"{name:<13} {cost.networks:,} networks: {trained}, {ratio}; {each}")
    return {name: cost._asdict() | {"scores": len(cost.scores)} for name, cost in costs.items()}


def _sweep(data: Path, command: Sequence[str], settings: dict[str, str]) -> _Cost:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    environment = {**kept, **settings, "EIGHTYTWENTY_DATA": str(data), "TQDM_DISABLE": "1"}
    start = time.perf_counter()
    subprocess.run([sys.executable, *command], stdout=subprocess.DEVNULL, check=True, env=environment)
    clock = time.perf_counter() - start
    networks, metrics = recorded(data)
    seconds = {name.removeprefix("seconds/"): value for name, value in metrics.items() if name.startswith("seconds/")}
    scores = {name: value for name, value in metrics.items() if name.startswith("sums/") and "accuracy" in name}
    train, track = sum(value for name, value in seconds.items() if "train" in name), seconds["track_in_MLflow"]
    return _Cost(networks, clock - track, train, track, scores)


if __name__ == "__main__":
    main()
