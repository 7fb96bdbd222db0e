"""The retraining of the adders as a schedule runs it: good deliveries, poisoned ones, better and equal challengers."""

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from mlflow import MlflowClient
from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter, FlowRunFilterId

from eightytwenty.errors import UserError
from flows.retraining import Retraining, retrain_adders
from tasks.retrain import inbox
from tasks.running import confined
from tasks.servers.private_prefect import prefect_api
from tasks.tracking.champion import champion, history, promote, roll_back
from tasks.tracking.lifecycle import parent_run
from tasks.tracking.networks import NetworkRecord, log_networks
from tasks.tracking.registry import register
from tasks.tracking.run import Run
from tasks.tracking.store import connect
from tests.flows.retraining import QUICK, TOP, deliver, pairs
from tests.hostile import is_visible, tags

Retrain = Callable[..., State[Retraining]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with prefect_api(tmp_path_factory.mktemp("server") / "data"):
        yield


@pytest.fixture(scope="module")
def data(server: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a dataset of one version and a champion."""
    data = tmp_path_factory.mktemp("retrain") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EIGHTYTWENTY_DATA", str(data))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        state = retrain(data)
        assert state.name == "Completed"
        assert str(state.message).startswith("adders/1 is champion: The challenger's accuracy is 1, at least 0.95.")
        result = state.result()
        assert result.judgement.decision.promoted
        assert result.judgement.champion == 0
        yield data


@pytest.fixture
def client(data: Path) -> MlflowClient:
    return connect(data)


def retrain(data: Path, **parameters: object) -> State[Retraining]:
    return retrain_adders(**{**QUICK, **parameters}, return_state=True)


def state_of(data: Path, client: MlflowClient) -> tuple[object, ...]:
    """What a refused delivery must not change: champion, history, versions of model and dataset."""
    current = champion(client, "adders")
    versions = sorted(int(version.version) for version in client.search_model_versions("name = 'adders'"))
    cards = sorted(card.read_text() for card in (data / "datasets" / "adders").glob("v*/card.json"))
    return (current and current.version, history(client, "adders"), versions, cards)


def test_a_second_run_has_nothing_to_do(data: Path, client: MlflowClient) -> None:
    before = state_of(data, client)
    state = retrain(data)
    assert (state.name, state.type.value) == ("Nothing to do", "COMPLETED")
    assert "inbox/adders" in state.message
    assert state_of(data, client) == before


def test_the_decision_is_in_the_tags_of_the_model_version(data: Path, client: MlflowClient) -> None:
    version = champion(client, "adders")
    assert version.tags["decision"] == "promoted"
    assert version.tags["dataset"] == "adders-v0001"
    card = json.loads((data / "datasets/adders/v0001/card.json").read_text())
    assert version.tags["dataset_sha256"] == card["sha256"]
    assert float(version.tags["challenger.accuracy"]) == 1
    parent = client.get_run(client.get_run(version.run_id).data.tags["mlflow.parentRunId"])
    assert parent.data.tags["decision"] == "promoted"
    assert parent.data.metrics["challenger/accuracy"] == 1
    assert client.get_run(version.run_id).data.metrics["held_out/accuracy"] == 1
    (dataset,) = parent.inputs.dataset_inputs
    assert dataset.dataset.name == "adders-v0001"
    assert {parent.info.status, client.get_run(version.run_id).info.status} == {"FINISHED"}
    assert [change.version for change in history(client, "adders")] == [1]


def wrong_sums() -> pl.DataFrame:
    return pairs(400, 1).with_columns(sum=pl.col("sum") + 1)


def tiny_numbers() -> pl.DataFrame:
    return pairs(400, 2, top=8)


def mostly_tiny_numbers() -> pl.DataFrame:
    return pl.concat([pairs(280, 3, name="a"), pairs(120, 4, name="b", top=2)])


def equal_numbers() -> pl.DataFrame:
    """a and b are each distributed as before, but not their combinations."""
    a = np.random.default_rng(5).integers(0, TOP, 400, endpoint=True)
    return pl.DataFrame({"a": a, "b": a, "sum": 2 * a})


@pytest.mark.parametrize(
    ("poison", "words"),
    [
        (wrong_sums, ["400 of 400 rows: wrong sum, e.g. line 2: ", "; line 3: ", "quarantine", "0.5"]),
        (
            tiny_numbers,
            [
                "a must be distributed",
                "b must be distributed",
                "sum must be distributed",
                "Kullback-Leibler",
                "at most",
            ],
        ),
        (mostly_tiny_numbers, ["drifted", "a must be distributed"]),
        (equal_numbers, ["drifted", "difference must be distributed"]),
    ],
)
def test_poison_never_reaches_the_dataset(
    data: Path, client: MlflowClient, poison: Callable[[], pl.DataFrame], words: list[str]
) -> None:
    before = state_of(data, client)
    place = deliver(data, "poison.csv", poison())
    state = retrain(data)
    assert state.is_failed()
    with pytest.raises(UserError, match=r"poison\.csv: refused") as error:
        state.result()
    assert all(word in str(error.value) for word in words)
    page = Path(str(error.value).rpartition("See ")[2].rstrip(". "))
    assert page.is_file()
    if poison is wrong_sums:
        assert "400 of 400 rows: wrong sum, e.g. line 2: " in page.read_text()
    assert state_of(data, client) == before
    assert retrain(data).name == "Nothing to do"  # the refusal is remembered
    place.unlink()


def test_ids_that_arrive_again_with_other_values_do_not_replace_good_rows(data: Path, server: None) -> None:
    parameters = {"model": "ids", "start": str(deliver(data, "start.csv", pairs(600, 6), "elsewhere"))}
    assert retrain(data, **parameters).is_completed()
    place = deliver(data, "again.csv", pairs(300, 7), "inbox/ids")  # the same ids, other numbers
    with pytest.raises(UserError, match=r"300 rows of v0001 would be lost"):
        retrain(data, **parameters).result()
    assert [folder.name for folder in (data / "datasets/ids").glob("v*")] == ["v0001"]
    place.unlink()


def test_a_file_that_is_no_table_does_not_stop_the_others(data: Path, client: MlflowClient) -> None:
    unreadable = deliver(data, "notes.txt", "buy milk\n")
    good = deliver(data, "good.csv", pairs(300, 8, name="g"))
    state = retrain(data)
    assert (state.type.value, state.name) == ("COMPLETED", "Some files refused, challenger lost")
    assert str(state.message).startswith("adders/1 stays champion: The challenger's accuracy is ")
    assert " 1 of 2 new files refused. notes.txt: refused. " in str(state.message)
    with get_client(sync_client=True) as api:
        run = api.read_flow_run(state.state_details.flow_run_id)
        tasks = api.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    assert run.name == "retrain adders"
    assert {"clean good.csv", "train a challenger for adders"} <= {task.name for task in tasks}
    result = state.result()
    assert [sentence.partition(":")[0] for sentence in result.refusals] == ["notes.txt"]
    assert result.version.name == "v0002"
    assert result.version.rows == {"rows": 900, "clean": 900, "quarantine": 0, "duplicates": 0}
    # an equal challenger: a new version of the model, and the champion stays
    assert (result.judgement.champion, result.judgement.challenger, result.judgement.decision.promoted) == (1, 2, False)
    assert "too little" in result.judgement.decision.sentence
    assert champion(client, "adders").version == 1
    assert client.get_model_version("adders", "2").tags["decision"] == "not promoted"
    fates = {
        entry["name"]: entry["fate"] for entry in json.loads(result.deliveries_file.read_text())["deliveries"].values()
    }
    assert (fates["notes.txt"], fates["good.csv"]) == ("refused", "accepted")
    for place in (unreadable, good):
        place.unlink()


def test_hostile_deliveries_are_refused_for_good_and_the_good_one_beside_them_is_taken(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reads itself to death, one kills its reader, one has names that nothing can store."""
    assert retrain(data, model="hostile").is_completed()
    monkeypatch.setattr(confined, "MOST_MEMORY", 180 << 20)  # enough for everything else here
    deliver(data, "a-bomb.csv.gz", gzip.compress(b"a,b,sum\n" + b"1,1,3\n" * 8_000_000, 1), "inbox/hostile")
    deliver(data, os.fsdecode(b"b-caf\xe9.csv"), "a,b,sum\n1,1,2\n", "inbox/hostile")
    tables = io.BytesIO()
    with zipfile.ZipFile(tables, "w") as archive:
        for number in range(4_000):
            archive.writestr(f"{number}.csv", "a,b,sum\n1,1,2\n")
    deliver(data, "c-many.zip", tables.getvalue(), "inbox/hostile")
    deliver(data, "good.csv", pairs(300, 18, name="g"), "inbox/hostile")
    result = retrain(data, model="hostile").result()
    name, bomb, many = result.refusals
    assert name.startswith(r"b-caf\xe9.csv: refused. The name b-caf\xe9.csv is not UTF-8")
    assert bomb == "a-bomb.csv.gz: refused. Reading it takes more than 0.18 GB of memory; split it."
    assert many.startswith("c-many.zip: refused. The archive c-many.zip holds 4,000 files")
    assert result.version.added == ["good.csv"]
    assert fates(data, "hostile") == {
        "generated.csv": "accepted",
        "a-bomb.csv.gz": "refused",
        "c-many.zip": "refused",
        "good.csv": "accepted",
    }


def test_rows_that_the_dataset_has_already_are_refused(data: Path, client: MlflowClient) -> None:
    before = state_of(data, client)
    again = pairs(300, 8, name="g").sample(fraction=1, shuffle=True, seed=0)
    deliver(data, "again.csv", again)
    with pytest.raises(UserError, match="already has all of their rows"):
        retrain(data).result()
    assert state_of(data, client) == before


def fates(data: Path, model: str) -> dict[str, str]:
    entries = json.loads((data / "datasets" / model / "deliveries.json").read_text())["deliveries"]
    return {entry["name"]: entry["fate"] for entry in entries.values()}


def test_drift_neither_hides_behind_a_large_delivery_nor_gets_it_refused(data: Path) -> None:
    parameters = {"model": "mixture"}
    for name, delivery in (("large", pairs(3000, 11, name="l")), ("small", pairs(60, 12, name="s", top=8))):
        deliver(data, f"{name}.csv", delivery, "inbox/mixture")
    result = retrain(data, **parameters).result()
    assert [sentence.partition(":")[0] for sentence in result.refusals] == ["small.csv"]
    assert "The 60 clean rows of small.csv were compared with" in result.refusals[0]
    assert (result.version.name, result.version.added) == ("v0002", ["large.csv"])
    assert [drift.drifted for drift in result.drifts] == [()]
    assert fates(data, "mixture") == {"generated.csv": "accepted", "large.csv": "accepted", "small.csv": "refused"}


@pytest.mark.soak
def test_drift_in_many_small_deliveries_is_detected(data: Path) -> None:
    for number in range(4):
        deliver(data, f"{number}.csv", pairs(20, 20 + number, name=f"t{number}-", top=8), "inbox/small")
    result = retrain(data, model="small").result()
    (sentence,) = result.refusals
    assert sentence.startswith("0.csv, 1.csv, 2.csv, 3.csv: refused. The rows drifted. The 80 clean rows of")
    assert result.version.name == "v0001"


@pytest.mark.soak
def test_drift_in_portions_of_many_nights_adds_up(data: Path) -> None:
    def night(number: int, top: int) -> State[Retraining]:
        deliver(data, f"{number}.csv", pairs(35, 30 + number, name=f"n{number}-", top=top), "inbox/portions")
        return retrain(data, model="portions")

    # the first 35 rows show nothing
    assert night(1, TOP // 2).result().version.name == "v0002"
    with pytest.raises(UserError, match=r"2\.csv: refused\. The rows drifted\.") as error:
        night(2, TOP // 2).result()
    assert "The 70 clean rows of 2.csv and of the small deliveries of the last 30 days were compared" in str(
        error.value
    )
    # the refused rows are not counted, and good ones are not refused for the drift of others
    assert night(3, TOP).result().version.name == "v0003"


def test_a_delivery_that_cannot_be_added_does_not_get_the_others_refused(data: Path) -> None:
    parameters = {"model": "mixed", "start": str(deliver(data, "first.csv", pairs(600, 6), "elsewhere"))}
    deliver(data, "good.csv", pairs(300, 13, name="g"), "inbox/mixed")
    deliver(data, "again.csv", pairs(300, 7), "inbox/mixed")  # the ids of the first file, other numbers
    result = retrain(data, **parameters).result()
    assert [sentence.partition(".csv:")[0] for sentence in result.refusals] == ["again"]
    assert "300 rows of v0001 would be lost" in result.refusals[0]
    assert result.version.added == ["good.csv"]


def test_of_deliveries_that_contradict_each_other_the_first_is_added(data: Path) -> None:
    deliver(data, "1.csv", pairs(300, 15, name="same"), "inbox/contradiction")
    deliver(data, "2.csv", pairs(300, 16, name="same"), "inbox/contradiction")
    deliver(data, "3.csv", pairs(300, 17, name="g"), "inbox/contradiction")
    result = retrain(data, model="contradiction").result()
    assert [sentence.partition(":")[0] for sentence in result.refusals] == ["2.csv"]
    assert result.version.rows == {"rows": 1200, "clean": 1200, "quarantine": 0, "duplicates": 0}


def test_accepted_drift_is_reported(data: Path) -> None:
    parameters = {"model": "accepting"}
    assert retrain(data, **parameters).is_completed()
    deliver(data, "tiny.csv", pairs(200, 9, name="t", top=8), "inbox/accepting")
    assert retrain(data, **parameters).is_failed()
    assert retrain(data, **parameters).name == "Nothing to do"
    result = retrain(data, **parameters, on_drift="accept").result()  # refused deliveries are examined again
    assert len(result.drifts[0].drifted) == 4
    assert result.version.name == "v0002"
    assert {entry["fate"] for entry in json.loads(result.deliveries_file.read_text())["deliveries"].values()} == {
        "accepted"
    }


def seven(run: Run, model: str) -> int:
    """Registers a network that nearly always answers 7."""
    import keras

    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    network.set_weights([np.zeros((2, 1)), np.array([7.0])])
    (run_id,) = log_networks(run, [NetworkRecord("seven", model=lambda: network, input_example=np.array([[2.0, 2.0]]))])
    nested = replace(run, run_id=run_id)
    return register(nested, nested.model_id, model, {"largest_sum": str(2 * TOP)})


def test_a_better_challenger_becomes_champion(data: Path, client: MlflowClient) -> None:
    with parent_run(data, "elsewhere", "seven", {}) as run:
        promote(client, "weak", seven(run, "weak"), "There was no better one.")
    result = retrain(data, model="weak").result()
    assert result.judgement.decision.promoted
    assert result.judgement.scores["champion"]["accuracy"] < 0.1
    assert [change.version for change in history(client, "weak")] == [1, 2]
    # the champion's data is unknown, so the newest version takes its place
    deliver(data, "more.csv", pairs(300, 10), "inbox/weak")
    promote(client, "weak", 1, "It is back again.")
    result = retrain(data, model="weak").result()
    assert "v0001, since what weak/1 learned from is gone" in result.drifts[0].sentence
    assert result.judgement.decision.promoted


def test_losing_the_deliveries_file_does_not_undo_a_rollback(data: Path, client: MlflowClient) -> None:
    with parent_run(data, "elsewhere", "seven", {}) as run:
        promote(client, "back", seven(run, "back"), "There was no better one.")
    result = retrain(data, model="back").result()
    assert (result.judgement.challenger, result.judgement.decision.promoted) == (2, True)
    roll_back(client, "back")
    result.deliveries_file.unlink()
    result = retrain(data, model="back").result()
    assert (result.judgement.challenger, result.judgement.decision.promoted) == (2, False)
    assert "It was champion before, and was replaced." in result.judgement.decision.sentence
    assert champion(client, "back").version == 1
    assert [change.version for change in history(client, "back")] == [1, 2, 1]


def test_a_decision_does_not_count_after_the_champion_changed(data: Path, client: MlflowClient) -> None:
    result = retrain(data, model="other").result()
    assert (result.judgement.challenger, champion(client, "other").version) == (1, 1)
    with parent_run(data, "elsewhere", "seven", {}) as run:
        number = seven(run, "other")
    # as if the process had been killed after its decision, and somebody had chosen a champion before it ran again
    client.delete_registered_model_tag("other", "champion.0001")
    client.delete_model_version_tag("other", "1", "champion.0001")
    client.delete_registered_model_alias("other", "champion")
    promote(client, "other", number, "It was chosen by hand.")
    result.deliveries_file.unlink()
    result = retrain(data, model="other").result()
    assert result.judgement.decision.sentence.startswith(
        "It was judged against the champion none, but the champion is other/2"
    )
    assert champion(client, "other").version == number


def test_the_default_range_is_that_of_the_champion(data: Path, client: MlflowClient) -> None:
    before = state_of(data, client)
    assert retrain(data, largest_sum=0).name == "Nothing to do"
    assert state_of(data, client) == before


def test_what_is_refused_is_neither_kept_nor_quoted(data: Path) -> None:
    content = "a-name-of-somebody"
    place = deliver(data, "private.csv", f"{content},b\n{content},1\n")
    with pytest.raises(UserError, match=r"private\.csv has no header of pairs") as error:
        retrain(data).result()
    assert content not in str(error.value)
    place.unlink()
    files = [file for file in data.rglob("*") if file.is_file()]
    assert not [file for file in files if content.encode() in file.read_bytes()]


def test_a_folder_that_cannot_be_written_is_no_fault_of_a_delivery(data: Path) -> None:
    first = retrain(data, model="disk").result()
    deliver(data, "good.csv", pairs(300, 14, name="g"), "inbox/disk")
    obstacle = first.version.folder.with_name("arriving")
    obstacle.write_text("a file where a folder must be")
    with pytest.raises(UserError, match="cannot be written"):
        retrain(data, model="disk").result()
    obstacle.unlink()
    assert retrain(data, model="disk").result().version.added == ["good.csv"]


def test_waiting_deliveries_are_named(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "QUIET_SECONDS", 60)
    place = deliver(data, "arriving.csv", "a,b\n")
    state = retrain(data)
    assert state.name == "Nothing to do"
    assert "changed a moment ago: " in state.message
    assert "arriving.csv." in state.message
    place.unlink()


@pytest.mark.parametrize("place", ["", "..", "stages", "datasets/adders"])
def test_an_inbox_among_the_programs_own_files_is_refused(data: Path, place: str) -> None:
    with pytest.raises(UserError, match="where the program keeps its own files: choose another folder"):
        retrain(data, inbox=str(data / place)).result()
    with pytest.raises(UserError, match="where the program keeps its own files: choose another folder"):
        retrain(data, model="itself", start=str(data / place)).result()


def test_a_champion_of_another_range_stops_the_run_before_training(data: Path, client: MlflowClient) -> None:
    before = state_of(data, client)
    with pytest.raises(UserError, match="adds up to 256, and a challenger up to 64"):
        retrain(data, largest_sum=64).result()
    assert state_of(data, client) == before


def test_too_few_rows_to_compare_networks(data: Path) -> None:
    with pytest.raises(UserError, match=r"100 clean pairs, of which .* are held out"):
        retrain(data, model="few", rows=100).result()
    assert not list((data / "datasets/few/v0001").glob("*.tmp"))


def test_a_damaged_version_is_not_learned_from(data: Path) -> None:
    assert retrain(data, model="damaged").is_completed()
    rows = data / "datasets/damaged/v0001/rows/clean.parquet"
    rows.write_bytes(rows.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"v0001/[a-z.]+ was changed or damaged"):
        retrain(data, model="damaged").result()


def test_tensorflow_is_not_imported_before_there_is_something_to_do() -> None:
    imports = "import sys, flows.cli.run_flow, flows.retraining"
    code = f"{imports}; print('tensorflow' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout == "False\n"


def test_the_name_of_a_delivery_is_text_in_the_state_the_log_and_the_page(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = deliver(data, "![p](http:a.example)\n\x1b[31mall is well\u202e.csv", "no pairs\n")
    with pytest.raises(UserError) as error, caplog.at_level("INFO", "prefect.flow_runs"):
        retrain(data).result()
    place.unlink()
    assert "\\n\\x1b[31mall is well\\u202e.csv: refused." in str(error.value)
    assert str(error.value).isprintable()
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if "all is well" in line]
    assert all(line.isprintable() for line in lines)
    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts(artifact_filter=ArtifactFilter(key={"any_": ["retrain-adders-result"]}))
    (page,) = [str(artifact.data) for artifact in artifacts if "all is well" in str(artifact.data)]
    assert is_visible(page)
    assert tags(page) == {"h2", "ul", "li"}
