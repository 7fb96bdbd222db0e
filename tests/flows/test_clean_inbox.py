"""The cleaning of an inbox as a schedule runs it: good files, drifted ones, ones that are refused, and none."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from prefect import State
from prefect.client.orchestration import get_client

from eightytwenty import infer_into
from eightytwenty.errors import UserError
from flows.clean_inbox import CleanedInbox, clean_inbox
from tasks.servers.deployments import ROOT, read_deployments
from tasks.servers.private_prefect import prefect_api
from tasks.tracking.store import connect
from tests.flows.retraining import deliver
from tests.hostile import HOSTILE, is_visible, tags

INBOX = "inbox/orders"


def orders(rows: int, first: int, *, missing: float = 0.01, top: float = 300.0) -> str:
    rng = np.random.default_rng(first)
    table = pl.DataFrame(
        {
            "order": np.arange(first, first + rows),
            "city": np.where(rng.random(rows) < missing, "", rng.choice(["Oslo", "Bergen", "Bodo"], rows)),
            "price": np.char.mod("%.2f", rng.random(rows) * top),
        }
    )
    return table.write_csv()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with the schema of 1,000 orders, over a Prefect server of its own."""
    data = tmp_path_factory.mktemp("inbox") / "data"
    with pytest.MonkeyPatch.context() as patch, prefect_api(data):
        patch.setenv("EIGHTYTWENTY_DATA", str(data))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        infer_into(deliver(data, "first.csv", orders(1000, 0), "elsewhere"), data / "orders")
        yield data


def run(data: Path, **form: object) -> State[CleanedInbox]:
    parameters = {"schema": "orders/schema.yaml", "name": "orders", **form}
    return clean_inbox(**parameters, return_state=True)


def artifacts(state: State[Any]) -> dict[str, Any]:
    with get_client(sync_client=True) as client:
        body = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
        answer = client.request("POST", "/artifacts/filter", json=body)
        return {artifact["key"]: artifact["data"] for artifact in answer.json()}


def runs(data: Path) -> tuple[MlflowClient, list[Run]]:
    client = connect(data)
    experiment = client.get_experiment_by_name("clean-inbox")
    assert experiment
    return client, list(client.search_runs([experiment.experiment_id]))


def test_new_files_are_judged_each_by_itself_and_the_clean_rows_add_up(data: Path, tmp_path: Path) -> None:
    assert run(data).name == "Nothing to do"
    deliver(data, "a.csv", orders(300, 10_000), INBOX)
    state = run(data)
    assert state.is_completed(), state.message
    first = state.result().version
    assert (first.name, first.added, first.rows["clean"]) == ("v0001", ["a.csv"], 300)

    deliver(data, "b.csv", orders(400, 20_000, missing=0.12), INBOX)
    deliver(data, "c.csv", "order;city\n1;Oslo\n", INBOX)
    deliver(data, "d.csv", b"\x00\x01\x02" * 100, INBOX)
    deliver(data, "e.csv", orders(200, 30_000), INBOX)
    state = run(data)
    result = state.result()
    assert (state.type.value, state.name) == ("COMPLETED", "Some files refused")
    added = "v0002 has 900 clean rows: 2 new files added, of which 1 drifted. "
    assert str(state.message).startswith(f"{added}2 of 4 new files refused. c.csv: refused. ")
    assert (result.version.name, result.version.added) == ("v0002", ["b.csv", "e.csv"])
    assert result.version.rows == {"rows": 900, "clean": 900, "quarantine": 0, "duplicates": 0}
    sources = pl.read_parquet(result.version.rows_folder / "clean.parquet")["source"].cast(pl.String)
    assert sources.str.split("/").list.last().value_counts().sort("source").rows() == [
        ("a.csv", 300),
        ("b.csv", 400),
        ("e.csv", 200),
    ]
    drifts = {drift.name: drift.drifted for drift in result.drifts}
    assert set(drifts) == {"b.csv", "e.csv"}
    assert drifts["e.csv"] == ()
    (sentence,) = drifts["b.csv"]
    assert sentence.startswith("city: 1")
    assert sentence.endswith(" % missing, 1.1 % before")
    assert [refusal.partition(": refused. ")[0] for refusal in result.refusals] == ["c.csv", "d.csv"]
    assert "name its columns as aliases in the schema" in result.refusals[0]

    shown = artifacts(state)
    assert set(shown) == {"clean-inbox-result"}
    text = shown["clean-inbox-result"]
    assert "# orders v0002: 900 clean rows" in text
    assert f"    - {sentence}" in text
    assert "- The 200 clean rows of e.csv were compared with the evidence. None drifted." in text
    assert "- c.csv: refused. " in text
    client, (logged, *_) = runs(data)
    assert [logged.data.metrics[f"files/{what}"] for what in ("added", "drifted", "refused")] == [2, 1, 2]
    assert logged.data.metrics["rows/clean"] == 900
    (dataset,) = logged.inputs.dataset_inputs
    assert (dataset.dataset.name, dataset.dataset.digest) == ("orders-v0002", result.version.sha256[:36])
    place = Path(client.download_artifacts(logged.info.run_id, "", str(tmp_path)))
    assert sentence in (place / "files.md").read_text()
    assert sentence in (place / "data_docs" / "drift-1" / "index.html").read_text()
    assert {"schema.yaml", "evidence", "report", "data_docs"} <= {each.name for each in place.iterdir()}
    assert "Bergen" not in "".join(shown.values())


