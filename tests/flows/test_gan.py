"""The gan flow as a user runs it: nothing configured, on drawn and on the user's pictures, killed and run again."""

import io
import json
import os
import signal
import sqlite3
import subprocess
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from PIL import Image

from tests.flows.conftest import COMMAND, environment, stages

QUICK = ["gan", "--rows", "200", "--size", "32", "--epochs", "3"]


def runs(data: Path):
    client = MlflowClient(f"sqlite:///{data / 'mlflow' / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("gan")
    return client, client.search_runs([experiment.experiment_id], max_results=1000)


def artifacts(run) -> Path:
    return Path(run.info.artifact_uri.removeprefix("file://"))


def nested_of(everything):
    return [run for run in everything if "mlflow.parentRunId" in run.data.tags]


@pytest.fixture(scope="module")
def finished(command, tmp_path_factory):
    data = tmp_path_factory.mktemp("gan") / "data"
    done = command(data, *QUICK)
    assert done.returncode == 0, done.stderr
    return data, done


def test_a_run_ends_with_the_measures_the_summary_and_the_pictures(finished):
    data, done = finished
    for words in (
        "coverage",
        "80/20. Cleaning took",
        "What cleaning bought: after 2 of 3 epochs",
        "injected faults",
        "Where to look next",
        "samples.png",
        "CC BY 4.0",
    ):
        assert words in done.stdout
    (folder,) = (data / "reports").iterdir()
    names = {file.name for file in folder.iterdir()}
    pictures = {"samples.png", "attributes.png", "contact_sheet.png", "training.png", "fidelity.png", "cleaning.png"}
    assert pictures | {"training.gif", "training.mp4", "gan.md", "ATTRIBUTION.txt", "eighty_twenty.png"} <= names
    assert f"faces in your browser     {folder / 'faces.html'}" in done.stdout
    assert "<title>Faces drawn by avatars, version 1</title>" in (folder / "faces.html").read_text("utf-8")
    assert "CC BY 4.0" in (folder / "ATTRIBUTION.txt").read_text()
    assert "Traceback" not in done.stderr
    assert [f"epoch {n} of 3: coverage" in done.stderr for n in range(5)] == [False, *[True] * 3, False]
    assert "pictures in" in done.stderr
    assert not list((data / "checkpoints").iterdir())


def test_mlflow_holds_each_epoch_once_with_its_pictures(finished):
    client, everything = runs(finished[0])
    assert {run.info.status for run in everything} == {"FINISHED"}
    (nested,) = nested_of(everything)
    quality = [f"quality/{name}" for name in ("fid", "kid", "coverage", "density", "diversity", "fidelity")]
    for metric in (*quality, "training/generator_loss", "training/collapse_alarm"):
        assert [point.step for point in client.get_metric_history(nested.info.run_id, metric)] == [1, 2, 3]
    logged = sorted(path.name for path in (artifacts(nested) / "images").glob("*.png"))
    assert [name.split("+")[2] for name in logged if name.startswith("samples+")] == ["1", "2", "3"]
    assert len([name for name in logged if name.startswith("real+")]) == 1
    assert (nested.data.params["recipe"], nested.data.params["batch_size"]) == ("stable", "16")
    assert "CC BY 4.0" in nested.data.tags["mlflow.note.content"]
    assert [dataset.dataset.name for dataset in nested.inputs.dataset_inputs] == ["avatars-32"]
    (parent,) = (run for run in everything if run is not nested)
    assert parent.data.metrics["repairs/wrong"] == parent.data.metrics["repairs/touched"] == 0
    assert parent.data.metrics["repairs/caught"] == parent.data.metrics["repairs/injected"] > 30
    assert (artifacts(parent) / "report" / "samples.png").is_file()
    assert (artifacts(parent) / "data_docs" / "avatars-32" / "index.html").is_file()


def test_the_registered_model_draws_the_attributes_it_is_given(command, finished):
    data, _ = finished
    out = data.parent / "faces.png"
    done = command(data, "draw", "--model", "avatars/1", "--hair", "bun", "--n", "4", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert str(out) in done.stdout
    assert "CC BY 4.0" in done.stdout
    with Image.open(out) as picture:
        assert picture.width > 64
    listed = command(data, "draw", "--model", "avatars/1", "--list").stdout.splitlines()
    # in the order of the network's inputs
    assert [line.partition(":")[0] for line in listed[:3]] == ["--hair", "--hair-colour", "--skin"]
    done = command(data, "draw", "--model", "avatars/1", "--hair", "helmet", "--out", str(out))
    assert done.returncode == 2
    assert "bun" in done.stderr.splitlines()[-1]


def test_a_finished_training_is_registered_once(command, finished):
    data, done = finished
    (line,) = (line for line in done.stdout.splitlines() if "trained network" in line)
    assert line.split()[2] in {"avatars/1,", "avatars/1;"}
    again = command(data, *QUICK, "--json")
    assert again.returncode == 0, again.stderr
    told = json.loads(again.stdout)
    assert told["model"] == "avatars/1"
    assert told["places"]["trained network"] == line.removeprefix("  trained network").strip()
    assert told["rows"] == told["clean"] + told["quarantine"] + told["duplicates"] > 200
    assert told["faults"]["caught"] == told["faults"]["injected"] > 30
    assert {"coverage", "fid"} <= told["scores"].keys()
    client, everything = runs(data)
    assert [version.version for version in client.search_model_versions("name = 'avatars'")] == [1]
    newest, oldest = nested_of(everything)
    # nothing was trained in the newest, but its page is there as well
    assert newest.data.metrics.keys() == oldest.data.metrics.keys() - {"training/images_per_second"}
    first, second = ((artifacts(run) / "faces.html").read_text("utf-8") for run in (oldest, newest))
    assert first == second


# a moment is a file that appears in the course of a training
@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("checkpoints/*/runs.json", marks=pytest.mark.soak),
        pytest.param("checkpoints/*/previous.npz", marks=pytest.mark.soak),
        pytest.param("reports", marks=pytest.mark.soak),
    ],
)
def test_killed_and_run_again_the_stages_and_the_run_are_the_same(command, finished, tmp_path, moment):
    data = tmp_path / "data"
    with subprocess.Popen(
        [*COMMAND, *QUICK], env=environment(data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        deadline = time.monotonic() + 200
        while not list(data.glob(moment)) and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert process.poll() is None, "it ended before it could be killed"
        os.kill(process.pid, signal.SIGKILL)
    before = {run.info.run_id for run in runs(data)[1]}
    done = command(data, *QUICK)
    assert done.returncode == 0, done.stderr
    assert stages(data) == stages(finished[0])  # byte for byte
    client, everything = runs(data)
    assert {run.info.run_id for run in everything} == before  # it continued in the same two runs
    assert {run.info.status for run in everything} == {"FINISHED"}
    (nested,) = nested_of(everything)
    for metric in ("quality/fid", "training/generator_loss"):
        assert [point.step for point in client.get_metric_history(nested.info.run_id, metric)] == [1, 2, 3]
    logged = [path.name.split("+")[2] for path in (artifacts(nested) / "images").glob("samples+*.png")]
    assert sorted(logged) == ["1", "2", "3"]
    assert [version.version for version in client.search_model_versions("name = 'avatars'")] == [1]
    assert not list((data / "checkpoints").iterdir())


def own_archive(place: Path, count: int) -> None:
    """A zip of discs in two colours, with a table that names the colours; one file is not a picture."""
    rng = np.random.default_rng(0)
    across, down = np.meshgrid(np.arange(40), np.arange(40))
    lines = ["picture;Ball Colour"]
    with zipfile.ZipFile(place, "w") as archive:
        for number in range(count):
            colour, name = [((200, 30, 30), "red"), ((30, 30, 200), "blue")][number % 2]
            x, y = rng.uniform(14, 26, 2)
            inside = np.hypot(across - x, down - y) < rng.uniform(6, 12)
            content = io.BytesIO()
            Image.fromarray(np.where(inside[..., None], colour, 255).astype(np.uint8)).save(content, "PNG")
            archive.writestr(f"balls/{number}.png", content.getvalue())
            lines.append(f"{number}.png;{name}")
        archive.writestr("balls/broken.png", b"no picture")
        archive.writestr("table.csv", "\n".join(lines))


def test_own_pictures_are_cleaned_and_learned(command, tmp_path):
    data = tmp_path / "data"
    own_archive(tmp_path / "balls.zip", 150)
    done = command(data, "gan", "--source", str(tmp_path / "balls.zip"), "--size", "32", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "151 raw rows: 150 clean" in done.stdout
    (nested,) = nested_of(runs(data)[1])
    assert nested.data.params["source"] == "own"
    listed = command(data, "draw", "--model", "pictures/1", "--list")
    assert listed.stdout.strip() == "--ball-colour: blue, red"


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({}, "holds no picture"),
        pytest.param({"a.png": b"no picture", "b.jpg": b""}, "too few", marks=pytest.mark.soak),
    ],
)
def test_a_source_without_usable_pictures_is_one_sentence(command, tmp_path, files, sentence):
    source = tmp_path / "own"
    source.mkdir()
    for name, content in files.items():
        (source / name).write_bytes(content)
    done = command(tmp_path / "data", "gan", "--source", str(source), "--size", "32")
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()[-1] or "not fit to train on" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    if (tmp_path / "data" / "mlflow").exists():
        assert {run.info.status for run in runs(tmp_path / "data")[1]} <= {"FAILED"}


@pytest.mark.soak  # tests/tasks/gans/test_training.py sees the alarm, too
def test_a_collapse_is_an_alarm_in_the_terminal_and_in_mlflow(command, tmp_path):
    data = tmp_path / "data"
    done = command(
        data,
        *["gan", "--source", "ellipses-white", "--rows", "150", "--size", "32", "--epochs", "9"],
        *["--collapse-share", "1", "--on-collapse", "roll-back"],
    )
    assert done.returncode == 0, done.stderr
    assert "Collapse." in done.stdout
    client, everything = runs(data)
    (nested,) = nested_of(everything)
    assert "has collapsed or is collapsing" in nested.data.tags["collapse"]
    assert [point.value for point in client.get_metric_history(nested.info.run_id, "training/collapse_alarm")][-1] == 1
    assert len(client.get_metric_history(nested.info.run_id, "quality/fid")) == 3
    assert not client.get_registered_model("ellipses-white").aliases
    # the artifact is created at the epoch of the alarm, not at the end
    with sqlite3.connect(data / "prefect" / "prefect.db") as prefect:
        ((created,),) = prefect.execute("SELECT created FROM artifact WHERE key = 'gan-collapse'")
    assert datetime.fromisoformat(created).replace(tzinfo=UTC).timestamp() * 1000 < nested.info.end_time
    assert "ellipses-white/1; eightytwenty rollback ellipses-white --to 1 makes it champion" in done.stdout
