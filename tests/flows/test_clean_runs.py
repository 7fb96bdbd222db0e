"""The flow `clean` as a form starts it: what it leaves in the Prefect UI and in MLflow."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from PIL import Image
from prefect import State
from prefect.client.orchestration import get_client

from benchmarks.dask_cluster import dask_cluster
from eightytwenty.engine.summary import Summary
from flows.clean import clean
from schemas.parameters import CleanParameters
from tasks.servers.private_prefect import prefect_api
from tasks.tracking.store import connect
from tests.hostile import HOSTILE, is_visible, tags
from tests.system.servers import wait_for


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a table, over a Prefect server of its own."""
    data = tmp_path_factory.mktemp("clean") / "data"
    with pytest.MonkeyPatch.context() as patch, prefect_api(data):
        patch.setenv("EIGHTYTWENTY_DATA", str(data))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        cities = ("Oslo", "Bergen", "")
        lines = [f"{n},{cities[n % 3]},{n * 37 % 9000 / 100:.2f}" for n in range(300)]
        lines[7:10] = ["7,Oslo,Ann", "8,OSLO,8.25", "9,Bergen,"]
        (data / "orders.csv").write_text("\n".join(["order,city,price", *lines]) + "\n")
        yield data


def run(data: Path, **form: object) -> State[Summary]:
    parameters = {"source": str(data / "orders.csv"), "out": str(data / "out")} | form
    return clean(**CleanParameters.model_validate(parameters).arguments(), return_state=True)


def artifacts(state: State[Any]) -> dict[str, Any]:
    with get_client(sync_client=True) as client:
        body = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
        answer = client.request("POST", "/artifacts/filter", json=body)
        return {artifact["key"]: artifact["data"] for artifact in answer.json()}


def last_run(data: Path) -> tuple[MlflowClient, Run]:
    client = connect(data)
    experiment = client.get_experiment_by_name("clean")
    assert experiment
    return client, client.search_runs([experiment.experiment_id])[0]


def test_a_table_of_which_nothing_is_told_is_shown_in_prefect_and_mlflow(data: Path, tmp_path: Path) -> None:
    state = run(data)
    assert state.is_completed(), state.message
    shown = artifacts(state)
    client, logged = last_run(data)
    in_order = (
        "# 300 of 300 rows are clean",
        "- **not a decimal number**, 1: ",
        "```yaml\n",
        "order: {kind: integer",
        f"runs/{logged.info.run_id}?",
        f"{logged.info.run_id}/artifacts/data_docs/index.html",
    )
    assert set(shown) == {"clean-result"}
    places = [shown["clean-result"].index(words) for words in in_order]
    assert places == sorted(places)

    metrics, tags_of_run = logged.data.metrics, logged.data.tags
    assert [metrics[f"rows/{name}"] for name in ("all", "clean", "quarantine", "duplicates")] == [300, 300, 0, 0]
    assert metrics["rules/flagged: not a decimal number"] == 1
    assert logged.data.params["schema"] == ""
    assert {"mlflow.user", "mlflow.source.name", "prefect.flow_run_id"} <= set(tags_of_run)
    assert tags_of_run["prefect.flow_run_id"] == str(state.state_details.flow_run_id)
    (source,) = logged.inputs.dataset_inputs
    summary = Summary.load(data / "out")
    assert (source.dataset.name, source.dataset.digest) == ("orders", summary.sha256[:36])
    place = Path(client.download_artifacts(logged.info.run_id, "", str(tmp_path)))
    files = {file.relative_to(place).as_posix() for file in place.rglob("*") if file.is_file()}
    assert {"schema.yaml", "evidence/columns.json", "report/report.md", "data_docs/index.html"} <= files
    docs = (place / "data_docs" / "index.html").read_text()
    assert "Batch passed" in docs
    assert "No two rows may have the same order." in docs
    assert "At least 1 row must be clean." in docs
    assert re.search(r"city: (3\d %) missing, \1 before; it must be", docs)

    everything = "".join([*shown.values(), *(file.read_text() for file in place.rglob("*.*") if file.is_file())])
    assert not any(cell in everything for cell in ("Ann", "Bergen"))  # examples are hidden


