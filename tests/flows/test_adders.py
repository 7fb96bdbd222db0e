"""The adders flow as a user runs it: nothing configured, on generated and on the user's data, killed and run again."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.flows.conftest import COMMAND, QUICK, environment, stages

PROTOCOLS = ("article", "solved")


def runs(data: Path, status: str = "attribute.status != 'nothing'"):
    client = MlflowClient(f"sqlite:///{data / 'mlflow' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("adders")
    return client, client.search_runs([experiment.experiment_id], status, max_results=1000)


def registered(data: Path) -> list[int]:
    """The versions of the registered model."""
    client = MlflowClient(f"sqlite:///{data / 'mlflow' / 'mlflow.db'}")
    return [int(version.version) for version in client.search_model_versions("name = 'adders'")]


@pytest.fixture(scope="module")
def finished(command, tmp_path_factory):
    data = tmp_path_factory.mktemp("adders") / "data"
    done = command(data, "adders", *QUICK)
    assert done.returncode == 0, done.stderr
    return data, done


def test_a_run_ends_with_the_table_the_summary_and_where_to_look(finished):
    data, done = finished
    for words in (
        "sums to",
        "80/20. Cleaning took",
        "raw rows",
        "Where to look next",
        "eightytwenty up\n",
        "/#/experiments/1/runs?workflow",
    ):
        assert words in done.stdout
    folders = list((data / "reports").iterdir())
    assert len(folders) == 1
    names = {file.name for file in folders[0].iterdir()}
    assert {"results.md", "results.png", "validation_loss.png", "eighty_twenty.md", "eighty_twenty.png"} <= names
    assert "Traceback" not in done.stderr


def test_mlflow_holds_the_parent_and_a_run_for_each_network(finished):
    client, everything = runs(finished[0])
    parents = [run for run in everything if "mlflow.parentRunId" not in run.data.tags]
    assert len(parents) == 1
    parent = parents[0]
    assert {run.info.status for run in everything} == {"FINISHED"}
    assert parent.data.metrics["sums/solved_16_accuracy"] == 1.0
    fates = [parent.data.metrics[f"rows/{fate}"] for fate in ("clean", "quarantine", "duplicates")]
    assert sum(fates) == 412  # 400 records, and 12 copies and headers in between
    assert parent.data.metrics["seconds/clean"] > 0
    assert [dataset.dataset.name for dataset in parent.inputs.dataset_inputs] == ["pairs-16"]
    assert parent.data.params["epochs"] == "30"
    for artifact in (
        "report/results.png",
        "report/networks_solved_16.png",
        "networks/arrays.npz",
        "data_docs/pairs-16/index.html",
        "results.json",
    ):
        assert (Path(parent.info.artifact_uri.removeprefix("file://")) / artifact).is_file()
    nested = [run for run in everything if run is not parent]
    assert sorted(run.info.run_name for run in nested) == sorted(
        f"{nodes}, sums to 16, seed 0, {protocol}" for protocol in PROTOCOLS for nodes in ("1 node", "2 nodes")
    )
    article = next(run for run in nested if run.info.run_name == "2 nodes, sums to 16, seed 0, article")
    losses = client.get_metric_history(article.info.run_id, "training/val_loss")
    assert [loss.step for loss in losses] == list(range(len(losses)))
    assert len(losses) > 5


def test_the_best_network_is_registered_and_champion_and_answers(command, finished):
    data, done = finished
    version = MlflowClient(f"sqlite:///{data / 'mlflow' / 'mlflow.db'}").get_model_version_by_alias(
        "adders", "champion"
    )
    expected = {"protocol": "solved", "largest_sum": "16", "hidden_units": "1"}
    assert expected.items() <= version.tags.items()
    assert len(version.tags["dataset_sha256"]) == 64
    assert "best network              adders/1, champion of adders" in done.stdout
    assert "eightytwenty predict 2 2\n" in done.stdout
    assert command(data, "predict", "2", "2").stdout.startswith("2 + 2 = 4\n")


def test_a_second_run_reuses_every_stage_and_gives_the_same_result(command, finished):
    data, done = finished
    before = {card: card.stat().st_mtime_ns for card in (data / "stages").glob("*/stage.json")}
    again = command(data, "adders", *QUICK)
    assert again.returncode == 0, again.stderr
    assert {card: card.stat().st_mtime_ns for card in (data / "stages").glob("*/stage.json")} == before
    assert registered(data) == [1]
    table = done.stdout[: done.stdout.index("80/20")]
    assert again.stdout[: again.stdout.index("80/20")] == table


def test_a_damaged_stage_is_made_again(command, finished, tmp_path):
    data, _ = finished
    before = stages(data)
    clean = next((data / "stages").glob("clean-*")) / "output" / "rows" / "clean.parquet"
    clean.write_bytes(clean.read_bytes()[:-1])
    assert command(data, "adders", *QUICK).returncode == 0
    assert stages(data) == before


# a moment is the name of a stage whose folder has begun to appear, or of the MLflow database
@pytest.mark.parametrize(
    ("kill", "moment"),
    [
        pytest.param(signal.SIGKILL, "stages/locks/clean-*", marks=pytest.mark.soak),
        pytest.param(signal.SIGTERM, "stages/locks/train-article-*", marks=pytest.mark.soak),
        (signal.SIGKILL, "mlflow/artifacts/*/artifacts/networks"),
        pytest.param(signal.SIGTERM, "reports", marks=pytest.mark.soak),
    ],
)
def test_killed_and_run_again_the_result_is_the_same(command, finished, tmp_path, kill, moment):
    data = tmp_path / "data"
    with subprocess.Popen(
        [*COMMAND, "adders", *QUICK], env=environment(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 120
        while not list(data.glob(moment)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
        os.kill(process.pid, kill)
    assert process.returncode != 0
    done = command(data, "adders", *QUICK)
    assert done.returncode == 0, done.stderr
    assert stages(data) == stages(finished[0])
    statuses = [run.info.status for run in runs(data)[1]]
    assert statuses.count("FINISHED") >= 5
    assert registered(data) == [1]
    assert set(statuses) <= {"FINISHED", "KILLED"}
    assert not list((data / "stages").glob(".*"))


def test_a_batch_that_is_not_fit_stops_before_training(command, tmp_path):
    data = tmp_path / "data"
    rows = [f"{a},{b},{a + b + (a % 3 > 0)}" for a in range(9) for b in range(9)]
    (tmp_path / "poisoned.csv").write_text("\n".join(["a,b,sum", *rows]))
    done = command(data, "adders", "--source", str(tmp_path / "poisoned.csv"), *QUICK)
    assert done.returncode == 2
    assert "not fit to train on" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert not list((data / "stages").glob("train*"))
    _, (run,) = runs(data)
    assert run.info.status == "FAILED"
    assert (Path(run.info.artifact_uri.removeprefix("file://")) / "data_docs/pairs-16/index.html").is_file()


def test_own_pairs_are_cleaned_and_learned(command, tmp_path):
    data = tmp_path / "data"
    rows = [f"{a};{b} kg;{a + b}" for a in range(9) for b in range(9)]
    (tmp_path / "own.csv").write_text("\n".join(["a;b;sum", *rows]))
    done = command(data, "adders", "--source", str(tmp_path / "own.csv"), *QUICK, "--protocol", "solved")
    assert done.returncode == 0, done.stderr
    assert "100 %" in done.stdout
    too_few = tmp_path / "few.csv"
    too_few.write_text("a,b,sum\n1,2,3\n")
    done = command(data, "adders", "--source", str(too_few), *QUICK)
    assert done.returncode == 2
    assert "1 with numbers to 8. A size needs 20" in done.stderr
