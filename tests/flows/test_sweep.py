"""A sweep of GANs through the real command line: killed and run again, and with a lost worker of a real cluster."""

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from mlflow import MlflowClient

from benchmarks.dask_cluster import dask_cluster
from tests.flows.conftest import COMMAND, environment, stages

QUICK = ["gan", "--source", "ellipses-white", "--rows", "150", "--size", "32"]


def start(data: Path, *more: str, settings: Mapping[str, str] | None = None) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *QUICK, *more],
        env={**environment(data), **(settings or {})},
        cwd=data.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(data: Path, pattern: str, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 200
    while not list(data.glob(pattern)) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.poll() is None, f"it ended before: {process.communicate()}"


def logged(data: Path) -> dict[str, list[int]]:
    """The key of the stage of each variant, and the epochs that its run has."""
    client = MlflowClient(f"sqlite:///{data / 'mlflow' / 'mlflow.db'}")
    everything = client.search_runs([client.get_experiment_by_name("gan").experiment_id])
    assert {run.info.status for run in everything} == {"FINISHED"}
    (_,) = [run for run in everything if "mlflow.parentRunId" not in run.data.tags]
    nested = [run for run in everything if "mlflow.parentRunId" in run.data.tags]
    assert len({run.data.tags["training"] for run in nested}) == len(nested)
    assert [version.version for version in client.search_model_versions("name = 'ellipses-white'")] == [1]
    return {
        run.data.tags["training"]: [point.step for point in client.get_metric_history(run.info.run_id, "quality/fid")]
        for run in nested
    }


@pytest.mark.parametrize("is_killed", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_sweep_even_a_killed_one_logs_each_variant_once_and_registers_the_best(tmp_path, is_killed):
    data, sweep = tmp_path / "data", ["--epochs", "1", "--sweep", "learning_rate=0.001,0.002"]
    if is_killed:
        process = start(data, *sweep)
        wait_for(data, "checkpoints/sweep-*/train-*/runs.json", process)  # the first variant is being logged
        process.send_signal(signal.SIGKILL)
        process.communicate()
    out, error = start(data, *sweep).communicate(timeout=240)
    assert "learning rate 0.001 " in out, error
    assert "learning rate 0.002 " in out
    assert "ellipses-white/1, champion of ellipses-white" in out
    trained = [name for name in stages(data) if name.startswith("train-stable")]
    assert logged(data) == {name: [1] for name in trained}
    assert len(trained) == 2
    assert not list((data / "checkpoints").iterdir())


@pytest.mark.soak
def test_a_lost_worker_of_a_cluster_costs_no_epoch_that_it_has_saved(tmp_path):
    data = tmp_path / "data"
    with dask_cluster(tmp_path / "dask") as cluster:
        sweep = ["--epochs", "12", "--sweep", "seed=0,1", "--cluster", cluster.address]
        process = start(data, *sweep, settings=cluster.settings)
        wait_for(data, "checkpoints/sweep-*/train-*/samples-00002.npz", process)
        saved = {path: path.stat().st_mtime_ns for path in data.glob("checkpoints/*/*/samples-00001.npz")}
        cluster.kill("worker-0")
        cluster.start_worker("worker-0")
        wait_for(data, "stages/train-stable-*/stage.json", process)
        again = {path: path.stat().st_mtime_ns for path in data.glob("checkpoints/*/*/samples-00001.npz")}
        assert saved.items() <= again.items()
        _, error = process.communicate(timeout=600)
    assert process.returncode == 0, error
    assert list(logged(data).values()) == 2 * [list(range(1, 13))]
    assert not list((data / "checkpoints").iterdir())