def test_a_schema_in_the_data_folder_and_its_evidence_are_used(data: Path, tmp_path: Path) -> None:
    assert run(data, out=str(data / "first"), mask=False).is_completed()
    schema = data / "first" / "schema.yaml"
    schema.write_text(schema.read_text().replace("price: {", "price: {replace: {Ann: 1.5}, "))
    assert run(data, schema="first/schema.yaml", mask=True).is_completed()
    client, logged = last_run(data)
    assert logged.data.metrics["rules/repaired: replacement"] == 1
    place = Path(client.download_artifacts(logged.info.run_id, "", str(tmp_path)))
    seen = json.loads((place / "evidence" / "columns.json").read_text())["columns"]["city"]
    assert (seen["distinct"], seen["examples"][0]) == (3, "Xxxxxx")
    assert "replace: {Ann: '1.5'}" in (place / "schema.yaml").read_text()
    assert "Bergen" not in (place / "schema.yaml").read_text()  # comments of the file may quote the data


def test_a_schema_elsewhere_is_one_sentence_and_nothing_runs(data: Path) -> None:
    state = run(data, schema="../elsewhere.yaml", out=str(data / "none"))
    assert state.is_failed()
    assert str(state.message).startswith("../elsewhere.yaml lies outside the data folder")
    assert not (data / "none").exists()
    assert artifacts(state) == {}


def test_pictures_are_shown_with_a_gallery_and_without_a_schema(data: Path) -> None:
    (data / "faces").mkdir()
    for name in ("a", "b"):
        Image.effect_noise((40, 40), 64).convert("RGB").save(data / "faces" / f"{name}.png")
    (data / "faces" / "d.png").write_bytes(b"text")
    state = run(data, source=str(data / "faces"), schema="pictures", size=32, out=str(data / "pictures"))
    assert state.is_completed(), state.message
    shown = artifacts(state)
    page = shown["clean-result"]
    assert page.index("](data:image/png;base64,") < page.index("- **not an image**, 1: ")
    assert "## Schema" not in page
    _, logged = last_run(data)
    assert logged.data.metrics["rules/quarantined: not an image"] == 1
    assert logged.data.params["size"] == "32"


def test_what_data_says_is_text_in_every_artifact(data: Path) -> None:
    names = ",".join(f'"{name}"' for name in HOSTILE)
    cells = ",".join(f'"{cell}"' for cell in HOSTILE)
    (data / "hostile.csv").write_text(f"{names}\n" + f"{cells}\n" * 30 + f"{'```,' * len(HOSTILE)}\n")
    state = run(data, source=str(data / "hostile.csv"), mask=False)
    assert state.is_completed(), state.message
    for key, text in artifacts(state).items():
        assert is_visible(text), key
        assert not tags(text) & {"a", "img", "b"}, key


def test_on_a_cluster_each_stage_is_a_task(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (data / "many").mkdir()
    for number in range(4):
        shutil.copy(data / "orders.csv", data / "many" / f"{number}.csv")
    with dask_cluster(tmp_path) as cluster:
        for name, value in cluster.settings.items():
            monkeypatch.setenv(name, value)
        dask.config.refresh()
        state = run(data, source=str(data / "many"), out=str(data / "parts"), cluster=cluster.address)
    assert state.is_completed(), state.message
    assert "300 of 1,200 rows are clean" in artifacts(state)["clean-result"]
    with get_client(sync_client=True) as client:
        flow_run = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}

        def finished_tasks() -> list[dict[str, Any]] | None:
            tasks = client.request("POST", "/task_runs/filter", json=flow_run).json()
            return tasks if {task["state_type"] for task in tasks} == {"COMPLETED"} else None

        tasks = wait_for(finished_tasks, 30)  # the records of tasks arrive a moment after the end of the run
    assert {"read unit", "route unit", "write part"} <= {task["name"] for task in tasks}
    assert len(list((data / "parts" / "clean.parquet").iterdir())) == 4
    client, logged = last_run(data)
    assert logged.data.params["cluster"] == cluster.address


def test_where_no_row_is_clean_the_run_fails_and_says_why(data: Path) -> None:
    (data / "pairs.csv").write_text("a,b,sum\n1,1,3\n")
    state = run(data, source=str(data / "pairs.csv"), schema="pairs")
    assert state.is_failed()
    assert "None of the 1 rows is clean" in str(state.message)
    assert "- **wrong sum**, 1: " in artifacts(state)["clean-result"]
    _, logged = last_run(data)
    assert (logged.info.status, logged.data.metrics["rules/quarantined: wrong sum"]) == ("FAILED", 1)