def test_nothing_is_done_twice(data: Path) -> None:
    before = len(runs(data)[1])
    state = run(data)
    assert (state.name, state.type.value) == ("Nothing to do", "COMPLETED")
    assert "There is nothing new in" in str(state.message)
    assert len(runs(data)[1]) == before


@pytest.mark.soak
def test_a_run_that_was_killed_before_it_logged_is_logged_by_the_next(data: Path) -> None:
    (folder,) = (data / "datasets").glob("orders-*")
    fates = json.loads((folder / "deliveries.json").read_text())
    (folder / "deliveries.json").unlink()
    before = len(runs(data)[1])
    result = run(data).result()
    assert result.version.name == "v0002"
    assert len(runs(data)[1]) == before + 1
    after = json.loads((folder / "deliveries.json").read_text())
    assert {each["fate"] for each in after["deliveries"].values()} == {"accepted", "refused"}
    assert set(after["deliveries"]) == set(fates["deliveries"])


def test_where_all_is_refused_the_run_fails_with_the_reasons_and_they_are_remembered(data: Path) -> None:
    deliver(data, "broken.csv", "a,b\n1,2\n", "inbox/refused")
    state = run(data, name="refused")
    assert state.is_failed()
    assert state.name == "All files refused"
    assert str(state.message).startswith("1 of 1 new files refused. broken.csv: refused. ")
    assert "broken.csv" in artifacts(state)["clean-inbox-result"]
    assert run(data, name="refused").name == "Nothing to do"


@pytest.mark.soak
def test_drift_can_be_refused_and_accepted_later(data: Path) -> None:
    deliver(data, "drifted.csv", orders(200, 70_000, top=4000.0), "inbox/strict")
    deliver(data, "good.csv", orders(200, 80_000), "inbox/strict")
    result = run(data, name="strict", on_drift="refuse").result()
    assert result.version.added == ["good.csv"]
    (refusal,) = result.refusals
    assert refusal.startswith("drifted.csv: refused. The rows drifted. price: 9")
    assert "outside of 9.99 to 999.99 (now 9" in refusal  # digits of values are hidden
    assert run(data, name="strict").result().version.added == ["drifted.csv"]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"schema": "pairs"}, "pairs is no schema: give a YAML file in the data folder"),
        ({"schema": "bad.yaml"}, "line 2: colums is not known here"),
        ({"inbox": "{data}/datasets"}, "where the program keeps its own files"),
    ],
)
def test_bad_input_is_one_sentence(data: Path, form: dict[str, str], sentence: str) -> None:
    (data / "bad.yaml").write_text("table: t\ncolums: {}\n")
    state = run(data, **{key: value.format(data=data) for key, value in form.items()})
    with pytest.raises(UserError, match=sentence):
        state.result()


@pytest.mark.soak
def test_names_from_data_are_text(data: Path) -> None:
    table = pl.DataFrame({name: [HOSTILE[0]] * 25 for name in HOSTILE})
    infer_into(deliver(data, "hostile.csv", table, "elsewhere"), data / "hostile")
    changed = table.with_columns(pl.lit(None).alias(HOSTILE[1]))
    deliver(data, f"{HOSTILE[1]}.csv".replace("/", ""), changed, "inbox/hostile")
    state = run(data, name="hostile", schema="hostile/schema.yaml", mask=False)
    assert state.result().drifts[0].drifted
    for key, text in artifacts(state).items():
        assert is_visible(text), key
        assert not tags(text) & {"a", "img", "b"}, key


def test_its_deployment_has_a_schedule_that_is_paused_and_one_run_at_a_time() -> None:
    deployments = {each["name"]: each for each in read_deployments(ROOT)["deployments"]}
    (schedule,) = deployments["clean-inbox"]["schedules"]
    assert (schedule["cron"], schedule["timezone"], schedule["active"]) == ("0 2 * * *", "Europe/Copenhagen", False)
    assert deployments["clean-inbox"]["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
