"""What it costs to record the adders' part of `eightytwenty run` in MLflow.

Claim: at most 3 seconds and 15 % of the time of that part, with 90 networks.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.harness import Result, Size, command_line, run


def main() -> None:
    """Run the benchmark as the command line asks."""
    parser = command_line(__doc__)
    quick = ["--rows", "400", "--largest-sums", "16", "--hidden-units", "1,2", "--seeds", "1", "--epochs", "30"]
    parser.set_defaults(options=Size([], quick=quick))
    run(measure, parser)


def measure(options: list[str]) -> Result:
    """Train the adders in a new data folder, and print how long each stage took.

    Args:
        options: of the command `eightytwenty adders`.
    """
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
        environment = {**kept, "EIGHTYTWENTY_DATA": str(data), "TQDM_DISABLE": "1"}
        command = [sys.executable, "-m", "eightytwenty", "adders", *options]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=environment)
        networks, metrics = recorded(data)
    prefix = "seconds/"
    stages = {name.removeprefix(prefix): seconds for name, seconds in metrics.items() if name.startswith(prefix)}
    total, tracking = sum(stages.values()), stages["track_in_MLflow"]
    for name, seconds in stages.items():
        print(f"{name.replace('_', ' '):<20} {seconds:6.2f} s")
    print(f"tracking {networks} networks: {tracking:.2f} s, {100 * tracking / total:.1f} % of {total:.1f} s")
    return {"networks": networks, "seconds": tracking, "share": tracking / total, "stages": stages}


def recorded(data: Path) -> tuple[int, dict[str, float]]:
    """The number of networks that the one run of a data folder has recorded, and the metrics of this run."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{data / 'mlflow' / 'mlflow.db'}")
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    runs = client.search_runs(experiments, max_results=50_000)  # all of a sweep, and the most that MLflow gives
    (parent,) = (each for each in runs if "mlflow.parentRunId" not in each.data.tags)
    return len(runs) - 1, parent.data.metrics


if __name__ == "__main__":
    main()
